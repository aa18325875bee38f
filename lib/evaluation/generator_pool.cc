#include "lib/evaluation/generator_pool.h"

#include <optional>

namespace matinee {

struct GeneratorPool::Worker {
  // On the CPU with one thread and scratch memory of its own.
  Worker(const LanguageModel& model, const LanguageModelOptions& options)
      : pool(std::in_place, 1), own(std::in_place, *pool), generator(*own, model, options.sampler, options.seed) {}
  Worker(Context& shared, const LanguageModel& model, const LanguageModelOptions& options)
      : generator(shared, model, options.sampler, options.seed) {}

  std::optional<ThreadPool> pool;
  std::optional<Context> own;
  TextGenerator generator;
};

GeneratorPool::GeneratorPool(const LanguageModelOptions& options, int threads, Device device)
    : threads_(device.kind == DeviceKind::kCpu ? threads : 1),
      context_(threads_, device),
      model_(context_, options, threads_.threads()) {
  for (int i = 0; i < threads_.threads(); ++i) {
    workers_.push_back(device.kind == DeviceKind::kCpu ? std::make_unique<Worker>(model_, options)
                                                       : std::make_unique<Worker>(context_, model_, options));
  }
}

GeneratorPool::~GeneratorPool() = default;

std::int64_t GeneratorPool::replied_tokens() const {
  std::int64_t tokens = 0;
  for (const auto& worker : workers_) tokens += worker->generator.replied_tokens();
  return tokens;
}

TextGenerator& GeneratorPool::generator(int worker) { return workers_[static_cast<std::size_t>(worker)]->generator; }

}  // namespace matinee
