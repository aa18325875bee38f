#include "lib/constraint/margin_language.h"

#include <algorithm>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

// The last word of a state: how many bytes of the prefix are still to come, and flags.
constexpr std::uint32_t kPrefixLeft = 0xFF;
constexpr std::uint32_t kAfterSuffix = 0x100;  // the suffix may just have been read
constexpr std::uint32_t kOver = 0x200;         // and no text of the inner language continues like this

ByteAutomaton::State without_margin(ByteAutomaton::State state) {
  state.words.back() = 0;
  return state;
}

}  // namespace

MarginLanguage::MarginLanguage(const ByteAutomaton& inner, std::string_view prefix, std::string_view suffix)
    : inner_(inner), prefix_(prefix), suffix_(suffix) {
  if (suffix.size() > 1 || prefix.size() > kPrefixLeft)
    throw internal_error("margins \"{}\" and \"{}\" of a reply are too long", prefix, suffix);
}

ByteAutomaton::State MarginLanguage::start() const {
  State state = inner_.start();
  state.words.back() = static_cast<std::uint32_t>(prefix_.size());
  return state;
}

bool MarginLanguage::advance(State& state, std::uint8_t byte) const {
  std::uint32_t& margin = state.words.back();
  if (const std::uint32_t left = margin & kPrefixLeft; left > 0) {
    if (static_cast<std::uint8_t>(prefix_[prefix_.size() - left]) != byte) return false;
    --margin;
    return true;
  }
  if ((margin & kOver) != 0) return false;
  State next = without_margin(state);
  const bool is_suffix = !suffix_.empty() && static_cast<std::uint8_t>(suffix_[0]) == byte && inner_.may_end(next);
  const bool goes_on = inner_.advance(next, byte);
  if (!is_suffix && !goes_on) return false;
  state = goes_on ? next : State{};
  state.words.back() = (is_suffix ? kAfterSuffix : 0) | (goes_on ? 0 : kOver);
  return true;
}

void MarginLanguage::add_steps(const State& state, std::vector<Step>& steps) const {
  const std::size_t begin = steps.size();
  const std::uint32_t left = state.words.back() & kPrefixLeft;
  if (left == 0 && (state.words.back() & kOver) == 0) inner_.add_steps(without_margin(state), steps);
  const std::string& margin = left > 0 ? prefix_ : suffix_;
  if (!margin.empty()) {
    const auto byte = static_cast<std::uint8_t>(margin[left > 0 ? margin.size() - left : 0]);
    const auto is_byte = [&](const Step& step) { return step.byte == byte; };
    steps.erase(std::remove_if(steps.begin() + static_cast<std::ptrdiff_t>(begin), steps.end(), is_byte), steps.end());
    State next = state;
    if (advance(next, byte)) steps.push_back({byte, next});
  }
}

bool MarginLanguage::may_end(const State& state) const {
  const std::uint32_t margin = state.words.back();
  if ((margin & kPrefixLeft) > 0) return false;
  return (margin & kAfterSuffix) != 0 || ((margin & kOver) == 0 && inner_.may_end(without_margin(state)));
}

}  // namespace matinee
