#include "lib/vocabulary/vocabulary_limit.h"

#include <algorithm>

#include "lib/base/format_error.h"

namespace matinee {

void limit_vocabulary(TokenizerDefinition& definition, SpecialTokens& special, std::int64_t vocab_size) {
  const auto size = static_cast<std::int64_t>(definition.vocabulary.size());
  if (size <= vocab_size) return;
  const auto refusal = [&] { return bad_data("the tokenizer has {} tokens, the model {}", size, vocab_size); };
  const auto beyond = [&](std::int32_t id) { return id >= vocab_size; };
  for (const auto& [role, id] : {std::pair("begin", special.bos), {"end", special.eos}})
    if (beyond(id)) throw bad_data("the {} token has id {}, but the model has {} tokens", role, id, vocab_size);

  std::int64_t left = std::count(definition.defined.begin() + vocab_size, definition.defined.end(), true);
  for (const AddedToken& token : definition.added_tokens) left -= beyond(token.id) ? 1 : 0;
  if (left != 0 || std::any_of(definition.merged.begin(), definition.merged.end(), beyond)) throw refusal();

  const auto rows = static_cast<std::size_t>(vocab_size);
  definition.vocabulary.resize(rows);
  definition.defined.resize(rows);
  if (!definition.token_bytes.empty()) definition.token_bytes.resize(rows);
  std::erase_if(definition.added_tokens, [&](const AddedToken& token) { return beyond(token.id); });
  std::erase_if(definition.prefix_ids, beyond);
  std::erase_if(definition.suffix_ids, beyond);
  std::erase_if(special.ends, beyond);
  for (std::int32_t* role : {&special.pad, &special.unk, &definition.unk_token_id})
    if (beyond(*role)) *role = -1;
}

}  // namespace matinee
