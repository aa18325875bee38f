#include "lib/dialogue/update_grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "lib/io/json_writer.h"

namespace matinee {
namespace {

constexpr std::size_t kMaxNames = 48;
constexpr std::int32_t kFirstYear = 1880, kLastYear = 2040, kMostMinutes = 600;

// Where in the line a state stands. Words of the state: 0 mode, 1 key, 2 trie node or position, 3 and 4 words used in
// this list, 5 the span's low number.
enum Mode : std::uint32_t {
  kOpening,     // inside the literal {"act":" ; position
  kKeyName,     // inside a key's name, behind ," ; trie node of keys
  kColon,       // the : behind a key
  kValueStart,  // [ or "
  kItemQuote,   // the " before an item of a list
  kWord,        // inside a quoted word; trie node
  kAfterItem,   // behind an item of a list: , or ]
  kNumber,      // the low number of a span; trie node
  kHighNumber,  // the high number; trie node
  kAfterValue,  // , or }
  kNextQuote,   // the " before the next key
  kDone,
};

constexpr std::string_view kOpen = "{\"act\":\"";

std::uint64_t used(const ByteAutomaton::State& state) { return state.words[3] | (std::uint64_t{state.words[4]} << 32); }

// The JSON spelling of a name between its quotes.
std::string escaped(std::string_view name) {
  std::string text;
  append_json_string(text, name);
  return text.substr(1, text.size() - 2);
}

}  // namespace

UpdateNames update_names(const MentionFinder& finder, std::string_view user_text,
                         const std::vector<MovieId>& spoken_of) {
  UpdateNames names;
  const auto add = [](auto& list, auto id) {
    if (list.size() < kMaxNames && std::find(list.begin(), list.end(), id) == list.end()) list.push_back(id);
  };
  for (const Mention& mention : finder.find(user_text)) {
    if (mention.kind == MentionKind::kMovie) {
      add(names.movies, mention.id);
    } else {
      add(names.people, mention.id);
    }
  }
  for (const MovieId movie : spoken_of) add(names.movies, movie);
  return names;
}

void UpdateGrammar::add_key(const char* name, Value value, const ByteTrie* words) {
  if (words->size() == 0) return;  // no name could follow
  keys_.add(name);
  key_.push_back({value, words});
}

UpdateGrammar::UpdateGrammar(const MovieCatalog& catalog, const UpdateNames& names) {
  for (int act = 0; act < kUserActs; ++act) acts_.add(name_of(static_cast<UserAct>(act)));
  for (const std::string& genre : catalog.genres()) genres_.add(escaped(genre));
  for (const PersonId person : names.people) people_.add(escaped(catalog.person_display_name(person)));
  for (const MovieId movie : names.movies) movies_.add(escaped(catalog.display_name(movie)));
  for (int slot = 0; slot < kSlots; ++slot) slots_.add(name_of(static_cast<Slot>(slot)));
  for (int fact = 0; fact < kFacts; ++fact) facts_.add(name_of(static_cast<Fact>(fact)));
  popularities_.add("popular");
  popularities_.add("hidden");
  // Numbers are added in rising order, so that the largest word under a node says how high one can still get.
  for (std::int32_t year = kFirstYear; year <= kLastYear; ++year) years_.add(fmt::format("{}", year));
  for (std::int32_t minute = 0; minute <= kMostMinutes; ++minute) minutes_.add(fmt::format("{}", minute));
  add_key("genres", Value::kList, &genres_);
  add_key("not_genres", Value::kList, &genres_);
  add_key("years", Value::kSpan, &years_);
  add_key("runtime", Value::kSpan, &minutes_);
  add_key("popularity", Value::kWord, &popularities_);
  add_key("people", Value::kList, &people_);
  add_key("not_people", Value::kList, &people_);
  add_key("liked", Value::kList, &movies_);
  add_key("disliked", Value::kList, &movies_);
  add_key("seen", Value::kList, &movies_);
  add_key("any", Value::kList, &slots_);
  add_key("drop", Value::kList, &slots_);
  add_key("asks", Value::kWord, &facts_);
}

ByteAutomaton::State UpdateGrammar::start() const { return State{}; }

bool UpdateGrammar::may_end(const State& state) const { return state.words[0] == kDone; }

// words[1] is the number of the key under way plus one; 0 is the act, which comes first.
bool UpdateGrammar::advance(State& state, std::uint8_t byte) const {
  auto& [mode, key, node, low_used, high_used, low, unused6, unused7] = state.words;
  const auto go = [&](Mode next, std::uint32_t at = 0) {
    mode = next;
    node = at;
    return true;
  };
  const Value value = key == 0 ? Value::kWord : key_[key - 1].value;
  const ByteTrie& words = key == 0 ? acts_ : *key_[key - 1].words;
  switch (static_cast<Mode>(mode)) {
    case kOpening:
      if (byte != static_cast<std::uint8_t>(kOpen[node])) return false;
      ++node;
      return node < kOpen.size() || go(kWord, acts_.root());
    case kKeyName: {
      if (byte == '"') {
        const std::uint32_t found = keys_.word_at(node);
        if (found == ByteTrie::kNone || found < key) return false;
        key = found + 1;
        return go(kColon);
      }
      const std::uint32_t next = keys_.child(node, byte);
      // Some key that is still to come must lie ahead.
      if (next == ByteTrie::kNone || keys_.largest_under(next) < key) return false;
      return go(kKeyName, next);
    }
    case kColon:
      return byte == ':' && go(kValueStart);
    case kValueStart:
      low_used = high_used = 0;
      if (value == Value::kWord) return byte == '"' && go(kWord, words.root());
      if (byte != '[') return false;
      return value == Value::kList ? go(kItemQuote) : go(kNumber, words.root());
    case kItemQuote:
      return byte == '"' && go(kWord, words.root());
    case kWord: {
      if (byte == '"' && words.word_at(node) != ByteTrie::kNone) {
        const std::uint32_t word = words.word_at(node);
        if (value != Value::kList) return go(kAfterValue);
        const std::uint64_t bit = std::uint64_t{1} << word;
        if ((used(state) & bit) != 0) return false;
        (word < 32 ? low_used : high_used) |= std::uint32_t{1} << (word % 32);
        return go(kAfterItem);
      }
      const std::uint32_t next = words.child(node, byte);
      if (next == ByteTrie::kNone || (value == Value::kList && (words.words_under(next) & ~used(state)) == 0))
        return false;
      node = next;
      return true;
    }
    case kAfterItem: {
      if (byte == ']') return go(kAfterValue);
      const bool more = (words.words_under(words.root()) & ~used(state)) != 0;
      return byte == ',' && more && go(kItemQuote);
    }
    case kNumber: {
      if (byte == ',' && words.word_at(node) != ByteTrie::kNone) {
        low = words.word_at(node);
        return go(kHighNumber, words.root());
      }
      const std::uint32_t next = words.child(node, byte);
      return next != ByteTrie::kNone && go(kNumber, next);
    }
    case kHighNumber: {
      if (byte == ']') return words.word_at(node) != ByteTrie::kNone && words.word_at(node) >= low && go(kAfterValue);
      const std::uint32_t next = words.child(node, byte);
      return next != ByteTrie::kNone && words.largest_under(next) >= low && go(kHighNumber, next);
    }
    case kAfterValue:
      low_used = high_used = low = 0;
      if (byte == '}') return go(kDone);
      return byte == ',' && key < key_.size() && go(kNextQuote);
    case kNextQuote:
      return byte == '"' && go(kKeyName, keys_.root());
    case kDone:
      return false;
  }
  return false;
}

}  // namespace matinee
