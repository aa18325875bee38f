// libFuzzer target: any bytes read as a GGUF file give an Error, or every tensor is within the file and decodes.
#include <cstdint>
#include <span>
#include <vector>

#include "lib/base/error.h"
#include "lib/io/gguf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matinee;
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    const GgufFile file(bytes, "fuzz.gguf");
    std::vector<float> values;
    for (const GgufTensor& tensor : file.tensors()) {
      std::uint64_t elements = 1;
      for (const std::int64_t extent : tensor.shape) elements *= static_cast<std::uint64_t>(extent);
      values.resize(elements);
      decode_gguf(tensor.format, file.data(tensor), values);
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) __builtin_trap();
  }
  return 0;
}
