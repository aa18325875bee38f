#include "lib/dialogue/grounded_text.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "lib/base/ascii.h"
#include "lib/base/format_error.h"

namespace matinee {
namespace {

enum class Place : std::uint8_t {
  kNowhere,     // no reading
  kStart,       // a sentence begins here
  kGap,         // after a space
  kWord,        // in a word in lower case
  kJoint,       // after a - or ' in a word
  kName,        // in a name
  kPossessive,  // in the 's of a name
  kComma,       // after , : or ;
  kStop,        // after . ! or ?
};

constexpr std::size_t kReadings = 3, kLongestWord = 20, kUnreachable = 1 << 20;
// A shorter claim may be the beginning of an innocent word ("war", "warm").
constexpr std::uint32_t kShortClaim = 5;
constexpr std::uint16_t kNoWord = Lexicon::kNone;
// How a possessive is written; the apostrophe may be straight or typographic.
constexpr std::array<std::string_view, 2> kPossessives{"'s", "\u2019s"};

// A hyphen, a straight apostrophe, or a byte of a typographic one.
bool joins(std::uint8_t byte) { return byte == '-' || byte == '\'' || byte >= 0x80; }

// Where a space or a mark leads after a complete word or name; nowhere for any other byte.
Place after_word(std::uint8_t byte) {
  switch (byte) {
    case ' ': return Place::kGap;
    case ',':
    case ':':
    case ';': return Place::kComma;
    case '.':
    case '!':
    case '?': return Place::kStop;
    default: return Place::kNowhere;
  }
}

}  // namespace

struct GroundedText::Reading {
  Place place = Place::kNowhere;
  bool done = false;           // a required fact was given
  bool begins = false;         // kName: at the beginning of a sentence
  bool after_s = false;        // kPossessive: the name ends in s
  std::uint16_t letters = 0;   // kWord: since its beginning; kPossessive: bytes of it
  std::uint16_t possible = 0;  // candidates of which everything so far is true
  std::uint16_t node = 0;  // kName: in the names; kWord: in the claims, 0 outside; kPossessive: which of the spellings
  std::uint16_t word = kNoWord;  // kWord: in the lexicon

  friend bool operator==(const Reading&, const Reading&) = default;

  // The reading at a place outside all words and names.
  Reading outside(Place there) const {
    Reading moved;
    moved.place = there;
    moved.done = done;
    moved.possible = possible;
    return moved;
  }
};

struct GroundedText::Position {
  std::uint32_t bytes = 0;  // of the text so far
  std::array<Reading, kReadings> readings{};
};

// Called once all names are in the trie; what they mean is filled in afterward, then gathered.
std::vector<GroundedText::Node> GroundedText::nodes_of(const ByteTrie& trie) { return std::vector<Node>(trie.size()); }

void GroundedText::gather(const ByteTrie& trie, std::vector<Node>& nodes) {
  for (std::uint32_t at = trie.size(); at-- > 0;) {
    Node& node = nodes[at];
    node.reach_required |= node.required;
    node.reach_free |= node.free;
    node.reach_starts |= node.starts;
    if (at == 0) break;
    Node& parent = nodes[trie.parent(at)];
    parent.reach_required |= node.reach_required;
    parent.reach_free |= node.reach_free;
    parent.reach_starts |= node.reach_starts;
    parent.longest = std::max<std::uint16_t>(parent.longest, node.longest + 1);
    if (node.reach_required != 0)
      parent.longest_required = std::max<std::uint16_t>(parent.longest_required, node.longest_required + 1);
  }
}

GroundedText::GroundedText(const ReplyFacts& facts)
    : words_(facts.words), once_(facts.once), max_bytes_(facts.max_bytes) {
  if (facts.capital_words.empty()) throw internal_error("GroundedText: no capital word may begin a sentence");
  if (words_ != nullptr) shortest_word_ = words_->shortest(0);
  mark_facts(facts);
  longest_start_ = name_nodes_[0].longest;
  const std::size_t of_claims = claim_nodes_[0].longest_required;
  longest_required_ = std::max<std::size_t>(name_nodes_[0].longest_required, of_claims);
  // A claim cannot begin a sentence: another word and a space come before it.
  longest_lead_ = of_claims > 0 ? longest_start_ + 1 : 0;
  const Reading first = start().as<Position>().readings[0];
  max_bytes_ = std::min<std::size_t>(std::max(max_bytes_, need(first)), 0xffff);
}

// Fills both tries, then what their nodes mean.
void GroundedText::mark_facts(const ReplyFacts& facts) {
  const auto plant = [](ByteTrie& trie, const std::vector<ReplyFact>& all) {
    std::vector<std::uint32_t> ends;
    ends.reserve(all.size());
    for (const ReplyFact& fact : all) ends.push_back(trie.add(fact.text));
    return ends;
  };
  const auto name_ends = plant(names_, facts.names), claim_ends = plant(claims_, facts.claims);
  std::vector<std::uint32_t> start_ends;
  start_ends.reserve(facts.capital_words.size());
  for (const std::string& word : facts.capital_words) start_ends.push_back(names_.add(word));
  if (std::max(names_.size(), claims_.size()) > 0xffff) throw internal_error("GroundedText: more than 65,534 bytes");
  name_nodes_ = nodes_of(names_);
  claim_nodes_ = nodes_of(claims_);
  std::uint32_t required = 0;
  const auto mark = [&](const std::vector<ReplyFact>& all, const std::vector<std::uint32_t>& ends,
                        std::vector<Node>& nodes) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].text.empty()) continue;
      Node& node = nodes[ends[i]];
      node.ends = true;
      node.last = is_first_person(all[i].text) ? 0 : all[i].text.back();
      (all[i].required ? node.required : node.free) |= all[i].of & 0xffff;
      if (all[i].required) required |= all[i].of & 0xffff;
    }
  };
  mark(facts.names, name_ends, name_nodes_);
  mark(facts.claims, claim_ends, claim_nodes_);
  for (const std::uint32_t end : start_ends) name_nodes_[end].starts = true;
  gather(names_, name_nodes_);
  gather(claims_, claim_nodes_);
  requires_ = required != 0;
  // Every candidate that is possible has a required fact, so none of them is a dead end.
  candidates_ = requires_ ? required : 0xffff;
}

ByteAutomaton::State GroundedText::start() const {
  Position position;
  position.readings[0].place = Place::kStart;
  position.readings[0].possible = static_cast<std::uint16_t>(candidates_);
  return State::of(position);
}

// A name that can still come to an end below the node.
bool GroundedText::reachable(const Reading& reading, const Node& node) const {
  if ((node.reach_free & reading.possible) != 0 || (node.reach_starts && reading.begins)) return true;
  return (node.reach_required & reading.possible) != 0 && !(once_ && reading.done);
}

// Whether a name may end at the node, and as what; `reading` takes in what a fact says.
GroundedText::Ending GroundedText::end_name(Reading& reading, const Node& node) const {
  const std::uint32_t required = once_ && reading.done ? 0 : node.required & reading.possible;
  if (const std::uint32_t of = required != 0 ? required : node.free & reading.possible; of != 0) {
    reading.done = reading.done || required != 0;
    reading.possible = static_cast<std::uint16_t>(of);
    return Ending::kFact;
  }
  return node.starts && reading.begins ? Ending::kCapitalWord : Ending::kNone;
}

// A claim that is complete and true of no candidate left.
bool GroundedText::forbidden(const Reading& reading, std::uint32_t claim) const {
  const Node& node = claim_nodes_[claim];
  return claim != 0 && node.ends && ((node.required | node.free) & reading.possible) == 0;
}

// Bytes that a text needs after a complete word: its stop, and before that the required fact where it is missing.
std::size_t GroundedText::tail(bool missing) const { return missing ? longest_required_ + 2 : 1; }

// A long claim that is false does not even come to its last letter, unless a true one begins with it.
bool GroundedText::dead(const Reading& reading, std::uint32_t claim) const {
  const Node& node = claim_nodes_[claim];
  const bool longer = ((node.reach_required | node.reach_free) & reading.possible) != 0;
  return forbidden(reading, claim) && claims_.depth(claim) >= kShortClaim && !longer;
}

// The lexicon's node after the byte; always kNoWord without a lexicon.
std::uint16_t GroundedText::word_child(std::uint16_t word, std::uint8_t byte) const {
  return words_ == nullptr || word == kNoWord ? kNoWord : static_cast<std::uint16_t>(words_->child(word, byte));
}

// Bytes to the nearest place where the word may end; more than a text can have where there is none.
std::size_t GroundedText::to_word_end(const Reading& reading, std::uint32_t claim, std::uint16_t word) const {
  const bool false_claim = forbidden(reading, claim);
  if (words_ == nullptr) return false_claim ? 1u + claim_nodes_[claim].longest : 0;
  if (dead(reading, claim)) return kUnreachable;
  const bool is_word = (claim != 0 && claim_nodes_[claim].ends) || (word != kNoWord && words_->ends(word));
  if (is_word && !false_claim) return 0;
  if (claim == 0) return word == kNoWord ? kUnreachable : words_->shortest(word);
  std::size_t nearest = kUnreachable;
  for (const auto& [byte, below] : claims_.children(claim))
    nearest = std::min(nearest, 1 + to_word_end(reading, below, word_child(word, byte)));
  if (word == kNoWord) return nearest;
  for (const auto& [byte, below] : words_->trie().children(word)) {
    if (claims_.child(claim, byte) == 0) nearest = std::min<std::size_t>(nearest, 1 + words_->shortest(below));
  }
  return nearest;
}

// Upper bound of the bytes from here to the nearest end: from each place some byte leads to a place that needs one
// less.
std::size_t GroundedText::need(const Reading& reading) const {
  const bool missing = requires_ && !reading.done;
  switch (reading.place) {
    case Place::kStart: return missing ? longest_lead_ + longest_required_ + 1 : longest_start_ + 1;
    case Place::kGap: return missing ? longest_required_ + 1 : shortest_word_ + 1;
    case Place::kJoint:
      if (reading.letters == 0) return tail(missing) + shortest_word_;
      [[fallthrough]];
    case Place::kWord: {
      const Node& node = claim_nodes_[reading.node];
      if (reading.node != 0 && missing && (node.reach_required & reading.possible) != 0)
        return node.longest_required + 1u;
      return tail(missing) + to_word_end(reading, reading.node, reading.word);
    }
    case Place::kName: {
      const Node& node = name_nodes_[reading.node];
      if (missing && (node.reach_required & reading.possible) != 0) return node.longest_required + 1u;
      return node.longest + tail(missing);
    }
    case Place::kPossessive: return kPossessives[reading.node].size() - reading.letters + tail(missing);
    case Place::kComma: return missing ? longest_required_ + 2 : shortest_word_ + 2;
    case Place::kStop: return missing ? longest_lead_ + longest_required_ + 2 : 0;
    case Place::kNowhere: break;
  }
  return max_bytes_ + 1;
}

void GroundedText::begin_word(const Reading& reading, std::uint8_t byte, std::vector<Reading>& next) const {
  if (const std::uint32_t node = names_.child(0, byte); node != 0) {
    Reading name = reading;
    name.begins = reading.place == Place::kStart;
    name.place = Place::kName;
    name.node = static_cast<std::uint16_t>(node);
    if (reachable(name, name_nodes_[node])) next.push_back(name);
  }
  if (reading.place == Place::kStart || !is_lower(static_cast<char>(byte))) return;
  Reading word = reading;
  word.place = Place::kWord;
  word.letters = 1;
  word.node = static_cast<std::uint16_t>(claims_.child(0, byte));
  word.word = word_child(0, byte);
  if (words_ == nullptr || word.node != 0 || word.word != kNoWord) next.push_back(word);
}

void GroundedText::step_letter(const Reading& reading, std::uint8_t byte, std::vector<Reading>& next) const {
  if (reading.letters == kLongestWord) return;
  Reading word = reading;
  word.place = Place::kWord;
  ++word.letters;
  const bool free = reading.node == 0 && reading.letters > 0;
  word.node = static_cast<std::uint16_t>(free ? 0 : claims_.child(reading.node, byte));
  word.word = word_child(reading.letters == 0 ? 0 : reading.word, byte);
  if (words_ != nullptr && word.node == 0 && word.word == kNoWord) return;
  if (!dead(reading, word.node)) next.push_back(word);
}

void GroundedText::step_word(const Reading& reading, std::uint8_t byte, std::vector<Reading>& next) const {
  if (is_lower(static_cast<char>(byte))) return step_letter(reading, byte, next);
  Reading word = reading;
  if (joins(byte)) {  // inside "sci-fi" or "don't"
    word.node = static_cast<std::uint16_t>(reading.node == 0 ? 0 : claims_.child(reading.node, byte));
    word.word = word_child(reading.word, byte);
    word.place = Place::kJoint;
    if (word.node != 0 || word.word != kNoWord) return next.push_back(word);
  }
  if (reading.place == Place::kJoint) return;
  word = reading.outside(after_word(byte));
  if (words_ == nullptr && (byte == '-' || byte == '\'')) word.place = Place::kJoint;
  if (word.place == Place::kNowhere) return;
  if (reading.node != 0 && claim_nodes_[reading.node].ends) {
    if (forbidden(reading, reading.node)) return;
    const Node& node = claim_nodes_[reading.node];
    word.done = reading.done || (node.required & reading.possible) != 0;
    word.possible &= node.required | node.free;
  } else if (words_ != nullptr && (reading.word == kNoWord || !words_->ends(reading.word))) {
    return;
  }
  next.push_back(word);
}

void GroundedText::step_name(const Reading& reading, std::uint8_t byte, std::vector<Reading>& next) const {
  if (const std::uint32_t child = names_.child(reading.node, byte); child != 0) {
    Reading longer = reading;
    longer.node = static_cast<std::uint16_t>(child);
    if (reachable(longer, name_nodes_[child])) {
      next.push_back(longer);
      // The period of "Robert Downey Jr." may end the sentence.
      if (byte == '.' && end_name(longer, name_nodes_[child]) != Ending::kNone)
        next.push_back(longer.outside(Place::kStop));
    }
  }
  const Node& node = name_nodes_[reading.node];
  Reading name = reading;
  const Ending ending = end_name(name, node);
  if (ending == Ending::kNone) return;
  if (const Place place = after_word(byte); place != Place::kNowhere) return next.push_back(name.outside(place));
  if (ending == Ending::kCapitalWord || node.last == 0) return;
  if (byte == '-' && is_digit(node.last)) return next.push_back(name.outside(Place::kJoint));  // "96-minute"
  for (std::size_t i = 0; i < kPossessives.size(); ++i) {
    if (byte != static_cast<std::uint8_t>(kPossessives[i][0])) continue;
    next.push_back(name.outside(Place::kPossessive));
    next.back().node = static_cast<std::uint16_t>(i);
    next.back().letters = 1;
    next.back().after_s = node.last == 's';
  }
}

void GroundedText::step_possessive(const Reading& reading, std::uint8_t byte, std::vector<Reading>& next) const {
  const std::string_view possessive = kPossessives[reading.node];
  if (reading.letters < possessive.size() && byte == static_cast<std::uint8_t>(possessive[reading.letters])) {
    next.push_back(reading);
    ++next.back().letters;
    return;
  }
  // "Bridges' best" has no s behind the apostrophe.
  const bool complete = reading.letters + (reading.after_s ? 1u : 0u) >= possessive.size();
  if (const Place place = after_word(byte); complete && place != Place::kNowhere)
    next.push_back(reading.outside(place));
}

void GroundedText::step(const Reading& reading, std::uint8_t byte, std::vector<Reading>& next) const {
  switch (reading.place) {
    case Place::kStart:
    case Place::kGap: return begin_word(reading, byte, next);
    case Place::kComma:
    case Place::kStop:
      if (byte == ' ') next.push_back(reading.outside(reading.place == Place::kStop ? Place::kStart : Place::kGap));
      return;
    case Place::kJoint:
    case Place::kWord: return step_word(reading, byte, next);
    case Place::kName: return step_name(reading, byte, next);
    case Place::kPossessive: return step_possessive(reading, byte, next);
    case Place::kNowhere: return;
  }
}

bool GroundedText::advance(State& state, std::uint8_t byte) const {
  const Position from = state.as<Position>();
  thread_local std::vector<Reading> next;  // one allocation for the many calls of a mask
  next.clear();
  for (const Reading& reading : from.readings) step(reading, byte, next);
  Position to;
  to.bytes = from.bytes + 1;
  std::size_t kept = 0;
  for (const Reading& reading : next) {
    if (kept == kReadings) break;
    const auto end = to.readings.begin() + static_cast<std::ptrdiff_t>(kept);
    if (to.bytes + need(reading) > max_bytes_ || std::find(to.readings.begin(), end, reading) != end) continue;
    to.readings[kept++] = reading;
  }
  state = State::of(to);
  return kept > 0;
}

bool GroundedText::may_end(const State& state) const {
  const Position position = state.as<Position>();
  return std::any_of(position.readings.begin(), position.readings.end(), [&](const Reading& reading) {
    return reading.place == Place::kStop && (reading.done || !requires_);
  });
}

}  // namespace matinee
