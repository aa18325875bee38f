#include "lib/model/lora_merge.h"

#include <algorithm>
#include <cmath>

#include "kernels/ops.h"

namespace matinee {
namespace {

// Scales each row to the norm that the adapter has learned for it.
void scale_rows(std::span<float> rows, std::size_t width, const float* norms) {
  for (; !rows.empty(); rows = rows.subspan(width)) {
    double squares = 0;
    for (const float value : rows.first(width)) squares += static_cast<double>(value) * value;
    const float norm = *norms++;
    if (squares == 0) continue;
    const auto factor = static_cast<float>(norm / std::sqrt(squares));
    for (float& value : rows.first(width)) value *= factor;
  }
}

}  // namespace

void LoraMerge::add(const LoraTensor& tensor, Values value, const LoraConfig& config, Target& target) const {
  switch (tensor.kind) {
    case LoraTensor::Kind::kEmbeddingA:
    case LoraTensor::Kind::kA:
      target.lora_A = value;
      target.rank = config.rank_of(tensor.linear);
      target.scaling = config.scaling_of(tensor.linear);
      target.embedding = tensor.kind == LoraTensor::Kind::kEmbeddingA;
      break;
    case LoraTensor::Kind::kEmbeddingB:
    case LoraTensor::Kind::kB: target.lora_B = value; break;
    case LoraTensor::Kind::kMagnitude: target.magnitude = value; break;
    case LoraTensor::Kind::kBias:
    case LoraTensor::Kind::kWhole:
    case LoraTensor::Kind::kReplaced: target.whole = value; break;
    case LoraTensor::Kind::kTokens:
      target.tokens = value;
      target.token_ids = *config.tokens_of(tensor.base_name.substr(0, tensor.base_name.rfind('.')));
      break;
  }
}

LoraMerge::LoraMerge(Context& context, const ModelConfig& config, const LoraAdapter& adapter, MergeScope scope)
    : context_(context) {
  const std::string embedding = embed_tokens_path(config) + ".weight", head = lm_head_path(config) + ".weight";
  std::size_t index = 0;
  for (const LoraTensor& tensor : lora_tensors(config, adapter.config())) {
    Values value = &adapter.parameters().all().at(index++).value;
    const std::string& name = tensor.base_name.empty() ? tensor.linear.path + ".weight" : tensor.base_name;
    if (scope == MergeScope::kTables && name != embedding && name != head) continue;
    add(tensor, value, adapter.config(), targets_[name]);
  }
  if (!config.tie_word_embeddings) return;
  const auto of_embedding = targets_.find(embedding);
  const bool tokens = of_embedding != targets_.end() && of_embedding->second.tokens != nullptr;
  const bool only_tokens = tokens && of_embedding->second.whole == nullptr && of_embedding->second.lora_A == nullptr;
  unties_ = changes(head) || (changes(embedding) && !only_tokens);
  if (!unties_ || !tokens) return;
  // Trained rows of a tied embedding are those of the head, too.
  Target& of_head = targets_[head];
  if (of_head.tokens != nullptr) return;
  of_head.tokens = of_embedding->second.tokens;
  of_head.token_ids = of_embedding->second.token_ids;
}

// values += scaling·B·A for the rows from first_row on.
void LoraMerge::add_product(const Target& target, std::size_t first_row, std::size_t width,
                            std::span<float> values) const {
  const std::size_t n_rows = values.size() / width, rank = static_cast<std::size_t>(target.rank);
  std::vector<float> scaled(n_rows * rank);
  (target.embedding ? target.lora_A : target.lora_B)->download(scaled, first_row * rank);
  for (float& value : scaled) value *= target.scaling;
  const ScratchScope scope(context_.scratch());
  DeviceAllocator& allocator = *context_.allocator();
  auto* factor = context_.scratch().take_array<float>(scaled.size());
  allocator.upload(factor, scaled.data(), scaled.size() * sizeof(float));
  // On the host the rows are updated in place.
  float* rows = values.data();
  if (!allocator.is_host()) {
    rows = context_.scratch().take_array<float>(values.size());
    allocator.upload(rows, values.data(), values.size_bytes());
  }
  const auto n = static_cast<std::int64_t>(n_rows), out = static_cast<std::int64_t>(width);
  if (target.embedding) {
    // rows += (scaling·Aᵀ)·Bᵀ, B [width, rank].
    matmul_forward(context_, {.n_rows = n,
                              .in = target.rank,
                              .out = out,
                              .x = factor,
                              .weight = {target.lora_B->data(), WeightFormat::kF32},
                              .y = rows,
                              .accumulate = true,
                              .precision = MatmulPrecision::kF32});
  } else {
    // rows += (scaling·B)·A, which has the form of a gradient times a weight.
    matmul_backward_input(context_, {.n_rows = n,
                                     .in = out,
                                     .out = target.rank,
                                     .grad_y = factor,
                                     .weight = {target.lora_A->data(), WeightFormat::kF32},
                                     .grad_x = rows,
                                     .accumulate = true,
                                     .precision = MatmulPrecision::kF32});
  }
  if (!allocator.is_host()) allocator.download(values.data(), rows, values.size_bytes());
}

void LoraMerge::apply(const WeightSpec& spec, std::size_t first, std::span<float> values) const {
  const auto found = targets_.find(spec.name);
  if (found == targets_.end()) return;
  const Target& target = found->second;
  const auto width = spec.shape.size() > 1 ? static_cast<std::size_t>(spec.shape.back()) : 1;
  const std::size_t row = first / width, n_rows = values.size() / width;
  if (target.whole != nullptr) target.whole->download(values, first);
  if (target.lora_A != nullptr) add_product(target, row, width, values);
  if (target.magnitude != nullptr) {
    std::vector<float> norms(n_rows);
    target.magnitude->download(norms, row);
    scale_rows(values, width, norms.data());
  }
  for (std::size_t t = 0; t < target.token_ids.size(); ++t) {
    const auto id = static_cast<std::size_t>(target.token_ids[t]);
    if (id < row || id >= row + n_rows) continue;
    target.tokens->download(values.subspan((id - row) * width, width), t * width);
  }
}

}  // namespace matinee
