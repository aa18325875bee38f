#include "lib/vocabulary/tiktoken_file.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "lib/base/format_error.h"
#include "lib/io/tokenizer_fingerprint.h"
#include "lib/vocabulary/split_steps.h"
#include "lib/vocabulary/token_index.h"
#include "lib/vocabulary/token_spelling.h"

namespace matinee {
namespace {

constexpr std::uint8_t kNoDigit = 0xFF;
constexpr std::array<std::uint8_t, 256> kBase64Digits = [] {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  std::uint8_t next = 0;
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
    digits[static_cast<unsigned char>(c)] = next++;
  return digits;
}();

std::string decoded_base64(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  while (text.ends_with('=')) text.remove_suffix(1);
  for (const char c : text) {
    const std::uint8_t digit = kBase64Digits[static_cast<unsigned char>(c)];
    if (digit == kNoDigit) throw bad_data("expected base64, found \"{}\"", text);
    bits = bits << 6 | digit;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xff);
    }
  }
  return bytes;
}

void read_lines(std::string_view text, TokenizerDefinition& definition, std::vector<std::uint32_t>& ranks) {
  TokenIndex index(definition.vocabulary);
  index.reserve(text.size() / 16);
  std::size_t number = 0;
  try {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      ++number;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.empty()) continue;
      const std::size_t space = line.find(' ');
      std::uint32_t rank = 0;
      const char* last = line.data() + line.size();
      if (space == std::string_view::npos || std::from_chars(line.data() + space + 1, last, rank).ptr != last ||
          space + 1 == line.size())
        throw bad_data("expected BASE64 RANK, found \"{}\"", line.substr(0, 60));
      if (rank != ranks.size()) throw bad_data("expected rank {}, found {}", ranks.size(), rank);
      definition.vocabulary.push_back(decoded_base64(line.substr(0, space)));
      if (definition.vocabulary.back().empty()) throw bad_data("an empty token");
      if (!index.insert(static_cast<std::int32_t>(rank))) throw bad_data("a token that was there before");
      ranks.push_back(rank);
    }
  } catch (Error& error) {
    error.add_context(fmt::format("line {}", number));
    throw;
  }
}

std::vector<std::string> special_tokens_of_llama3() {
  std::vector<std::string> tokens{"<|begin_of_text|>", "<|end_of_text|>"};
  int reserved = 0;
  const auto reserve = [&] { tokens.push_back(fmt::format("<|reserved_special_token_{}|>", reserved++)); };
  for (int i = 0; i < 4; ++i) reserve();
  tokens.insert(tokens.end(), {"<|start_header_id|>", "<|end_header_id|>"});
  reserve();
  tokens.emplace_back("<|eot_id|>");
  while (tokens.size() < 256) reserve();
  return tokens;
}

}  // namespace

TokenizerDefinition parse_tiktoken_file(std::string_view text, const std::string& name) {
  return with_context(name, [&] {
    TokenizerDefinition definition;
    definition.byte_level = true;
    definition.ignore_merges = true;
    std::vector<std::uint32_t> ranks;
    read_lines(text, definition, ranks);
    if (ranks.empty()) throw bad_data("no tokens; expected lines of BASE64 RANK");
    definition.defined.assign(ranks.size(), true);
    add_merges_by_rank(definition, ranks);
    definition.byte_tokens.fill(-1);
    for (const std::string& token : special_tokens_of_llama3()) {
      definition.added_tokens.push_back(
          {.id = static_cast<std::int32_t>(definition.vocabulary.size()), .content = token, .special = true});
      definition.vocabulary.push_back(token);
      definition.defined.push_back(true);
    }
    definition.prefix_ids = {definition.added_tokens.front().id};
    definition.pre_tokenizer = split_steps_of("llama3");
    definition.fingerprint = tokenizer_fingerprint(text);
    return definition;
  });
}

}  // namespace matinee
