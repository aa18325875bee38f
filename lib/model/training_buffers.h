#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/cross_entropy/cross_entropy.h"
#include "kernels/device_buffer.h"
#include "lib/model/block_backward.h"
#include "lib/model/block_forward.h"
#include "lib/model/checkpointed_inputs.h"
#include "lib/model/lora_config.h"
#include "lib/model/lora_weights.h"
#include "lib/model/rotary_tables.h"
#include "lib/model/tensor_names.h"

namespace matinee {

/// What an adapter needs beside one module: its rank (0: not adapted), and whether it has DoRA magnitudes.
struct AdapterWidth {
  std::int64_t rank = 0;
  bool magnitude = false;
};
struct AdapterWidths {
  std::vector<std::array<AdapterWidth, kModules>> layers;  ///< by layer and module; empty without an adapter
  AdapterWidth head;
  std::int64_t embedding = 0;  ///< embedding_rank
};
AdapterWidths adapter_widths(const LoraWeights* lora);
/// Of an adapter that is not loaded yet; `lora` must be resolved, null: none.
AdapterWidths adapter_widths(const ModelConfig& config, const LoraConfig* lora);

struct TrainingBufferOptions {
  std::int64_t max_tokens = 0;  ///< of a micro-batch
  bool recompute = false;       ///< one set of activations for all layers (gradient checkpointing)
};

/// Every buffer that the training decoder reads and writes, by lifetime. One list, in training_buffers.cc, gives both
/// the sizes for the memory plan and the allocations, so they cannot differ. Widths are elements per token.
class TrainingBuffers {
 public:
  using Floats = DeviceBuffer<float>;
  using Integers = DeviceBuffer<std::int32_t>;

  struct Bytes {
    std::uint64_t device = 0;  ///< in the memory where operations work
    std::uint64_t host = 0;    ///< layer inputs that are offloaded to the host, of a device with its own memory
  };
  /// Bytes that the constructor allocates. `offload`: the device has a memory of its own, so with `recompute` the
  /// inputs of layers are offloaded.
  static Bytes bytes_of(const ModelConfig& config, const AdapterWidths& adapter, const TrainingBufferOptions& options,
                        bool offload = false);

  TrainingBuffers() = default;
  TrainingBuffers(const std::shared_ptr<DeviceAllocator>& allocator, const ModelConfig& config,
                  const AdapterWidths& adapter, const TrainingBufferOptions& options);

  /// Written by a layer's forward pass, read by its backward pass. With `recompute` one instance serves all layers, and
  /// is written again before each layer's backward pass. Pointers are null where the model has no such activation.
  struct Layer {
    BlockBuffers at;              // `input`, `attention`, `mlp_input`, `branch` and `output` are set by block()
    float* attention = nullptr;   // output of the attention
    float* logsumexp = nullptr;   // [heads], of the attention
    float* mlp_normed = nullptr;  // the MLP's input; null where that is `at.normed` or `at.middle`
    std::array<float*, kModules> xa{}, unscaled{}, norms{};  // AdaptedLinear's; norms [out] in all
    Floats memory;                                           // all of these
  };
  Layer& layer(std::size_t l) { return layers.size() == 1 ? layers.front() : layers[l]; }
  bool recomputes() const { return layers.size() < inputs.layers(); }
  /// Pointers to the buffers of layer l, `output` excepted. In the last layer, everything after the attention has
  /// supervised rows only.
  BlockBuffers block(std::size_t l);
  /// Pointers to the gradients. In the last layer, finish() writes that of the attention's output for supervised rows,
  /// in the place of grad_q, which the attention's backward pass writes later.
  BlockGradients gradients(bool last_layer);

  // The micro-batch, one element per token.
  Integers tokens, positions, segment_start;
  Integers selected, selected_targets;  // of the supervised rows
  DeviceBuffer<CrossEntropySums> sums;  // one in all

  CheckpointedInputs inputs;  // the stream before each layer
  std::vector<Layer> layers;

  Floats selected_attention;  // of the last layer, supervised rows; read again by its backward pass
  Floats output;              // of the last layer, supervised rows; read again by the output norm's backward pass
  Floats output_normed;       // from the output norm to the head; free afterwards
  Floats output_mean, output_rstd;
  Floats head_xa, head_unscaled, head_norms;  // of the head's adapter (HeadLoss::Adapter)
  Floats embedding_xa;                        // of the embedding's adapter (EmbeddedRows)
  // From the head to the end of the backward pass; before it, and between two layers, grad_normed is free.
  Floats grad_stream, grad_normed;

  // Parts of `shared`, of which only one group is in use at a time: a chunk of logits in the head; the gradient of
  // `gated` in the MLP's backward pass; the other four in the attention's.
  float *logits = nullptr, *grad_gated = nullptr;
  float *grad_attention = nullptr, *grad_q = nullptr, *grad_k = nullptr, *grad_v = nullptr;
  Floats shared;

  RotaryTables rotary;

 private:
  template <class Take>
  void list(const ModelConfig& config, const AdapterWidths& adapter, const TrainingBufferOptions& options,
            const Take& take);
  bool is_last(std::size_t l) const { return l + 1 == inputs.layers(); }

  bool shared_norm_ = false;
};

}  // namespace matinee
