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

/// Reads the tensors of a checkpoint in the decoder's layout: matrices are [out, in] even if the file stores [in, out].
/// A checkpoint of the bare model, whose names lack the prefix, reads like one of the whole model.
class CheckpointReader {
 public:
  /// Opens the files in `folder` (open_checkpoint). Throws Error(kBadData) for a tensor that the decoder does not use,
  /// since the model then computes something else. `hashes`, where given, gets everything that is read.
  CheckpointReader(const std::string& folder, const ModelConfig& config, CheckpointHashes* hashes = nullptr);
  CheckpointReader(const CheckpointReader&) = delete;
  CheckpointReader& operator=(const CheckpointReader&) = delete;

  /// Receives elements from `first` on, in float32, and may overwrite them.
  using Piece = std::function<void(std::size_t first, std::span<float> values)>;
  /// Calls `piece` for all of a tensor in order, each time with a multiple of `multiple` rows, then releases the file's
  /// pages. Holds 256 KiB or `multiple` rows in memory, also of a transposed tensor. Throws Error naming file and
  /// tensor if it is missing or has another shape or another dtype than F32, F16, BF16.
  void read(const WeightSpec& spec, const Piece& piece, std::int64_t multiple = 1) const;

  /// Whether the file stores the tensor in `dtype` and in the decoder's layout, so that read_as may be called. Throws
  /// as `read` does.
  bool is_stored_as(const WeightSpec& spec, DType dtype) const;
  /// As `read`, but passes the bytes of the mapped file without a copy, some MiB or `multiple` rows at a time. T is the
  /// type of is_stored_as: float or bf16.
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
  /// The decoder's tensor with this name in a file; null: the decoder does not read it.
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
  std::map<std::string, const WeightSpec*, std::less<>> by_name_;  // with and without the prefix
  std::vector<std::unique_ptr<SafetensorsFile>> files_;
  CheckpointHashes* hashes_;
};

}  // namespace matinee
