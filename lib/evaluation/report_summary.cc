// The head of the report: what was evaluated, and the figures that matter most.
#include <fmt/format.h>

#include "lib/evaluation/report_sections.h"

namespace matinee {
namespace {

void write_tile(MarkupWriter& page, const std::string& value, const std::string& text) {
  page.open("li").element("b", value).element("span", text).close();
}

}  // namespace

std::string percent_text(double share) { return fmt::format("{:.1f} %", 100 * share); }

void write_summary(MarkupWriter& page, const ReportData& data) {
  if (!data.evaluation) return;
  const Evaluation& evaluation = *data.evaluation;
  page.open("p", {{"class", "soft"}});
  page.text("Base " + data.run.base);
  if (!data.run.adapter.empty()) page.text(", adapter " + data.run.adapter);
  page.text(fmt::format(", catalog {} ({} movies).", data.run.movies, data.catalog->size())).close();
  page.open("ul", {{"class", "tiles"}});
  const Figures& model = evaluation.model;
  if (model.success.all > 0) {
    write_tile(page, percent_text(model.success.share()),
               fmt::format("of {} simulated users took a fitting movie in time; templates {}", model.success.all,
                           percent_text(evaluation.templates.success.share())));
  }
  if (model.acts.all > 0) {
    write_tile(page, percent_text(model.slot_f1()),
               fmt::format("slot F1 of {} held-out turns{}", model.acts.all,
                           evaluation.has_rule ? "; rule " + percent_text(evaluation.rule.slot_f1()) : ""));
  }
  if (evaluation.turns) {
    const TurnScores& turns = *evaluation.turns;
    write_tile(page, percent_text(turns.model.slots().f1()),
               fmt::format("slot F1 of {} turns of people; rule {}", turns.model.acts.all,
                           percent_text(turns.rule.slots().f1())));
    write_tile(page, percent_text(turns.model.acts.share()),
               fmt::format("of their acts are understood; rule {}", percent_text(turns.rule.acts.share())));
  }
  if (model.replies > 0) {
    write_tile(page, std::to_string(model.ungrounded),
               fmt::format("of {} replies hold anything ungrounded", model.replies));
  }
  page.close();
}

}  // namespace matinee
