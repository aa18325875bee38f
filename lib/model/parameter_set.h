#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// One trained tensor: float32 master value and the sum of its gradient.
struct Parameter {
  std::string name;  ///< as in the file it is written to
  std::vector<std::int64_t> shape;
  std::vector<float> value;
  std::vector<float> grad;
  bool decay = true;     ///< weight decay applies: matrices yes, norms no
  double lr_factor = 1;  ///< of the run's learning rate
};

/// What a run trains: all weights, or the LoRA factors. References stay valid while parameters are added.
class ParameterSet {
 public:
  Parameter& add(std::string name, std::vector<std::int64_t> shape, bool decay);
  Parameter* find(std::string_view name);
  std::deque<Parameter>& all() { return parameters_; }
  const std::deque<Parameter>& all() const { return parameters_; }
  std::int64_t elements() const;
  void zero_grad();

 private:
  std::deque<Parameter> parameters_;
};

}  // namespace matinee
