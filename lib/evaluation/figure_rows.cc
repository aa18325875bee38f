#include "lib/evaluation/figure_rows.h"

#include <fmt/format.h>

#include <algorithm>

namespace matinee {
namespace {

FigureCounts counts_of(const Ratio& ratio) {
  return {static_cast<double>(ratio.right), static_cast<double>(ratio.all), 0, 0};
}

FigureRow ratio_row(std::string key, std::string title, Ratio Figures::*member) {
  FigureRow row;
  row.key = std::move(key);
  row.title = std::move(title);
  row.counts = [member](const Figures& figures) { return counts_of(figures.*member); };
  return row;
}

// A sum over conversations, per conversation of self-play.
FigureRow mean_row(std::string key, std::string title, std::function<double(const Figures&)> sum) {
  FigureRow row;
  row.key = std::move(key);
  row.title = std::move(title);
  row.counts = [sum = std::move(sum)](const Figures& figures) {
    return FigureCounts{sum(figures), static_cast<double>(figures.success.all), 0, 0};
  };
  row.percent = false;
  return row;
}

FigureRow other_row(std::string key, std::string title, std::function<double(const Figures&)> value) {
  FigureRow row;
  row.key = std::move(key);
  row.title = std::move(title);
  row.other_value = std::move(value);
  row.percent = false;
  return row;
}

FigureRow of_model_only(FigureRow row) {
  row.of_model_only = true;
  return row;
}

FigureRow of_wording(FigureRow row) {
  row.of_wording = true;
  return row;
}

FigureRow yes_or_no(FigureRow row) {
  row.yes_or_no = true;
  return row;
}

FigureRow slot_f1_row() {
  FigureRow row;
  row.key = "understand_f1";
  row.title = "understand: slot F1";
  row.counts = [](const Figures& figures) {
    const FigureCounts found = counts_of(figures.slots_found), claimed = counts_of(figures.slots_claimed);
    return FigureCounts{found[0], found[1], claimed[0], claimed[1]};
  };
  return row;
}

double per_conversation(std::size_t sum, const Figures& figures) {
  return figures.success.all == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(figures.success.all);
}

std::vector<FigureRow> all_rows() {
  std::vector<FigureRow> all{
      of_wording(ratio_row("ask_slot", "ask: the question is about the slot", &Figures::asks_the_slot)),
      of_model_only(slot_f1_row()),
      of_model_only(ratio_row("understand_act", "understand: the user's act", &Figures::acts)),
      of_wording(ratio_row("recommend_true", "recommend: a candidate, with a true reason", &Figures::recommends_true)),
      of_wording(ratio_row("recommend_best", "recommend: the best-ranked candidate", &Figures::recommends_best)),
      of_wording(ratio_row("answer_right", "answer: holds the fact", &Figures::answers_right)),
      ratio_row("training_again", "training prompts: reproduced or a listed paraphrase", &Figures::training_again),
      yes_or_no(ratio_row("success", "self-play: the user takes a movie in time", &Figures::success)),
      yes_or_no(ratio_row("random_success", "the same users, offered random movies", &Figures::random_success)),
      mean_row("turns_to_offer", "self-play: user turns until the first movie",
               [](const Figures& f) { return static_cast<double>(f.turns_to_offer); }),
      ratio_row("offers_broken", "self-play: offers that break a stored wish", &Figures::offers_broken),
      other_row("movies_offered", "self-play: different movies per conversation",
                [](const Figures& f) { return per_conversation(f.offered.size(), f); }),
      other_row("distinct_sentences", "self-play: different texts per conversation",
                [](const Figures& f) { return per_conversation(f.sentences.size(), f); }),
      yes_or_no(ratio_row("hit_1", "self-play: target ranked first", &Figures::hit_1)),
      yes_or_no(ratio_row("hit_10", "self-play: target among 10", &Figures::hit_10)),
      yes_or_no(ratio_row("hit_50", "self-play: target among 50", &Figures::hit_50)),
      mean_row("mrr", "self-play: mean reciprocal rank", [](const Figures& f) { return f.reciprocal_ranks; }),
      mean_row("mean_turns", "self-play: mean turns", [](const Figures& f) { return static_cast<double>(f.turns); }),
      other_row("ungrounded", "replies with anything ungrounded",
                [](const Figures& f) { return static_cast<double>(f.ungrounded); }),
      other_row("unfinished", "replies without an end",
                [](const Figures& f) { return static_cast<double>(f.unfinished); }),
  };
  for (int i = 0; i < kSkills; ++i) {
    const auto skill = static_cast<std::size_t>(i);
    const std::string name = name_of(static_cast<Skill>(i));
    FigureRow exact, tokens;
    exact.key = "exact_" + name;
    exact.title = name + ": as in the data, or a listed paraphrase";
    exact.counts = [skill](const Figures& f) { return counts_of(f.exact[skill]); };
    exact.of_model_only = static_cast<Skill>(i) == Skill::kUnderstand;
    exact.of_wording = !exact.of_model_only;
    tokens.key = "tokens_" + name;
    tokens.title = name + ": tokens right";
    tokens.counts = [skill](const Figures& f) { return counts_of(f.tokens[skill]); };
    tokens.of_model_only = true;
    all.push_back(std::move(exact));
    all.push_back(std::move(tokens));
  }
  return all;
}

}  // namespace

double value_of(const FigureCounts& counts) {
  const double first = counts[1] == 0 ? 0 : counts[0] / counts[1];
  if (counts[2] == 0 && counts[3] == 0) return first;
  const double second = counts[3] == 0 ? 0 : counts[2] / counts[3];
  return first + second == 0 ? 0 : 2 * first * second / (first + second);
}

FigureCounts& operator+=(FigureCounts& sum, const FigureCounts& other) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += other[i];
  return sum;
}

std::string FigureRow::text(double value) const {
  return percent ? fmt::format("{:.1f} %", 100 * value) : fmt::format("{:.3g}", value);
}

const std::vector<FigureRow>& figure_rows() {
  static const std::vector<FigureRow> rows = all_rows();
  return rows;
}

bool is_measured(const FigureRow& row, const Figures& figures) {
  return !row.key.starts_with("tokens_") ||
         std::any_of(figures.tokens.begin(), figures.tokens.end(), [](const Ratio& ratio) { return ratio.all > 0; });
}

}  // namespace matinee
