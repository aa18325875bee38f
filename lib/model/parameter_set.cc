#include "lib/model/parameter_set.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "lib/base/error.h"

namespace matinee {
namespace {

std::size_t elements_of(const std::vector<std::int64_t>& shape) {
  std::size_t elements = 1;
  for (const std::int64_t extent : shape) elements *= static_cast<std::size_t>(extent);
  return elements;
}

}  // namespace

bool is_large_matrix(const std::vector<std::int64_t>& shape) { return shape.size() > 1 && elements_of(shape) >= 4096; }

void ParameterSet::allocate(std::vector<ParameterSpec> specs, Gradients gradients) {
  if (!parameters_.empty()) contract_violation("ParameterSet::allocate", "a set is made once");
  by_place_.resize(specs.size());
  std::iota(by_place_.begin(), by_place_.end(), std::size_t{0});
  std::stable_sort(by_place_.begin(), by_place_.end(), [&](std::size_t a, std::size_t b) {
    const auto key = [&](const ParameterSpec& spec) {
      return std::tuple(is_large_matrix(spec.shape), spec.decay, spec.lr_factor);
    };
    return key(specs[a]) < key(specs[b]);
  });
  std::size_t end = 0;
  std::vector<std::size_t> places(specs.size());
  for (const std::size_t i : by_place_) {
    places[i] = end;
    end += padded_elements(elements_of(specs[i].shape));
  }
  values_ = {allocator_, end};
  if (gradients == Gradients::kAllocated) gradients_ = {allocator_, end};
  parameters_.reserve(specs.size());
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const std::size_t elements = elements_of(specs[i].shape);
    parameters_.push_back({std::move(specs[i]), values_.part(places[i], elements),
                           gradients_.empty() ? DeviceSpan<float>() : gradients_.part(places[i], elements), places[i]});
  }
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

}  // namespace matinee
