#include "lib/model/tensor_source.h"

#include "lib/base/format_error.h"
#include "lib/model/float_tensor.h"

namespace matinee {

std::uint64_t SourceTensor::elements() const {
  std::uint64_t product = 1;
  for (const std::int64_t extent : shape) product *= static_cast<std::uint64_t>(extent);
  return product;
}

void TensorSource::set_tensors(std::vector<SourceTensor> tensors) {
  tensors_ = std::move(tensors);
  for (std::size_t i = 0; i < tensors_.size(); ++i) index_.emplace(tensors_[i].name, i);
}

const SourceTensor* TensorSource::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

const SourceTensor& TensorSource::require(std::string_view name, const std::vector<std::int64_t>& shape) const {
  const SourceTensor* tensor = find(name);
  if (tensor == nullptr) throw missing("{}: tensor \"{}\" is missing", path_, name);
  if (tensor->shape != shape) {
    throw bad_data("{}: tensor \"{}\": expected shape {}, found {}", path_, name, shape_text(shape),
                   shape_text(tensor->shape));
  }
  if (tensor->dtype && !is_float(*tensor->dtype)) {
    throw bad_data("{}: tensor \"{}\": expected dtype F32, F16 or BF16, found {}", path_, name, tensor->format);
  }
  return *tensor;
}

std::span<const std::byte> TensorSource::data(const SourceTensor& tensor, std::size_t first, std::size_t n) const {
  return data(tensor).subspan(first / tensor.block * tensor.block_bytes, n / tensor.block * tensor.block_bytes);
}

}  // namespace matinee
