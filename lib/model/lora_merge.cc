#include "lib/model/lora_merge.h"

#include <algorithm>
#include <cmath>

#include "kernels/ops.h"

namespace matinee {
namespace {

// Each row to the length that the adapter has learned for it.
void scale_rows(std::span<float> rows, std::size_t width, const float* lengths) {
  for (; !rows.empty(); rows = rows.subspan(width)) {
    double squares = 0;
    for (const float value : rows.first(width)) squares += static_cast<double>(value) * value;
    const float length = *lengths++;
    if (squares == 0) continue;
    const auto factor = static_cast<float>(length / std::sqrt(squares));
    for (float& value : rows.first(width)) value *= factor;
  }
}

}  // namespace

LoraMerge::LoraMerge(Context& context, const ModelConfig& config, LoraAdapter& adapter) : context_(context) {
  std::size_t index = 0;
  for (const LoraTensor& tensor : lora_tensors(config, adapter.config())) {
    const std::vector<float>& value = adapter.parameters().all().at(index++).value;
    const bool replaces = tensor.kind == LoraTensor::Kind::kBias || tensor.kind == LoraTensor::Kind::kWhole;
    Target& target = targets_[replaces ? tensor.base_name : tensor.linear.path + ".weight"];
    switch (tensor.kind) {
      case LoraTensor::Kind::kA:
        target.lora_A = value.data();
        target.rank = tensor.shape[0];
        target.scaling = adapter.config().scaling_of(tensor.linear);
        break;
      case LoraTensor::Kind::kB:
        target.lora_B = value.data();
        break;
      case LoraTensor::Kind::kMagnitude:
        target.magnitude = value.data();
        break;
      case LoraTensor::Kind::kBias:
      case LoraTensor::Kind::kWhole:
        target.whole = value;
        break;
    }
  }
}

std::span<const float> LoraMerge::whole(const std::string& tensor) const {
  const auto found = targets_.find(tensor);
  return found == targets_.end() ? std::span<const float>() : found->second.whole;
}

void LoraMerge::apply(const WeightSpec& spec, std::size_t first, std::span<float> values) const {
  const auto found = targets_.find(spec.name);
  if (found == targets_.end()) return;
  const Target& target = found->second;
  if (!target.whole.empty()) {
    const auto from = target.whole.subspan(first, values.size());
    std::copy(from.begin(), from.end(), values.begin());
    return;
  }
  const auto width = static_cast<std::size_t>(spec.shape.back());
  const auto row = static_cast<std::int64_t>(first / width), n_rows = static_cast<std::int64_t>(values.size() / width);
  const float* rows = target.lora_B + row * target.rank;
  std::vector<float> scaled(rows, rows + n_rows * target.rank);
  for (float& value : scaled) value *= target.scaling;
  // (scaling·B)·A, the product of a gradient with a weight.
  matmul_backward_input(context_, {.n_rows = n_rows,
                                   .in = spec.shape.back(),
                                   .out = target.rank,
                                   .grad_y = scaled.data(),
                                   .weight = {target.lora_A, DType::kF32},
                                   .grad_x = values.data(),
                                   .accumulate = true,
                                   .product = Product::kF32});
  if (target.magnitude != nullptr) scale_rows(values, width, target.magnitude + row);
}

}  // namespace matinee
