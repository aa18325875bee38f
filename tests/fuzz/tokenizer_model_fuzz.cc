// libFuzzer target: any bytes read as tokenizer.model of SentencePiece or tiktoken give an Error or a tokenizer that
// encodes and decodes.
#include <cstdint>
#include <string_view>

#include "lib/base/error.h"
#include "lib/tokenizer/tokenizer.h"
#include "lib/vocabulary/sentencepiece_model.h"
#include "lib/vocabulary/tiktoken_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matinee;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const Tokenizer tokenizer(
        looks_like_sentencepiece(bytes) ? parse_sentencepiece_model(bytes, "fuzz") : parse_tiktoken_file(bytes, "fuzz"),
        {});
    const std::vector<std::int32_t> ids = tokenizer.encode("It's 1995 <s> \xC3\xA9\xFF  a");
    tokenizer.decode(ids);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) __builtin_trap();
  }
  return 0;
}
