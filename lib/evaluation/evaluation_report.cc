// The figures of an evaluation as a table and as JSON.
#include <fmt/format.h>

#include <functional>

#include "lib/evaluation/evaluation.h"
#include "lib/io/json_writer.h"

namespace matinee {
namespace {

struct Row {
  std::string key, title;
  std::function<double(const Figures&)> value;
  bool percent = true;
  bool of_model_only = false;  // trivial for the templates
};

std::vector<Row> rows() {
  const auto ratio = [](std::string key, std::string title, Ratio Figures::*member) {
    return Row{std::move(key), std::move(title), [member](const Figures& f) { return (f.*member).share(); }, true,
               false};
  };
  const auto per = [](double sum, const Ratio& of) { return of.all == 0 ? 0 : sum / static_cast<double>(of.all); };
  std::vector<Row> all{
      ratio("ask_slot", "ask: the question is about the slot", &Figures::asks_the_slot),
      {"understand_f1", "understand: slot F1", [](const Figures& f) { return f.slot_f1(); }, true, true},
      {"understand_act", "understand: the user's act", [](const Figures& f) { return f.acts.share(); }, true, true},
      ratio("recommend_true", "recommend: a candidate, with a true reason", &Figures::recommends_true),
      ratio("recommend_best", "recommend: the best-ranked candidate", &Figures::recommends_best),
      ratio("answer_right", "answer: holds the fact", &Figures::answers_right),
      ratio("training_again", "training prompts: reproduced or a listed paraphrase", &Figures::training_again),
      ratio("success", "self-play: the user takes a movie in time", &Figures::success),
      ratio("random_success", "the same users, offered random movies", &Figures::random_success),
      {"turns_to_offer", "self-play: user turns until the first movie",
       [per](const Figures& f) { return per(static_cast<double>(f.turns_to_offer), f.success); }, false, false},
      ratio("offers_broken", "self-play: offers that break a stored wish", &Figures::offers_broken),
      {"movies_offered", "self-play: different movies per conversation",
       [per](const Figures& f) { return per(static_cast<double>(f.offered.size()), f.success); }, false, false},
      {"distinct_sentences", "self-play: different texts per conversation",
       [per](const Figures& f) { return per(static_cast<double>(f.sentences.size()), f.success); }, false, false},
      ratio("hit_1", "self-play: target ranked first", &Figures::hit_1),
      ratio("hit_10", "self-play: target among 10", &Figures::hit_10),
      ratio("hit_50", "self-play: target among 50", &Figures::hit_50),
      {"mrr", "self-play: mean reciprocal rank", [per](const Figures& f) { return per(f.reciprocal_ranks, f.hit_1); },
       false, false},
      {"mean_turns", "self-play: mean turns",
       [per](const Figures& f) { return per(static_cast<double>(f.turns), f.success); }, false, false},
      {"ungrounded", "replies with anything ungrounded",
       [](const Figures& f) { return static_cast<double>(f.ungrounded); }, false, false},
      {"unfinished", "replies without an end", [](const Figures& f) { return static_cast<double>(f.unfinished); },
       false, false},
  };
  for (int i = 0; i < kSkills; ++i) {
    const auto skill = static_cast<std::size_t>(i);
    const std::string name = name_of(static_cast<Skill>(i));
    all.push_back({"exact_" + name, name + ": as in the data, or a listed paraphrase",
                   [skill](const Figures& f) { return f.exact[skill].share(); }, true,
                   static_cast<Skill>(i) == Skill::kUnderstand});
    all.push_back({"tokens_" + name, name + ": tokens right",
                   [skill](const Figures& f) { return f.tokens[skill].share(); }, true, true});
  }
  return all;
}

bool measured(const Row& row, const Figures& figures) {
  if (row.key.starts_with("tokens_")) {
    for (const Ratio& ratio : figures.tokens) {
      if (ratio.all > 0) return true;
    }
    return false;
  }
  return true;
}

}  // namespace

std::string Evaluation::table() const {
  std::string text = fmt::format("{:<52} {:>9} {:>9} {:>9}\n", "", "model", has_base ? "base" : "", "templates");
  for (const Row& row : rows()) {
    if (!measured(row, model)) continue;
    const auto cell = [&](const Figures& figures) {
      const double value = row.value(figures);
      return row.percent ? fmt::format("{:.1f} %", 100 * value) : fmt::format("{:.3g}", value);
    };
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
  const auto system = [&](const char* name, const Figures& figures, bool is_model) {
    json.key(name).begin_object();
    for (const Row& row : rows()) {
      if (!measured(row, figures) || (row.of_model_only && !is_model)) continue;
      json.field(row.key, row.value(figures));
    }
    json.field("self_play_conversations", figures.success.all).end_object();
  };
  json.begin_object();
  system("model", model, true);
  if (has_base) system("base", base, true);
  system("templates", templates, false);
  json.end_object();
  return out;
}

}  // namespace matinee
