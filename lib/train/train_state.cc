#include "lib/train/train_state.h"

#include <cmath>

#include "kernels/adamw/adamw.h"
#include "kernels/adamw8/adamw8.h"
#include "kernels/context.h"

namespace matinee {

bool has_narrow_moments(const Parameter& parameter) {
  return parameter.shape.size() > 1 && parameter.value.size() >= 4096;
}

std::uint64_t moment_bytes(const std::vector<std::int64_t>& shape, bool narrow) {
  std::uint64_t elements = 1;
  for (const std::int64_t extent : shape) elements *= static_cast<std::uint64_t>(extent);
  if (!narrow || shape.size() < 2 || elements < 4096) return 8 * elements;
  return 2 * (elements + 4 * ((elements + kAdamW8Block - 1) / kAdamW8Block));
}

TrainState::TrainState(ParameterSet& trained, bool narrow_moments) : parameters(trained) {
  for (const Parameter& parameter : trained.all()) {
    const std::size_t n = parameter.value.size();
    const bool wide = !narrow_moments || !has_narrow_moments(parameter);
    for (auto* moment : {&m, &v}) moment->emplace_back(trained.memory(), wide ? n : 0);
    NarrowMoments& bytes = narrow.emplace_back();
    if (wide) continue;
    for (auto* codes : {&bytes.m_codes, &bytes.r_codes}) *codes = {trained.memory(), n};
    fill_values(bytes.m_codes, [] { return kAdamW8ZeroM; });
    fill_values(bytes.r_codes, [] { return kAdamW8ZeroR; });
    for (auto* scales : {&bytes.m_scales, &bytes.r_scales})
      *scales = {trained.memory(), (n + kAdamW8Block - 1) / kAdamW8Block};
  }
}

double TrainState::gradient_norm(Context& context) const {
  const ScratchScope scope(context.scratch());
  auto* sum = context.scratch().take_array<double>(1);
  context.memory()->zero(sum, sizeof *sum);
  for (const Parameter& parameter : parameters.all()) {
    squared_sum(context,
                {.n = static_cast<std::int64_t>(parameter.grad.size()), .x = parameter.grad.data(), .sum = sum});
  }
  double result = 0;
  context.memory()->download(&result, sum, sizeof result);
  return std::sqrt(result);
}

void TrainState::update(Context& context, const AdamWOptions& options, double learning_rate, std::int64_t step,
                        float grad_scale) {
  std::size_t i = 0;
  for (Parameter& parameter : parameters.all()) {
    if (NarrowMoments& bytes = narrow[i]; !bytes.m_codes.empty()) {
      ++i;
      adamw8_update(context, {.n = static_cast<std::int64_t>(parameter.value.size()),
                              .param = parameter.value.data(),
                              .grad = parameter.grad.data(),
                              .m_codes = bytes.m_codes.data(),
                              .m_scales = bytes.m_scales.data(),
                              .r_codes = bytes.r_codes.data(),
                              .r_scales = bytes.r_scales.data(),
                              .learning_rate = learning_rate * parameter.lr_factor,
                              .beta1 = options.beta1,
                              .beta2 = options.beta2,
                              .eps = options.eps,
                              .weight_decay = parameter.decay ? options.weight_decay : 0,
                              .step = step,
                              .grad_scale = grad_scale});
      continue;
    }
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

void TrainState::allocate_best() {
  if (!best.empty()) return;
  for (const Parameter& parameter : parameters.all()) best.emplace_back(parameters.memory(), parameter.value.size());
}

void TrainState::keep_best() {
  allocate_best();
  std::size_t i = 0;
  for (const Parameter& parameter : parameters.all()) best[i++].copy_from(parameter.value);
}

void TrainState::restore_best() {
  if (best.empty()) return;
  std::size_t i = 0;
  for (Parameter& parameter : parameters.all()) parameter.value.copy_from(best[i++]);
}

}  // namespace matinee
