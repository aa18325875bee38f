#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "kernels/context.h"
#include "lib/model/lora_adapter.h"
#include "lib/model/model_config.h"
#include "lib/model/tensor_names.h"

namespace matinee {

/// An adapter as what it makes of a base's tensors, some rows at a time: W + scaling·B·A, with DoRA each row scaled to
/// its learned length, biases and whole layers in the place of the base's.
class LoraMerge {
 public:
  /// All must outlive this; the adapter lies in the context's memory.
  LoraMerge(Context& context, const ModelConfig& config, const LoraAdapter& adapter);

  /// Whether the tensor of this name changes.
  bool changes(const std::string& tensor) const { return targets_.contains(tensor); }
  /// Turns `values`, whole rows of the tensor from element `first` on as the decoder holds it and in float32, into the
  /// merged model's. Nothing where it does not change.
  void apply(const WeightSpec& spec, std::size_t first, std::span<float> values) const;
  /// Elements of what takes the whole place of the tensor; 0 where nothing does.
  std::size_t whole_size(const std::string& tensor) const;
  /// Calls visit(first, values) for them in order and in pieces.
  void visit_whole(const std::string& tensor,
                   const std::function<void(std::size_t first, std::span<const float> values)>& visit) const;

 private:
  using Values = const DeviceSpan<float>*;
  struct Target {
    Values lora_A = nullptr, lora_B = nullptr, magnitude = nullptr, whole = nullptr;
    std::int64_t rank = 0;
    float scaling = 1;
  };

  Context& context_;
  std::map<std::string, Target> targets_;  // by the tensor's name
};

}  // namespace matinee
