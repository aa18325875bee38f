#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/device_buffer.h"
#include "lib/model/model_config.h"

namespace matinee {

/// Radians per position for each of the dim/2 rotated pairs of a head: rope_theta^(-2i/dim), then scaled by
/// rope_scaling. Su et al. 2021, arXiv:2104.09864; linear: Chen et al. 2023, arXiv:2306.15595; llama3 (Llama 3.1's
/// reference code): frequencies with a wavelength that is short relative to rope_original_max_positions are kept, long
/// ones are divided by the factor, and those between are interpolated; yarn: Peng et al. 2023, arXiv:2309.00071;
/// longrope: Ding et al. 2024, arXiv:2402.13753. dynamic changes nothing up to max_position_embeddings, the longest
/// text we accept.
std::vector<double> rotary_frequencies(const ModelConfig& config);
/// The same for layers with a window whose rotation differs (ModelConfig::rope_local_theta): unscaled.
std::vector<double> local_rotary_frequencies(const ModelConfig& config);

/// Whether longrope's factors for long texts are taken, as longest_text is longer than the first length.
bool takes_long_factors(const ModelConfig& config);

/// Which of longrope's factors a run takes and why, as a sentence; "" without longrope.
std::string describe_longrope(const ModelConfig& config);

/// Positions and tables for the rotation of q and k, in device memory. Without tables nothing is rotated.
struct RotaryPositions {
  const std::int32_t* positions = nullptr;  ///< [rows]
  std::int64_t n_positions = 0;
  const float *cosines = nullptr, *sines = nullptr;
};

/// rope_attention_factor times cos and sin of position·frequency, [n_positions, frequencies] each, in device memory;
/// empty with learned positions.
struct RotaryTables {
  RotaryTables() = default;
  RotaryTables(const std::shared_ptr<DeviceAllocator>& allocator, const ModelConfig& config, std::int64_t positions);
  static std::uint64_t bytes_of(const ModelConfig& config, std::int64_t positions);

  struct Table {
    DeviceBuffer<float> cosines, sines;
  };
  /// What a layer rotates with: nothing where it does not.
  RotaryPositions of(const ModelConfig& config, std::int64_t layer, const std::int32_t* positions) const;

  std::int64_t n_positions = 0;
  Table all, local;  ///< `local`: of layers with a window, where rope_local_theta is given
};

}  // namespace matinee
