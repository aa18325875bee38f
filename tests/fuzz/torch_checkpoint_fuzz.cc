// libFuzzer target: any bytes read as a PyTorch checkpoint give an Error, or every tensor is within the file.
#include <cstdint>
#include <span>

#include "lib/base/error.h"
#include "lib/io/torch_checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matinee;
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    const TorchCheckpoint file(bytes, "fuzz.bin");
    for (const TorchTensorInfo& tensor : file.tensors()) {
      std::uint64_t elements = 1, last = 0, sum = 0;
      for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
        const auto extent = static_cast<std::uint64_t>(tensor.shape[d]);
        elements *= extent;
        if (extent > 0) last += (extent - 1) * static_cast<std::uint64_t>(tensor.strides[d]);
      }
      const std::uint64_t bytes_of_element = size_of(tensor.dtype);
      if (tensor.data.size() != elements * bytes_of_element) __builtin_trap();
      if (elements > 0 && (last + 1) * bytes_of_element > tensor.data.size()) __builtin_trap();
      for (const std::byte byte : tensor.data) sum += static_cast<std::uint64_t>(byte);
      if (sum > 255 * size) __builtin_trap();
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) __builtin_trap();
  }
  return 0;
}
