#pragma once

#include <cstdint>

#include "kernels/context.h"
#include "kernels/device_buffer.h"
#include "lib/model/packed_batch.h"

namespace matinee {

/// Adds uniform noise in ±neftune_alpha / sqrt(length of its sample · width) to each element of `embeddings`
/// [tokens of the batch, width], in device memory. Jain et al. 2023, "NEFTune", arXiv:2310.05914. The noise of a token
/// depends on seed, step and the token's row in the step only. `staging` has at least as many elements and is
/// overwritten.
void add_neftune_noise(Context& context, const PackedBatch& batch, const DropoutKey& key, std::int64_t width,
                       DeviceSpan<float>& staging, float* embeddings);

}  // namespace matinee
