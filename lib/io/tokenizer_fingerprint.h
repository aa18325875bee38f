#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/io/gguf.h"

namespace matinee {

/// The fingerprint of a tokenizer, stored in token files and adapters as "matinee.tokenizer_sha": hash64 of the
/// contents of its vocabulary file followed by `merges`, as 16 hexadecimal digits. `merges` is the contents of
/// merges.txt if the vocabulary file is vocab.json, else "".
std::string tokenizer_fingerprint(std::string_view vocabulary, std::string_view merges = {});

/// The same of a GGUF file: of those values of its metadata that say how texts are encoded.
std::string tokenizer_fingerprint(const GgufFile& file);

struct TokenizerFingerprint {
  std::string file;   ///< path of the vocabulary file
  std::string value;  ///< as tokenizer_fingerprint returns it
};
/// The fingerprint of the tokenizer of a base (base_files.h): of its folder's tokenizer.json, else tokenizer.model,
/// else vocab.json with merges.txt, else of its GGUF file. Empty if it has none of these. Throws like read_file and
/// GgufFile.
std::optional<TokenizerFingerprint> tokenizer_fingerprint_in(const std::string& base);

}  // namespace matinee
