#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/random.h"
#include "lib/simulation/conversation.h"

namespace matinee {

/// What a user's turn answers: the opening, an offer (or a fact about it), or a question alone.
enum class TalkState : std::uint8_t { kOpen, kOffer, kQuestion };
inline constexpr int kTalkStates = 3;
TalkState talk_state(std::span<const SystemAct> acts);

/// How users talk: length of turns, sentences, acts, variety of words. Memory does not grow with the number of turns.
class TalkStatistics {
 public:
  TalkStatistics() : random_(1, "talk statistics") {}
  void add(TalkState state, UserAct act, std::string_view text);

  std::int64_t turns() const { return turns_; }
  /// The number of words that `share` of the turns do not exceed.
  int words_quantile(double share) const;
  double share_of_several_sentences() const;
  double share_of(TalkState state, UserAct act) const;
  /// Different pairs of neighboring words among the first `pairs` pairs of random turns; 0 where there are too few.
  double distinct_2(std::size_t pairs) const;

  /// A table, beside the figures of real people.
  std::string table() const;

 private:
  static constexpr std::size_t kLongest = 100, kKept = 8192;
  std::int64_t turns_ = 0, several_ = 0;
  std::array<std::int64_t, kLongest + 1> by_words_{};  // the last: that many or more
  std::array<std::array<std::int64_t, kUserActs>, kTalkStates> acts_{};
  std::vector<std::string> kept_;  // a random sample of the turns
  Random random_;
};

/// The words of a text between white space.
std::vector<std::string_view> words_of(std::string_view text);
/// True if more than one sentence has a word.
bool has_several_sentences(std::string_view text);

}  // namespace matinee
