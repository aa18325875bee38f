#include "lib/model/loaded_model.h"

#include <algorithm>
#include <utility>

#include "lib/base/memory_budget.h"
#include "lib/model/lora_merge.h"

namespace matinee {
namespace {

std::uint64_t bytes_of(const std::optional<LoraAdapter>& adapter) {
  return adapter ? sizeof(float) * static_cast<std::uint64_t>(adapter->parameters().elements()) : 0;
}

}  // namespace

LoadedModel::LoadedModel(Context& context, ModelConfig config, const LoadedModelOptions& options)
    : config_(std::move(config)),
      format_(options.base_format.format(context)),
      precision_(options.base_format.matmul_precision(context)),
      max_tokens_(std::min(options.max_tokens, config_.max_position_embeddings)) {
  config_.longest_text = max_tokens_;
  if (!options.adapter.empty()) {
    adapter_.emplace(config_, options.adapter, context.allocator());
    note_ = adapter_->note();
  }
  // A device reports its own shortage of memory.
  if (context.allocator()->is_host()) {
    require_memory("decoding with " + options.base,
                   FrozenWeights::bytes_of(config_, format_) + bytes_of(adapter_) +
                       static_cast<std::uint64_t>(options.sessions) * DecoderSession::bytes_of(config_, max_tokens_) +
                       (options.slots == 0 ? 0 : DecoderBatch::bytes_of(config_, options.slots, max_tokens_)) +
                       kProgramMemory,
                   options.max_host_mem);
  }
  std::optional<LoraMerge> merge;
  const bool quantized = options.base_format.is_quantized();
  if (adapter_) merge.emplace(context, config_, *adapter_, quantized ? MergeScope::kTables : MergeScope::kAll);
  frozen_.emplace(options.base, config_, format_,
                  FrozenWeightsOptions{.max_host_mem = options.max_host_mem,
                                       .context = &context,
                                       .merge = merge ? &*merge : nullptr,
                                       .progress = options.progress});
  weights_ = frozen_->refs();
  if (adapter_ && quantized) {
    lora_ = adapter_->factors();
    adapter_->attach_biases_to(weights_);
  } else {
    adapter_.reset();
  }
}

std::uint64_t LoadedModel::bytes() const { return frozen_->bytes() + bytes_of(adapter_); }

DecoderSession LoadedModel::session(Context& context) const {
  return {context, config_, weights_, max_tokens_, precision_, lora_ ? &*lora_ : nullptr};
}

DecoderBatch LoadedModel::batch(Context& context, int slots) const {
  return {context, config_, weights_, slots, max_tokens_, precision_, lora_ ? &*lora_ : nullptr};
}

}  // namespace matinee
