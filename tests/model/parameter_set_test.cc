#include "lib/model/parameter_set.h"

#include <gtest/gtest.h>

#include <utility>

#include "tests/support/in_place.h"

namespace matinee {
namespace {

ParameterSet of_all_kinds() {
  ParameterSet parameters;
  parameters.allocate({{"a", {4, 1024}, true, 1, 0},
                       {"norm", {5000}, false},
                       {"b", {65, 64}, true, 4, 0},
                       {"small", {3, 5}, true},
                       {"c", {1, 4097}, true, 1, 1}});
  return parameters;
}

TEST(ParameterSet, ParametersUpdatedTogetherAreContiguous) {
  ParameterSet parameters = of_all_kinds();
  std::vector<std::string> names;
  std::size_t end = 0;
  for (const std::size_t i : parameters.by_place()) {
    const Parameter& p = parameters.all()[i];
    names.push_back(p.name);
    EXPECT_EQ(p.place, end) << p.name;
    EXPECT_EQ(p.value.data(), parameters.values().data() + end);
    EXPECT_EQ(p.grad.data(), parameters.gradients().data() + end);
    end += padded_elements(p.value.size());
  }
  EXPECT_EQ(names, (std::vector<std::string>{"norm", "small", "a", "c", "b"}));
  EXPECT_EQ(parameters.values().size(), end);
  EXPECT_EQ(parameters.gradients().size(), end);
  EXPECT_EQ(parameters.elements(), 4096 + 5000 + 4160 + 15 + 4097);
  EXPECT_EQ(parameters.find("b")->shape, (std::vector<std::int64_t>{65, 64}));
  EXPECT_EQ(parameters.all()[2].name, "b") << "in the order given";
  EXPECT_EQ(parameters.find("none"), nullptr);
}

TEST(ParameterSet, StartsAtZeroAndClearsGradients) {
  ParameterSet parameters = of_all_kinds();
  for (const float value : parameters.values().values()) ASSERT_EQ(value, 0);
  for (Parameter& p : parameters.all()) {
    for (float& grad : in_place(p.grad)) grad = 1;
  }
  parameters.zero_grad();
  for (const float grad : parameters.gradients().values()) ASSERT_EQ(grad, 0);
}

TEST(ParameterSet, PointersStayValidWhenItMoves) {
  ParameterSet parameters = of_all_kinds();
  const Parameter* b = parameters.find("b");
  in_place(parameters.all()[2].value)[7] = 3;
  const ParameterSet moved = std::move(parameters);
  EXPECT_EQ(b->value.values()[7], 3);
  EXPECT_EQ(&moved.all()[2], b);
}

}  // namespace
}  // namespace matinee
