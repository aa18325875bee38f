#include "lib/constraint/token_constraint.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

using State = ByteAutomaton::State;

// The most bytes in a forced run, so that a language with an endless word terminates.
constexpr std::size_t kLongestForcedRun = 512;
// The most bytes behind a forced run that are tried, to see which of its tokens they leave as they are.
constexpr std::size_t kMostContinuations = 12;
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
  std::unordered_map<State, TokenMask, StateHash> masks;
  TokenMask only_end;
  std::vector<ByteAutomaton::Step> steps;  // of forced_bytes
  bool may_end = false;
  std::optional<PieceCache> cache;     // of spelled, made when it is needed
  std::vector<std::int32_t> spelling;  // of spelled

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
    bool any = trie.allow(automaton, state, mask);
    if (automaton.may_end(state)) {
      mask.allow(end_token_id);
      any = true;
    }
    if (!any) throw bad_data("after \"{}\" the vocabulary has no token for what must come next", text);
    return masks.emplace(state, std::move(mask)).first->second;
  }

  // The bytes that must come next; `ends` is true if the text must end after them.
  // `steps` are those behind them, and `may_end` says whether the text may end there.
  std::string forced_bytes(bool& ends) {
    std::string bytes;
    State at = state;
    for (;;) {
      may_end = automaton.may_end(at);
      steps.clear();
      automaton.add_steps(at, steps);
      ends = may_end && steps.empty();
      if (may_end || steps.size() != 1 || bytes.size() == kLongestForcedRun) return bytes;
      bytes += static_cast<char>(steps[0].byte);
      at = steps[0].state;
    }
  }

  // The canonical ids of `whole` from byte `begin` on. Where more must follow (`ends` is false) those that are the same
  // for each of the bytes in `steps` behind it, whatever comes then. Empty where no token begins at `begin`.
  std::vector<std::int32_t> forced_ids(std::string whole, std::size_t begin, bool ends) {
    if (ends) return spelled(whole, begin, whole.size(), true);
    const std::size_t size = whole.size();
    if (steps.empty() || steps.size() > kMostContinuations) return spelled(whole, begin, size, false);
    std::optional<std::vector<std::int32_t>> common;
    const auto keep_common = [&](bool nothing_follows) {
      std::vector<std::int32_t> ids = spelled(whole, begin, size, nothing_follows);
      if (common) ids.erase(std::mismatch(ids.begin(), ids.end(), common->begin(), common->end()).first, ids.end());
      common = std::move(ids);
    };
    if (may_end) keep_common(true);
    for (const ByteAutomaton::Step& step : steps) {
      whole.resize(size);
      whole += static_cast<char>(step.byte);
      keep_common(false);
    }
    return *common;
  }

  // The canonical ids of `whole` from byte `begin` to byte `end`, as far as they stay whatever follows `whole`; all of
  // them if nothing does.
  std::vector<std::int32_t> spelled(std::string_view whole, std::size_t begin, std::size_t end, bool nothing_follows) {
    const Tokenizer& tokenizer = trie.tokenizer();
    if (!cache) cache.emplace();
    const std::size_t settled =
        tokenizer.encode_settled(whole, {.parse_special = false, .at_start = false}, *cache, spelling);
    std::size_t first = spelling.size(), last = 0, at = 0;
    for (std::size_t i = 0; i < spelling.size(); ++i) {
      if (at == begin) first = std::min(first, i);
      const std::string_view bytes = tokenizer.token_bytes(spelling[i]);
      // A normalizer may have rewritten the text; then the ids spell something else.
      if (whole.compare(at, bytes.size(), bytes) != 0) return {};
      at += bytes.size();
      if (at <= end && (nothing_follows || i < settled)) last = i + 1;
    }
    if (at != whole.size() || first >= last) return {};
    return {spelling.begin() + static_cast<std::ptrdiff_t>(first),
            spelling.begin() + static_cast<std::ptrdiff_t>(last)};
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
}

bool TokenConstraint::ended() const { return impl_->ended; }
bool TokenConstraint::may_end() const { return impl_->ended || impl_->automaton.may_end(impl_->state); }
const std::string& TokenConstraint::text() const { return impl_->text; }

std::vector<std::int32_t> TokenConstraint::forced_run() {
  if (impl_->ended) return {};
  bool ends = false;
  const std::string bytes = impl_->forced_bytes(ends);
  std::vector<std::int32_t> ids;
  if (!bytes.empty()) {
    ids = impl_->forced_ids(impl_->text + bytes, impl_->text.size(), ends);
    // Where the reply so far ends within a canonical token, the rest is spelled for itself.
    if (ids.empty()) ids = impl_->forced_ids(bytes, 0, ends);
    if (ids.empty()) return {};
  }
  if (ends) ids.push_back(impl_->end_token_id);
  return ids;
}

}  // namespace matinee
