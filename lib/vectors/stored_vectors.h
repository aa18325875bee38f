#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/context.h"
#include "kernels/cosine_topk/cosine_topk.h"
#include "kernels/device_buffer.h"
#include "lib/vectors/movie_vectors.h"

namespace matinee {

/// A catalog's vectors on a device, as float32 or converted to bfloat16 or int8.
class StoredVectors {
 public:
  /// `view` must outlive this.
  StoredVectors(const MovieVectorView& view, Context& context, DType storage);

  DType storage() const { return storage_; }
  /// Rows and scales of one vector, without queries.
  VectorSet set(int kind) const;
  /// How far a score by the stored rows can be from that by the rows in float32, for a query [kVectorKinds, dim] with
  /// weights included. 0 for kF32.
  float error_bound(std::span<const float> query) const;

 private:
  void store(int kind, std::span<const float> rows, Context& context);

  DType storage_;
  std::int64_t dim_;
  std::array<DeviceView<float>, kVectorKinds> wide_;
  std::array<DeviceBuffer<bf16>, kVectorKinds> narrow_;
  std::array<DeviceBuffer<std::int8_t>, kVectorKinds> codes_;
  std::array<DeviceBuffer<float>, kVectorKinds> scales_;
  std::array<double, kVectorKinds> most_error_{};  // the largest norm of what a row lost
};

}  // namespace matinee
