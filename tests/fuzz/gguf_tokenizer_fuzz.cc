// libFuzzer target: any bytes read as a GGUF file give an Error or, where it has a tokenizer, one that encodes and
// decodes.
#include <cstdint>
#include <span>

#include "lib/base/error.h"
#include "lib/io/gguf.h"
#include "lib/tokenizer/tokenizer.h"
#include "lib/vocabulary/gguf_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matinee;
  try {
    GgufTokenizer read = read_gguf_tokenizer(GgufFile(std::as_bytes(std::span(data, size)), "fuzz.gguf"));
    const Tokenizer tokenizer(std::move(read.definition), std::move(read.special));
    const std::vector<std::int32_t> ids = tokenizer.encode("It's 1995 <s> \xC3\xA9\xFF  a");
    tokenizer.decode(ids);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) __builtin_trap();
  }
  return 0;
}
