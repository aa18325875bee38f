#include "lib/model/safetensors_source.h"

#include "lib/model/float_tensor.h"

namespace matinee {

SafetensorsSource::SafetensorsSource(const std::string& path) : TensorSource(path), file_(path) {
  std::vector<SourceTensor> tensors;
  for (const TensorInfo& tensor : file_.tensors()) {
    tensors.push_back({.name = tensor.name,
                       .shape = tensor.shape,
                       .format = name_of(tensor.dtype),
                       .dtype = tensor.dtype,
                       .block_bytes = size_of(tensor.dtype)});
  }
  set_tensors(std::move(tensors));
}

std::span<const std::byte> SafetensorsSource::data(const SourceTensor& tensor) const {
  return file_.data(file_.tensors()[index_of(tensor)]);
}

void SafetensorsSource::read(const SourceTensor& tensor, std::size_t first, std::span<float> to) const {
  to_floats(*tensor.dtype, TensorSource::data(tensor, first, to.size()), to);
}

void SafetensorsSource::release(const SourceTensor& tensor) const { file_.release(file_.tensors()[index_of(tensor)]); }

}  // namespace matinee
