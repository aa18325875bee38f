// The commands that made the model and the report.
#include "lib/evaluation/report_sections.h"

namespace matinee {

void write_commands(MarkupWriter& page, const ReportData& data) {
  if (!data.run.commands.empty()) {
    page.element("p", "What was evaluated was made by");
    page.element("pre", data.run.commands, {{"tabindex", "0"}});
  }
  page.element("p", "This report was made by");
  page.element("pre", data.run.command, {{"tabindex", "0"}});
}

}  // namespace matinee
