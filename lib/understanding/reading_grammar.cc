#include "lib/understanding/reading_grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/catalog/fold_name.h"

namespace matinee {
namespace {

// Words that leave a choice to the system ("whatever", "I don't mind").
constexpr std::array<std::string_view, 37> kOpenWords{
    " any ",        " anything ",      " anyone ",     " anybody ",    " whatever ",   " whichever ",  " either ",
    " both ",       " care ",          " mind ",       " matter ",     " matters ",    " preference ", " preferences ",
    " picky ",      " open ",          " fussy ",      " surprise ",   " no idea ",    " dont know ",  " idk ",
    " dunno ",      " not sure ",      " no ",         " nope ",       " nah ",        " none ",       " nobody ",
    " all ",        " every ",         " everything ", " same to me ", " you choose ", " you pick ",   " up to you ",
    " not really ", " doesnt have to "};
// Words that take something back ("actually", "forget").
constexpr std::array<std::string_view, 29> kBackWords{
    " actually ", " instead ",   " forget ",  " never mind ", " nevermind ", " rather ", " change ", " changed ",
    " scratch ",  " wait ",      " anymore ", " any more ",   " no longer ", " drop ",   " skip ",   " start over ",
    " again ",    " reset ",     " sorry ",   " meant ",      " mean ",      " not ",    " dont ",   " no ",
    " without ",  " different ", " ignore ",  " after all ",  " enough "};

template <std::size_t N>
bool has_any(std::string_view text, const std::array<std::string_view, N>& words) {
  const std::string folded = " " + fold_name(text) + " ";
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return folded.find(word) != folded.npos; });
}

bool needs_movie(UserAct act) {
  switch (act) {
    case UserAct::kLike:
    case UserAct::kDislike:
    case UserAct::kSeen:
    case UserAct::kReject:
    case UserAct::kWhy: return true;
    default: return false;
  }
}

}  // namespace

ReadingGrammar::Stage::Stage(const std::vector<std::string>& words) {
  std::vector<std::uint32_t> ends;
  for (const std::string& text : words) ends.push_back(trie.add(text));
  reach.assign(trie.size(), 0);
  word.assign(trie.size(), -1);
  for (std::size_t i = 0; i < words.size(); ++i) {
    word[ends[i]] = static_cast<std::int32_t>(i);
    if (i < 32) reach[ends[i]] |= std::uint32_t{1} << i;
  }
  for (std::uint32_t node = trie.size(); node-- > 1;) reach[trie.parent(node)] |= reach[node];
}

ReadingGrammar::ReadingGrammar(std::string_view user_text, std::span<const Mark> marks, const TurnContext& context) {
  std::vector<std::string> words;
  for (int i = 0; i < kUserActs; ++i) {
    const auto act = static_cast<UserAct>(i);
    if (context.standing < 0 && needs_movie(act)) continue;
    if (act != UserAct::kAsk) words.emplace_back(name_of(act));
    for (int fact = 0; fact < kFacts; ++fact)
      words.push_back(fmt::format("{}/{}", name_of(act), name_of(static_cast<Fact>(fact))));
  }
  stages_.emplace_back(words);
  const auto add_roles = [&](std::size_t number, std::span<const Role> roles) {
    words.clear();
    for (const Role role : roles) words.push_back(fmt::format(" {} {}", number, name_of(role)));
    stages_.emplace_back(words);
  };
  if (context.standing >= 0) add_roles(0, standing_roles());
  for (std::size_t i = 0; i < marks.size(); ++i) add_roles(i + 1, roles_of(marks[i]));
  words.clear();
  const bool open = has_any(user_text, kOpenWords), back = has_any(user_text, kBackWords);
  for (const bool any : {true, false}) {
    for (int i = 0; i < kSlots; ++i) {
      const auto slot = static_cast<Slot>(i);
      if (any ? open || asks_about(context.acts, slot) : back)
        words.push_back(fmt::format(" {}:{}", any ? "any" : "drop", name_of(slot)));
    }
  }
  extras_ = static_cast<std::uint32_t>(stages_.size());
  stages_.emplace_back(words);
}

ByteAutomaton::State ReadingGrammar::start() const { return State::of(Position{}); }

// Moves into a word of the stage.
bool ReadingGrammar::enter(Position& at, std::uint32_t stage, std::uint8_t byte) const {
  const std::uint32_t child = stages_[stage].trie.child(0, byte);
  if (child == 0 || (stage == extras_ && (stages_[stage].reach[child] & at.open) == 0)) return false;
  at.stage = stage;
  at.node = child;
  return true;
}

bool ReadingGrammar::advance(State& state, std::uint8_t byte) const {
  auto at = state.as<Position>();
  const Stage& stage = stages_[at.stage];
  const std::uint32_t child = stage.trie.child(at.node, byte);
  if (child != 0 && (!in_extras(at) || (stage.reach[child] & at.open) != 0)) {
    at.node = child;
  } else {
    const std::int32_t word = stage.word[at.node];
    if (word < 0) return false;
    if (in_extras(at)) {
      at.open &= ~((std::uint32_t{2} << word) - 1);
    } else if (at.stage + 1 == extras_) {
      at.open = ~std::uint32_t{0};
    }
    if (!enter(at, std::min(at.stage + 1, extras_), byte)) return false;
  }
  state = State::of(at);
  return true;
}

void ReadingGrammar::add_steps(const State& state, std::vector<Step>& steps) const {
  const auto at = state.as<Position>();
  const auto begin = static_cast<std::ptrdiff_t>(steps.size());
  const auto try_children = [&](const Stage& stage, std::uint32_t node) {
    for (const auto& child : stage.trie.children(node)) {
      const auto same = [&](const Step& step) { return step.byte == child.first; };
      State next = state;
      if (std::none_of(steps.begin() + begin, steps.end(), same) && advance(next, child.first))
        steps.push_back({child.first, next});
    }
  };
  try_children(stages_[at.stage], at.node);
  if (stages_[at.stage].word[at.node] >= 0) try_children(stages_[std::min(at.stage + 1, extras_)], 0);
}

bool ReadingGrammar::may_end(const State& state) const {
  const auto at = state.as<Position>();
  return at.stage + 1 >= extras_ && stages_[at.stage].word[at.node] >= 0;
}

}  // namespace matinee
