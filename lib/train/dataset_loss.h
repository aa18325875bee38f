#pragma once

#include <cstdint>

#include "lib/base/begin_progress.h"
#include "lib/model/decoder_training.h"
#include "lib/train/token_dataset.h"

namespace matinee {

/// The loss over a data set without dropout, in sums. Its rows are cut into batches of up to `rows_per_batch`; of these
/// the batches first, first + stride, ... are computed. `progress` shows the rows.
CrossEntropySums dataset_loss(DecoderTraining& decoder, const TokenDataset& data, std::int64_t rows_per_batch,
                              int first = 0, int stride = 1, const BeginProgress& progress = silent_progress);

}  // namespace matinee
