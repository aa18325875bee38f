#pragma once

#include <cstdint>
#include <string>

#include "kernels/weight_view.h"
#include "lib/base/dtype.h"
#include "lib/model/lora_config.h"
#include "lib/model/model_config.h"

namespace matinee {

/// Memory that training needs in bytes, by purpose; computed before anything large is allocated.
struct MemoryPlan {
  // In device memory, or in host memory on the CPU.
  std::uint64_t weights = 0;          ///< of the base, in its format
  std::uint64_t trained = 0;          ///< trained parameters in float32, with padding
  std::uint64_t gradients = 0;        ///< float32
  std::uint64_t moments = 0;          ///< AdamW's, two per trained parameter
  std::uint64_t best_parameters = 0;  ///< copy of the parameters with the lowest validation loss
  std::uint64_t activations = 0;      ///< of one micro-batch
  std::uint64_t scratch = 0;          ///< of operations and libraries; 0: not measured (kProgramMemory covers it)
  // In host memory.
  std::uint64_t table = 0;     ///< of token embeddings, where it is not among the weights
  std::uint64_t inputs = 0;    ///< offloaded inputs of layers
  std::uint64_t tokens = 0;    ///< data sets, and the rows of an epoch
  std::uint64_t program = 0;   ///< kProgramMemory
  bool on_device = false;      ///< whether the device has its own memory
  std::int64_t n_trained = 0;  ///< number of trained parameters, not bytes

  std::uint64_t host_bytes() const;
  std::uint64_t device_bytes() const;  ///< 0 on the CPU
  /// "1.2 GiB: weights 600.0 MiB, ...", or "on the device 1.2 GiB: weights ...; on the host 70.0 MiB: tokens ...".
  std::string describe() const;
};

/// The options of a training that determine its memory, besides model and adapter.
struct TrainingSize {
  std::int64_t max_tokens = 0;  ///< of a micro-batch
  bool recompute = false;       ///< on a device, layer inputs and the embedding table are then in host memory
  bool moments_8bit = false;    ///< 8-bit AdamW moments
  bool on_device = false;       ///< on a device with its own memory
};
/// The memory to train an adapter (`lora` null: every weight) on a base in `format`, without data sets, validation and
/// scratch memory. `lora` must be resolved.
MemoryPlan memory_to_train(const ModelConfig& config, const LoraConfig* lora, WeightFormat format,
                           const TrainingSize& size);

}  // namespace matinee
