#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "kernels/context.h"
#include "lib/base/begin_progress.h"
#include "lib/model/model_config.h"
#include "lib/model/model_weights.h"
#include "lib/model/weight_tensor.h"

namespace matinee {

class CheckpointHashes;
class CheckpointReader;
class LoraMerge;

/// Whether weights in `format` hold this tensor quantized: int8 and NF4 apply to the linear layers of the blocks.
bool is_quantized(const WeightSpec& spec, WeightFormat format);

struct FrozenWeightsOptions {
  std::uint64_t max_host_mem = 0;      ///< bytes; 0: no limit
  Context* context = nullptr;          ///< whose memory holds the weights; null: the host's. Needed to quantize.
  const LoraMerge* merge = nullptr;    ///< an adapter that is merged in; null: none
  CheckpointHashes* hashes = nullptr;  ///< gets a hash of every tensor that is read; null: none
  /// Keeps the embedding table in the host's memory (DeviceAllocator::host_side), unless the head is tied to it.
  bool table_aside = false;
  BeginProgress progress = silent_progress;  ///< shows the bytes that are in memory
};

/// The weights of a model in memory, read-only: matrices in `format`, norms and biases in float32. In kInt8 and kNf4
/// the linear layers of the blocks are quantized row by row, and the embedding tables and the head are bfloat16.
/// A tensor that the file stores in the same format is copied from its pages directly (to a GPU through two pinned
/// buffers); others are converted in pieces. Pages are released behind the reader, so that memory never holds the model
/// twice.
class FrozenWeights {
 public:
  /// Reads the weights of the base at this path (open_checkpoint). Throws Error naming file and tensor where one is
  /// missing, has a wrong shape or another dtype than F32, F16 and BF16, or holds NaN or infinity; Error(kResource)
  /// where the host's memory exceeds max_host_mem.
  FrozenWeights(const std::string& base, const ModelConfig& config, WeightFormat format,
                const FrozenWeightsOptions& options = {});
  /// Bytes that such weights take.
  static std::uint64_t bytes_of(const ModelConfig& config, WeightFormat format);
  /// How many of them `table_aside` moves to the host.
  static std::uint64_t aside_bytes(const ModelConfig& config, WeightFormat format);

  /// Valid as long as this lives.
  const ModelWeights& refs() const { return refs_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::deque<WeightTensor> tensors_;
  ModelWeights refs_;
  std::uint64_t bytes_ = 0;
};

}  // namespace matinee
