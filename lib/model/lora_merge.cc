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

LoraMerge::LoraMerge(Context& context, const ModelConfig& config, const LoraAdapter& adapter) : context_(context) {
  std::size_t index = 0;
  for (const LoraTensor& tensor : lora_tensors(config, adapter.config())) {
    const DeviceSpan<float>* value = &adapter.parameters().all().at(index++).value;
    const bool replaces = tensor.kind == LoraTensor::Kind::kBias || tensor.kind == LoraTensor::Kind::kWhole;
    Target& target = targets_[replaces ? tensor.base_name : tensor.linear.path + ".weight"];
    switch (tensor.kind) {
      case LoraTensor::Kind::kA:
        target.lora_A = value;
        target.rank = tensor.shape[0];
        target.scaling = adapter.config().scaling_of(tensor.linear);
        break;
      case LoraTensor::Kind::kB: target.lora_B = value; break;
      case LoraTensor::Kind::kMagnitude: target.magnitude = value; break;
      case LoraTensor::Kind::kBias:
      case LoraTensor::Kind::kWhole: target.whole = value; break;
    }
  }
}

std::size_t LoraMerge::whole_size(const std::string& tensor) const {
  const auto found = targets_.find(tensor);
  return found == targets_.end() || found->second.whole == nullptr ? 0 : found->second.whole->size();
}

void LoraMerge::visit_whole(const std::string& tensor,
                            const std::function<void(std::size_t, std::span<const float>)>& visit) const {
  if (whole_size(tensor) > 0) visit_values(*targets_.at(tensor).whole, visit);
}

void LoraMerge::apply(const WeightSpec& spec, std::size_t first, std::span<float> values) const {
  const auto found = targets_.find(spec.name);
  if (found == targets_.end()) return;
  const Target& target = found->second;
  if (target.whole != nullptr) return target.whole->download(values, first);
  const auto width = static_cast<std::size_t>(spec.shape.back());
  const std::size_t row = first / width, n_rows = values.size() / width, rank = static_cast<std::size_t>(target.rank);
  std::vector<float> scaled(n_rows * rank);
  target.lora_B->download(scaled, row * rank);
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
  // rows += (scaling·B)·A, which has the form of a gradient times a weight.
  matmul_backward_input(context_, {.n_rows = static_cast<std::int64_t>(n_rows),
                                   .in = spec.shape.back(),
                                   .out = target.rank,
                                   .grad_y = factor,
                                   .weight = {target.lora_A->data(), WeightFormat::kF32},
                                   .grad_x = rows,
                                   .accumulate = true,
                                   .precision = MatmulPrecision::kF32});
  if (!allocator.is_host()) allocator.download(values.data(), rows, values.size_bytes());
  if (target.magnitude == nullptr) return;
  std::vector<float> norms(n_rows);
  target.magnitude->download(norms, row);
  scale_rows(values, width, norms.data());
}

}  // namespace matinee
