#pragma once

#include <cstdint>
#include <vector>

#include "kernels/device_buffer.h"
#include "lib/model/parameter_set.h"

namespace matinee {

class Context;

/// AdamW's options that a run does not change.
struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
};

/// Both moments of one parameter in a byte an element (kernels/adamw8).
struct Moments8 {
  DeviceSpan<std::uint8_t> m_codes, r_codes;
  DeviceSpan<float> m_scales, r_scales;
};

/// Bytes of both moments of a tensor of this shape. Narrow ones are those of large matrices, as in bitsandbytes; of
/// other tensors there are few, and norms and biases react to rounding.
std::uint64_t moment_bytes(const std::vector<std::int64_t>& shape, bool narrow);

/// The parameters of a run with AdamW's moments, and the copy that had the lowest validation loss. What a checkpoint
/// holds. `parameters` must outlive it; everything lies in their memory, laid out as they are, so that parameters which
/// are updated alike and lie side by side are updated as one.
class TrainState {
 public:
  explicit TrainState(ParameterSet& trained, bool moments_8bit = false);

  ParameterSet& parameters;
  // In the order of parameters.all().
  std::vector<DeviceSpan<float>> m, v;  ///< float32, as large as the parameter; empty where narrow
  std::vector<Moments8> narrow;         ///< empty where m and v are not
  std::vector<DeviceSpan<float>> best;  ///< empty before the first validation

  /// The root of the sum of squares of all gradients, float64.
  double gradient_norm(Context& context) const;
  /// One update of every parameter with grad_scale·grad; `step` is 1 at the first. Weight decay where
  /// Parameter::decay.
  void update(Context& context, const AdamWOptions& options, double learning_rate, std::int64_t step, float grad_scale);
  /// Room for the best parameters, where there is none yet.
  void allocate_best();
  /// Remembers the parameters as the best, or puts the best back (nothing happens where there are none).
  void keep_best();
  void restore_best();

 private:
  std::size_t first_8bit_ = 0;  // place from which on moments are narrow
  DeviceBuffer<float> m_, v_, m_scales_, r_scales_, best_;
  DeviceBuffer<std::uint8_t> m_codes_, r_codes_;
};

}  // namespace matinee
