#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "kernels/context.h"
#include "lib/model/lora_adapter.h"
#include "lib/model/model_config.h"
#include "lib/model/tensor_names.h"

namespace matinee {

/// The tensors that a merge changes.
enum class MergeScope : std::uint8_t {
  kAll,
  kTables,  ///< the embedding and the head, which are not quantized with the rest of the base
};

/// Applies an adapter to the tensors of its base, some rows at a time: W + scaling·B·A, with DoRA each row scaled to
/// its learned norm; biases, whole layers and the rows of trained tokens replace the base's.
class LoraMerge {
 public:
  /// All must outlive this. The adapter must be in the context's memory.
  LoraMerge(Context& context, const ModelConfig& config, const LoraAdapter& adapter,
            MergeScope scope = MergeScope::kAll);

  /// Whether merging changes the tensor of this name.
  bool changes(const std::string& tensor) const { return targets_.contains(tensor); }
  /// Whether the embedding and the head, which the base ties, are different afterwards.
  bool unties() const { return unties_; }
  /// Replaces `values`, whole rows of the tensor from element `first` on in the decoder's layout, by those of the
  /// merged model. Does nothing if the tensor does not change.
  void apply(const WeightSpec& spec, std::size_t first, std::span<float> values) const;

 private:
  using Values = const DeviceSpan<float>*;
  struct Target {
    Values lora_A = nullptr, lora_B = nullptr, magnitude = nullptr, whole = nullptr, tokens = nullptr;
    std::vector<std::int32_t> token_ids;
    std::int64_t rank = 0;
    float scaling = 1;
    bool embedding = false;  // lora_A is [rows, rank], lora_B [width, rank]
  };

  void add(const LoraTensor& tensor, Values value, const LoraConfig& config, Target& target) const;
  void add_product(const Target& target, std::size_t first_row, std::size_t width, std::span<float> values) const;

  Context& context_;
  std::map<std::string, Target> targets_;  // by the tensor's name
  bool unties_ = false;
};

}  // namespace matinee
