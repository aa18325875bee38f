#include "lib/dialogue/grounded_text.h"

#include <algorithm>
#include <array>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

enum Place : std::uint32_t {
  kNowhere,
  kStart,  // a sentence begins here
  kGap,    // after a space
  kWord,   // in a word in lower case; node: in the claims, 0 for any other word; word: in the lexicon
  kJoint,  // after ' or - in a word
  kName,   // in a name; node: in the names
  kComma,  // after , : or ;
  kStop,   // after . ! or ?
};

constexpr std::size_t kReadings = 3, kLongestWord = 20, kUnreachable = 1 << 20;
// A claim that is shorter may be the beginning of an innocent word ("war", "warm").
constexpr std::uint32_t kShortClaim = 5;

bool lower(std::uint8_t byte) { return byte >= 'a' && byte <= 'z'; }

}  // namespace

struct GroundedText::Reading {
  Place place = kNowhere;
  bool done = false;           // a required fact was given
  bool begins = false;         // kName: at the beginning of a sentence
  std::uint32_t letters = 0;   // of the word
  std::uint32_t possible = 0;  // candidates of which everything so far is true
  std::uint32_t node = 0;
  std::uint32_t word = Lexicon::kNone;

  std::uint32_t nodes() const { return place == kName ? node : node | word << 16; }
  std::uint32_t packed() const { return place | (done ? 8u : 0) | (begins ? 16u : 0) | letters << 5 | possible << 16; }
  static Reading unpacked(std::uint32_t packed, std::uint32_t nodes) {
    Reading reading{static_cast<Place>(packed & 7), (packed & 8) != 0, (packed & 16) != 0, (packed >> 5) & 31,
                    packed >> 16};
    const bool named = reading.place == kName;
    reading.node = named ? nodes : nodes & 0xffff;
    reading.word = named ? Lexicon::kNone : nodes >> 16;
    return reading;
  }
  friend bool operator==(const Reading&, const Reading&) = default;
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
  if (words_ != nullptr) shortest_word_ = words_->shortest(0);
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
  name_nodes_ = nodes_of(names_);
  claim_nodes_ = nodes_of(claims_);
  std::uint32_t required = 0;
  const auto mark = [&](const std::vector<ReplyFact>& all, const std::vector<std::uint32_t>& ends,
                        std::vector<Node>& nodes) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].text.empty()) continue;
      Node& node = nodes[ends[i]];
      node.ends = true;
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
  longest_start_ = name_nodes_[0].longest;
  if (facts.capital_words.empty()) throw internal_error("GroundedText: no capital word may begin a sentence");
  const std::size_t of_claims = claim_nodes_[0].longest_required;
  longest_required_ = std::max<std::size_t>(name_nodes_[0].longest_required, of_claims);
  // A claim cannot begin a sentence: another word and a space come before it.
  longest_lead_ = of_claims > 0 ? longest_start_ + 1 : 0;
  Reading first;
  first.place = kStart;
  first.possible = candidates_;
  max_bytes_ = std::min<std::size_t>(std::max(max_bytes_, need(first)), 0xffff);
}

ByteAutomaton::State GroundedText::start() const {
  State state;
  Reading first;
  first.place = kStart;
  first.possible = candidates_;
  state.words[1] = first.packed();
  state.words[2] = first.nodes();
  return state;
}

// A name that can still come to an end below the node.
bool GroundedText::reachable(const Reading& reading, const Node& node) const {
  if ((node.reach_free & reading.possible) != 0 || (node.reach_starts && reading.begins)) return true;
  return (node.reach_required & reading.possible) != 0 && !(once_ && reading.done);
}

// True where a name may end at the node; then `reading` takes in what the name says.
bool GroundedText::complete(Reading& reading, const Node& node) const {
  if (const std::uint32_t of = node.required & reading.possible; of != 0 && !(once_ && reading.done)) {
    reading.done = true;
    reading.possible = of;
    return true;
  }
  if (const std::uint32_t of = node.free & reading.possible; of != 0) {
    reading.possible = of;
    return true;
  }
  return node.starts && reading.begins;
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

// Where in the lexicon the byte leads; without a lexicon everything leads everywhere.
std::uint32_t GroundedText::lead_on(std::uint32_t word, std::uint8_t byte) const {
  return words_ == nullptr || word == Lexicon::kNone ? Lexicon::kNone : words_->child(word, byte);
}

// Bytes to the nearest place where the word may end; more than a text can have where there is none.
std::size_t GroundedText::to_word_end(const Reading& reading, std::uint32_t claim, std::uint32_t word) const {
  const bool false_claim = forbidden(reading, claim);
  if (words_ == nullptr) return false_claim ? 1u + claim_nodes_[claim].longest : 0;
  if (dead(reading, claim)) return kUnreachable;
  const bool is_word = (claim != 0 && claim_nodes_[claim].ends) || (word != Lexicon::kNone && words_->ends(word));
  if (is_word && !false_claim) return 0;
  if (claim == 0) return word == Lexicon::kNone ? kUnreachable : words_->shortest(word);
  std::size_t nearest = kUnreachable;
  for (const auto& [byte, below] : claims_.children(claim))
    nearest = std::min(nearest, 1 + to_word_end(reading, below, lead_on(word, byte)));
  if (word == Lexicon::kNone) return nearest;
  for (const auto& [byte, below] : words_->trie().children(word)) {
    if (claims_.child(claim, byte) == 0) nearest = std::min<std::size_t>(nearest, 1 + words_->shortest(below));
  }
  return nearest;
}

// Upper bound of the bytes on a way from here to an end; each place has a next byte after which it is one less.
std::size_t GroundedText::need(const Reading& reading) const {
  const bool missing = requires_ && !reading.done;
  switch (reading.place) {
    case kStart:
      return missing ? longest_lead_ + longest_required_ + 1 : longest_start_ + 1;
    case kGap:
      return missing ? longest_required_ + 1 : shortest_word_ + 1;
    case kJoint:
      if (reading.letters == 0) return tail(missing) + shortest_word_;
      [[fallthrough]];
    case kWord: {
      const Node& node = claim_nodes_[reading.node];
      if (reading.node != 0 && missing && (node.reach_required & reading.possible) != 0)
        return node.longest_required + 1u;
      return tail(missing) + to_word_end(reading, reading.node, reading.word);
    }
    case kName: {
      const Node& node = name_nodes_[reading.node];
      if (missing && (node.reach_required & reading.possible) != 0) return node.longest_required + 1u;
      return node.longest + tail(missing);
    }
    case kComma:
      return missing ? longest_required_ + 2 : shortest_word_ + 2;
    case kStop:
      return missing ? longest_lead_ + longest_required_ + 2 : 0;
    case kNowhere:
      break;
  }
  return max_bytes_ + 1;
}

void GroundedText::begin_word(Reading reading, std::uint8_t byte, std::vector<Reading>& next) const {
  if (const std::uint32_t node = names_.child(0, byte); node != 0) {
    Reading name = reading;
    name.begins = reading.place == kStart;
    name.place = kName;
    name.node = node;
    if (reachable(name, name_nodes_[node])) next.push_back(name);
  }
  if (reading.place == kStart || !lower(byte)) return;
  reading.place = kWord;
  reading.letters = 1;
  reading.node = claims_.child(0, byte);
  reading.word = lead_on(0, byte);
  if (words_ == nullptr || reading.node != 0 || reading.word != Lexicon::kNone) next.push_back(reading);
}

// The byte after a complete word or name.
void GroundedText::boundary(Reading reading, std::uint8_t byte, std::vector<Reading>& next) const {
  reading.node = 0;
  reading.word = Lexicon::kNone;
  reading.letters = 0;
  reading.begins = false;
  switch (byte) {
    case ' ':
      reading.place = kGap;
      break;
    case ',':
    case ':':
    case ';':
      reading.place = kComma;
      break;
    case '.':
    case '!':
    case '?':
      reading.place = kStop;
      break;
    case '\'':
    case '-':
      reading.place = kJoint;
      break;
    default:
      return;
  }
  next.push_back(reading);
}

void GroundedText::step(const Reading& reading, std::uint8_t byte, std::vector<Reading>& next) const {
  switch (reading.place) {
    case kStart:
    case kGap:
      begin_word(reading, byte, next);
      return;
    case kComma:
    case kStop:
      if (byte != ' ') return;
      next.push_back(reading);
      next.back().place = reading.place == kStop ? kStart : kGap;
      return;
    case kJoint:
    case kWord: {
      Reading word = reading;
      if (lower(byte)) {
        if (reading.letters == kLongestWord) return;
        word.place = kWord;
        ++word.letters;
        const bool free = reading.node == 0 && reading.letters > 0;
        word.node = free ? 0 : claims_.child(reading.node, byte);
        word.word = lead_on(reading.letters == 0 ? 0 : reading.word, byte);
        if (words_ != nullptr && word.node == 0 && word.word == Lexicon::kNone) return;
        if (dead(reading, word.node)) return;
        next.push_back(word);
        return;
      }
      if (reading.place == kJoint) return;
      if (byte == '-' || byte == '\'') {  // inside "sci-fi" or "don't"
        word.node = reading.node == 0 ? 0 : claims_.child(reading.node, byte);
        word.word = lead_on(reading.word, byte);
        if (word.node != 0 || word.word != Lexicon::kNone) {
          word.place = kJoint;
          next.push_back(word);
          return;
        }
        if (words_ != nullptr) return;
        word = reading;
      }
      if (reading.node != 0 && claim_nodes_[reading.node].ends) {
        if (forbidden(reading, reading.node)) return;
        const Node& node = claim_nodes_[reading.node];
        const std::uint32_t required = node.required & reading.possible;
        word.done = reading.done || required != 0;
        word.possible &= node.required | node.free;
      } else if (words_ != nullptr && (reading.word == Lexicon::kNone || !words_->ends(reading.word))) {
        return;
      }
      boundary(word, byte, next);
      return;
    }
    case kName: {
      const Node& node = name_nodes_[reading.node];
      if (const std::uint32_t child = names_.child(reading.node, byte); child != 0) {
        if (reachable(reading, name_nodes_[child])) {
          Reading longer = reading;
          longer.node = child;
          next.push_back(longer);
          // The period of "Robert Downey Jr." may end the sentence.
          if (byte == '.' && complete(longer, name_nodes_[child])) boundary(longer, byte, next);
        }
      }
      Reading name = reading;
      if (complete(name, node)) boundary(name, byte, next);
      return;
    }
    case kNowhere:
      return;
  }
}

bool GroundedText::advance(State& state, std::uint8_t byte) const {
  const std::size_t used = state.words[0] + std::size_t{1};
  thread_local std::vector<Reading> next;  // one allocation for the many calls of a mask
  next.clear();
  for (std::size_t i = 0; i < kReadings; ++i) {
    const Reading reading = Reading::unpacked(state.words[1 + 2 * i], state.words[2 + 2 * i]);
    if (reading.place != kNowhere) step(reading, byte, next);
  }
  state.words.fill(0);
  state.words[0] = static_cast<std::uint32_t>(used);
  std::size_t kept = 0;
  for (const Reading& reading : next) {
    if (kept == kReadings) break;
    if (used + need(reading) > max_bytes_) continue;
    if (std::find(next.begin(), next.begin() + (&reading - next.data()), reading) !=
        next.begin() + (&reading - next.data()))
      continue;
    state.words[1 + 2 * kept] = reading.packed();
    state.words[2 + 2 * kept] = reading.nodes();
    ++kept;
  }
  return kept > 0;
}

bool GroundedText::may_end(const State& state) const {
  for (std::size_t i = 0; i < kReadings; ++i) {
    const Reading reading = Reading::unpacked(state.words[1 + 2 * i], state.words[2 + 2 * i]);
    if (reading.place == kStop && (reading.done || !requires_)) return true;
  }
  return false;
}

}  // namespace matinee
