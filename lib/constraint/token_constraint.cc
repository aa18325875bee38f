#include "lib/constraint/token_constraint.h"

#include <algorithm>
#include <unordered_map>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

using State = ByteAutomaton::State;

// The most bytes in a forced run, so that a language with an endless word terminates.
constexpr std::size_t kLongestForcedRun = 512;
// Masks cached; a grammar has far fewer states that repeat.
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

  // The bytes that must come next; `ends` is true if the text must end after them.
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
  // If the reply so far is not tokenized canonically, it has no canonical continuation.
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
