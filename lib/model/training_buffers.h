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
#include "lib/model/lora_slots.h"
#include "lib/model/rotary_tables.h"
#include "lib/model/tensor_names.h"

namespace matinee {

/// What an adapter needs beside one module: its rank (0: not adapted), and whether it has DoRA magnitudes.
struct AdapterWidth {
  std::int64_t rank = 0;
  bool magnitude = false;
};
/// By layer and module; empty without an adapter.
using AdapterWidths = std::vector<std::array<AdapterWidth, kModules>>;
AdapterWidths adapter_widths(const LoraSlots* lora);
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
  /// is written again before each layer's backward pass.
  struct Layer {
    Floats normed, mean, rstd;  // of the input norm; mean with LayerNorm only
    Floats q_raw, k_raw;        // before the norms of heads, where the model has them
    Floats q_rstd, k_rstd;      // [heads]
    Floats q, k, v;             // rotated
    Floats logsumexp;           // [heads], of the attention
    Floats attention;           // its output
    Floats middle;              // the stream between attention and MLP
    Floats middle_normed;       // the MLP's input; absent where that is `normed`
    Floats middle_mean, middle_rstd;
    Floats gate, up, gated;                 // the backward pass overwrites gate and up by their gradients
    std::array<Floats, kModules> xa;        // [rank], x·Aᵀ
    std::array<Floats, kModules> unscaled;  // [out], with DoRA
    std::array<Floats, kModules> norms;     // [out] in all, with DoRA
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
  Floats grad_stream, grad_normed;  // from the head to the end of the backward pass; before it grad_normed is free

  // Parts of one allocation, of which only one group is in use at a time: a chunk of logits in the head; the gradient
  // of `gated` in the MLP's backward pass; the other four in the attention's.
  std::span<float> logits, grad_gated, grad_attention, grad_q, grad_k, grad_v;
  Floats shared;

  RotaryTables rotary;

 private:
  template <class Take>
  void list_layer(Layer& a, const ModelConfig& config, const std::array<AdapterWidth, kModules>& adapter,
                  std::int64_t max_tokens, bool own_mlp_input, const Take& take);
  template <class Take>
  void list_shared(const ModelConfig& config, std::int64_t max_tokens, const Take& take);
  template <class Take>
  void list(const ModelConfig& config, const AdapterWidths& adapter, const TrainingBufferOptions& options,
            const Take& take);
  bool is_last(std::size_t l) const { return l + 1 == inputs.layers(); }

  bool parallel_block_ = false;
};

}  // namespace matinee
