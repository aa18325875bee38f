#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/device_buffer.h"

namespace matinee {

/// One trained tensor: float32 master value and the sum of its gradient.
struct Parameter {
  std::string name;  ///< as in the file it is written to
  std::vector<std::int64_t> shape;
  DeviceBuffer<float> value;
  DeviceBuffer<float> grad;
  bool decay = true;     ///< weight decay applies: matrices yes, norms no
  double lr_factor = 1;  ///< of the run's learning rate
};

/// What a run trains: all weights, or the LoRA factors. References stay valid while parameters are added.
class ParameterSet {
 public:
  /// Values and gradients lie in `memory`: that of the context which uses them.
  explicit ParameterSet(std::shared_ptr<DeviceMemory> memory = host_memory()) : memory_(std::move(memory)) {}

  Parameter& add(std::string name, std::vector<std::int64_t> shape, bool decay);
  Parameter* find(std::string_view name);
  std::deque<Parameter>& all() { return parameters_; }
  const std::deque<Parameter>& all() const { return parameters_; }
  std::int64_t elements() const;
  void zero_grad();
  const std::shared_ptr<DeviceMemory>& memory() const { return memory_; }

 private:
  std::shared_ptr<DeviceMemory> memory_;
  std::deque<Parameter> parameters_;
};

}  // namespace matinee
