// The figures of an evaluation as a table and as JSON.
#include <fmt/format.h>

#include "lib/evaluation/evaluation.h"
#include "lib/evaluation/figure_rows.h"
#include "lib/evaluation/understanding_counts.h"
#include "lib/io/json_writer.h"

namespace matinee {
namespace {

// "slots": of each key [right, wrong, missing], in held-out conversations and in labelled turns.
void write_slots(JsonWriter& json, const Evaluation& evaluation) {
  const std::map<std::string, SlotCounts, std::less<>> slots = slot_counts(evaluation);
  json.key("slots").begin_object();
  for (const auto& [key, counts] : slots) {
    json.key(key).begin_object();
    for (const auto& [name, count] : counts) {
      json.key(name).begin_array().integer(count.right).integer(count.wrong).integer(count.missing).end_array();
    }
    json.end_object();
  }
  json.end_object();
}

// "acts": how often each act (row) was understood as each (column).
void write_acts(JsonWriter& json, const Evaluation& evaluation) {
  json.key("acts").begin_object().key("names").begin_array();
  for (int act = 0; act < kUserActs; ++act) json.string(name_of(static_cast<UserAct>(act)));
  json.end_array();
  const auto matrix = [&](const char* name, const std::vector<ComparedTurn>& turns) {
    json.key(name).begin_array();
    for (const auto& row : confusion_of(turns)) {
      json.begin_array();
      for (const std::int64_t count : row) json.integer(count);
      json.end_array();
    }
    json.end_array();
  };
  matrix("held_out", evaluation.model.compared);
  if (evaluation.turns) matrix("turns", evaluation.turns->model.turns);
  json.end_object();
}

void write_turns(JsonWriter& json, const char* name, const TurnScore& score) {
  json.key(name).begin_object().field("act", score.acts.share()).field("slots_f1", score.slots().f1());
  json.field("slots_precision", score.slots().precision()).field("slots_recall", score.slots().recall());
  json.field("exact", score.exact.share()).field("turns", score.acts.all).end_object();
}

}  // namespace

std::string Evaluation::table() const {
  std::string text = fmt::format("{:<52} {:>9} {:>9} {:>9}\n", "", "model", has_base ? "base" : "", "templates");
  for (const FigureRow& row : figure_rows()) {
    if (!is_measured(row, model)) continue;
    const auto cell = [&](const Figures& figures) { return row.text(row.value(figures)); };
    text += fmt::format("{:<52} {:>9} {:>9} {:>9}\n", row.title, cell(model), has_base ? cell(base) : "",
                        row.of_model_only ? "" : cell(templates));
  }
  text += fmt::format(
      "({} held-out replies and understandings, {} self-play conversations; the templates are given what the user "
      "meant)\n",
      model.asks_the_slot.all + model.acts.all + model.recommends_best.all, model.success.all);
  if (has_base) text += "(the base without the adapter: a tenth of them)\n";
  return text;
}

std::string Evaluation::json() const {
  std::string out;
  JsonWriter json(out);
  const auto system = [&](const char* name, const Figures& figures, bool is_model, bool with_wording = true) {
    json.key(name).begin_object();
    for (const FigureRow& row : figure_rows()) {
      if (!is_measured(row, figures) || (row.of_model_only && !is_model) || (row.of_wording && !with_wording)) continue;
      json.field(row.key, row.value(figures));
    }
    json.field("self_play_conversations", figures.success.all).end_object();
  };
  json.begin_object();
  if (has_model) system("model", model, true);
  if (has_base) system("base", base, true);
  system("templates", templates, false);
  if (has_rule) system("rule", rule, true, false);
  if (turns) {
    write_turns(json, "turns", turns->model);
    write_turns(json, "turns_rule", turns->rule);
    items_of_turns(turns->model).write(json.key("turn_items"));
  }
  write_slots(json, *this);
  write_acts(json, *this);
  items.write(json.key("items"));
  json.end_object();
  return out;
}

}  // namespace matinee
