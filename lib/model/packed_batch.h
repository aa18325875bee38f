#pragma once

// What the training decoder reads for one micro-batch.

#include <cstdint>
#include <span>

namespace matinee {

/// Tokens of several samples, one after another, in the host's memory. All spans have the same length.
struct PackedBatch {
  std::span<const std::int32_t> tokens;
  std::span<const std::int32_t> targets;        ///< the next token where it is supervised, else kIgnoredTarget
  std::span<const std::int32_t> positions;      ///< within the sample, from 0
  std::span<const std::int32_t> segment_start;  ///< index of the sample's first token
};

/// Keys the random numbers of one micro-batch: dropout masks and the noise on embeddings.
struct DropoutKey {
  std::uint64_t seed = 0;
  std::int64_t step = 0;
  std::int64_t first_row = 0;             ///< number of tokens of the step before this micro-batch
  std::int64_t first_supervised_row = 0;  ///< number of supervised tokens of the step before this micro-batch
  double neftune_alpha = 0;               ///< scale of the noise on embeddings (lib/model/neftune.h); 0: none
};

}  // namespace matinee
