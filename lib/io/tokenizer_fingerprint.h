#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace matinee {

/// The identity of a tokenizer, which tokens and adapters keep as "matinee.tokenizer_sha": hash64 of the bytes of the
/// file that holds its vocabulary, 16 hexadecimal digits. The merges are those of merges.txt beside vocab.json, else
/// "".
std::string tokenizer_fingerprint(std::string_view vocabulary, std::string_view merges = {});

struct TokenizerFingerprint {
  std::string file;  ///< the file that holds the vocabulary
  std::string value;
};
/// Of the tokenizer in a model folder: tokenizer.json, else tokenizer.model, else vocab.json with merges.txt; none
/// where the folder has no tokenizer. Throws as read_file does.
std::optional<TokenizerFingerprint> tokenizer_fingerprint_in(const std::string& folder);

}  // namespace matinee
