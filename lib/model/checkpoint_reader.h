#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/io/safetensors.h"
#include "lib/model/checkpoint_hashes.h"
#include "lib/model/model_config.h"
#include "lib/model/tensor_names.h"

namespace matinee {

/// A checkpoint with its tensors as the decoder holds them: matrices [out, in] whichever way the files have them, under
/// the names of the whole model also where they are those of the bare one, without the prefix.
class CheckpointReader {
 public:
  /// Opens the files in `folder` (open_checkpoint). A tensor that the decoder has no place for is part of mathematics
  /// that it does not compute: Error(kBadData) naming it. What is read goes into `hashes`, where there are any.
  CheckpointReader(const std::string& folder, const ModelConfig& config, CheckpointHashes* hashes = nullptr);
  CheckpointReader(const CheckpointReader&) = delete;
  CheckpointReader& operator=(const CheckpointReader&) = delete;

  /// Gets elements from `first` on, in float32; may write to them.
  using Piece = std::function<void(std::size_t first, std::span<float> values)>;
  /// Calls `piece` for all of a tensor in order, a number of whole rows at a time that `multiple` divides, then lets
  /// its pages go. Holds a quarter of a MiB or `multiple` rows, of transposed ones too. Throws Error naming file and
  /// tensor where it is missing, of another shape or of another dtype than F32, F16, BF16.
  void read(const WeightSpec& spec, const Piece& piece, std::int64_t multiple = 1) const;

  /// Whether the file has a tensor just as memory has it that holds `dtype`: read_as may be called for it. Throws as
  /// `read` does.
  bool is_stored_as(const WeightSpec& spec, DType dtype) const;
  /// The same as `read` in the bytes of the file, without a copy of them; some MiB or `multiple` rows at a time. T is
  /// that of is_stored_as: float or bf16.
  template <class T>
  void read_as(const WeightSpec& spec, const std::function<void(std::size_t first, std::span<const T> values)>& piece,
               std::int64_t multiple = 1) const {
    read_bytes(
        spec,
        [&](std::size_t first, std::span<const std::byte> bytes) {
          piece(first, {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)});
        },
        multiple);
  }

  const std::vector<WeightSpec>& specs() const { return specs_; }
  /// What the decoder knows of the tensor that a file calls so, or null where it does not read it.
  const WeightSpec* spec_of(const std::string& name) const;
  const std::vector<std::unique_ptr<SafetensorsFile>>& files() const { return files_; }

 private:
  struct Place {
    const SafetensorsFile* file;
    const TensorInfo* tensor;
  };

  Place find(const WeightSpec& spec) const;
  void read_bytes(const WeightSpec& spec,
                  const std::function<void(std::size_t first, std::span<const std::byte> bytes)>& piece,
                  std::int64_t multiple) const;

  ModelConfig config_;
  std::vector<WeightSpec> specs_;
  std::map<std::string, const WeightSpec*, std::less<>> by_name_;  // whole and bare
  std::vector<std::unique_ptr<SafetensorsFile>> files_;
  CheckpointHashes* hashes_;
};

}  // namespace matinee
