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

/// A tensor that is to be trained.
struct ParameterSpec {
  std::string name;  ///< as in the file it is written to
  std::vector<std::int64_t> shape;
  bool decay = true;        ///< weight decay applies: matrices yes, norms no
  double lr_factor = 1;     ///< of the run's learning rate
  std::int64_t layer = -1;  ///< of the decoder, whose backward pass completes its gradient; -1: of none
};

/// A trained tensor: float32 master value and the sum of its gradient, as parts of its set's memory.
struct Parameter : ParameterSpec {
  DeviceSpan<float> value;
  DeviceSpan<float> grad;
  std::size_t place = 0;  ///< element of values() and gradients() where it begins
};

/// Elements that a tensor of so many takes of a ParameterSet's memory: whole blocks of AdamW's 8-bit moments, which are
/// four times what a GPU wants to have aligned. What is beyond the tensor is zero and stays so.
constexpr std::size_t padded_elements(std::size_t elements) { return (elements + 255) / 256 * 256; }

/// Whether it is a matrix of 4,096 elements and more: of others there are few, and an optimizer need not spare them.
bool is_large_matrix(const std::vector<std::int64_t>& shape);

/// What a run trains: all weights, or the LoRA factors. All values lie in one piece of memory and all gradients in
/// another, and tensors that are updated alike lie side by side, so that what is done to each of them (an update, a
/// norm, a sum over processes) is a few operations, not one for each tensor.
class ParameterSet {
 public:
  /// Values and gradients lie in `memory`: that of the context which uses them.
  explicit ParameterSet(std::shared_ptr<DeviceAllocator> allocator = host_allocator())
      : allocator_(std::move(allocator)) {}

  /// Makes the tensors, all zeros. To be called once; what refers to a Parameter then stays valid, also where the set
  /// is moved.
  void allocate(std::vector<ParameterSpec> specs, Gradients gradients = Gradients::kAllocated);
  Parameter* find(std::string_view name);
  /// In the order in which they were given.
  std::vector<Parameter>& all() { return parameters_; }
  const std::vector<Parameter>& all() const { return parameters_; }
  /// Indices into all() in the order of their places: large matrices behind the others, then by decay and lr_factor,
  /// then as they were given.
  const std::vector<std::size_t>& by_place() const { return by_place_; }
  /// Of the tensors, without padding.
  std::int64_t elements() const;
  /// Of all tensors, with padding.
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
