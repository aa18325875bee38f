#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/model/checkpoint_hashes.h"
#include "lib/model/model_config.h"
#include "lib/model/tensor_names.h"
#include "lib/model/tensor_source.h"

namespace matinee {

/// Reads the tensors of a base in the decoder's layout, whatever kind its files are: matrices are [out, in] even if the
/// file stores [in, out], and q, k and v follow each other even if it stores them head by head. A checkpoint of the
/// bare model, whose names lack the prefix, reads like one of the whole model.
class CheckpointReader {
 public:
  /// Opens the files of `base` (open_checkpoint). Throws Error(kBadData) for a tensor that the decoder does not use,
  /// since the model then computes something else. `hashes`, where given, gets everything that is read.
  CheckpointReader(const std::string& base, const ModelConfig& config, CheckpointHashes* hashes = nullptr);
  CheckpointReader(const CheckpointReader&) = delete;
  CheckpointReader& operator=(const CheckpointReader&) = delete;

  /// Receives elements from `first` on, in float32, and may overwrite them.
  using Piece = std::function<void(std::size_t first, std::span<float> values)>;
  /// Calls `piece` for all of a tensor in order, each time with a multiple of `multiple` rows, then releases the file's
  /// pages. Holds 256 KiB or `multiple` rows in memory, also of a transposed tensor. Throws Error naming file and
  /// tensor if it is missing, has another shape or a dtype that is no float, or holds NaN or infinity.
  void read(const WeightSpec& spec, const Piece& piece, std::int64_t multiple = 1) const;

  /// Whether the file stores the tensor in `dtype` and in the decoder's layout, so that read_as may be called. Throws
  /// as `read` does.
  bool is_stored_as(const WeightSpec& spec, DType dtype) const;
  /// As `read`, but passes the bytes of the mapped file without a copy, some MiB or `multiple` rows at a time. T is the
  /// type of is_stored_as: float or bf16.
  template <class T>
  using StoredPiece = std::function<void(std::size_t first, std::span<const T> values)>;
  template <class T>
  void read_as(const WeightSpec& spec, const StoredPiece<T>& piece, std::int64_t multiple = 1) const;

  const std::vector<WeightSpec>& specs() const { return specs_; }
  /// The decoder's tensor with this name in a file; null: the decoder does not read it.
  const WeightSpec* spec_of(const std::string& name) const;
  const std::vector<std::unique_ptr<TensorSource>>& files() const { return files_; }

 private:
  struct Place {
    const TensorSource* file;
    const SourceTensor* tensor;
    bool transposed;  // stored as [in, out]
    float offset;     // added to the stored values
  };

  Place find(const WeightSpec& spec) const;

  ModelConfig config_;
  std::vector<WeightSpec> specs_;
  std::map<std::string, const WeightSpec*, std::less<>> by_name_;  // with and without the prefix
  std::vector<std::unique_ptr<TensorSource>> files_;
  CheckpointHashes* hashes_;
};

}  // namespace matinee
