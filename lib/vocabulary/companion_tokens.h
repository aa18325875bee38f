#pragma once

#include <string>
#include <vector>

#include "lib/vocabulary/tokenizer_definition.h"
#include "lib/vocabulary/vocabulary_builder.h"

namespace matinee {

/// The tokens that the companions of a vocabulary's file add to it. Only tokenizer.json has them inside.
struct CompanionTokens {
  std::vector<AddedToken> tokens;  ///< with their ids
  std::vector<std::string> named;  ///< special tokens by their texts; those that are not known yet get the next ids

  void add_to(VocabularyBuilder& builder) const;
};

/// Reads the companions in `folder`, as transformers does: "added_tokens_decoder" of tokenizer_config.json, else
/// added_tokens.json, in which a token is special if a role names it; then the roles of tokenizer_config.json and
/// special_tokens_map.json ("pad_token": "[PAD]"). Throws Error(kBadData) with file and place.
CompanionTokens read_companion_tokens(const std::string& folder);

}  // namespace matinee
