#pragma once

#include <string>

#include "lib/tokenizer/tokenizer.h"

namespace matinee::testing {

/// tests/tokenizer/data/NAME; the tests run in the repository's root.
inline std::string text_data(const std::string& name) { return "tests/tokenizer/data/" + name; }
inline Tokenizer small_tokenizer(const std::string& name) { return Tokenizer::load(text_data(name)); }

}  // namespace matinee::testing
