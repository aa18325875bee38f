#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/model/decoder_batch.h"

namespace matinee {

/// Which slots of a DecoderBatch are taken, and what the free ones still hold: a new sequence begins with the longest
/// prefix that any slot has. (All prompts of a skill begin with the same instruction.)
class DecoderSlots {
 public:
  /// `batch` must outlive this.
  explicit DecoderSlots(DecoderBatch& batch);

  bool any_free() const { return n_free_ > 0; }
  /// Takes a free slot for a sequence (at least one token) and leaves in it what it has of the sequence's prefix, never
  /// all of it, because the last token has to be processed. There must be a free slot.
  int take(std::span<const std::int32_t> tokens);
  /// Others may take the slot; until then it keeps its tokens.
  void release(int slot);

 private:
  struct Slot {
    bool taken = false;
    std::uint64_t last_use = 0;
  };

  DecoderBatch& batch_;
  std::vector<Slot> slots_;
  int n_free_;
  std::uint64_t uses_ = 0;
};

}  // namespace matinee
