#pragma once

#include <cstdint>
#include <vector>

#include "kernels/device_buffer.h"
#include "lib/model/model_config.h"

namespace matinee {

/// The angles by which a position turns the pairs of a head: rope_theta^(-2i/dim) for the dim/2 pairs that turn, then
/// stretched as rope_scaling says. Su et al. 2021, arXiv:2104.09864; linear: Chen et al. 2023, arXiv:2306.15595;
/// llama3: frequencies whose wavelength is short against rope_original_max_positions stay, long ones are divided by the
/// factor, linearly blended between (Llama 3.1's reference code). dynamic changes nothing up to
/// max_position_embeddings, and no text goes beyond.
std::vector<double> rotary_frequencies(const ModelConfig& config);

/// cos and sin of position·frequency, [n_positions, frequencies] each, in a device's memory; empty where nothing is
/// rotated.
struct RotaryTables {
  RotaryTables() = default;
  RotaryTables(const std::shared_ptr<DeviceAllocator>& allocator, const ModelConfig& config, std::int64_t positions);
  static std::uint64_t bytes_of(const ModelConfig& config, std::int64_t positions);

  std::int64_t n_positions = 0;
  DeviceBuffer<float> cosines, sines;
};

}  // namespace matinee
