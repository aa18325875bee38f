#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "kernels/context.h"
#include "kernels/cross_entropy/cross_entropy.h"
#include "lib/model/adapted_embedding.h"
#include "lib/model/adapted_linear.h"
#include "lib/model/block_backward.h"
#include "lib/model/block_forward.h"
#include "lib/model/head_loss.h"
#include "lib/model/lora_weights.h"
#include "lib/model/packed_batch.h"
#include "lib/model/tensor_names.h"
#include "lib/model/training_buffers.h"

namespace matinee {

/// The key of one module's dropout masks (LoraDropout::key). After the last layer's attention only supervised rows
/// exist, so there the rows of a mask are counted among those.
std::uint64_t lora_dropout_key(const DropoutKey& dropout, std::int64_t layer, Module module);

/// Forward and backward pass of the decoder over packed samples. Buffers for `max_tokens` tokens are allocated once; a
/// step allocates none. What follows the last layer's attention is computed for supervised tokens only, and logits a
/// chunk of rows at a time. The same bytes at any number of threads.
/// Gradients are added to the weights' grad pointers: of all weights, of the LoRA factors, or of what else an adapter
/// trains. With `recompute` (gradient checkpointing) only the inputs of layers are kept and the backward pass computes
/// the rest again: the same bytes in four thirds of the time (Chen et al. 2016, arXiv:1604.06174). On a device with its
/// own memory these inputs are offloaded to the host (CheckpointedInputs).
class DecoderTraining {
 public:
  /// All references must outlive this; `lora` may be null. `precision` is that of the matrix products. A batch larger
  /// than `max_tokens`, or a position beyond max_position_embeddings, throws Error(kInternal).
  DecoderTraining(Context& context, const ModelConfig& config, const ModelWeights& weights, const LoraWeights* lora,
                  std::int64_t max_tokens, MatmulPrecision precision, bool recompute = false);

  /// The summed loss of the batch, without dropout. Changes nothing.
  CrossEntropySums evaluate(const PackedBatch& batch);
  /// The same with dropout, and adds the gradients of grad_scale · (sum of losses); for the mean over a step,
  /// grad_scale = 1 / supervised tokens of the step. `layer_done` is called after each layer's backward pass: the
  /// gradients of this layer and those above are complete once the operations issued so far are done. The gradients of
  /// the embedding tables and the output norm are complete at the end.
  CrossEntropySums forward_backward(const PackedBatch& batch, float grad_scale, const DropoutKey& dropout,
                                    const std::function<void(std::int64_t layer)>& layer_done = {});
  /// Logits [rows, vocab] of all rows, for tests and comparisons.
  std::vector<float> logits(const PackedBatch& batch);

 private:
  void upload(const PackedBatch& batch, bool all_rows);
  void forward(const DropoutKey* dropout, const PackedBatch* noisy);
  void forward_layer(std::size_t layer, const DropoutKey* dropout, bool again = false);
  void backward(const DropoutKey& dropout, const std::function<void(std::int64_t layer)>& layer_done);
  bool backward_layer(std::size_t layer, const DropoutKey& dropout);
  void backward_embeddings();
  void gather(const float* all, std::int64_t width, float* selected);
  void scatter(const float* selected, std::int64_t width, float* all);
  void scatter_stream(TrainingBuffers::Floats& values);
  bool is_last(std::size_t layer) const { return layer + 1 == buffers_.inputs.layers(); }
  std::int64_t rows_of(std::size_t layer, Module module) const;
  AdaptedLinear linear(std::size_t layer, Module module, const DropoutKey* dropout);
  LoraDropout lora_dropout(std::size_t layer, Module module, const LoraFactors& factors,
                           const DropoutKey* dropout) const;
  HeadLoss::Adapter head_adapter(const DropoutKey* dropout);
  EmbeddedRows embedded_rows();
  bool adapts_embedding() const { return lora_ != nullptr && lora_->adapts_embedding(); }
  RotaryPositions rotary(std::size_t layer) const;

  Context& context_;
  const ModelConfig& config_;
  const ModelWeights& weights_;
  const LoraWeights* lora_;
  std::int64_t max_tokens_;
  MatmulPrecision precision_;
  HeadLoss head_;
  TrainingBuffers buffers_;
  std::int64_t n_rows_ = 0;      // tokens of the batch
  std::int64_t n_selected_ = 0;  // its supervised tokens
};

}  // namespace matinee
