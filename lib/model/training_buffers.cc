#include "lib/model/training_buffers.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "lib/model/adapted_embedding.h"
#include "lib/model/head_loss.h"

namespace matinee {
namespace {

// A part of a buffer: where its address goes, and its floats; 0: there is none.
using Part = std::pair<float**, std::int64_t>;

// Parts begin at multiples of 256 bytes, as a GPU's own allocations do.
std::int64_t aligned(std::int64_t floats) { return (floats + 63) / 64 * 64; }

// One allocation for all parts. Those of one group follow each other; groups use the same memory.
template <class Take>
void take_parts(TrainingBuffers::Floats& memory, std::initializer_list<std::vector<Part>> groups, const Take& take) {
  std::int64_t largest = 0;
  for (const auto& group : groups) {
    std::int64_t floats = 0;
    for (const auto& [part, size] : group) floats += aligned(size);
    largest = std::max(largest, floats);
  }
  take(memory, largest);
  if (memory.empty()) return;  // only counted
  for (const auto& group : groups) {
    float* next = memory.data();
    for (const auto& [part, size] : group) {
      *part = size > 0 ? next : nullptr;
      next += aligned(size);
    }
  }
}

template <class Take>
void take_layer(TrainingBuffers::Layer& layer, const ModelConfig& config,
                const std::array<AdapterWidth, kModules>& adapter, std::int64_t n, bool own_mlp_input,
                const Take& take) {
  const std::int64_t c = n * config.hidden_size, q = n * config.q_size(), kv = n * config.kv_size();
  const std::int64_t heads = n * config.num_attention_heads;
  const std::int64_t q_norms = config.qk_norm ? n * config.qk_norms(config.num_attention_heads) : 0;
  const std::int64_t k_norms = config.qk_norm ? n * config.qk_norms(config.num_key_value_heads) : 0;
  const std::int64_t mlp = n * config.intermediate_size;
  const bool means = config.norm == NormKind::kLayer, pre = config.pre_norms, post = config.post_norms;
  const bool second_norm = config.mlp_norm();
  BlockBuffers& at = layer.at;
  std::vector<Part> parts{{&at.normed, pre ? c : 0},
                          {&at.mean, pre && means ? n : 0},
                          {&at.rstd, pre ? n : 0},
                          {&at.q_raw, config.qk_norm ? q : 0},
                          {&at.k_raw, config.qk_norm ? kv : 0},
                          {&at.q_rstd, q_norms},
                          {&at.k_rstd, k_norms},
                          {&at.q, q},
                          {&at.k, kv},
                          {&at.v, kv},
                          {&layer.logsumexp, heads},
                          {&layer.attention, q},
                          {&at.middle, c},
                          {&layer.mlp_normed, own_mlp_input && pre ? c : 0},
                          {&at.middle_mean, means && second_norm ? n : 0},
                          {&at.middle_rstd, second_norm ? n : 0},
                          {&at.gate, config.gated_mlp ? mlp : 0},
                          {&at.up, mlp},
                          {&at.gated, mlp},
                          {&at.attention_output, post ? c : 0},
                          {&at.attention_output_mean, post && means ? n : 0},
                          {&at.attention_output_rstd, post ? n : 0},
                          {&at.mlp_output, post ? c : 0},
                          {&at.mlp_output_mean, post && means ? n : 0},
                          {&at.mlp_output_rstd, post ? n : 0}};
  for (std::size_t m = 0; m < adapter.size(); ++m) {
    const std::int64_t out = adapter[m].magnitude ? module_shape(config, static_cast<Module>(m))[0] : 0;
    parts.insert(parts.end(),
                 {{&layer.xa[m], n * adapter[m].rank}, {&layer.unscaled[m], n * out}, {&layer.norms[m], out}});
  }
  take_parts(layer.memory, {parts}, take);
}

// What one layer needs where all layers use the same buffers: the largest of each, since ranks may differ.
std::array<AdapterWidth, kModules> largest_of(const AdapterWidths& adapter) {
  std::array<AdapterWidth, kModules> largest;
  for (const auto& layer : adapter.layers) {
    for (std::size_t m = 0; m < layer.size(); ++m) {
      largest[m].rank = std::max(largest[m].rank, layer[m].rank);
      largest[m].magnitude |= layer[m].magnitude;
    }
  }
  return largest;
}

}  // namespace

AdapterWidths adapter_widths(const LoraWeights* lora) {
  if (lora == nullptr) return {};
  const auto width_of = [](const LoraFactors& factors) {
    return factors.lora_A == nullptr ? AdapterWidth{} : AdapterWidth{factors.rank, factors.magnitude != nullptr};
  };
  AdapterWidths widths;
  widths.layers.resize(lora->layers.size());
  widths.head = width_of(lora->head);
  widths.embedding = embedding_rank(*lora);
  for (std::size_t l = 0; l < widths.layers.size(); ++l)
    std::transform(lora->layers[l].begin(), lora->layers[l].end(), widths.layers[l].begin(), width_of);
  return widths;
}

AdapterWidths adapter_widths(const ModelConfig& config, const LoraConfig* lora) {
  if (lora == nullptr) return {};
  AdapterWidths widths;
  widths.layers.resize(static_cast<std::size_t>(config.num_hidden_layers));
  for (std::size_t l = 0; l < widths.layers.size(); ++l) {
    for (const LinearLayer& linear : linear_layers(config, static_cast<std::int64_t>(l))) {
      if (!lora->targets(linear)) continue;
      const auto first = widths.layers[l].begin() + static_cast<std::ptrdiff_t>(linear.first);
      std::fill_n(first, linear.n_modules, AdapterWidth{lora->rank_of(linear), lora->use_dora});
    }
  }
  const LinearLayer embedding = embedding_layer(config), head = head_layer(config);
  const auto* of_embedding = lora->tokens_of(embedding.path);
  const auto* of_head = lora->tokens_of(head.path);
  if (of_embedding != nullptr) {
    widths.embedding = static_cast<std::int64_t>(of_embedding->size());
    if (config.tie_word_embeddings && of_head == nullptr) of_head = of_embedding;
  } else if (lora->targets(embedding)) {
    widths.embedding = lora->rank_of(embedding);
  }
  if (of_head != nullptr) {
    widths.head.rank = static_cast<std::int64_t>(of_head->size());
  } else if (lora->targets(head)) {
    widths.head = {lora->rank_of(head), lora->use_dora};
  }
  return widths;
}

template <class Take>
void TrainingBuffers::list(const ModelConfig& config, const AdapterWidths& adapter,
                           const TrainingBufferOptions& options, const Take& take) {
  const std::int64_t n = options.max_tokens, c = config.hidden_size;
  const auto n_layers = static_cast<std::size_t>(config.num_hidden_layers);
  layers.resize(options.recompute ? 1 : n_layers);
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const bool own_mlp_input = !config.shared_norm || options.recompute || l + 1 == n_layers;
    take_layer(layers[l], config, options.recompute || adapter.layers.empty() ? largest_of(adapter) : adapter.layers[l],
               n, own_mlp_input, take);
  }
  for (Floats* values : {&output, &output_normed, &grad_stream, &grad_normed}) take(*values, n * c);
  for (Floats* values : {&output_mean, &output_rstd}) take(*values, n);
  take(head_xa, HeadLoss::kChunkRows * adapter.head.rank);
  take(head_unscaled, adapter.head.magnitude ? HeadLoss::kChunkRows * config.vocab_size : 0);
  take(head_norms, adapter.head.magnitude ? config.vocab_size : 0);
  take(embedding_xa, n * adapter.embedding);
  take(selected_attention, n * config.q_size());
  for (Integers* values : {&tokens, &positions, &segment_start, &selected, &selected_targets}) take(*values, n);
  take(sums, 1);
  const std::int64_t q = n * config.q_size(), kv = n * config.kv_size();
  take_parts(shared,
             {{{&logits, HeadLoss::kChunkRows * config.vocab_size}},
              {{&grad_gated, n * config.intermediate_size}},
              {{&grad_attention, q}, {&grad_q, q}, {&grad_k, kv}, {&grad_v, kv}}},
             take);
}

namespace {

std::int64_t rotated_positions(const ModelConfig& config, const TrainingBufferOptions& options) {
  return std::min(options.max_tokens, config.max_position_embeddings);
}

}  // namespace

TrainingBuffers::Bytes TrainingBuffers::bytes_of(const ModelConfig& config, const AdapterWidths& adapter,
                                                 const TrainingBufferOptions& options, bool offload) {
  offload = offload && options.recompute;
  const std::int64_t layers = config.num_hidden_layers;
  const auto input_bytes = sizeof(float) * static_cast<std::uint64_t>(options.max_tokens * config.hidden_size);
  const auto bytes_of_inputs = [&](std::int64_t inputs) { return static_cast<std::uint64_t>(inputs) * input_bytes; };
  Bytes bytes{.device = bytes_of_inputs(CheckpointedInputs::on_device(layers, offload)),
              .host = bytes_of_inputs(CheckpointedInputs::on_host(layers, offload))};
  bytes.device += RotaryTables::bytes_of(config, rotated_positions(config, options));
  TrainingBuffers nothing;
  nothing.list(config, adapter, options, [&](auto& buffer, std::int64_t elements) {
    bytes.device += sizeof(*buffer.data()) * static_cast<std::uint64_t>(elements);
  });
  return bytes;
}

TrainingBuffers::TrainingBuffers(const std::shared_ptr<DeviceAllocator>& allocator, const ModelConfig& config,
                                 const AdapterWidths& adapter, const TrainingBufferOptions& options)
    : inputs(allocator, static_cast<std::size_t>(config.num_hidden_layers),
             static_cast<std::size_t>(options.max_tokens * config.hidden_size), options.recompute),
      rotary(allocator, config, rotated_positions(config, options)),
      shared_norm_(config.shared_norm) {
  list(config, adapter, options, [&](auto& buffer, std::int64_t elements) {
    buffer = {allocator, static_cast<std::size_t>(elements)};
  });
}

BlockBuffers TrainingBuffers::block(std::size_t l) {
  const Layer& kept = layer(l);
  BlockBuffers at = kept.at;
  at.input = inputs.of(l);
  at.attention = is_last(l) ? selected_attention.data() : kept.attention;
  at.mlp_input = shared_norm_ && !is_last(l) ? at.normed : kept.mlp_normed != nullptr ? kept.mlp_normed : at.middle;
  at.branch = grad_normed.data();
  return at;
}

BlockGradients TrainingBuffers::gradients(bool last_layer) {
  return {.stream = grad_stream.data(),
          .normed = grad_normed.data(),
          .gated = grad_gated,
          .attention = last_layer ? grad_q : grad_attention,
          .q = grad_q,
          .k = grad_k,
          .v = grad_v};
}

}  // namespace matinee
