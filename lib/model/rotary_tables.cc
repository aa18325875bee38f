#include "lib/model/rotary_tables.h"

#include <fmt/format.h>

#include <algorithm>
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

// The share of each pair's frequency that YaRN keeps: 1 for pairs that turn often, 0 for those that turn rarely.
std::vector<double> yarn_shares(const ModelConfig& config) {
  const auto dim = static_cast<double>(config.rotated_elements());
  const auto length = static_cast<double>(config.rope_original_max_positions);
  // The pair, as a real number, that makes so many turns over the first length.
  const auto pair_with = [&](double turns) {
    return dim * std::log(length / (turns * 2 * std::numbers::pi)) / (2 * std::log(config.rope_theta));
  };
  double low = pair_with(config.rope_beta_fast), high = pair_with(config.rope_beta_slow);
  if (config.rope_truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, dim - 1);
  if (low == high) high += 0.001;
  std::vector<double> shares;
  for (std::int64_t i = 0; i < config.rotated_elements() / 2; ++i)
    shares.push_back(1 - std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0));
  return shares;
}

}  // namespace

bool takes_long_factors(const ModelConfig& config) {
  return config.rope_scaling == RotaryScaling::kLongrope && config.longest_text > config.rope_original_max_positions;
}

std::string describe_longrope(const ModelConfig& config) {
  if (config.rope_scaling != RotaryScaling::kLongrope) return "";
  return fmt::format(
      "longrope: the factors for {} texts, as the longest text of this run has {} tokens and the first "
      "length is {}",
      takes_long_factors(config) ? "long" : "short", config.longest_text, config.rope_original_max_positions);
}

std::vector<double> rotary_frequencies(const ModelConfig& config) {
  const std::int64_t dim = config.rotated_elements();
  const std::vector<double>& divisors =
      takes_long_factors(config) ? config.rope_long_factors : config.rope_short_factors;
  const std::vector<double> kept =
      config.rope_scaling == RotaryScaling::kYarn ? yarn_shares(config) : std::vector<double>();
  std::vector<double> frequencies;
  for (std::int64_t i = 0; i < dim / 2; ++i) {
    const auto pair = static_cast<std::size_t>(i);
    double frequency = std::pow(config.rope_theta, -2.0 * static_cast<double>(i) / static_cast<double>(dim));
    switch (config.rope_scaling) {
      case RotaryScaling::kNone:
      case RotaryScaling::kDynamic: break;
      case RotaryScaling::kLinear: frequency /= config.rope_factor; break;
      case RotaryScaling::kLlama3: frequency = llama3_frequency(config, frequency); break;
      case RotaryScaling::kYarn: frequency *= kept[pair] + (1 - kept[pair]) / config.rope_factor; break;
      case RotaryScaling::kLongrope: frequency /= divisors[pair]; break;
    }
    frequencies.push_back(frequency);
  }
  return frequencies;
}

std::vector<double> local_rotary_frequencies(const ModelConfig& config) {
  ModelConfig local = config;
  local.rope_theta = config.rope_local_theta;
  local.rope_scaling = RotaryScaling::kNone;
  return rotary_frequencies(local);
}

std::uint64_t RotaryTables::bytes_of(const ModelConfig& config, std::int64_t positions) {
  if (config.learned_positions) return 0;
  const std::uint64_t tables = config.rope_local_theta > 0 ? 2 : 1;
  return tables * 2 * sizeof(float) * static_cast<std::uint64_t>(positions) * rotary_frequencies(config).size();
}

RotaryTables::RotaryTables(const std::shared_ptr<DeviceAllocator>& allocator, const ModelConfig& config,
                           std::int64_t positions)
    : n_positions(positions) {
  if (config.learned_positions) return;
  const auto fill = [&](Table& table, const std::vector<double>& frequencies, double factor) {
    const auto count = static_cast<std::int64_t>(frequencies.size());
    std::vector<float> cosine(static_cast<std::size_t>(positions * count)), sine(cosine.size());
    fill_rotary_tables(frequencies.data(), count, positions, factor, cosine.data(), sine.data());
    table.cosines = {allocator, std::span<const float>(cosine)};
    table.sines = {allocator, std::span<const float>(sine)};
  };
  fill(all, rotary_frequencies(config), config.rope_attention_factor);
  if (config.rope_local_theta > 0) fill(local, local_rotary_frequencies(config), 1);
}

RotaryPositions RotaryTables::of(const ModelConfig& config, std::int64_t layer, const std::int32_t* positions) const {
  if (!config.rotates(layer)) return {};
  const Table& table = config.rope_local_theta > 0 && config.is_sliding(layer) ? local : all;
  return {positions, n_positions, table.cosines.data(), table.sines.data()};
}

}  // namespace matinee
