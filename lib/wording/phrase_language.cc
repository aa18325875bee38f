#include "lib/wording/phrase_language.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr std::uint32_t kEnd = 0;            // the node where all texts end
constexpr std::uint32_t kNew = 0xffff'ffff;  // the sentence so far begins no said one

// The phrases as a nondeterministic automaton. A node expects a byte, or leads to several others without one.
class PatternGraph {
 public:
  struct Node {
    std::uint32_t next = 0;     // after the byte; the first of `choices`
    std::uint32_t choices = 0;  // 0: the node expects a byte
    std::uint8_t byte = 0;
    bool soft_mark = false;  // an end mark at the beginning of a text: left out after another one
  };

  explicit PatternGraph(const Phrasebook& book) : book_(book), nodes_(1) {}

  // The node where the request's texts begin; kEnd if it has none.
  std::uint32_t add(const PhraseRequest& request) {
    slots_ = &request.slots;
    compiled_.clear();
    return compile(book_.phrases(request.section), kEnd);
  }
  std::uint32_t branch(const std::vector<std::uint32_t>& entries) {
    if (entries.size() == 1) return entries[0];
    const auto first = static_cast<std::uint32_t>(targets_.size());
    targets_.insert(targets_.end(), entries.begin(), entries.end());
    nodes_.push_back({.next = first, .choices = static_cast<std::uint32_t>(entries.size())});
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }

  const Node& operator[](std::uint32_t node) const { return nodes_[node]; }
  std::span<const std::uint32_t> targets(const Node& node) const {
    return std::span(targets_).subspan(node.next, node.choices);
  }
  std::size_t size() const { return nodes_.size(); }

 private:
  // From the end to the beginning, so that each piece knows the node that follows.
  std::uint32_t compile(const PhraseSequence& phrase, std::uint32_t next) {
    for (auto piece = phrase.rbegin(); piece != phrase.rend(); ++piece) {
      switch (piece->kind) {
        case PhrasePiece::Kind::kText: next = spell(piece->text, next, begins_with_mark(piece->text)); break;
        case PhrasePiece::Kind::kSlot: next = spell(slots_->find(piece->text)->second, next, false); break;
        case PhrasePiece::Kind::kPart: next = compile(book_.part(piece->text), next); break;
        case PhrasePiece::Kind::kGroup: next = compile(piece->alternatives, next); break;
      }
    }
    return next;
  }

  // The same choices before the same node are built once: many phrases end with the same part.
  std::uint32_t compile(const PhraseChoices& choices, std::uint32_t next) {
    const auto key = std::pair(&choices, next);
    if (const auto found = compiled_.find(key); found != compiled_.end()) return found->second;
    std::vector<std::uint32_t> entries;
    for (const PhraseSequence& phrase : choices) {
      if (book_.fits(phrase, *slots_)) entries.push_back(compile(phrase, next));
    }
    return compiled_[key] = entries.empty() ? kEnd : branch(entries);
  }

  std::uint32_t spell(std::string_view text, std::uint32_t next, bool soft_mark) {
    for (std::size_t i = text.size(); i-- > 0;) {
      nodes_.push_back({.next = next, .byte = static_cast<std::uint8_t>(text[i]), .soft_mark = soft_mark && i == 0});
      next = static_cast<std::uint32_t>(nodes_.size() - 1);
    }
    return next;
  }

  const Phrasebook& book_;
  const PhraseSlots* slots_ = nullptr;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> targets_;
  std::map<std::pair<const PhraseChoices*, std::uint32_t>, std::uint32_t> compiled_;
};

struct HashNodes {
  std::size_t operator()(const std::vector<std::uint32_t>& nodes) const {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const std::uint32_t node : nodes) hash = (hash ^ node) * 0x100000001b3ULL;
    return hash;
  }
};

// The deterministic automaton of a PatternGraph, built as far as texts go. A place is a set of the graph's nodes.
class Places {
 public:
  using Steps = std::vector<std::pair<std::uint8_t, std::uint32_t>>;

  Places(const PatternGraph& graph, std::uint32_t entry) : graph_(graph), seen_(graph.size()) {
    nodes_.clear();
    reach(entry, false);
    place_of_nodes();
  }

  // The bytes that may come next and the places that they lead to.
  const Steps& steps(std::uint32_t place) {
    if (!places_[place].built) build(place);
    return places_[place].steps;
  }
  bool ends(std::uint32_t place) const { return places_[place].ends; }

 private:
  struct Place {
    const std::vector<std::uint32_t>* nodes = nullptr;
    Steps steps;
    bool ends = false;   // a text may end here
    bool built = false;  // its steps are known
  };

  // Adds all nodes that expect a byte, and the end, that `node` leads to without one.
  void reach(std::uint32_t node, bool after_mark) {
    if (seen_[node] == round_) return;
    seen_[node] = round_;
    const PatternGraph::Node& at = graph_[node];
    if (at.choices > 0) {
      for (const std::uint32_t target : graph_.targets(at)) reach(target, after_mark);
    } else if (at.soft_mark && after_mark) {
      reach(at.next, after_mark);
    } else {
      nodes_.push_back(node);
    }
  }

  std::uint32_t place_of_nodes() {
    ++round_;
    std::sort(nodes_.begin(), nodes_.end());
    const auto [found, is_new] = ids_.try_emplace(nodes_, static_cast<std::uint32_t>(places_.size()));
    if (is_new) places_.push_back({&found->first, {}, nodes_.front() == kEnd, false});
    return found->second;
  }

  void build(std::uint32_t place) {
    std::vector<std::pair<std::uint8_t, std::uint32_t>> moves;
    for (const std::uint32_t node : *places_[place].nodes) {
      if (node != kEnd) moves.emplace_back(graph_[node].byte, graph_[node].next);
    }
    std::sort(moves.begin(), moves.end());
    Steps steps;
    for (std::size_t i = 0; i < moves.size();) {
      const std::uint8_t byte = moves[i].first;
      nodes_.clear();
      for (; i < moves.size() && moves[i].first == byte; ++i)
        reach(moves[i].second, is_end_mark(static_cast<char>(byte)));
      steps.emplace_back(byte, place_of_nodes());
    }
    places_[place].steps = std::move(steps);
    places_[place].built = true;
  }

  const PatternGraph& graph_;
  std::vector<std::uint32_t> nodes_, seen_;  // the set under construction; the round in which a node was reached
  std::uint32_t round_ = 1;
  std::vector<Place> places_;
  std::unordered_map<std::vector<std::uint32_t>, std::uint32_t, HashNodes> ids_;
};

// A place, and how far the sentence so far agrees with a said one.
struct Position {
  std::uint32_t place = 0;
  std::uint32_t said = 0;  // node of the said sentences; kNew
  std::uint32_t stop = 0;  // 1 after . ! or ?
};

}  // namespace

struct PhraseLanguage::Impl {
  PatternGraph graph;
  std::unique_ptr<Places> places;
  const SaidSentences* said = nullptr;
  std::unordered_map<std::uint64_t, bool> alive;

  explicit Impl(const Phrasebook& book) : graph(book) {}

  bool is_said(const Position& at) const { return said != nullptr && at.said != kNew && said->ends(at.said); }
  bool may_end(const Position& at) const { return places->ends(at.place) && !is_said(at); }

  // Moves `at` over a byte that leads to `place`; false where that completes a said sentence.
  bool step(Position& at, std::uint8_t byte, std::uint32_t place) const {
    at.place = place;
    if (said == nullptr) return true;
    if (at.stop != 0 && byte == ' ') {
      if (is_said(at)) return false;
      at.said = at.stop = 0;
      return true;
    }
    if (at.said != kNew) {
      const std::uint32_t child = said->trie().child(at.said, byte);
      at.said = child == 0 ? kNew : child;
    }
    at.stop = is_end_mark(static_cast<char>(byte)) ? 1 : 0;
    return true;
  }

  // Whether some bytes lead from here to an end. Without said sentences they always do.
  bool is_alive(const Position& at) {
    if (said == nullptr || may_end(at)) return true;
    const std::uint64_t key = (std::uint64_t{at.place} << 33) ^ (std::uint64_t{at.said} << 1) ^ at.stop;
    if (const auto found = alive.find(key); found != alive.end()) return found->second;
    bool lives = false;
    const Places::Steps steps = places->steps(at.place);  // a copy: more places may be built below
    for (const auto& [byte, place] : steps) {
      Position next = at;
      if (step(next, byte, place) && is_alive(next)) {
        lives = true;
        break;
      }
    }
    return alive[key] = lives;
  }
};

PhraseLanguage::PhraseLanguage(const Phrasebook& phrasebook, std::span<const PhraseRequest> requests,
                               const SaidSentences* said)
    : impl_(std::make_unique<Impl>(phrasebook)) {
  std::vector<std::uint32_t> entries;
  for (const PhraseRequest& request : requests) {
    if (const std::uint32_t entry = impl_->graph.add(request); entry != kEnd) entries.push_back(entry);
  }
  if (entries.empty())
    throw missing("phrasebook: section [{}] has no phrase for these slots",
                  requests.empty() ? "" : requests.front().section);
  const std::uint32_t entry = impl_->graph.branch(entries);
  impl_->places = std::make_unique<Places>(impl_->graph, entry);
  if (said != nullptr && !said->empty()) impl_->said = said;
  if (!impl_->is_alive({})) impl_->said = nullptr;
}

PhraseLanguage::PhraseLanguage(PhraseLanguage&&) noexcept = default;
PhraseLanguage::~PhraseLanguage() = default;

ByteAutomaton::State PhraseLanguage::start() const { return State::of(Position{}); }

bool PhraseLanguage::advance(State& state, std::uint8_t byte) const {
  Position at = state.as<Position>();
  const Places::Steps& steps = impl_->places->steps(at.place);
  const auto found =
      std::lower_bound(steps.begin(), steps.end(), byte, [](const auto& a, std::uint8_t b) { return a.first < b; });
  if (found == steps.end() || found->first != byte) return false;
  if (!impl_->step(at, byte, found->second) || !impl_->is_alive(at)) return false;
  state = State::of(at);
  return true;
}

void PhraseLanguage::add_steps(const State& state, std::vector<Step>& steps) const {
  const auto at = state.as<Position>();
  // More places may be built below; the steps of this one stay where they are.
  const std::span<const Places::Steps::value_type> known = impl_->places->steps(at.place);
  for (const auto& [byte, place] : known) {
    Position next = at;
    if (impl_->step(next, byte, place) && impl_->is_alive(next)) steps.push_back({byte, State::of(next)});
  }
}

bool PhraseLanguage::may_end(const State& state) const { return impl_->may_end(state.as<Position>()); }

bool can_say(const Phrasebook& phrasebook, const PhraseRequest& request, std::string_view text) {
  const PhraseChoices& phrases = phrasebook.phrases(request.section);
  const bool any = std::any_of(phrases.begin(), phrases.end(),
                               [&](const PhraseSequence& phrase) { return phrasebook.fits(phrase, request.slots); });
  return any && PhraseLanguage(phrasebook, {&request, 1}).accepts(text);
}

}  // namespace matinee
