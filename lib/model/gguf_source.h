#pragma once

#include <string>
#include <vector>

#include "lib/io/gguf.h"
#include "lib/model/gguf_model.h"
#include "lib/model/tensor_source.h"

namespace matinee {

/// A GGUF file as a source of tensors, under Hugging Face's names and with its order of rows. Matrices are [out, in].
class GgufSource final : public TensorSource {
 public:
  /// Throws as GgufFile and gguf_names, and Error(kBadData) naming a tensor that the model does not have.
  GgufSource(const std::string& path, const ModelConfig& config);

  bool in_decoder_layout() const override { return true; }
  using TensorSource::data;
  std::span<const std::byte> data(const SourceTensor& tensor) const override;
  void read(const SourceTensor& tensor, std::size_t first, std::span<float> to) const override;
  void release(const SourceTensor& tensor) const override;

 private:
  struct Stored {
    const GgufTensor* tensor;
    GgufName name;
  };

  GgufFile file_;
  std::int64_t head_dim_;
  std::vector<Stored> stored_;  // in the order of tensors()
};

}  // namespace matinee
