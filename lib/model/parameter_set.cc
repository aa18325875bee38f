#include "lib/model/parameter_set.h"

#include <algorithm>
#include <utility>

namespace matinee {

Parameter& ParameterSet::add(std::string name, std::vector<std::int64_t> shape, bool decay) {
  std::int64_t elements = 1;
  for (const std::int64_t extent : shape) elements *= extent;
  Parameter& parameter = parameters_.emplace_back();
  parameter.name = std::move(name);
  parameter.shape = std::move(shape);
  parameter.value = {memory_, static_cast<std::size_t>(elements)};
  parameter.grad = {memory_, static_cast<std::size_t>(elements)};
  parameter.decay = decay;
  return parameter;
}

Parameter* ParameterSet::find(std::string_view name) {
  const auto found =
      std::find_if(parameters_.begin(), parameters_.end(), [&](const Parameter& p) { return p.name == name; });
  return found == parameters_.end() ? nullptr : &*found;
}

std::int64_t ParameterSet::elements() const {
  std::int64_t sum = 0;
  for (const Parameter& parameter : parameters_) sum += static_cast<std::int64_t>(parameter.value.size());
  return sum;
}

void ParameterSet::zero_grad() {
  for (Parameter& parameter : parameters_) parameter.grad.zero();
}

}  // namespace matinee
