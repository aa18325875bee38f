#pragma once

#include <cstdint>
#include <string>

#include "lib/tokenizer/tokenizer.h"

namespace matinee {

/// Turns ids that arrive one by one into text that can be shown at once, in whole UTF-8 characters. `tokenizer` must
/// outlive it.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, DecodeOptions options = {});

  /// The text that `id` completes; "" while a character is still open. Bytes that can never become a character come out
  /// as U+FFFD.
  std::string push(std::int32_t id);
  /// At the end of the stream: U+FFFD for an incomplete character, else "".
  std::string finish();

 private:
  std::string take_valid(bool all);

  const Tokenizer& tokenizer_;
  DecodeOptions options_;
  std::string pending_;
  bool first_ = true;
};

}  // namespace matinee
