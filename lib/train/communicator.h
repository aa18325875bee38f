#pragma once

#include <memory>
#include <span>
#include <string>

#include "kernels/all_reduce.h"
#include "kernels/context.h"

namespace matinee {

/// The processes (ranks) of one data-parallel training. Each computes its share of every update's rows; they exchange
/// gradients and a few sums, never weights. All functions that are not const are collective: every rank calls them in
/// the same order.
class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;  ///< 0 to size() - 1; rank 0 prints and writes files
  virtual int size() const = 0;
  /// Rank among the processes on the same machine, from 0; selects the device.
  virtual int local_rank() const { return 0; }
  /// Overwrites `values` by their sums over all ranks, element by element; every rank gets the same bytes. All ranks
  /// pass the same number of values. Throws Error(kResource) when the connection fails.
  virtual void all_reduce(std::span<float> values) = 0;
  virtual void all_reduce(std::span<double> values) = 0;
  /// An all-reduce directly between the ranks' devices. Null, on every rank, where there is none: `why_not` then has
  /// the reason, or is empty if no rank computes on such a device. The context must outlive the result.
  virtual std::unique_ptr<AllReduce> open_all_reduce(Context& context, std::string& why_not) {
    static_cast<void>(context);
    why_not.clear();
    return nullptr;
  }
  /// Returns once every rank has called it.
  virtual void barrier() = 0;

  /// Whether `mine` is true on any rank.
  bool any(bool mine) {
    double count = mine ? 1 : 0;
    all_reduce({&count, 1});
    return count > 0;
  }
};

/// A process that trains alone.
class SingleRank final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void all_reduce(std::span<float>) override {}
  void all_reduce(std::span<double>) override {}
  void barrier() override {}
};

}  // namespace matinee
