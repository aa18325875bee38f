#pragma once

#include <cstdint>

#include "lib/model/decoder_training.h"
#include "lib/train/token_dataset.h"

namespace matinee {

/// The loss over a data set without dropout, in sums. Its rows are cut into batches of up to `rows_per_batch`; of these
/// the batches first, first + stride, ... are computed.
CrossEntropySums dataset_loss(DecoderTraining& decoder, const TokenDataset& data, std::int64_t rows_per_batch,
                              int first = 0, int stride = 1);

}  // namespace matinee
