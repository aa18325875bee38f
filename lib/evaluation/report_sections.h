// The sections of the report, a file each. Each writes what is below its heading, from data that is there.
#pragma once

#include "lib/evaluation/report_chart.h"
#include "lib/evaluation/report_markup.h"
#include "lib/evaluation/report_page.h"

namespace matinee {

void write_summary(MarkupWriter& page, const ReportData& data);
void write_figures(MarkupWriter& page, const ReportData& data);
void write_comparison(MarkupWriter& page, const ReportData& data);
void write_loss(MarkupWriter& page, const ReportData& data);
void write_sweep(MarkupWriter& page, const ReportData& data);
void write_acts(MarkupWriter& page, const ReportData& data);
void write_slots(MarkupWriter& page, const ReportData& data);
void write_endings(MarkupWriter& page, const ReportData& data);
void write_worst(MarkupWriter& page, const ReportData& data);
void write_conversations(MarkupWriter& page, const ReportData& data);
void write_offers(MarkupWriter& page, const ReportData& data);
void write_times(MarkupWriter& page, const ReportData& data);
void write_commands(MarkupWriter& page, const ReportData& data);

/// What was wanted and got of a turn, for the lists of turns: pairs as "genres: Comedy", missing and wrong ones marked.
void write_wanted_and_got(MarkupWriter& page, const ComparedTurn& turn);

/// "12.5 %".
std::string percent_text(double share);

extern const char* const kReportStyle;

}  // namespace matinee
