#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "kernels/context.h"
#include "lib/base/parallel.h"
#include "lib/model/checkpoint_hashes.h"
#include "lib/model/frozen_weights.h"
#include "lib/train/memory_plan.h"
#include "lib/train/training_run_options.h"

namespace matinee {

/// A frozen base in memory, and the hashes of its files.
struct SharedBase {
  CheckpointHashes hashes;
  std::unique_ptr<FrozenWeights> weights;
};

/// What the training runs of one process share: threads, the device with its scratch memory, and frozen bases.
class TrainingResources {
 public:
  /// `max_host_mem`: bytes; 0: no limit but the machine's.
  TrainingResources(int threads, Device device, std::uint64_t max_host_mem);

  Context& context() { return context_; }
  /// Throws Error(kResource) unless a run with this plan fits. Bases of other runs are dropped where they would be in
  /// its way; a device with its own memory holds one base at a time.
  void make_room(const MemoryPlan& plan, const TrainingRunOptions& options);
  /// The base of an adapter's run, loaded unless an earlier run with the same base and format has loaded it. Valid
  /// until the next make_room.
  const SharedBase& base(const TrainingRunOptions& options, const ModelConfig& config, const BeginProgress& progress);
  /// measure_matmul_peak, once for each precision.
  double matmul_peak(MatmulPrecision precision);
  std::int64_t bases_loaded() const { return bases_loaded_; }

 private:
  std::string key_of(const TrainingRunOptions& options) const;

  std::uint64_t max_host_mem_;
  ThreadPool pool_;
  Context context_;
  std::map<std::string, SharedBase> bases_;  // by path and format
  std::int64_t bases_loaded_ = 0;
  std::map<MatmulPrecision, double> peaks_;
};

}  // namespace matinee
