#pragma once

#include <string>

#include "lib/io/safetensors.h"
#include "lib/model/tensor_source.h"

namespace matinee {

/// A safetensors file as a source of tensors. Its data may begin at any byte.
class SafetensorsSource final : public TensorSource {
 public:
  /// Throws as SafetensorsFile.
  explicit SafetensorsSource(const std::string& path);

  std::map<std::string, std::string> metadata() const override { return file_.metadata(); }
  using TensorSource::data;
  std::span<const std::byte> data(const SourceTensor& tensor) const override;
  void read(const SourceTensor& tensor, std::size_t first, std::span<float> to) const override;
  void release(const SourceTensor& tensor) const override;

 private:
  SafetensorsFile file_;
};

}  // namespace matinee
