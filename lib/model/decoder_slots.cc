#include "lib/model/decoder_slots.h"

#include <algorithm>

#include "lib/base/format_error.h"

namespace matinee {

DecoderSlots::DecoderSlots(DecoderBatch& batch)
    : batch_(batch), slots_(static_cast<std::size_t>(batch.slots())), n_free_(batch.slots()) {}

int DecoderSlots::take(std::span<const std::int32_t> tokens) {
  if (n_free_ == 0) contract_violation("DecoderSlots::take", "there is a free slot");
  const auto prefix = tokens.first(tokens.size() - 1);
  int source = 0, oldest = -1, kept = -1;
  std::int64_t longest = -1;
  for (int slot = 0; slot < batch_.slots(); ++slot) {
    const Slot& at = slots_[static_cast<std::size_t>(slot)];
    const std::int64_t common = common_prefix(batch_.tokens(slot), prefix);
    if (common > longest) {
      source = slot;
      longest = common;
      kept = -1;
    }
    if (at.taken) continue;
    if (oldest < 0 || at.last_use < slots_[static_cast<std::size_t>(oldest)].last_use) oldest = slot;
    // A free slot that would lose less than it keeps. Others stay as they are, for sequences that begin like them.
    if (common == longest && 2 * common >= std::ssize(batch_.tokens(slot))) kept = slot;
  }
  const int slot = kept >= 0 ? kept : oldest;
  if (slot != source && common_prefix(batch_.tokens(slot), prefix) < longest) {
    batch_.copy_prefix(source, slot, longest);
  } else {
    batch_.truncate(slot, longest);
  }
  slots_[static_cast<std::size_t>(slot)] = {true, ++uses_};
  --n_free_;
  return slot;
}

void DecoderSlots::release(int slot) {
  Slot& at = slots_[static_cast<std::size_t>(slot)];
  n_free_ += at.taken ? 1 : 0;
  at = {false, ++uses_};
}

}  // namespace matinee
