#include "lib/text/token_spelling.h"

#include <unordered_map>

#include "lib/base/format_error.h"
#include "lib/text/utf8.h"

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

 private:
  std::array<std::int16_t, 0x144> bytes_{};
};

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
  definition.token_bytes = definition.vocabulary;
  std::vector<bool> added(definition.vocabulary.size(), false);
  for (const AddedToken& token : definition.added_tokens) added[static_cast<std::size_t>(token.id)] = true;
  for (std::size_t id = 0; id < definition.vocabulary.size(); ++id) {
    std::string& token = definition.vocabulary[id];
    if (!definition.defined[id] || added[id]) continue;
    if (definition.byte_level) {
      auto bytes = bytes_of_spelling(token);
      if (!bytes) throw bad_data("model.vocab: \"{}\" is not spelled in the characters of byte-level tokens", token);
      token = std::move(*bytes);
      definition.token_bytes[id] = token;
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

void add_merges_by_rank(TokenizerDefinition& definition, const std::vector<std::uint32_t>& ranks) {
  std::unordered_map<std::string_view, std::int32_t> ids;
  ids.reserve(definition.vocabulary.size() * 2);
  for (std::size_t id = 0; id < definition.vocabulary.size(); ++id) {
    if (definition.defined[id] && ranks[id] != kNeverMerged)
      ids.emplace(definition.vocabulary[id], static_cast<std::int32_t>(id));
  }
  for (std::size_t id = 0; id < definition.vocabulary.size(); ++id) {
    if (!definition.defined[id] || ranks[id] == kNeverMerged) continue;
    const std::string_view token = definition.vocabulary[id];
    for (std::size_t cut = 1; cut < token.size(); ++cut) {
      const auto left = ids.find(token.substr(0, cut));
      if (left == ids.end()) continue;
      const auto right = ids.find(token.substr(cut));
      if (right == ids.end()) continue;
      definition.merges.emplace_back(left->second, right->second);
      definition.merged.push_back(static_cast<std::int32_t>(id));
      definition.merge_ranks.push_back(ranks[id]);
    }
  }
}

}  // namespace matinee
