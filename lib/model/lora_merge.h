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

/// Applies an adapter to the tensors of its base, some rows at a time: W + scaling·B·A, with DoRA each row scaled to
/// its learned norm; biases and whole layers replace the base's.
class LoraMerge {
 public:
  /// All must outlive this. The adapter must be in the context's memory.
  LoraMerge(Context& context, const ModelConfig& config, const LoraAdapter& adapter);

  /// Whether merging changes the tensor of this name.
  bool changes(const std::string& tensor) const { return targets_.contains(tensor); }
  /// Replaces `values`, whole rows of the tensor from element `first` on in the decoder's layout, by those of the
  /// merged model. Does nothing if the tensor does not change.
  void apply(const WeightSpec& spec, std::size_t first, std::span<float> values) const;
  /// The number of elements of the adapter's tensor that replaces this one; 0: none does.
  std::size_t whole_size(const std::string& tensor) const;
  /// Calls visit(first, values) for these elements in order and in pieces.
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
