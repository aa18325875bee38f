#include "lib/vocabulary/merged_tokenizer.h"

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/io/base_files.h"
#include "lib/vocabulary/gguf_vocabulary.h"
#include "lib/vocabulary/tokenizer_files.h"
#include "lib/vocabulary/tokenizer_json_writer.h"

namespace matinee {

std::vector<std::pair<std::string, GgufValue>> tokenizer_metadata(const std::string& base, std::int64_t vocab_size) {
  if (const auto gguf = gguf_of_base(base)) {
    std::vector<std::pair<std::string, GgufValue>> metadata;
    const GgufFile file(*gguf);
    for (const auto& [key, value] : file.metadata()) {
      if (key.starts_with("tokenizer.")) metadata.emplace_back(key, value);
    }
    return metadata;
  }
  const TokenizerFiles files = read_tokenizer_files(base);
  return with_context(files.file, [&] { return gguf_vocabulary(files.definition, files.special, vocab_size); });
}

void write_tokenizer_json(const std::string& gguf_base, const std::string& folder) {
  const TokenizerFiles files = read_tokenizer_files(gguf_base);
  const TokenizerJson json =
      with_context(files.file, [&] { return tokenizer_json_of(files.definition, files.special); });
  write_file(folder + "/tokenizer.json", json.tokenizer);
  write_file(folder + "/tokenizer_config.json", json.tokenizer_config);
}

}  // namespace matinee
