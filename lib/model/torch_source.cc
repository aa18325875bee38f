#include "lib/model/torch_source.h"

#include <algorithm>

#include "lib/model/float_tensor.h"

namespace matinee {

TorchSource::TorchSource(const std::string& path) : TensorSource(path), file_(path) {
  std::vector<SourceTensor> tensors;
  for (const TorchTensorInfo& tensor : file_.tensors()) {
    tensors.push_back({.name = tensor.name,
                       .shape = tensor.shape,
                       .format = name_of(tensor.dtype),
                       .dtype = tensor.dtype,
                       .block_bytes = size_of(tensor.dtype),
                       .in_order = tensor.in_order});
  }
  set_tensors(std::move(tensors));
}

std::span<const std::byte> TorchSource::data(const SourceTensor& tensor) const {
  return file_.tensors()[index_of(tensor)].data;
}

void TorchSource::read(const SourceTensor& tensor, std::size_t first, std::span<float> to) const {
  if (tensor.in_order) return to_floats(*tensor.dtype, data(tensor, first, to.size()), to);
  const TorchTensorInfo& info = file_.tensors()[index_of(tensor)];
  const std::size_t size = size_of(info.dtype);
  for (std::size_t i = 0; i < to.size(); ++i) {
    std::size_t rest = first + i, at = 0;
    for (std::size_t d = info.shape.size(); d-- > 0;) {
      const auto extent = static_cast<std::size_t>(info.shape[d]);
      at += rest % extent * static_cast<std::size_t>(info.strides[d]);
      rest /= extent;
    }
    to_floats(info.dtype, info.data.subspan(at * size, size), to.subspan(i, 1));
  }
}

void TorchSource::release(const SourceTensor& tensor) const { file_.release(file_.tensors()[index_of(tensor)]); }

}  // namespace matinee
