#include "lib/train/train_state.h"

#include <cmath>

#include "kernels/adamw/adamw.h"
#include "kernels/context.h"

namespace matinee {

TrainState::TrainState(ParameterSet& trained) : parameters(trained) {
  for (const Parameter& parameter : trained.all()) {
    m.emplace_back(parameter.value.size());
    v.emplace_back(parameter.value.size());
  }
}

double TrainState::gradient_norm(Context& context) const {
  double sum = 0;
  for (const Parameter& parameter : parameters.all()) {
    squared_sum(context,
                {.n = static_cast<std::int64_t>(parameter.grad.size()), .x = parameter.grad.data(), .sum = &sum});
  }
  return std::sqrt(sum);
}

void TrainState::update(Context& context, const AdamWOptions& options, double learning_rate, std::int64_t step,
                        float grad_scale) {
  std::size_t i = 0;
  for (Parameter& parameter : parameters.all()) {
    adamw_update(context, {.n = static_cast<std::int64_t>(parameter.value.size()),
                           .param = parameter.value.data(),
                           .grad = parameter.grad.data(),
                           .m = m[i].data(),
                           .v = v[i].data(),
                           .learning_rate = learning_rate * parameter.lr_factor,
                           .beta1 = options.beta1,
                           .beta2 = options.beta2,
                           .eps = options.eps,
                           .weight_decay = parameter.decay ? options.weight_decay : 0,
                           .step = step,
                           .grad_scale = grad_scale});
    ++i;
  }
}

void TrainState::keep_best() {
  best.clear();
  for (const Parameter& parameter : parameters.all()) best.push_back(parameter.value);
}

void TrainState::restore_best() {
  if (best.empty()) return;
  std::size_t i = 0;
  for (Parameter& parameter : parameters.all()) parameter.value = best[i++];
}

}  // namespace matinee
