#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// The ids of the tokens with special roles in a model folder; -1 or empty for a role without one.
struct SpecialTokens {
  std::int32_t bos = -1;
  std::int32_t eos = -1;
  std::int32_t pad = -1;
  std::int32_t unk = -1;
  std::vector<std::int32_t> ends;  ///< every id that ends a reply (generation_config.json may list several), eos first
  bool add_bos = false;            ///< tokenizer_config.json asks for BOS before each text
  bool add_bos_given = false;      ///< ... and says so explicitly
};

/// Reads tokenizer_config.json, then special_tokens_map.json, then generation_config.json and config.json of `folder`;
/// the first that has a role wins. Throws Error(kBadData) where the named BOS or EOS is not in the vocabulary.
SpecialTokens read_special_tokens(const std::string& folder, const TokenizerDefinition& definition);

}  // namespace matinee
