#pragma once

#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// U+2581, which stands for a space in vocabularies of the LLaMA kind.
inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";

/// The bytes that a byte-level token spells in printable characters ("Ġthe" is " the"); nothing where a character of it
/// spells none. openai/gpt-2, encoder.py, bytes_to_unicode.
std::optional<std::string> bytes_of_spelling(std::string_view token);

/// The reverse: how a byte-level token is spelled.
std::string spelling_of_bytes(std::string_view bytes);

/// 10 for "<0x0A>"; -1 for any other token.
int fallback_byte(std::string_view token);

/// `token` with each mark as the space it stands for.
std::string with_spaces(std::string_view token);

/// Fills byte_tokens and token_bytes from the vocabulary, in which the added tokens stand for themselves. Byte-level:
/// also turns spellings into the bytes they mean, Error(kBadData) for one that means none; token_bytes stays empty.
/// Else the mark is a space where `decodes_mark`.
void spell_tokens(TokenizerDefinition& definition, bool decodes_mark);

/// The most threads that build tables while a tokenizer is loaded; with more, memory bandwidth is the limit.
inline constexpr int kLoadingThreads = 4;
/// The std::async policy for work on so many bytes while a tokenizer is loaded: small work is deferred, larger work
/// runs in a thread.
inline std::launch loading_policy(std::size_t bytes) {
  return bytes > 400'000 ? std::launch::async : std::launch::deferred;
}

/// The merges of a vocabulary that ranks its tokens instead of listing merges (SentencePiece by score, tiktoken by id):
/// two neighbors merge if their joined text is a token, at that token's rank. `ranks` by id; kNeverMerged where the
/// token is no result of merges. The vocabulary is as merges see it.
inline constexpr std::uint32_t kNeverMerged = 0xffffffff;
/// Ranks by score, best first; equal scores share a rank, so that the leftmost pair wins.
std::vector<std::uint32_t> ranks_by_score(const std::vector<float>& scores);
void add_merges_by_rank(TokenizerDefinition& definition, const std::vector<std::uint32_t>& ranks);

/// Indices of all merges, lowest rank first; equal ranks by the ids of left and right.
std::vector<std::size_t> merges_by_rank(const TokenizerDefinition& definition);

}  // namespace matinee
