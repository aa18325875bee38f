#pragma once

#include <string>

#include "lib/io/torch_checkpoint.h"
#include "lib/model/tensor_source.h"

namespace matinee {

/// A checkpoint of PyTorch (pytorch_model.bin) as a source of tensors.
class TorchSource final : public TensorSource {
 public:
  /// Throws as TorchCheckpoint.
  explicit TorchSource(const std::string& path);

  using TensorSource::data;
  std::span<const std::byte> data(const SourceTensor& tensor) const override;
  void read(const SourceTensor& tensor, std::size_t first, std::span<float> to) const override;
  void release(const SourceTensor& tensor) const override;

 private:
  TorchCheckpoint file_;
};

}  // namespace matinee
