#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "kernels/context.h"
#include "kernels/cross_entropy/cross_entropy.h"
#include "kernels/device_buffer.h"
#include "kernels/lora_matmul/lora_matmul.h"
#include "lib/model/adapted_linear.h"
#include "lib/model/block_forward.h"
#include "lib/model/checkpointed_inputs.h"
#include "lib/model/lora_config.h"
#include "lib/model/lora_slots.h"
#include "lib/model/rotary_tables.h"
#include "lib/model/tensor_names.h"

namespace matinee {

/// Tokens of several samples, one after another, in the host's memory. All spans have the same length.
struct PackedBatch {
  std::span<const std::int32_t> tokens;
  std::span<const std::int32_t> targets;        ///< the next token where it is supervised, else kIgnoredTarget
  std::span<const std::int32_t> positions;      ///< within the sample, from 0
  std::span<const std::int32_t> segment_start;  ///< index of the sample's first token
};

/// Names the random choices of one micro-batch: dropout masks and the noise on embeddings.
struct DropoutKey {
  std::uint64_t seed = 0;
  std::int64_t step = 0;
  std::int64_t first_row = 0;             ///< tokens of the step before this micro-batch
  std::int64_t first_supervised_row = 0;  ///< the supervised ones of them
  /// Each embedding gets uniform noise in ±neftune_alpha / sqrt(length of its sample · hidden_size); 0: none. Jain et
  /// al. 2023, "NEFTune", arXiv:2310.05914.
  double neftune_alpha = 0;
};

/// The key of one module's masks (LoraDropout::key). From the last attention on only supervised rows exist, so there
/// the mask's rows are counted among those.
std::uint64_t lora_dropout_key(const DropoutKey& dropout, std::int64_t layer, Module module);

/// Forward and backward of the decoder over packed samples. Buffers for `max_tokens` tokens are allocated once; a step
/// allocates nothing. What follows the last layer's attention is computed for supervised tokens only, and logits are
/// never whole in memory. The same bytes at any number of threads.
/// Gradients are added to the slots' grad pointers: all weights, the LoRA factors, or what else an adapter trains.
/// With `recompute` a layer keeps its input only, and the rest is computed again in the backward pass: the same bytes
/// in four thirds of the time (Chen et al. 2016, arXiv:1604.06174). On a device with a memory of its own the inputs
/// then wait in the host's (CheckpointedInputs).
class DecoderTraining {
 public:
  /// All references must outlive this; `lora` may be null. `product` is how the large products are taken. A batch
  /// larger than `max_tokens`, or a position beyond max_position_embeddings, throws Error(kInternal).
  DecoderTraining(Context& context, const ModelConfig& config, const WeightSlots& weights, const LoraSlots* lora,
                  std::int64_t max_tokens, MatmulPrecision precision, bool recompute = false);

  /// The loss of the batch, in sums; nothing else changes. No dropout.
  CrossEntropySums evaluate(const PackedBatch& batch);
  /// The same, and gradients of grad_scale · (sum of losses) are added. grad_scale = 1 / supervised tokens of the step.
  /// `layer_done` is called on the way back after each layer: nothing is added any more to what belongs to it or to
  /// those above, once the operations that were issued so far are done. Tables and the output's norm wait for the end.
  CrossEntropySums forward_backward(const PackedBatch& batch, float grad_scale, const DropoutKey& dropout,
                                    const std::function<void(std::int64_t layer)>& layer_done = {});
  /// Logits [rows, vocab] of the given rows, for tests and comparisons.
  std::vector<float> logits(const PackedBatch& batch);

  /// Bytes of the buffers for `max_tokens` tokens, without the inputs that wait in another memory than the device's.
  static std::uint64_t activation_bytes(const ModelConfig& config, const LoraConfig* lora, std::int64_t max_tokens,
                                        bool recompute = false, bool on_device = false);
  /// Bytes of those: with `recompute` on a device with a memory of its own.
  static std::uint64_t waiting_bytes(const ModelConfig& config, std::int64_t max_tokens);

 private:
  using Floats = DeviceBuffer<float>;
  using Integers = DeviceBuffer<std::int32_t>;
  struct LayerActivations {
    Floats normed, mean, rstd, q_raw, k_raw, q_rstd, k_rstd, q, k, v, logsumexp, attention, middle, middle_normed,
        middle_mean, middle_rstd, gate, up, gated;
    std::array<Floats, kModules> xa, unscaled, norms;
  };

  void allocate(Floats& values, std::int64_t width) const;
  void allocate(LayerActivations& layer, bool whole_mlp_input) const;
  void allocate_turns();
  void upload(const PackedBatch& batch, bool all_rows);
  void add_noise(const PackedBatch& batch, const DropoutKey& key);
  void forward(const DropoutKey* dropout, const PackedBatch* noisy);
  void forward_layer(std::size_t layer, const DropoutKey* dropout, bool again = false);
  void backward(const DropoutKey& dropout, const std::function<void(std::int64_t layer)>& layer_done);
  void backward_mlp(std::size_t layer, const DropoutKey& dropout);
  bool backward_attention(std::size_t layer, const DropoutKey& dropout);
  CrossEntropySums head(bool with_gradient, float grad_scale);
  void head_logits(std::int64_t first, std::int64_t n);
  void gather(const float* all, std::int64_t width, Floats& selected);
  void scatter(const float* selected, std::int64_t width, float* all);
  void scatter_stream(Floats& values);
  bool is_last(std::size_t layer) const { return layer + 1 == inputs_.layers(); }
  LayerActivations& kept(std::size_t layer) { return layers_[layers_.size() == 1 ? 0 : layer]; }
  float* mlp_input(std::size_t layer);
  std::int64_t rows_of(std::size_t layer, Module module) const;
  AdaptedLinear linear(std::size_t layer, Module module, const DropoutKey* dropout);
  struct ModuleGradient {
    Module module;
    const float* grad_y;
  };
  void backward_linear(std::size_t layer, std::span<const ModuleGradient> outputs, const float* x, float* grad_x,
                       bool accumulate, const DropoutKey& dropout);
  LoraDropout lora_dropout(std::size_t layer, Module module, const LoraSlot& slot, const DropoutKey* dropout) const;
  void head_norms_backward(const NormSlot& slot, std::int64_t heads, const float* raw, const float* rstd, float* grad);
  RotaryPositions rotary() const {
    return {positions_.data(), rotary_.n_positions, rotary_.cosines.data(), rotary_.sines.data()};
  }

  Context& context_;
  const ModelConfig& config_;
  const WeightSlots& weights_;
  const LoraSlots* lora_;
  std::int64_t max_tokens_;
  MatmulPrecision precision_;
  // Of the batch: its tokens, and the rows whose loss counts, which are all there is from the last attention on.
  std::int64_t n_rows_ = 0, n_selected_ = 0;
  Integers tokens_, positions_, segment_start_, selected_, selected_targets_;
  DeviceBuffer<CrossEntropySums> sums_;
  std::vector<LayerActivations> layers_;  // one for all where they are computed again
  CheckpointedInputs inputs_;
  Floats output_, output_normed_, output_mean_, output_rstd_, selected_attention_;
  RotaryTables rotary_;
  Floats grad_stream_, grad_normed_;
  // Parts of one buffer, in turn: a chunk of logits; a gradient of the MLP; those of the attention.
  Floats turns_;
  std::span<float> logits_, grad_gated_, grad_attention_, grad_q_, grad_k_, grad_v_;
};

}  // namespace matinee
