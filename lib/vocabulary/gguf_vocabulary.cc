#include "lib/vocabulary/gguf_vocabulary.h"

#include <algorithm>

#include "lib/base/format_error.h"
#include "lib/vocabulary/gguf_splits.h"
#include "lib/vocabulary/gguf_token_type.h"
#include "lib/vocabulary/token_spelling.h"
#include "lib/vocabulary/vocabulary_limit.h"

namespace matinee {
namespace {

using Type = GgufTokenType;

std::string pattern_name(const TokenizerDefinition& definition) {
  const bool plain = std::all_of(definition.normalizer.begin(), definition.normalizer.end(), [](const auto& step) {
    return step.kind == NormalizerStep::Kind::kNfc;  // which changes nothing in text that is composed, as most is
  });
  if (!plain) throw bad_data("the tokenizer's normalizer has no counterpart in GGUF; take --format safetensors");
  if (const GgufSplit* split = gguf_split_of(definition)) return std::string(split->names.front());
  throw bad_data("the tokenizer's split pattern has no name in GGUF (known: {}); take --format safetensors",
                 gguf_split_names());
}

// Whether a text gets a space before it.
bool adds_space(const TokenizerDefinition& definition) {
  const bool prepends = std::any_of(definition.normalizer.begin(), definition.normalizer.end(),
                                    [](const auto& step) { return step.kind == NormalizerStep::Kind::kPrepend; });
  return prepends ||
         std::any_of(definition.pre_tokenizer.begin(), definition.pre_tokenizer.end(), [](const auto& step) {
           return step.kind == PreTokenizerStep::Kind::kMetaspace && step.prepend != PreTokenizerStep::Prepend::kNever;
         });
}

std::vector<float> scores_of(const TokenizerDefinition& definition, std::size_t n_tokens) {
  // Tokens that no merge makes are never compared.
  std::vector<float> scores(n_tokens, -1e9f);
  std::vector<bool> known(n_tokens);
  float score = 0;
  for (const std::size_t merge : merges_by_rank(definition)) {
    const auto id = static_cast<std::size_t>(definition.merged[merge]);
    if (known[id]) continue;
    known[id] = true;
    scores[id] = score;
    score -= 1;
  }
  return scores;
}

}  // namespace

std::vector<std::pair<std::string, GgufValue>> gguf_vocabulary(const TokenizerDefinition& definition,
                                                               const SpecialTokens& special, std::int64_t vocab_size) {
  const auto n = static_cast<std::size_t>(vocab_size);
  if (definition.vocabulary.size() > n) {
    TokenizerDefinition fitting = definition;
    SpecialTokens roles = special;
    limit_vocabulary(fitting, roles, vocab_size);
    return gguf_vocabulary(fitting, roles, vocab_size);
  }
  std::vector<std::string> tokens(n);
  std::vector<std::int32_t> types(n, static_cast<std::int32_t>(Type::kUnused));
  const auto set_type = [&](std::size_t id, Type type) { types[id] = static_cast<std::int32_t>(type); };
  for (std::size_t id = 0; id < n; ++id) {
    if (id >= definition.vocabulary.size() || !definition.defined[id]) {
      tokens[id] = fmt::format("[PAD{}]", id);
      continue;
    }
    tokens[id] = definition.byte_level ? spelling_of_bytes(definition.vocabulary[id]) : definition.vocabulary[id];
    const bool byte = !definition.byte_level && definition.byte_fallback && fallback_byte(tokens[id]) >= 0;
    set_type(id, byte ? Type::kByte : Type::kNormal);
  }
  for (const AddedToken& added : definition.added_tokens) {
    const auto id = static_cast<std::size_t>(added.id);
    tokens[id] = added.content;
    set_type(id, added.special ? Type::kControl : Type::kUserDefined);
  }
  if (definition.unk_token_id >= 0) set_type(static_cast<std::size_t>(definition.unk_token_id), Type::kUnknown);

  std::vector<std::pair<std::string, GgufValue>> values;
  const auto add = [&](const char* key, GgufValue value) {
    values.emplace_back(fmt::format("tokenizer.ggml.{}", key), std::move(value));
  };
  add("model", GgufValue::text(definition.byte_level ? "gpt2" : "llama"));
  add("pre", GgufValue::text(definition.byte_level ? pattern_name(definition) : "default"));
  if (!definition.byte_level) add("scores", GgufValue::f32s(scores_of(definition, n)));
  if (definition.byte_level) {
    std::vector<std::string> merges;
    for (const std::size_t merge : merges_by_rank(definition)) {
      const auto [left, right] = definition.merges[merge];
      merges.push_back(tokens[static_cast<std::size_t>(left)] + " " + tokens[static_cast<std::size_t>(right)]);
    }
    add("merges", GgufValue::texts(std::move(merges)));
  }
  add("tokens", GgufValue::texts(std::move(tokens)));
  add("token_type", GgufValue::i32s(types));
  const auto role = [&](const char* key, std::int32_t id) {
    if (id >= 0) add(key, GgufValue::u32(static_cast<std::uint32_t>(id)));
  };
  role("bos_token_id", special.bos);
  role("eos_token_id", special.eos);
  role("padding_token_id", special.pad);
  role("unknown_token_id", definition.unk_token_id);
  add("add_bos_token", GgufValue::boolean(special.add_bos_given ? special.add_bos : !definition.prefix_ids.empty()));
  add("add_eos_token", GgufValue::boolean(false));
  if (!definition.byte_level) add("add_space_prefix", GgufValue::boolean(adds_space(definition)));
  return values;
}

}  // namespace matinee
