#include "lib/text/token_constraint.h"

#include <algorithm>
#include <bit>
#include <bitset>
#include <limits>
#include <unordered_map>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

using State = ByteAutomaton::State;

// Bound of a forced run, in bytes; a language with one endless word must not hang us.
constexpr std::size_t kLongestForcedRun = 512;
// Masks remembered; a grammar has far fewer states that come up again.
constexpr std::size_t kMasksKept = 1024;

struct StateHash {
  std::size_t operator()(const State& state) const {
    std::uint64_t hash = 0x9e3779b97f4a7c15ULL;
    for (const std::uint32_t word : state.words) {
      hash = (hash ^ word) * 0xd6e8feb86659fd93ULL;
      hash ^= hash >> 32;
    }
    return static_cast<std::size_t>(hash);
  }
};

}  // namespace

bool ByteAutomaton::accepts(std::string_view text) const {
  State state = start();
  for (const char c : text)
    if (!advance(state, static_cast<std::uint8_t>(c))) return false;
  return may_end(state);
}

TokenMask::TokenMask(std::int32_t vocab_size)
    : vocab_size_(vocab_size), words_((static_cast<std::size_t>(vocab_size) + 63) / 64, 0) {}

std::int32_t TokenMask::count() const {
  std::int32_t count = 0;
  for (const std::uint64_t word : words_) count += std::popcount(word);
  return count;
}

void TokenMask::apply(std::span<float> logits) const {
  constexpr float kNever = -std::numeric_limits<float>::infinity();
  const auto known = std::min(logits.size(), static_cast<std::size_t>(vocab_size_));
  for (std::size_t id = 0; id < known; ++id)
    if (!allowed(static_cast<std::int32_t>(id))) logits[id] = kNever;
  std::fill(logits.begin() + static_cast<std::ptrdiff_t>(known), logits.end(), kNever);
}

TokenTrie::TokenTrie(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {
  std::vector<std::int32_t> ids;
  for (std::int32_t id = 0; id < tokenizer.vocab_size(); ++id)
    if (tokenizer.has(id) && !tokenizer.is_special(id) && !tokenizer.token_bytes(id).empty()) ids.push_back(id);
  // string_view compares as unsigned bytes, so equal prefixes stand together.
  std::stable_sort(ids.begin(), ids.end(),
                   [&](std::int32_t a, std::int32_t b) { return tokenizer.token_bytes(a) < tokenizer.token_bytes(b); });
  std::vector<std::uint32_t> open;  // nodes from the root to the last one
  const auto close_to = [&](std::size_t depth) {
    while (open.size() > depth) {
      nodes_[open.back()].subtree_end = static_cast<std::uint32_t>(nodes_.size());
      open.pop_back();
    }
  };
  std::string_view previous;
  for (const std::int32_t id : ids) {
    const std::string_view bytes = tokenizer.token_bytes(id);
    const auto common = static_cast<std::size_t>(
        std::mismatch(bytes.begin(), bytes.end(), previous.begin(), previous.end()).first - bytes.begin());
    close_to(common);
    for (std::size_t depth = common; depth < bytes.size(); ++depth) {
      open.push_back(static_cast<std::uint32_t>(nodes_.size()));
      const auto none = static_cast<std::uint32_t>(tokens_.size());
      nodes_.push_back({0, none, none, static_cast<std::uint16_t>(depth), static_cast<std::uint8_t>(bytes[depth])});
    }
    // Ids of equal bytes follow each other, so a node's tokens do too.
    Node& node = nodes_[open.back()];
    if (node.tokens_begin == node.tokens_end) node.tokens_begin = static_cast<std::uint32_t>(tokens_.size());
    tokens_.push_back(id);
    node.tokens_end = static_cast<std::uint32_t>(tokens_.size());
    max_depth_ = std::max(max_depth_, bytes.size());
    previous = bytes;
  }
  close_to(0);
  std::bitset<256> single;
  for (const Node& node : nodes_)
    if (node.depth == 0 && node.tokens_end > node.tokens_begin) single.set(node.byte);
  covers_all_bytes_ = single.all();
}

void TokenTrie::allow(const ByteAutomaton& automaton, const State& state, TokenMask& mask) const {
  std::vector<State> states(max_depth_ + 1);
  states[0] = state;
  for (std::size_t i = 0; i < nodes_.size();) {
    const Node& node = nodes_[i];
    State& next = states[node.depth + 1u];
    next = states[node.depth];
    if (!automaton.advance(next, node.byte)) {
      i = node.subtree_end;
      continue;
    }
    for (std::uint32_t t = node.tokens_begin; t < node.tokens_end; ++t) mask.allow(tokens_[t]);
    ++i;
  }
}

struct TokenConstraint::Impl {
  const TokenTrie& trie;
  const ByteAutomaton& automaton;
  std::int32_t end_token_id;
  State state;
  bool ended = false;
  std::string text;
  std::vector<std::int32_t> ids;  // of the reply so far
  std::unordered_map<State, TokenMask, StateHash> masks;
  TokenMask only_end;

  Impl(const TokenTrie& trie_in, const ByteAutomaton& automaton_in, std::int32_t end)
      : trie(trie_in),
        automaton(automaton_in),
        end_token_id(end),
        state(automaton_in.start()),
        only_end(trie_in.tokenizer().vocab_size()) {
    if (end < 0 || end >= only_end.vocab_size())
      throw internal_error("end token {} is not in the vocabulary of {} tokens", end, only_end.vocab_size());
    only_end.allow(end);
  }

  const TokenMask& mask() {
    if (ended) return only_end;
    if (const auto known = masks.find(state); known != masks.end()) return known->second;
    if (masks.size() >= kMasksKept) masks.clear();
    TokenMask mask(only_end.vocab_size());
    trie.allow(automaton, state, mask);
    if (automaton.may_end(state)) mask.allow(end_token_id);
    if (mask.count() == 0) throw bad_data("after \"{}\" the vocabulary has no token for what must come next", text);
    return masks.emplace(state, std::move(mask)).first->second;
  }

  // The bytes that must come next; `ends` where behind them the text must end.
  std::string forced_bytes(bool& ends) const {
    std::string bytes;
    ends = false;
    State at = state;
    while (bytes.size() < kLongestForcedRun && !automaton.may_end(at)) {
      int only = -1, count = 0;
      State after;
      for (int byte = 0; byte < 256 && count < 2; ++byte) {
        State next = at;
        if (!automaton.advance(next, static_cast<std::uint8_t>(byte))) continue;
        ++count;
        only = byte;
        after = next;
      }
      if (count != 1) return bytes;
      bytes += static_cast<char>(only);
      at = after;
    }
    if (!automaton.may_end(at)) return bytes;
    for (int byte = 0; byte < 256; ++byte) {
      State next = at;
      if (automaton.advance(next, static_cast<std::uint8_t>(byte))) return bytes;
    }
    ends = true;
    return bytes;
  }
};

TokenConstraint::TokenConstraint(const TokenTrie& trie, const ByteAutomaton& automaton, std::int32_t end_token_id)
    : impl_(std::make_unique<Impl>(trie, automaton, end_token_id)) {}
TokenConstraint::TokenConstraint(TokenConstraint&&) noexcept = default;
TokenConstraint::~TokenConstraint() = default;

void TokenConstraint::restart() {
  impl_->state = impl_->automaton.start();
  impl_->ended = false;
  impl_->text.clear();
  impl_->ids.clear();
}

const TokenMask& TokenConstraint::mask() { return impl_->mask(); }

void TokenConstraint::accept(std::int32_t id) {
  if (id == impl_->end_token_id) {
    if (!impl_->ended && !impl_->automaton.may_end(impl_->state))
      throw internal_error("the end token came where the text \"{}\" may not end", impl_->text);
    impl_->ended = true;
    return;
  }
  const Tokenizer& tokenizer = impl_->trie.tokenizer();
  const std::string_view bytes = tokenizer.token_bytes(id);
  State state = impl_->state;
  bool taken = !impl_->ended && !bytes.empty() && !tokenizer.is_special(id);
  for (std::size_t i = 0; taken && i < bytes.size(); ++i)
    taken = impl_->automaton.advance(state, static_cast<std::uint8_t>(bytes[i]));
  if (!taken) throw internal_error("token {} (\"{}\") may not come after \"{}\"", id, bytes, impl_->text);
  impl_->state = state;
  impl_->text += bytes;
  impl_->ids.push_back(id);
}

bool TokenConstraint::ended() const { return impl_->ended; }
bool TokenConstraint::may_end() const { return impl_->ended || impl_->automaton.may_end(impl_->state); }
const std::string& TokenConstraint::text() const { return impl_->text; }

std::vector<std::int32_t> TokenConstraint::forced_run() {
  if (impl_->ended) return {};
  bool ends = false;
  const std::string bytes = impl_->forced_bytes(ends);
  if (bytes.empty()) return ends ? std::vector<std::int32_t>{impl_->end_token_id} : std::vector<std::int32_t>{};

  const Tokenizer& tokenizer = impl_->trie.tokenizer();
  const std::string whole = impl_->text + bytes;
  const EncodeOptions options{.parse_special = false, .at_start = false};
  std::vector<std::int32_t> ids = tokenizer.encode(whole, options);
  const std::size_t before = impl_->ids.size();
  // Where the reply is not tokenized canonically so far, there is no canonical way on.
  if (ids.size() < before || !std::equal(impl_->ids.begin(), impl_->ids.end(), ids.begin())) return {};
  // A normalizer may have rewritten the text; then the ids spell something else.
  if (tokenizer.decode(ids, {.skip_special = false, .at_start = false}) != whole) return {};
  if (!ends) ids.resize(std::min(ids.size(), tokenizer.settled_tokens(whole, options)));
  if (ids.size() < before) return {};
  ids.erase(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(before));
  if (ends) ids.push_back(impl_->end_token_id);
  return ids;
}

}  // namespace matinee
