#include "lib/io/tokenizer_fingerprint.h"

#include <fmt/format.h>

#include "lib/base/file.h"
#include "lib/base/random.h"
#include "lib/io/base_files.h"

namespace matinee {

std::string tokenizer_fingerprint(std::string_view vocabulary, std::string_view merges) {
  return fmt::format("{:016x}", hash64(merges, hash64(vocabulary)));
}

std::string tokenizer_fingerprint(const GgufFile& file) {
  std::uint64_t hash = hash64("gguf");
  // A NUL byte ends each part, so that two different lists never give the same bytes.
  const auto add = [&](std::string_view part) { hash = hash64(std::string_view("\0", 1), hash64(part, hash)); };
  for (const char* name : {"model", "pre", "tokens", "token_type", "merges", "scores", "add_space_prefix"}) {
    const std::string key = fmt::format("tokenizer.ggml.{}", name);
    const GgufValue* value = file.find(key);
    if (value == nullptr) continue;
    add(key);
    if (value->type() != GgufType::kArray && value->type() != GgufType::kString) {
      add(value->as_bool() ? "true" : "false");
    } else if (value->type() == GgufType::kString) {
      add(value->as_text());
    } else if (value->element_type() == GgufType::kString) {
      for (const std::string& text : value->as_texts()) add(text);
    } else if (value->element_type() == GgufType::kF32) {
      for (const float number : value->as_f32s()) add(fmt::format("{}", number));
    } else {
      for (const std::int32_t number : value->as_i32s()) add(fmt::format("{}", number));
    }
  }
  return fmt::format("{:016x}", hash);
}

std::optional<TokenizerFingerprint> tokenizer_fingerprint_in(const std::string& base) {
  for (const char* name : {"tokenizer.json", "tokenizer.model", "vocab.json"}) {
    const std::string file = base + "/" + name;
    if (!file_exists(file)) continue;
    const std::string merges = file.ends_with("vocab.json") ? read_file(base + "/merges.txt") : "";
    return TokenizerFingerprint{file, tokenizer_fingerprint(read_file(file), merges)};
  }
  if (const auto gguf = gguf_of_base(base)) return TokenizerFingerprint{*gguf, tokenizer_fingerprint(GgufFile(*gguf))};
  return {};
}

}  // namespace matinee
