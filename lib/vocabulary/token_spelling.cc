#include "lib/vocabulary/token_spelling.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>

#include "lib/base/format_error.h"
#include "lib/base/parallel.h"
#include "lib/text/unicode.h"
#include "lib/vocabulary/token_index.h"

namespace matinee {
namespace {

// Printable bytes spell themselves, the others are U+0100 onwards in order.
class ByteAlphabet {
 public:
  ByteAlphabet() {
    bytes_.fill(-1);
    std::uint32_t next = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
      const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
      bytes_[printable ? static_cast<std::uint32_t>(byte) : next++] = static_cast<std::int16_t>(byte);
    }
  }
  int byte_of(std::uint32_t c) const { return c < bytes_.size() ? bytes_[c] : -1; }
  // The printable characters of all bytes.
  std::array<std::string, 256> spellings() const {
    std::array<std::string, 256> spellings;
    for (std::uint32_t c = 0; c < bytes_.size(); ++c)
      if (bytes_[c] >= 0) append_utf8(spellings[static_cast<std::size_t>(bytes_[c])], c);
    return spellings;
  }

 private:
  std::array<std::int16_t, 0x144> bytes_{};
};

// Only printable ASCII, which stands for itself.
bool spells_itself(std::string_view token) {
  return std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

std::optional<std::string> bytes_of_spelling(std::string_view token) {
  static const ByteAlphabet alphabet;
  std::string bytes;
  for (std::size_t position = 0; position < token.size();) {
    const int byte = alphabet.byte_of(decode_utf8(token, position));
    if (byte < 0) return {};
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

std::string spelling_of_bytes(std::string_view bytes) {
  static const std::array<std::string, 256> spellings = ByteAlphabet().spellings();
  std::string text;
  for (const char byte : bytes) text += spellings[static_cast<unsigned char>(byte)];
  return text;
}

int fallback_byte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  int value = 0;
  for (const char c : token.substr(3, 2)) {
    if ((c < '0' || c > '9') && (c < 'A' || c > 'F')) return -1;
    value = value * 16 + (c <= '9' ? c - '0' : c - 'A' + 10);
  }
  return value;
}

std::string with_spaces(std::string_view token) {
  std::string out;
  while (!token.empty()) {
    const bool mark = token.starts_with(kSpaceMark);
    out += mark ? ' ' : token.front();
    token.remove_prefix(mark ? kSpaceMark.size() : 1);
  }
  return out;
}

void spell_tokens(TokenizerDefinition& definition, bool decodes_mark) {
  definition.byte_tokens.fill(-1);
  if (!definition.byte_level) definition.token_bytes = definition.vocabulary;
  std::vector<bool> added(definition.vocabulary.size(), false);
  for (const AddedToken& token : definition.added_tokens) added[static_cast<std::size_t>(token.id)] = true;
  for (std::size_t id = 0; id < definition.vocabulary.size(); ++id) {
    std::string& token = definition.vocabulary[id];
    if (!definition.defined[id] || added[id]) continue;
    if (definition.byte_level) {
      if (spells_itself(token)) continue;
      auto bytes = bytes_of_spelling(token);
      if (!bytes) throw bad_data("model.vocab: \"{}\" is not spelled in the characters of byte-level tokens", token);
      token = std::move(*bytes);
      continue;
    }
    const int byte = fallback_byte(token);
    if (byte >= 0 && definition.byte_fallback) {
      definition.byte_tokens[static_cast<std::size_t>(byte)] = static_cast<std::int32_t>(id);
      definition.token_bytes[id] = std::string(1, static_cast<char>(byte));
    } else if (decodes_mark) {
      definition.token_bytes[id] = with_spaces(token);
    }
  }
}

std::vector<std::uint32_t> ranks_by_score(const std::vector<float>& scores) {
  std::vector<float> sorted = scores;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<std::uint32_t> ranks;
  ranks.reserve(scores.size());
  for (const float score : scores) {
    const auto place = std::lower_bound(sorted.begin(), sorted.end(), score, std::greater<>());
    ranks.push_back(static_cast<std::uint32_t>(place - sorted.begin()));
  }
  return ranks;
}

void add_merges_by_rank(TokenizerDefinition& definition, const std::vector<std::uint32_t>& ranks) {
  TokenIndex index(definition.vocabulary);
  index.reserve(definition.vocabulary.size());
  for (std::size_t id = 0; id < definition.vocabulary.size(); ++id)
    if (definition.defined[id] && ranks[id] != kNeverMerged) index.insert(static_cast<std::int32_t>(id));
  // Tokens in blocks, whose merges are put together in their order.
  struct Block {
    std::vector<std::pair<std::int32_t, std::int32_t>> merges;
    std::vector<std::int32_t> merged;
  };
  constexpr std::size_t kBlock = 4096;
  std::vector<Block> blocks((definition.vocabulary.size() + kBlock - 1) / kBlock);
  ThreadPool pool(blocks.size() < 4 ? 1 : std::min(available_processors(), kLoadingThreads));
  pool.for_blocks(definition.vocabulary.size(), kBlock, [&](std::size_t begin, std::size_t end, int) {
    Block& block = blocks[begin / kBlock];
    for (std::size_t id = begin; id < end; ++id) {
      if (!definition.defined[id] || ranks[id] == kNeverMerged) continue;
      const std::string_view token = definition.vocabulary[id];
      for (std::size_t cut = 1; cut < token.size(); ++cut) {
        // The right side first: more beginnings than ends of tokens are tokens.
        const std::int32_t right = index.find(token.substr(cut));
        if (right < 0) continue;
        const std::int32_t left = index.find(token.substr(0, cut));
        if (left < 0) continue;
        block.merges.emplace_back(left, right);
        block.merged.push_back(static_cast<std::int32_t>(id));
      }
    }
  });
  for (const Block& block : blocks) {
    definition.merges.insert(definition.merges.end(), block.merges.begin(), block.merges.end());
    definition.merged.insert(definition.merged.end(), block.merged.begin(), block.merged.end());
  }
  definition.merge_ranks.reserve(definition.merged.size());
  for (const std::int32_t id : definition.merged) definition.merge_ranks.push_back(ranks[static_cast<std::size_t>(id)]);
}

std::vector<std::size_t> merges_by_rank(const TokenizerDefinition& definition) {
  std::vector<std::size_t> order(definition.merges.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (definition.merge_ranks.empty()) return order;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tuple(definition.merge_ranks[a], definition.merged[a], definition.merges[a]) <
           std::tuple(definition.merge_ranks[b], definition.merged[b], definition.merges[b]);
  });
  return order;
}

}  // namespace matinee
