#include "lib/dialogue/reply_grammar.h"

#include <algorithm>
#include <array>
#include <string>

#include "lib/base/format_error.h"
#include "lib/io/json_writer.h"

namespace matinee {
namespace {

constexpr std::string_view kOpening = "{\"act\":\"", kToWord = " to ";
constexpr std::int64_t kEarliest = 1870, kLatest = 2049, kMostMinutes = 2000;

// Where in the object a state is; State::words[kMode].
enum Mode : std::uint32_t {
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
  kTo,          // inside kToWord
  kHigh,
  kSpanEnd,  // the span's closing quote
  kEnd,
};

// What State::words hold.
enum Field : std::size_t { kMode, kNode, kKeyAct, kGenresUsed, kPeopleUsed, kMoviesUsed, kSlotsUsed, kNumber };

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
  std::uint32_t may, must;  // keys; one of `must` is demanded
};
ActRule rule_of(std::uint32_t act) {
  switch (static_cast<UserAct>(act)) {
    case UserAct::kInform:
      return {kPreferences, kPreferences};
    // The other opinion is left out: it could use up the movies that this one needs.
    case UserAct::kLike:
      return {kPreferences & ~bit(kDisliked), bit(kLiked)};
    case UserAct::kDislike:
      return {kPreferences & ~bit(kLiked), bit(kDisliked)};
    case UserAct::kSeen:
      return {kPreferences, bit(kSeen)};
    case UserAct::kReject:
    case UserAct::kMore:
      return {kPreferences, 0};
    case UserAct::kUnsure:
      return {bit(kAny), 0};
    case UserAct::kAsk:
      return {bit(kAsks), bit(kAsks)};
    case UserAct::kAccept:
    case UserAct::kWhy:
    case UserAct::kLeave:
    case UserAct::kOther:
      break;
  }
  return {0, 0};
}

// words[kKeyAct]: the last key + 1 (0: none yet), the act, whether the act has what it demands.
std::uint32_t last_key(const ByteAutomaton::State& state) { return (state.words[kKeyAct] & 0xff) - 1; }
std::uint32_t keys_begun(const ByteAutomaton::State& state) { return state.words[kKeyAct] & 0xff; }
std::uint32_t act_of(const ByteAutomaton::State& state) { return (state.words[kKeyAct] >> 8) & 0xff; }
bool satisfied(const ByteAutomaton::State& state) {
  return rule_of(act_of(state)).must == 0 || (state.words[kKeyAct] >> 16) != 0;
}

// Which of words[] remembers the items used by a list, and from which bit on. A genre, person or opinion stands in one
// list only; a movie can be liked and seen, so the seen ones are kept apart: in words[kNumber], free after the spans.
std::pair<std::size_t, unsigned> used_in(std::uint32_t key) {
  switch (key) {
    case kGenres:
    case kNotGenres:
      return {kGenresUsed, 0};
    case kPeople:
    case kNotPeople:
      return {kPeopleUsed, 0};
    case kLiked:
    case kDisliked:
      return {kMoviesUsed, 0};
    case kSeen:
      return {kNumber, 0};
    case kAny:
      return {kSlotsUsed, 0};
    default:
      return {kSlotsUsed, 8};
  }
}

bool is_list(std::uint32_t key) { return key != kYears && key != kRuntime && key != kPopularity && key != kAsks; }

// True where digits appended to `value`, or none, can give a number of [low, high].
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

void UpdateGrammar::Words::set(const std::vector<std::string>& words) {
  const std::size_t count = std::min<std::size_t>(words.size(), 32);
  std::vector<std::uint32_t> ends;
  for (std::size_t i = 0; i < count; ++i) ends.push_back(trie.add(words[i]));
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
  fill(popularity_, 2, [&](std::size_t i) { return quoted(i == 0 ? "popular" : "hidden"); });
  constexpr std::array<const char*, 3> kYearWords{"since ", "until ", "around "},
      kMinuteWords{"at least ", "up to ", "around "};
  fill(years_, kYearWords.size(), [&](std::size_t i) { return std::string(kYearWords[i]); });
  fill(runtime_, kMinuteWords.size(), [&](std::size_t i) { return std::string(kMinuteWords[i]); });
  fill(genres_, names.genres.size(), [&](std::size_t i) { return escaped(names.genres[i]); });
  fill(people_, names.people.size(), [&](std::size_t i) { return escaped(names.people[i]); });
  fill(movies_, names.movies.size(), [&](std::size_t i) { return escaped(names.movies[i]); });
}

const UpdateGrammar::Words& UpdateGrammar::words_of(std::uint32_t key) const {
  switch (key) {
    case kGenres:
    case kNotGenres:
      return genres_;
    case kPeople:
    case kNotPeople:
      return people_;
    case kLiked:
    case kDisliked:
    case kSeen:
      return movies_;
    case kPopularity:
      return popularity_;
    case kAsks:
      return facts_;
    default:
      return slots_;
  }
}

std::uint32_t UpdateGrammar::unused(const State& state, std::uint32_t key) const {
  const auto [field, shift] = used_in(key);
  return words_of(key).all & ~(state.words[field] >> shift);
}

// Keys that may come next: later than the last, allowed by the act, with something to say, and none that jumps over
// the last one which the act still demands.
std::uint32_t UpdateGrammar::open_keys(const State& state) const {
  const ActRule rule = rule_of(act_of(state));
  std::uint32_t keys = 0;
  for (std::uint32_t key = keys_begun(state); key < kKeys; ++key) {
    if (!is_list(key) || unused(state, key) != 0) keys |= bit(key);
  }
  keys &= rule.may;
  if (!satisfied(state)) {
    const std::uint32_t demanded = keys & rule.must;
    if (demanded == 0) return 0;
    std::uint32_t last = kKeys - 1;
    while ((demanded & bit(last)) == 0) --last;
    keys &= bit(last) | (bit(last) - 1);
  }
  return keys;
}

// One byte inside a word; at the word's last byte the state moves behind it.
bool UpdateGrammar::advance_word(State& state, std::uint8_t byte) const {
  const std::uint32_t mode = state.words[kMode], key = last_key(state);
  const Words& words = mode == kAct ? acts_ : mode == kKey ? keys_ : words_of(key);
  const std::uint32_t node = words.trie.child(state.words[kNode], byte);
  if (node == 0) return false;
  std::uint32_t possible = words.reach[node];
  if (mode == kAct) {
    // An act whose demand the names cannot meet is not possible.
    if (movies_.all == 0) {
      for (std::uint32_t act = 0; act < kUserActs; ++act) {
        const std::uint32_t must = rule_of(act).must;
        if (must != 0 && (must & ~(bit(kLiked) | bit(kDisliked) | bit(kSeen))) == 0) possible &= ~bit(act);
      }
    }
  } else if (mode == kKey) {
    possible &= open_keys(state);
  } else if (mode == kItem) {
    possible &= unused(state, key);
  }
  if (possible == 0) return false;
  state.words[kNode] = node;
  const std::int32_t word = words.at[node];
  if (word < 0) return true;
  const auto found = static_cast<std::uint32_t>(word);
  state.words[kNode] = 0;
  if (mode == kAct) {
    state.words[kKeyAct] = found << 8;
    state.words[kMode] = kAfterValue;
  } else if (mode == kKey) {
    const bool meets = (rule_of(act_of(state)).must & bit(found)) != 0;
    state.words[kKeyAct] = (state.words[kKeyAct] & ~0xffu) | (found + 1);
    if (meets) state.words[kKeyAct] |= bit(16);
    state.words[kNumber] = 0;
    state.words[kMode] = is_list(found) ? kItem : found == kYears || found == kRuntime ? kSpanWord : kWord;
  } else if (mode == kItem) {
    const auto [field, shift] = used_in(key);
    state.words[field] |= bit(found) << shift;
    state.words[kMode] = kAfterItem;
  } else {
    state.words[kMode] = kAfterValue;
  }
  return true;
}

// The text of a span (span_text.h). words[kNumber]: 12 bits of the number so far, 3 of its digits, 1 set where a word
// stands before it, 12 of the span's low end.
bool UpdateGrammar::advance_span(State& state, std::uint8_t byte) const {
  auto& words = state.words;
  const bool years = last_key(state) == kYears;
  const std::uint32_t mode = words[kMode];
  if (mode == kSpanEnd) {
    words[kMode] = kAfterValue;
    words[kNumber] = 0;
    return byte == '"';
  }
  if (mode == kTo) {
    if (byte != static_cast<std::uint8_t>(kToWord[words[kNode]])) return false;
    if (++words[kNode] < kToWord.size()) return true;
    words[kNode] = 0;
    words[kMode] = kHigh;
    words[kNumber] = (words[kNumber] & 0xfff) << 16;
    return true;
  }
  const bool is_digit = byte >= '0' && byte <= '9';
  if (mode == kSpanWord) {
    if (!(is_digit && words[kNode] == 0)) {
      const Words& openings = years ? years_ : runtime_;
      const std::uint32_t node = openings.trie.child(words[kNode], byte);
      if (node == 0) return false;
      words[kNode] = openings.at[node] < 0 ? node : 0;
      if (openings.at[node] < 0) return true;
      words[kMode] = kLow;
      words[kNumber] = bit(15);
      return true;
    }
    words[kMode] = kLow;
  }
  const std::uint32_t packed = words[kNumber];
  const std::int64_t value = packed & 0xfff, low_end = packed >> 16;
  const unsigned digits = (packed >> 12) & 7;
  const bool worded = (packed & bit(15)) != 0, high = words[kMode] == kHigh;
  const std::int64_t low = high ? low_end + 1 : years ? kEarliest : 0, most = years ? kLatest : kMostMinutes;
  if (is_digit) {
    if (digits > 0 && value == 0) return false;
    const std::int64_t next = value * 10 + (byte - '0');
    if (next > most || !extends_to(next, low, most)) return false;
    words[kNumber] = static_cast<std::uint32_t>(low_end << 16 | (worded ? bit(15) : 0) | (digits + 1) << 12 | next);
    return true;
  }
  if (digits == 0 || value < low) return false;
  if (byte == '"') {
    words[kMode] = kAfterValue;
    words[kNumber] = 0;
    return true;
  }
  if (worded || high) return false;
  if (byte == 's') {
    words[kMode] = kSpanEnd;
    return years && value % 10 == 0;
  }
  if (byte != static_cast<std::uint8_t>(kToWord[0]) || value == most) return false;
  words[kMode] = kTo;
  words[kNode] = 1;
  return true;
}

bool UpdateGrammar::advance(State& state, std::uint8_t byte) const {
  auto& words = state.words;
  switch (words[kMode]) {
    case kOpen:
      if (byte != static_cast<std::uint8_t>(kOpening[words[kNode]])) return false;
      if (++words[kNode] == kOpening.size()) {
        words[kNode] = 0;
        words[kMode] = kAct;
      }
      return true;
    case kAct:
    case kKey:
    case kItem:
    case kWord:
      return advance_word(state, byte);
    case kSpanWord:
    case kLow:
    case kTo:
    case kHigh:
    case kSpanEnd:
      return advance_span(state, byte);
    case kAfterValue:
      words[kMode] = byte == ',' ? kKeyQuote : kEnd;
      return byte == ',' ? open_keys(state) != 0 : byte == '}' && satisfied(state);
    case kKeyQuote:
      words[kMode] = kKey;
      return byte == '"';
    case kAfterItem:
      words[kMode] = byte == ',' ? kItemQuote : kAfterValue;
      return byte == ',' ? unused(state, last_key(state)) != 0 : byte == ']';
    case kItemQuote:
      words[kMode] = kItem;
      return byte == '"';
    default:
      return false;
  }
}

bool UpdateGrammar::may_end(const State& state) const { return state.words[kMode] == kEnd; }

}  // namespace matinee
