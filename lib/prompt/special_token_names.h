#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "lib/tokenizer/tokenizer.h"

namespace matinee {

/// Finds the names of a tokenizer's special tokens in plain text ("<|im_end|>").
class SpecialTokenNames {
 public:
  explicit SpecialTokenNames(const Tokenizer& tokenizer);

  /// The first name in `text`, or "". The view points into the tokenizer.
  std::string_view first_in(std::string_view text) const;

 private:
  std::vector<std::string_view> names_;
  std::string first_bytes_;                // of the names, each once
  std::array<bool, 1 << 16> begins_ = {};  // by the first two bytes of a name
};

}  // namespace matinee
