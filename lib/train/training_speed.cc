#include "lib/train/training_speed.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "kernels/context.h"
#include "kernels/device_buffer.h"
#include "lib/model/model_weights.h"

namespace matinee {

double measure_matmul_peak(Context& context, MatmulPrecision precision) {
  constexpr std::int64_t n = 1024;
  DeviceBuffer<float> x(context.allocator(), n * n), y(context.allocator(), n * n), wide(context.allocator(), n * n);
  DeviceBuffer<bf16> narrow(context.allocator(), n * n);
  fill_values(x, [] { return 0.5f; });
  fill_values(wide, [] { return 0.25f; });
  fill_values(narrow, [] { return to_bf16(0.25f); });
  const WeightView weight = precision == MatmulPrecision::kBF16 ? WeightView{narrow.data(), WeightFormat::kBF16}
                                                                : WeightView{wide.data(), WeightFormat::kF32};
  context.allocator()->synchronize();
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::milliseconds(100);
  double best = 0;
  // The first repeat warms up the threads and does not end the measurement.
  for (int repeat = 0; repeat < 3 || Clock::now() < end; ++repeat) {
    const auto start = Clock::now();
    matmul_forward(
        context,
        {.n_rows = n, .in = n, .out = n, .x = x.data(), .weight = weight, .y = y.data(), .precision = precision});
    context.allocator()->synchronize();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::max(best, 2.0 * n * n * n / seconds);
  }
  return best;
}

double training_operations(const ModelConfig& config, const LoraWeights* lora, const TokenBatch& batch) {
  const auto tokens = static_cast<double>(batch.n_tokens()), supervised = static_cast<double>(batch.n_supervised);
  const auto layers = static_cast<double>(config.num_hidden_layers);
  // Forward, gradient of the input, and gradient of the weight where it is trained.
  const double passes = lora == nullptr ? 3 : 2;
  double operations = 0;
  for (int m = 0; m < kModules; ++m) {
    const auto module = static_cast<Module>(m);
    if (!has_module(config, module)) continue;
    const auto shape = module_shape(config, module);
    const auto elements = static_cast<double>(shape[0] * shape[1]);
    // After the last attention there are only supervised tokens.
    const double last = module >= Module::kO ? supervised : tokens;
    operations += 2 * passes * elements * (tokens * (layers - 1) + last);
    for (std::int64_t layer = 0; lora != nullptr && layer < config.num_hidden_layers; ++layer) {
      const LoraFactors& factors = lora->layers[static_cast<std::size_t>(layer)][index_of(module)];
      operations += 2 * 3 * static_cast<double>(factors.rank * (shape[0] + shape[1])) *
                    (layer + 1 < config.num_hidden_layers ? tokens : last);
    }
    // The first layer of a frozen base needs no gradient of its input.
    if (lora != nullptr && module <= Module::kV) operations -= 2 * tokens * elements;
  }
  operations += 2 * passes * static_cast<double>(batch.n_supervised * config.vocab_size * config.hidden_size);
  double pairs = 0;
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    const std::int64_t window = config.window_of(layer);
    for (const std::int32_t position : batch.positions)
      pairs += static_cast<double>(window == 0 ? position + 1 : std::min<std::int64_t>(position + 1, window));
  }
  // Per pair and element: 4 operations forward, 2.5 times as many backward.
  operations += 3.5 * 4 * pairs * static_cast<double>(config.q_size());
  return operations;
}

}  // namespace matinee
