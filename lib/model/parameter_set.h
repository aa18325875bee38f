#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/device_buffer.h"

namespace matinee {

/// Whether a set has memory for gradients. Without it every Parameter::grad is empty: enough to read values.
enum class Gradients : std::uint8_t { kNone, kAllocated };

/// The description of a trained tensor.
struct ParameterSpec {
  std::string name;  ///< in the file
  std::vector<std::int64_t> shape;
  bool decay = true;        ///< whether weight decay applies: to matrices, not to norms
  double lr_factor = 1;     ///< of the run's learning rate
  std::int64_t layer = -1;  ///< the layer whose backward pass completes the gradient; -1: none
};

/// A trained tensor: its float32 value and the sum of its gradient, parts of the memory of its set.
struct Parameter : ParameterSpec {
  DeviceSpan<float> value;
  DeviceSpan<float> grad;
  std::size_t place = 0;  ///< index of its first element in values() and gradients()
};

/// The elements that a tensor occupies in a ParameterSet: whole blocks of AdamW's 8-bit moments (256 elements, four
/// times the alignment of a GPU). The padding is zero and stays zero.
constexpr std::size_t padded_elements(std::size_t elements) { return (elements + 255) / 256 * 256; }

/// Whether it is a matrix of at least 4,096 elements. Other tensors are too small to be worth 8-bit moments.
bool is_large_matrix(const std::vector<std::int64_t>& shape);

/// The tensors that a run trains: all weights, or the parameters of an adapter. Owns one array of all values and one of
/// all gradients. Tensors that are updated alike are neighbors, so that an update, a norm or an all-reduce takes a few
/// operations instead of one per tensor.
class ParameterSet {
 public:
  /// `allocator` is that of the context that uses the set.
  explicit ParameterSet(std::shared_ptr<DeviceAllocator> allocator = host_allocator())
      : allocator_(std::move(allocator)) {}

  /// Allocates the tensors, all zeros. Call it once; references to parameters and their memory then stay valid, also
  /// when the set is moved.
  void allocate(std::vector<ParameterSpec> specs, Gradients gradients = Gradients::kAllocated);
  /// Null if there is none.
  Parameter* find(std::string_view name);
  /// In the order of the specs.
  std::vector<Parameter>& all() { return parameters_; }
  const std::vector<Parameter>& all() const { return parameters_; }
  /// Indices into all() in the order of memory: large matrices last, then by decay and lr_factor, then by index.
  const std::vector<std::size_t>& by_place() const { return by_place_; }
  /// The number of elements, without padding.
  std::int64_t elements() const;
  /// All tensors, with padding.
  DeviceSpan<float>& values() { return values_; }
  DeviceSpan<float>& gradients() { return gradients_; }
  const DeviceSpan<float>& gradients() const { return gradients_; }
  void zero_grad() { gradients_.zero(); }
  const std::shared_ptr<DeviceAllocator>& allocator() const { return allocator_; }

 private:
  std::shared_ptr<DeviceAllocator> allocator_;
  DeviceBuffer<float> values_, gradients_;
  std::vector<Parameter> parameters_;
  std::vector<std::size_t> by_place_;
};

}  // namespace matinee
