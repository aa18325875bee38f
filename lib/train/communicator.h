#pragma once

#include <memory>
#include <span>
#include <string>

#include "kernels/all_reduce.h"
#include "kernels/context.h"

namespace matinee {

/// The processes that train one model together, each on its share of every update's rows. What they exchange are the
/// gradients of what is trained and a few sums; weights never travel.
class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;  ///< 0 .. size - 1; rank 0 speaks and writes
  virtual int size() const = 0;
  /// 0 .. their number - 1 among the ranks that share this machine, and its devices.
  virtual int rank_on_machine() const { return 0; }
  /// Overwrites `values` by their sums over all ranks, element by element. Every rank calls it with as many values and
  /// gets the same bytes. Throws Error(kResource) where the connection fails.
  virtual void sum(std::span<float> values) = 0;
  virtual void sum(std::span<double> values) = 0;
  /// A way to add up arrays in the memory of the contexts' devices that does not pass through the hosts. Null where
  /// there is none, on every rank alike; `why_not` then says why, or nothing where no rank has such a device. Every
  /// rank calls it; the context must outlive it.
  virtual std::unique_ptr<AllReduce> open_all_reduce(Context& context, std::string& why_not) {
    static_cast<void>(context);
    why_not.clear();
    return nullptr;
  }
  /// Returns once every rank has called it.
  virtual void wait_for_all() = 0;

  /// True where it is true on any rank.
  bool any(bool mine) {
    double count = mine ? 1 : 0;
    sum({&count, 1});
    return count > 0;
  }
};

/// A process that trains alone.
class SingleRank final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void sum(std::span<float>) override {}
  void sum(std::span<double>) override {}
  void wait_for_all() override {}
};

}  // namespace matinee
