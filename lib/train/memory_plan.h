#pragma once

#include <cstdint>
#include <string>

namespace matinee {

/// Bytes that training will need, by purpose; known before anything large is allocated.
struct MemoryPlan {
  std::uint64_t weights = 0;          ///< of the base, as it is held
  std::uint64_t trained = 0;          ///< float32 parameters that are trained, where they are not the weights
  std::uint64_t gradients = 0;        ///< float32
  std::uint64_t moments = 0;          ///< two float32 per trained parameter
  std::uint64_t best_parameters = 0;  ///< the copy with the lowest validation loss
  std::uint64_t activations = 0;      ///< of one micro-batch
  std::uint64_t tokens = 0;           ///< of the data sets, and the rows of an epoch

  std::uint64_t total() const;
  /// "1.2 GiB: weights 600.0 MiB, ..."
  std::string describe() const;
};

}  // namespace matinee
