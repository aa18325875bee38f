#pragma once

#include <cstdint>
#include <string>

#include "lib/base/dtype.h"
#include "lib/model/lora_config.h"
#include "lib/model/model_config.h"

namespace matinee {

/// Bytes that training will need, by purpose; known before anything large is allocated.
struct MemoryPlan {
  // Where operations work: in the device's memory, or where it has none of its own in the host's.
  std::uint64_t weights = 0;          ///< of the base, as it is held
  std::uint64_t trained = 0;          ///< float32 parameters that are trained, with the padding between them
  std::uint64_t gradients = 0;        ///< float32
  std::uint64_t moments = 0;          ///< two float32 per trained parameter
  std::uint64_t best_parameters = 0;  ///< the copy with the lowest validation loss
  std::uint64_t activations = 0;      ///< of one micro-batch
  std::uint64_t scratch = 0;          ///< what operations and libraries work in; 0: not measured (kProgramMemory)
  // Always in the host's.
  std::uint64_t table = 0;     ///< of tokens, where it is not among the weights
  std::uint64_t inputs = 0;    ///< of layers, where they are not among the activations
  std::uint64_t tokens = 0;    ///< of the data sets, and the rows of an epoch
  std::uint64_t program = 0;   ///< kProgramMemory
  bool on_device = false;      ///< whether the device has a memory of its own
  std::int64_t n_trained = 0;  ///< how many parameters are trained: no bytes

  std::uint64_t host_bytes() const;
  std::uint64_t device_bytes() const;  ///< 0 where it has none of its own
  /// "1.2 GiB: weights 600.0 MiB, ...", or "on the device 1.2 GiB: weights ...; on the host 70.0 MiB: tokens ...".
  std::string describe() const;
};

/// What decides about the memory of a training besides model and adapter.
struct TrainingSize {
  std::int64_t max_tokens = 0;  ///< of a micro-batch
  bool recompute = false;       ///< on a device also: what is seldom wanted waits in the host's memory
  bool moments_8bit = false;    ///< AdamW's in 8 bits
  bool on_device = false;       ///< on one with a memory of its own
};
/// The plan of training an adapter (`lora` null: every weight) on a base held in `format`, without data sets,
/// validation and scratch memory. `lora` must be resolved.
MemoryPlan memory_to_train(const ModelConfig& config, const LoraConfig* lora, WeightFormat format,
                           const TrainingSize& size);

}  // namespace matinee
