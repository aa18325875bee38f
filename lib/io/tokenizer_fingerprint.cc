#include "lib/io/tokenizer_fingerprint.h"

#include <fmt/format.h>

#include "lib/base/file.h"
#include "lib/base/random.h"

namespace matinee {

std::string tokenizer_fingerprint(std::string_view vocabulary, std::string_view merges) {
  return fmt::format("{:016x}", hash64(merges, hash64(vocabulary)));
}

std::optional<TokenizerFingerprint> tokenizer_fingerprint_in(const std::string& folder) {
  for (const char* name : {"tokenizer.json", "tokenizer.model", "vocab.json"}) {
    const std::string file = folder + "/" + name;
    if (!file_exists(file)) continue;
    const std::string merges = file.ends_with("vocab.json") ? read_file(folder + "/merges.txt") : "";
    return TokenizerFingerprint{file, tokenizer_fingerprint(read_file(file), merges)};
  }
  return {};
}

}  // namespace matinee
