#pragma once

#include <cstdint>
#include <vector>

#include "kernels/device_buffer.h"
#include "lib/model/parameter_set.h"

namespace matinee {

class Context;

/// AdamW's options; constant during a run.
struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
};

/// Both moments of one parameter, one byte per element (kernels/adamw8).
struct Moments8 {
  DeviceSpan<std::uint8_t> m_codes, r_codes;
  DeviceSpan<float> m_scales, r_scales;
};

/// Bytes of both moments of a tensor of this shape. With `use_8bit` large matrices have 8-bit moments, as in
/// bitsandbytes; other tensors are small, and norms and biases are sensitive to rounding.
std::uint64_t moment_bytes(const std::vector<std::int64_t>& shape, bool use_8bit);

/// The parameters of a run with AdamW's moments, and a copy of the parameters with the lowest validation loss: the
/// contents of a checkpoint. Moments and copy are in the same device memory and the same order as the parameters, so
/// neighboring parameters with equal options are updated by one operation. `trained` must outlive this.
class TrainState {
 public:
  explicit TrainState(ParameterSet& trained, bool moments_8bit = false);

  ParameterSet& parameters;
  // In the order of parameters.all().
  std::vector<DeviceSpan<float>> m, v;  ///< float32, shaped like the parameter; empty where it has 8-bit moments
  std::vector<Moments8> moments8;       ///< empty where m and v are used
  std::vector<DeviceSpan<float>> best;  ///< empty before the first validation

  /// The global gradient norm, sqrt(Σ g²), in float64.
  double gradient_norm(Context& context) const;
  /// One AdamW update of every parameter with grad_scale·grad; the first `step` is 1. Weight decay applies where
  /// Parameter::decay is true.
  void update(Context& context, const AdamWOptions& options, double learning_rate, std::int64_t step, float grad_scale);
  /// Allocates the copy of the best parameters, once.
  void allocate_best();
  /// Copies the parameters to the best ones, or back; restore_best() does nothing where there are none.
  void keep_best();
  void restore_best();

 private:
  std::size_t first_8bit_ = 0;  // parameters from this place on have 8-bit moments
  DeviceBuffer<float> m_, v_, m_scales_, r_scales_, best_;
  DeviceBuffer<std::uint8_t> m_codes_, r_codes_;
};

}  // namespace matinee
