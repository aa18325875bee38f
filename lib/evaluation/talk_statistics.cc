#include "lib/evaluation/talk_statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "lib/base/ascii.h"

namespace matinee {
namespace {

// People who look for a movie in ReDial (Li et al. 2018, "Towards Deep Conversational Recommendations"): length and
// variety of the 6,142 turns of the seekers in valid_data.jsonl; the acts of 2,198 of these turns, labelled by hand for
// this program.
constexpr std::array<int, 3> kRealQuartiles{5, 9, 15};
constexpr double kRealSeveral = 0.40;
constexpr std::array<std::size_t, 2> kPairs{2000, 8000};
constexpr std::array<double, 2> kRealDistinct{0.75, 0.59};
// [state][act], in the order of UserAct; offers are recommendations and opinions that were asked for.
constexpr std::array<std::array<double, kUserActs>, kTalkStates> kRealActs{
    {{0.638, 0, 0, 0.002, 0.005, 0, 0, 0.073, 0.010, 0, 0.007, 0.265},
     {0.160, 0.138, 0.011, 0.046, 0.224, 0.008, 0.083, 0.028, 0.099, 0, 0.162, 0.041},
     {0.987, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.013}}};
constexpr std::array<const char*, kTalkStates> kStateNames{"opening", "offer", "question"};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n'; }
bool is_end(char c) { return c == '.' || c == '!' || c == '?'; }

}  // namespace

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && !is_space(text[end])) ++end;
    if (end > i) words.push_back(text.substr(i, end - i));
    i = end + 1;
  }
  return words;
}

bool has_several_sentences(std::string_view text) {
  int sentences = 0;
  bool in_sentence = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool letter = is_lower(text[i]) || is_upper(text[i]) || (text[i] >= '0' && text[i] <= '9');
    if (letter && !in_sentence) ++sentences;
    in_sentence = in_sentence || letter;
    if (is_end(text[i]) && (i + 1 == text.size() || is_space(text[i + 1]) || is_end(text[i + 1]))) in_sentence = false;
  }
  return sentences > 1;
}

TalkState talk_state(std::span<const SystemAct> acts) {
  bool greets = false, asks = false;
  for (const SystemAct& act : acts) {
    greets = greets || act.kind == SystemActKind::kGreet || act.kind == SystemActKind::kRestart;
    asks = asks || act.kind == SystemActKind::kAsk;
    if (act.movie >= 0 || act.kind == SystemActKind::kList) return TalkState::kOffer;
  }
  return greets || !asks ? TalkState::kOpen : TalkState::kQuestion;
}

void TalkStatistics::add(TalkState state, UserAct act, std::string_view text) {
  ++turns_;
  ++by_words_[std::min(words_of(text).size(), kLongest)];
  several_ += has_several_sentences(text) ? 1 : 0;
  ++acts_[static_cast<std::size_t>(state)][static_cast<std::size_t>(act)];
  if (kept_.size() < kKept) {
    kept_.emplace_back(text);
  } else if (const std::uint64_t place = random_.below(static_cast<std::uint64_t>(turns_)); place < kKept) {
    kept_[place] = text;
  }
}

int TalkStatistics::words_quantile(double share) const {
  std::int64_t seen = 0;
  for (std::size_t words = 0; words <= kLongest; ++words) {
    seen += by_words_[words];
    if (static_cast<double>(seen) > share * static_cast<double>(turns_)) return static_cast<int>(words);
  }
  return 0;
}

double TalkStatistics::share_of_several_sentences() const {
  return turns_ == 0 ? 0 : static_cast<double>(several_) / static_cast<double>(turns_);
}

double TalkStatistics::share_of(TalkState state, UserAct act) const {
  const auto& acts = acts_[static_cast<std::size_t>(state)];
  std::int64_t all = 0;
  for (const std::int64_t count : acts) all += count;
  return all == 0 ? 0 : static_cast<double>(acts[static_cast<std::size_t>(act)]) / static_cast<double>(all);
}

double TalkStatistics::distinct_2(std::size_t pairs) const {
  std::vector<std::string> turns = kept_;
  Random(1, "distinct-2").shuffle(turns);
  std::set<std::pair<std::string, std::string>> distinct;
  std::size_t count = 0;
  for (const std::string& turn : turns) {
    const std::string text = to_lower(turn);
    const auto words = words_of(text);
    for (std::size_t i = 1; i < words.size() && count < pairs; ++i, ++count) distinct.emplace(words[i - 1], words[i]);
  }
  return count < pairs ? 0 : static_cast<double>(distinct.size()) / static_cast<double>(pairs);
}

std::string TalkStatistics::table() const {
  std::string text = fmt::format("{:<34} {:>10} {:>10}\n", "", "simulated", "real");
  text += fmt::format("{:<34} {:>10} {:>10}\n", "words of a turn: quartiles",
                      fmt::format("{} {} {}", words_quantile(0.25), words_quantile(0.5), words_quantile(0.75)),
                      fmt::format("{} {} {}", kRealQuartiles[0], kRealQuartiles[1], kRealQuartiles[2]));
  const auto percent = [&](const std::string& title, double share, double real) {
    text += fmt::format("{:<34} {:>8.1f} % {:>8.1f} %\n", title, 100 * share, 100 * real);
  };
  percent("turns of several sentences", share_of_several_sentences(), kRealSeveral);
  for (std::size_t i = 0; i < kPairs.size(); ++i) {
    if (const double distinct = distinct_2(kPairs[i]); distinct > 0)
      text += fmt::format("{:<34} {:>10.2f} {:>10.2f}\n", fmt::format("distinct-2 of {} pairs", kPairs[i]), distinct,
                          kRealDistinct[i]);
  }
  for (int state = 0; state < kTalkStates; ++state) {
    for (int act = 0; act < kUserActs; ++act) {
      const double share = share_of(static_cast<TalkState>(state), static_cast<UserAct>(act));
      const double real = kRealActs[static_cast<std::size_t>(state)][static_cast<std::size_t>(act)];
      if (share < 0.005 && real < 0.005) continue;
      percent(fmt::format("{}: {}", kStateNames[static_cast<std::size_t>(state)], name_of(static_cast<UserAct>(act))),
              share, real);
    }
  }
  return text;
}

}  // namespace matinee
