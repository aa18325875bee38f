#pragma once

#include <cstdint>

#include "lib/vocabulary/special_tokens.h"
#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// Takes away the added tokens with ids of `vocab_size` and above, for which a model of that size has no rows: a
/// "[PAD]" that was added to the tokenizer alone. They are then text like any other. Does nothing where the tokenizer
/// is not larger than the model. Throws Error(kBadData) where an ordinary token, BOS or EOS is among them: such a
/// tokenizer is another model's.
void limit_vocabulary(TokenizerDefinition& definition, SpecialTokens& special, std::int64_t vocab_size);

}  // namespace matinee
