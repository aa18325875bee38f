#include "lib/model/rotary_tables.h"

#include <cmath>
#include <numbers>

#include "kernels/context.h"
#include "kernels/rotary/rotary.h"

namespace matinee {
namespace {

double llama3_frequency(const ModelConfig& config, double frequency) {
  const double wavelength = 2 * std::numbers::pi / frequency;
  const auto length = static_cast<double>(config.rope_original_max_positions);
  // Rotations over the original context length.
  const double turns = length / wavelength;
  if (turns < config.rope_low_freq_factor) return frequency / config.rope_factor;
  if (turns > config.rope_high_freq_factor) return frequency;
  const double kept =
      (turns - config.rope_low_freq_factor) / (config.rope_high_freq_factor - config.rope_low_freq_factor);
  return (1 - kept) * frequency / config.rope_factor + kept * frequency;
}

}  // namespace

std::vector<double> rotary_frequencies(const ModelConfig& config) {
  const std::int64_t dim = config.rotary_dim > 0 ? config.rotary_dim : config.head_dim;
  std::vector<double> frequencies;
  for (std::int64_t i = 0; i < dim / 2; ++i) {
    double frequency = std::pow(config.rope_theta, -2.0 * static_cast<double>(i) / static_cast<double>(dim));
    if (config.rope_scaling == RotaryScaling::kLinear) frequency /= config.rope_factor;
    if (config.rope_scaling == RotaryScaling::kLlama3) frequency = llama3_frequency(config, frequency);
    frequencies.push_back(frequency);
  }
  return frequencies;
}

std::uint64_t RotaryTables::bytes_of(const ModelConfig& config, std::int64_t positions) {
  if (config.learned_positions) return 0;
  return 2 * sizeof(float) * static_cast<std::uint64_t>(positions) * rotary_frequencies(config).size();
}

RotaryTables::RotaryTables(const std::shared_ptr<DeviceAllocator>& allocator, const ModelConfig& config,
                           std::int64_t positions)
    : n_positions(positions) {
  if (config.learned_positions) return;
  const std::vector<double> frequencies = rotary_frequencies(config);
  const auto count = static_cast<std::int64_t>(frequencies.size());
  std::vector<float> cosine(static_cast<std::size_t>(positions * count)), sine(cosine.size());
  fill_rotary_tables(frequencies.data(), count, positions, 1, cosine.data(), sine.data());
  cosines = {allocator, std::span<const float>(cosine)};
  sines = {allocator, std::span<const float>(sine)};
}

}  // namespace matinee
