#include "lib/dialogue/update_grammar.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "lib/base/format_error.h"
#include "lib/dialogue/span_text.h"
#include "lib/io/json_writer.h"

namespace matinee {
namespace {

constexpr std::string_view kOpening = "{\"act\":\"";
constexpr std::int64_t kEarliest = 1870, kLatest = 2049, kMostMinutes = 2000;

// Where in the object a position is.
enum class Mode : std::uint8_t {
  kOpen,        // inside kOpening
  kAct,         // inside the act's word
  kAfterValue,  // a value is complete: , or }
  kKeyQuote,    // after the comma
  kKey,         // inside a key and the bytes that lead to its value
  kItem,        // inside an item of a list
  kAfterItem,   // , or ]
  kItemQuote,   // after the comma
  kWord,        // inside a single word (popularity, asks)
  kSpanWord,    // inside "since " and the like, or at the first digit
  kLow,         // the first number of a span
  kTo,          // inside " to "
  kHigh,        // the second number
  kSpanEnd,     // the span's closing quote
  kEnd,
};

// Keys after "act", in the order of the JSON.
enum Key : std::uint32_t {
  kGenres,
  kNotGenres,
  kYears,
  kRuntime,
  kPopularity,
  kPeople,
  kNotPeople,
  kLiked,
  kDisliked,
  kSeen,
  kAny,
  kDrop,
  kAsks,
  kKeys,
};
constexpr std::array<std::string_view, kKeys> kKeyTexts{
    "genres\":[\"", "not_genres\":[\"", "years\":\"",  "runtime\":\"",   "popularity\":\"",
    "people\":[\"", "not_people\":[\"", "liked\":[\"", "disliked\":[\"", "seen\":[\"",
    "any\":[\"",    "drop\":[\"",       "asks\":\""};

constexpr std::uint32_t bit(std::uint32_t i) { return std::uint32_t{1} << i; }
constexpr std::uint32_t kPreferences = bit(kAsks) - 1;

struct ActRule {
  std::uint32_t may, must;  // allowed keys; keys of which it needs at least one
};
ActRule rule_of(UserAct act) {
  switch (act) {
    case UserAct::kInform: return {kPreferences, kPreferences};
    // The opposite opinion is not allowed: it could use up the movies that this one needs.
    case UserAct::kLike: return {kPreferences & ~bit(kDisliked), bit(kLiked)};
    case UserAct::kDislike: return {kPreferences & ~bit(kLiked), bit(kDisliked)};
    case UserAct::kSeen: return {kPreferences, bit(kSeen)};
    case UserAct::kReject:
    case UserAct::kMore: return {kPreferences, 0};
    case UserAct::kUnsure: return {bit(kAny), 0};
    case UserAct::kAsk: return {bit(kAsks), bit(kAsks)};
    case UserAct::kAccept:
    case UserAct::kWhy:
    case UserAct::kLeave:
    case UserAct::kOther: break;
  }
  return {0, 0};
}

// Two lists with the same entry of Position::used cannot both have an item: a genre, a person or an opinion of a movie
// is in one list only. A movie can be liked and seen.
constexpr std::size_t kUsedLists = 6;
std::size_t used_list(std::uint32_t key) {
  switch (key) {
    case kGenres:
    case kNotGenres: return 0;
    case kPeople:
    case kNotPeople: return 1;
    case kLiked:
    case kDisliked: return 2;
    case kSeen: return 3;
    case kAny: return 4;
    default: return 5;
  }
}

bool is_span(std::uint32_t key) { return key == kYears || key == kRuntime; }
bool is_list(std::uint32_t key) { return !is_span(key) && key != kPopularity && key != kAsks; }

// True if `value`, perhaps with more digits, can become a number of [low, high].
bool extends_to(std::int64_t value, std::int64_t low, std::int64_t high) {
  for (std::int64_t scale = 1; value * scale <= high; scale *= 10) {
    if (value * scale + scale - 1 >= low) return true;
    if (value == 0) break;  // no number begins with 0 but 0
  }
  return false;
}

std::string escaped(const std::string& name) {
  std::string text;
  append_json_string(text, name);
  return text.substr(1);  // the opening quote is the list's
}

}  // namespace

struct UpdateGrammar::Position {
  Mode mode = Mode::kOpen;
  UserAct act = UserAct::kInform;
  std::uint8_t keys_begun = 0;  // the last key + 1
  bool satisfied = false;       // a key that the act demands was given
  std::uint16_t node = 0;       // in the trie of the words that may be here; in a fixed text, its bytes so far
  // Of a span: the number so far, how many digits it has, whether a word is before it, and the low end.
  std::uint16_t number = 0, low = 0;
  std::uint8_t digits = 0;
  bool worded = false;
  std::array<std::uint32_t, kUsedLists> used{};  // items that the lists have, one bit each

  std::uint32_t last_key() const { return keys_begun - 1u; }
  bool may_close() const { return rule_of(act).must == 0 || satisfied; }
  void end_span() {
    number = low = 0;
    digits = 0;
    worded = false;
    mode = Mode::kAfterValue;
  }
};

void UpdateGrammar::Words::set(const std::vector<std::string>& words) {
  const std::size_t count = std::min<std::size_t>(words.size(), 32);
  std::vector<std::uint32_t> ends;
  for (std::size_t i = 0; i < count; ++i) ends.push_back(trie.add(words[i]));
  if (trie.size() > 0xffff) throw internal_error("UpdateGrammar: names of {} bytes", trie.size());
  at.assign(trie.size(), -1);
  reach.assign(trie.size(), 0);
  for (std::size_t i = 0; i < count; ++i) {
    if (at[ends[i]] >= 0) continue;  // the same name twice
    at[ends[i]] = static_cast<std::int32_t>(i);
    reach[ends[i]] |= bit(static_cast<std::uint32_t>(i));
  }
  for (std::uint32_t node = trie.size(); node-- > 1;) reach[trie.parent(node)] |= reach[node];
  all = reach[0];
}

UpdateGrammar::UpdateGrammar(const TurnNames& names) {
  std::vector<std::string> words;
  const auto fill = [&](Words& to, std::size_t count, const auto& text) {
    words.clear();
    for (std::size_t i = 0; i < count; ++i) words.push_back(text(i));
    to.set(words);
  };
  const auto quoted = [](const char* word) { return std::string(word) + '"'; };
  fill(acts_, kUserActs, [&](std::size_t i) { return quoted(name_of(static_cast<UserAct>(i))); });
  fill(keys_, kKeys, [&](std::size_t i) { return std::string(kKeyTexts[i]); });
  fill(slots_, kSlots, [&](std::size_t i) { return quoted(name_of(static_cast<Slot>(i))); });
  fill(facts_, kFacts, [&](std::size_t i) { return quoted(name_of(static_cast<Fact>(i))); });
  fill(popularity_, 2,
       [&](std::size_t i) { return quoted(name_of(i == 0 ? Popularity::kPopular : Popularity::kHidden)); });
  const auto opening = [](const SpanWords& span, std::size_t i) {
    return std::string(i == 0 ? span.since : i == 1 ? span.until : span.around);
  };
  fill(years_, 3, [&](std::size_t i) { return opening(kYearWords, i); });
  fill(runtime_, 3, [&](std::size_t i) { return opening(kRuntimeWords, i); });
  fill(genres_, names.genres.size(), [&](std::size_t i) { return escaped(names.genres[i]); });
  fill(people_, names.people.size(), [&](std::size_t i) { return escaped(names.people[i]); });
  fill(movies_, names.movies.size(), [&](std::size_t i) { return escaped(names.movies[i]); });
}

const UpdateGrammar::Words& UpdateGrammar::words_of(std::uint32_t key) const {
  switch (key) {
    case kGenres:
    case kNotGenres: return genres_;
    case kPeople:
    case kNotPeople: return people_;
    case kLiked:
    case kDisliked:
    case kSeen: return movies_;
    case kPopularity: return popularity_;
    case kAsks: return facts_;
    default: return slots_;
  }
}

std::uint32_t UpdateGrammar::unused(const Position& position, std::uint32_t key) const {
  return words_of(key).all & ~position.used[used_list(key)];
}

// Keys that may come next: later than the last, allowed by the act, with something to say, and none behind the last one
// that can still meet the act's demand.
std::uint32_t UpdateGrammar::open_keys(const Position& position) const {
  const ActRule rule = rule_of(position.act);
  std::uint32_t keys = 0;
  for (std::uint32_t key = position.keys_begun; key < kKeys; ++key) {
    if (!is_list(key) || unused(position, key) != 0) keys |= bit(key);
  }
  keys &= rule.may;
  if (position.may_close()) return keys;
  const std::uint32_t demanded = keys & rule.must;
  if (demanded == 0) return 0;
  const std::uint32_t last = std::bit_floor(demanded);
  return keys & (last | (last - 1));
}

// The acts whose demand the names can meet.
std::uint32_t UpdateGrammar::open_acts() const {
  std::uint32_t acts = acts_.all;
  if (movies_.all != 0) return acts;
  for (std::uint32_t act = 0; act < kUserActs; ++act) {
    const std::uint32_t must = rule_of(static_cast<UserAct>(act)).must;
    if (must != 0 && (must & ~(bit(kLiked) | bit(kDisliked) | bit(kSeen))) == 0) acts &= ~bit(act);
  }
  return acts;
}

// One byte inside a word. After the word's last byte the position is behind it.
bool UpdateGrammar::advance_word(Position& at, std::uint8_t byte) const {
  const Mode mode = at.mode;
  const std::uint32_t key = at.last_key();
  const Words& words = mode == Mode::kAct ? acts_ : mode == Mode::kKey ? keys_ : words_of(key);
  const std::uint32_t node = words.trie.child(at.node, byte);
  if (node == 0) return false;
  std::uint32_t possible = words.reach[node];
  if (mode == Mode::kAct) possible &= open_acts();
  if (mode == Mode::kKey) possible &= open_keys(at);
  if (mode == Mode::kItem) possible &= unused(at, key);
  if (possible == 0) return false;
  at.node = static_cast<std::uint16_t>(node);
  if (words.at[node] < 0) return true;
  const auto found = static_cast<std::uint32_t>(words.at[node]);
  at.node = 0;
  if (mode == Mode::kKey) {
    at.satisfied = at.satisfied || (rule_of(at.act).must & bit(found)) != 0;
    at.keys_begun = static_cast<std::uint8_t>(found + 1);
    at.mode = is_list(found) ? Mode::kItem : is_span(found) ? Mode::kSpanWord : Mode::kWord;
  } else if (mode == Mode::kItem) {
    at.used[used_list(key)] |= bit(found);
    at.mode = Mode::kAfterItem;
  } else {
    if (mode == Mode::kAct) at.act = static_cast<UserAct>(found);
    at.mode = Mode::kAfterValue;
  }
  return true;
}

// One byte of a span's text (span_text.h).
bool UpdateGrammar::advance_span(Position& at, std::uint8_t byte) const {
  const bool years = at.last_key() == kYears;
  if (at.mode == Mode::kSpanEnd) {
    at.end_span();
    return byte == '"';
  }
  if (at.mode == Mode::kTo) {
    if (byte != static_cast<std::uint8_t>(kSpanTo[at.node])) return false;
    if (++at.node < kSpanTo.size()) return true;
    at.node = 0;
    at.mode = Mode::kHigh;
    at.low = at.number;
    at.number = 0;
    at.digits = 0;
    return true;
  }
  const bool is_digit = byte >= '0' && byte <= '9';
  if (at.mode == Mode::kSpanWord) {
    if (!is_digit || at.node != 0) {
      const Words& openings = years ? years_ : runtime_;
      const std::uint32_t node = openings.trie.child(at.node, byte);
      if (node == 0) return false;
      const bool ends = openings.at[node] >= 0;
      at.node = static_cast<std::uint16_t>(ends ? 0 : node);
      if (ends) at.mode = Mode::kLow;
      at.worded = ends;
      return true;
    }
    at.mode = Mode::kLow;
  }
  const std::int64_t low = at.mode == Mode::kHigh ? at.low + 1 : years ? kEarliest : 0;
  const std::int64_t most = years ? kLatest : kMostMinutes;
  if (is_digit) {
    if (at.digits > 0 && at.number == 0) return false;
    const std::int64_t number = at.number * std::int64_t{10} + (byte - '0');
    if (number > most || !extends_to(number, low, most)) return false;
    at.number = static_cast<std::uint16_t>(number);
    ++at.digits;
    return true;
  }
  if (at.digits == 0 || at.number < low) return false;
  if (byte == '"') {
    at.end_span();
    return true;
  }
  if (at.worded || at.mode == Mode::kHigh) return false;
  if (byte == 's') {
    at.mode = Mode::kSpanEnd;
    return years && at.number % 10 == 0;
  }
  if (byte != static_cast<std::uint8_t>(kSpanTo[0]) || at.number == most) return false;
  at.mode = Mode::kTo;
  at.node = 1;
  return true;
}

bool UpdateGrammar::advance(State& state, std::uint8_t byte) const {
  Position at = state.as<Position>();
  const bool taken = advance(at, byte);
  state = State::of(at);
  return taken;
}

bool UpdateGrammar::advance(Position& at, std::uint8_t byte) const {
  switch (at.mode) {
    case Mode::kOpen:
      if (byte != static_cast<std::uint8_t>(kOpening[at.node])) return false;
      if (++at.node == kOpening.size()) {
        at.node = 0;
        at.mode = Mode::kAct;
      }
      return true;
    case Mode::kAct:
    case Mode::kKey:
    case Mode::kItem:
    case Mode::kWord: return advance_word(at, byte);
    case Mode::kSpanWord:
    case Mode::kLow:
    case Mode::kTo:
    case Mode::kHigh:
    case Mode::kSpanEnd: return advance_span(at, byte);
    case Mode::kAfterValue:
      at.mode = byte == ',' ? Mode::kKeyQuote : Mode::kEnd;
      return byte == ',' ? open_keys(at) != 0 : byte == '}' && at.may_close();
    case Mode::kKeyQuote: at.mode = Mode::kKey; return byte == '"';
    case Mode::kAfterItem:
      at.mode = byte == ',' ? Mode::kItemQuote : Mode::kAfterValue;
      return byte == ',' ? unused(at, at.last_key()) != 0 : byte == ']';
    case Mode::kItemQuote: at.mode = Mode::kItem; return byte == '"';
    case Mode::kEnd: break;
  }
  return false;
}

ByteAutomaton::State UpdateGrammar::start() const { return State::of(Position{}); }
bool UpdateGrammar::may_end(const State& state) const { return state.as<Position>().mode == Mode::kEnd; }

}  // namespace matinee
