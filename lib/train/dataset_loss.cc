#include "lib/train/dataset_loss.h"

#include <algorithm>

namespace matinee {

CrossEntropySums dataset_loss(DecoderTraining& decoder, const TokenDataset& data, std::int64_t rows_per_batch,
                              int first, int stride, const BeginProgress& progress) {
  const auto rows = data.rows_in_order();
  const auto size = static_cast<std::size_t>(rows_per_batch);
  CrossEntropySums sums;
  Progress measured = progress("measuring the loss", rows.size(), "rows");
  for (std::size_t row = size * static_cast<std::size_t>(first); row < rows.size();
       row += size * static_cast<std::size_t>(stride)) {
    const TokenBatch batch = data.batch(std::span(rows).subspan(row, std::min(size, rows.size() - row)));
    const CrossEntropySums part = decoder.evaluate(batch.view());
    sums.loss += part.loss;
    sums.n_counted += part.n_counted;
    measured.reach(std::min(row + size, rows.size()));
  }
  return sums;
}

}  // namespace matinee
