// libFuzzer target: each of the small tokenizers encodes any bytes and decodes them back. Run it in the repository's
// root.
#include <array>
#include <cstdint>
#include <string_view>

#include "lib/tokenizer/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matinee;
  static const std::array<Tokenizer, 3> tokenizers = {Tokenizer::load("tests/tokenizer/data/byte_level"),
                                                      Tokenizer::load("tests/tokenizer/data/llama3_split"),
                                                      Tokenizer::load("tests/tokenizer/data/llama")};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Tokenizer& tokenizer : tokenizers) {
    // LLaMA's mark for a space decodes to a space.
    if (text.find("\xE2\x96\x81") != std::string_view::npos) continue;
    const std::vector<std::int32_t> ids = tokenizer.encode(text, {.at_start = false});
    if (tokenizer.decode(ids, {.skip_special = false, .at_start = false}) != text) __builtin_trap();
  }
  return 0;
}
