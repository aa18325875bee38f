#include "lib/train/training_resources.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/memory_budget.h"
#include "lib/train/training_speed.h"

namespace matinee {

TrainingResources::TrainingResources(int threads, Device device, std::uint64_t max_host_mem)
    : max_host_mem_(max_host_mem), pool_(threads), context_(pool_, device) {}

std::string TrainingResources::key_of(const TrainingRunOptions& options) const {
  return fmt::format("{} {}{}", options.base, name_of(options.base_format.format(context_)),
                     options.recompute ? " table aside" : "");
}

void TrainingResources::make_room(const MemoryPlan& plan, const TrainingRunOptions& options) {
  const std::string wanted = options.full ? "" : key_of(options);
  std::uint64_t others = 0;
  for (const auto& [key, base] : bases_) others += key == wanted ? 0 : base.weights->bytes();
  const std::uint64_t limit = max_host_mem_ > 0 ? std::min(max_host_mem_, physical_memory()) : physical_memory();
  if (others > 0 && (!context_.allocator()->is_host() || plan.host_bytes() + others > limit))
    std::erase_if(bases_, [&](const auto& entry) { return entry.first != wanted; });
  require_memory("training (" + plan.describe() + ")", plan.host_bytes(), max_host_mem_);
}

const SharedBase& TrainingResources::base(const TrainingRunOptions& options, const ModelConfig& config,
                                          const BeginProgress& progress) {
  const auto [entry, is_new] = bases_.try_emplace(key_of(options));
  if (!is_new) return entry->second;
  try {
    entry->second.weights = std::make_unique<FrozenWeights>(options.base, config, options.base_format.format(context_),
                                                            FrozenWeightsOptions{.max_host_mem = max_host_mem_,
                                                                                 .context = &context_,
                                                                                 .hashes = &entry->second.hashes,
                                                                                 .table_aside = options.recompute,
                                                                                 .progress = progress});
  } catch (...) {
    bases_.erase(entry);
    throw;
  }
  ++bases_loaded_;
  return entry->second;
}

double TrainingResources::matmul_peak(MatmulPrecision precision) {
  const auto [entry, is_new] = peaks_.try_emplace(precision);
  if (is_new) entry->second = measure_matmul_peak(context_, precision);
  return entry->second;
}

}  // namespace matinee
