#pragma once

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "lib/tokenizer/tokenizer.h"
#include "tests/support/temporary_folder.h"

namespace matinee::testing {

/// Names and paths of the vocabularies of real models: GPT-2, LLaMA-2 and Qwen2 of REAL_DATA, and that of the base that
/// BASE names. The path is "" where it is missing.
inline std::vector<std::pair<std::string, std::string>> real_vocabularies() {
  std::vector<std::pair<std::string, std::string>> all;
  for (const char* name : {"gpt2", "llama2", "qwen2"})
    all.emplace_back(name, real_data(std::string("tokenizers/") + name));
  const char* base = std::getenv("BASE");
  all.emplace_back("base", base == nullptr ? "" : base);
  return all;
}

/// The token that ends a reply; some of the folders do not name one.
inline std::int32_t end_token(const Tokenizer& tokenizer) {
  if (tokenizer.eos_token_id() >= 0) return tokenizer.eos_token_id();
  const std::int32_t text_end = tokenizer.token_id("<|endoftext|>");
  return text_end >= 0 ? text_end : tokenizer.token_id("</s>");
}

}  // namespace matinee::testing
