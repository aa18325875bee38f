#include "lib/model/neftune.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/ops.h"
#include "lib/base/random.h"

namespace matinee {

void add_neftune_noise(Context& context, const PackedBatch& batch, const DropoutKey& key, std::int64_t width,
                       DeviceSpan<float>& staging, float* embeddings) {
  const std::uint64_t words[2] = {key.seed, static_cast<std::uint64_t>(key.step)};
  const std::uint64_t seed = hash64({reinterpret_cast<const char*>(words), sizeof words});
  const auto columns = static_cast<std::size_t>(width);
  const std::size_t n_rows = batch.tokens.size();
  // Uploaded in pieces of several rows, since each upload has a fixed cost.
  const std::size_t rows_of_piece = std::max<std::size_t>(1, kDevicePiece / columns);
  std::size_t end = 0;
  std::vector<float> noise;
  for (std::size_t row = 0; row < n_rows; ++row) {
    const std::int32_t start = batch.segment_start[row];
    if (row == static_cast<std::size_t>(start)) {
      for (end = row + 1; end < n_rows && batch.segment_start[end] == start;) ++end;
    }
    const auto elements = (static_cast<std::int64_t>(end) - start) * width;
    const double bound = key.neftune_alpha / std::sqrt(static_cast<double>(elements));
    Random random(seed, "neftune", static_cast<std::uint64_t>(key.first_row) + row);
    for (std::size_t i = 0; i < columns; ++i) noise.push_back(static_cast<float>((2 * random.uniform() - 1) * bound));
    if ((row + 1) % rows_of_piece > 0 && row + 1 < n_rows) continue;
    staging.upload(noise, (row + 1) * columns - noise.size());
    noise.clear();
  }
  add_scaled(context, {.n = static_cast<std::int64_t>(n_rows * columns), .x = staging.data(), .y = embeddings});
}

}  // namespace matinee
