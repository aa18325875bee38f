#include "lib/model/rotary_tables.h"

#include <cmath>

#include "kernels/context.h"
#include "kernels/rotary/rotary.h"

namespace matinee {

void make_rotary_tables(const ModelConfig& config, std::int64_t n_positions, std::vector<float>& cosines,
                        std::vector<float>& sines) {
  const std::int64_t half = config.head_dim / 2;
  std::vector<double> frequency;
  for (std::int64_t i = 0; i < half; ++i) {
    frequency.push_back(
        std::pow(config.rope_theta, -2.0 * static_cast<double>(i) / static_cast<double>(config.head_dim)));
  }
  cosines.resize(static_cast<std::size_t>(n_positions * half));
  sines.resize(cosines.size());
  fill_rotary_tables(frequency.data(), half, n_positions, 1, cosines.data(), sines.data());
}

}  // namespace matinee
