#pragma once

#include <cstdint>
#include <vector>

#include "lib/model/model_config.h"

namespace matinee {

/// cos and sin of position·rope_theta^(-2i/head_dim), [n_positions, head_dim / 2] each. Su et al. 2021,
/// arXiv:2104.09864.
void make_rotary_tables(const ModelConfig& config, std::int64_t n_positions, std::vector<float>& cosines,
                        std::vector<float>& sines);

}  // namespace matinee
