// The figures of the model beside the base, the rule and the templates.
#include <fmt/format.h>

#include "lib/evaluation/report_sections.h"

namespace matinee {
namespace {

void write_turn_scores(MarkupWriter& page, const TurnScores& turns) {
  const auto intervals = figure_intervals(items_of_turns(turns.model));
  TableWriter table(
      page, fmt::format("Turns of people ({}), read by the model and by a rule without a model", turns.model.acts.all),
      {"figure", "model", "95 % interval", "rule", "model and rule"});
  const auto row = [&](const char* title, const char* key, double model, double rule) {
    table.row(title).number(percent_text(model));
    const auto interval = intervals.find(key);
    ShareMarks marks{model, 0, 0, {{"s4", rule}}};
    if (interval == intervals.end()) {
      table.number("");
    } else {
      marks.low = interval->second.low;
      marks.high = interval->second.high;
      table.number(fmt::format("{:.1f} to {:.1f}", 100 * marks.low, 100 * marks.high));
    }
    table.number(percent_text(rule));
    page.open("td");
    draw_marks(page, marks);
    page.close();
  };
  row("the user's act", "act", turns.model.acts.share(), turns.rule.acts.share());
  row("slots: precision", "", turns.model.slots().precision(), turns.rule.slots().precision());
  row("slots: recall", "", turns.model.slots().recall(), turns.rule.slots().recall());
  row("slots: F1", "slots_f1", turns.model.slots().f1(), turns.rule.slots().f1());
  row("exactly right", "exact", turns.model.exact.share(), turns.rule.exact.share());
  table.end();
}

void write_systems(MarkupWriter& page, const Evaluation& evaluation) {
  const Figures& model = evaluation.model;
  page.element(
      "p", fmt::format("{} held-out replies and understandings, {} conversations with simulated users. The "
                       "templates have the same policy, phrases of the phrasebook, and are given what the user "
                       "meant: an upper bound. The rule has the templates' words and understands by keywords.{}",
                       model.asks_the_slot.all + model.acts.all + model.recommends_best.all, model.success.all,
                       evaluation.has_base ? " The base without the adapter had a tenth of the conversations." : ""));
  std::vector<std::string> columns{"figure", "model", "95 % interval"};
  if (evaluation.has_base) columns.emplace_back("base");
  if (evaluation.has_rule) columns.emplace_back("rule");
  columns.insert(columns.end(), {"templates", "0 to 100 %"});
  std::vector<std::pair<std::string, const char*>> legend{{"model, with its interval", "s1"}};
  if (evaluation.has_base) legend.emplace_back("base", "s2");
  if (evaluation.has_rule) legend.emplace_back("rule", "s4");
  legend.emplace_back("templates", "s3");
  draw_legend(page, legend);
  const auto intervals = figure_intervals(evaluation.items);
  TableWriter table(page, "Model, base, rule and templates", columns);
  for (const FigureRow& row : figure_rows()) {
    if (!is_measured(row, model)) continue;
    const double value = row.value(model);
    table.row(row.title).number(row.text(value));
    ShareMarks marks{value, 0, 0, {}};
    const auto interval = intervals.find(row.key);
    if (interval == intervals.end()) {
      table.number("");
    } else {
      const auto [low, high] = interval->second;
      if (row.percent) {
        marks.low = low;
        marks.high = high;
        table.number(fmt::format("{:.1f} to {:.1f}", 100 * low, 100 * high));
      } else {
        table.number(row.text(low) + " to " + row.text(high));
      }
    }
    const auto other = [&](const Figures& figures, const char* color, bool shown) {
      if (!shown) {
        table.number("");
        return;
      }
      table.number(row.text(row.value(figures)));
      marks.others.emplace_back(color, row.value(figures));
    };
    if (evaluation.has_base) other(evaluation.base, "s2", true);
    if (evaluation.has_rule) other(evaluation.rule, "s4", !row.of_wording);
    other(evaluation.templates, "s3", !row.of_model_only);
    page.open("td");
    if (row.percent) draw_marks(page, marks);
    page.close();
  }
  table.end();
  page.element("p",
               "Intervals: Wilson's where each conversation is a yes or a no, else the bootstrap over conversations "
               "(10,000 draws). They say how far other conversations of the same kind would move a figure.",
               {{"class", "soft"}});
}

}  // namespace

void write_figures(MarkupWriter& page, const ReportData& data) {
  if (data.evaluation->has_model) write_systems(page, *data.evaluation);
  if (data.evaluation->turns) write_turn_scores(page, *data.evaluation->turns);
}

}  // namespace matinee
