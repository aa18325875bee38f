// How well each slot is understood, by the model and by the rule.
#include <fmt/format.h>

#include "lib/evaluation/report_sections.h"
#include "lib/evaluation/understanding_counts.h"

namespace matinee {
namespace {

using Slots = TurnScore::Slots;

Slots counts_of(const SlotCounts& counts, const std::string& name) {
  const auto found = counts.find(name);
  return found == counts.end() ? Slots{} : found->second;
}

void write_cells(TableWriter& table, const Slots& slots) {
  // A value of nothing meant and nothing understood would be no measure.
  if (slots.right + slots.wrong + slots.missing == 0) {
    for (int i = 0; i < 3; ++i) table.number("");
    return;
  }
  for (const double value : {slots.precision(), slots.recall(), slots.f1()}) table.number(percent_text(value));
}

void write_table(MarkupWriter& page, const std::string& caption, const Evaluation& evaluation,
                 const std::string& name) {
  std::vector<std::string> columns{"slot",   "meant", "precision",           "recall", "F1", "rule: precision",
                                   "recall", "F1",    "F1 of model and rule"};
  TableWriter table(page, caption, columns);
  const auto row = [&](const std::string& key, const Slots& model, const Slots& rule) {
    table.row(key).number(std::to_string(model.right + model.missing));
    write_cells(table, model);
    write_cells(table, rule);
    page.open("td");
    draw_bars(page, {{"s1", model.f1()}, {"s4", rule.f1()}});
    page.close();
  };
  Slots all_model, all_rule;
  const auto add = [](Slots& sum, const Slots& slots) {
    sum.right += slots.right;
    sum.wrong += slots.wrong;
    sum.missing += slots.missing;
  };
  for (const auto& [key, counts] : slot_counts(evaluation)) {
    const Slots model = counts_of(counts, name), rule = counts_of(counts, name + "_rule");
    add(all_model, model);
    add(all_rule, rule);
    if (model.right + model.wrong + model.missing + rule.wrong > 0) row(key, model, rule);
  }
  row("all", all_model, all_rule);
  table.end();
}

}  // namespace

void write_slots(MarkupWriter& page, const ReportData& data) {
  const Evaluation& evaluation = *data.evaluation;
  page.element("p",
               "A pair of slot and value is right if it was meant and understood. \"Meant\" counts the pairs that the "
               "users meant; movies and people that the catalog lacks do not count.");
  draw_legend(page, {{"model", "s1"}, {"rule", "s4"}});
  if (evaluation.turns) write_table(page, "Slots in turns of people", evaluation, "turns");
  if (!evaluation.model.compared.empty()) write_table(page, "Slots in held-out conversations", evaluation, "held_out");
}

}  // namespace matinee
