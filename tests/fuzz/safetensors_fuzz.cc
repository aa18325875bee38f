// libFuzzer target: any bytes read as a safetensors file give an Error, or every tensor is within the file.
#include <cstdint>
#include <span>

#include "lib/base/error.h"
#include "lib/io/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matinee;
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    const SafetensorsFile file(bytes, "fuzz.safetensors");
    std::uint64_t sum = 0;
    for (const TensorInfo& tensor : file.tensors()) {
      if (&file.get(tensor.name) != &tensor) __builtin_trap();
      for (const std::byte byte : file.data(tensor)) sum += static_cast<std::uint64_t>(byte);
    }
    if (sum > 255 * size) __builtin_trap();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) __builtin_trap();
  }
  return 0;
}
