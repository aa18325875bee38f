#include "lib/vocabulary/gguf_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/format_error.h"
#include "lib/io/tokenizer_fingerprint.h"
#include "lib/text/unicode.h"
#include "lib/vocabulary/gguf_splits.h"
#include "lib/vocabulary/gguf_token_type.h"
#include "lib/vocabulary/token_spelling.h"
#include "lib/vocabulary/vocabulary_builder.h"

namespace matinee {
namespace {

using Type = GgufTokenType;

// End tokens of turns, by which files are known that do not name theirs.
constexpr std::array<std::string_view, 4> kTurnEnds{"<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>"};

// The values "tokenizer.ggml.KEY".
class TokenizerKeys {
 public:
  explicit TokenizerKeys(const GgufFile& file) : file_(file) {}

  const GgufValue* find(std::string_view key) const { return file_.find(fmt::format("tokenizer.ggml.{}", key)); }
  // What `get` gives for the value of a key that must be there.
  template <class Get>
  auto value(std::string_view key, Get get) const {
    const GgufValue* found = find(key);
    if (found == nullptr) throw missing("metadata \"tokenizer.ggml.{}\" is missing", key);
    return with_context(fmt::format("tokenizer.ggml.{}", key), [&] { return (found->*get)(); });
  }
  bool flag(std::string_view key, bool otherwise) const {
    return find(key) == nullptr ? otherwise : value(key, &GgufValue::as_bool);
  }

 protected:
  const GgufFile& file_;
};

class Reader : TokenizerKeys {
 public:
  using TokenizerKeys::TokenizerKeys;

  GgufTokenizer read() {
    const auto model = value("model", &GgufValue::as_text);
    if (model == "gpt2") {
      definition_.byte_level = true;
    } else if (model != "llama") {
      throw bad_data("tokenizer.ggml.model: \"{}\" is not supported; gpt2 and llama are", model);
    }
    read_tokens();
    read_roles();
    definition_.byte_level ? read_byte_level() : read_sentencepiece();
    set_strips();
    definition_.fingerprint = tokenizer_fingerprint(file_);
    return {std::move(definition_), std::move(special_)};
  }

 private:
  Type type_of(std::size_t id) const { return types_.empty() ? Type::kNormal : static_cast<Type>(types_[id]); }
  bool is_found_in_text(std::size_t id) const {
    const Type type = type_of(id);
    return type == Type::kControl || type == Type::kUnknown || type == Type::kUserDefined;
  }

  void read_tokens() {
    tokens_ = value("tokens", &GgufValue::as_texts);
    if (tokens_.empty()) throw bad_data("tokenizer.ggml.tokens: no tokens");
    if (find("token_type") != nullptr) {
      types_ = value("token_type", &GgufValue::as_i32s);
      require_length("token_type", types_.size());
    }
    for (std::size_t id = 0; id < types_.size(); ++id) {
      if (types_[id] < 1 || types_[id] > 6)
        throw bad_data("tokenizer.ggml.token_type[{}]: there is no type {}", id, types_[id]);
    }
    for (std::size_t id = 0; id < tokens_.size(); ++id)
      if (!is_utf8(tokens_[id])) throw bad_data("tokenizer.ggml.tokens[{}] is not UTF-8", id);
  }

  void require_length(const char* key, std::size_t length) const {
    if (length != tokens_.size())
      throw bad_data("tokenizer.ggml.{}: expected {} values, one for each token, found {}", key, tokens_.size(),
                     length);
  }

  // -1 where the file has none, or an id without a token.
  std::int32_t role(std::string_view key) const {
    const std::uint64_t id = find(key) == nullptr ? tokens_.size() : value(key, &GgufValue::as_unsigned);
    return id < tokens_.size() && !is_hole(id) ? static_cast<std::int32_t>(id) : -1;
  }
  // What llama.cpp takes for a SentencePiece file that does not say it.
  void default_role(std::int32_t& role, std::size_t id) const {
    if (role < 0 && id < tokens_.size() && is_found_in_text(id)) role = static_cast<std::int32_t>(id);
  }
  bool is_hole(std::size_t id) const { return tokens_[id].empty() || type_of(id) == Type::kUnused; }

  void read_roles() {
    special_.bos = role("bos_token_id");
    special_.eos = role("eos_token_id");
    special_.unk = role("unknown_token_id");
    special_.pad = role("padding_token_id");
    if (!definition_.byte_level) {
      default_role(special_.unk, 0);
      default_role(special_.bos, 1);
      default_role(special_.eos, 2);
    }
    std::int32_t turn_end = role("eot_token_id");
    for (std::size_t id = 0; turn_end < 0 && id < tokens_.size(); ++id)
      if (std::find(kTurnEnds.begin(), kTurnEnds.end(), tokens_[id]) != kTurnEnds.end() && !is_hole(id))
        turn_end = static_cast<std::int32_t>(id);
    for (const std::int32_t end : {special_.eos, turn_end, role("eom_token_id")})
      if (end >= 0 && std::find(special_.ends.begin(), special_.ends.end(), end) == special_.ends.end())
        special_.ends.push_back(end);
  }

  void set_bos(bool otherwise) {
    special_.add_bos = flag("add_bos_token", otherwise) && special_.bos >= 0;
    special_.add_bos_given = true;
    if (special_.add_bos) definition_.prefix_ids.push_back(special_.bos);
    if (flag("add_eos_token", false) && special_.eos >= 0) definition_.suffix_ids.push_back(special_.eos);
  }

  // Control tokens, those that end a reply (some files call them normal), and user-defined ones.
  bool is_added(std::size_t id) const { return is_found_in_text(id) || is_role(id); }
  bool is_role(std::size_t id) const {
    const auto at = static_cast<std::int32_t>(id);
    return definition_.byte_level && (at == special_.bos || at == special_.eos || at == special_.pad);
  }
  AddedToken added_token(std::size_t id) const {
    return {.id = static_cast<std::int32_t>(id),
            .content = with_spaces_of_sentencepiece(tokens_[id]),
            .special = type_of(id) != Type::kUserDefined};
  }
  std::string with_spaces_of_sentencepiece(const std::string& token) const {
    return definition_.byte_level ? token : with_spaces(token);
  }

  void read_byte_level() {
    const std::string name = find("pre") == nullptr ? "" : value("pre", &GgufValue::as_text);
    const GgufSplit* split = gguf_split_named(name);
    if (split == nullptr) {
      throw bad_data("tokenizer.ggml.pre: {}; known are {}",
                     name.empty() ? "missing, so it is not known how texts are split"
                                  : fmt::format("the split pattern \"{}\" is not supported", name),
                     gguf_split_names())
          .add_remedy("lay the original's tokenizer.json beside the file and name the folder");
    }
    definition_.pre_tokenizer = split->steps;
    definition_.ignore_merges = split->ignore_merges;
    if (split->nfc) definition_.normalizer.push_back({.kind = NormalizerStep::Kind::kNfc});

    VocabularyBuilder builder(definition_);
    builder.expect(tokens_.size());
    with_context("tokenizer.ggml.tokens", [&] {
      for (std::size_t id = 0; id < tokens_.size(); ++id) {
        if (is_hole(id)) continue;
        if (is_added(id)) {
          builder.add(added_token(id));
        } else {
          builder.add(tokens_[id], static_cast<std::int64_t>(id));
        }
      }
    });
    const auto merges = value("merges", &GgufValue::as_texts);
    std::size_t merge = 0;
    try {
      for (; merge < merges.size(); ++merge) builder.add_merge(merges[merge]);
    } catch (Error& error) {
      error.add_context(fmt::format("tokenizer.ggml.merges[{}]", merge));
      throw;
    }
    spell_tokens(definition_, false);
    set_bos(split->adds_bos);
  }

  void read_sentencepiece() {
    const std::vector<float> scores = value("scores", &GgufValue::as_f32s);
    require_length("scores", scores.size());
    std::vector<std::uint32_t> ranks = ranks_by_score(scores);
    definition_.unk_token_id = special_.unk;
    definition_.fuse_unk = true;
    definition_.vocabulary = tokens_;
    definition_.defined.assign(tokens_.size(), true);
    for (std::size_t id = 0; id < tokens_.size(); ++id) {
      if (type_of(id) != Type::kNormal || is_hole(id)) ranks[id] = kNeverMerged;
      if (is_hole(id)) {
        definition_.vocabulary[id].clear();
        definition_.defined[id] = false;
      } else if (is_added(id)) {
        definition_.added_tokens.push_back(added_token(id));
      } else if (fallback_byte(tokens_[id]) >= 0) {
        definition_.byte_fallback = true;
        ranks[id] = kNeverMerged;
      } else if (type_of(id) == Type::kByte) {
        throw bad_data("tokenizer.ggml.tokens[{}]: \"{}\" spells no byte", id, tokens_[id]);
      }
    }
    add_merges_by_rank(definition_, ranks);
    const bool prefix = flag("add_space_prefix", true);
    using Kind = NormalizerStep::Kind;
    if (prefix) definition_.normalizer.push_back({.kind = Kind::kPrepend, .content = std::string(kSpaceMark)});
    definition_.normalizer.push_back({.kind = Kind::kReplace, .pattern = " ", .content = std::string(kSpaceMark)});
    definition_.decoder_strips_space = prefix;
    spell_tokens(definition_, true);
    set_bos(true);
  }

  // GGUF does not store which tokens take the spaces behind them along; Phi-3's do.
  void set_strips() {
    const GgufValue* architecture = file_.find("general.architecture");
    if (definition_.byte_level || architecture == nullptr || architecture->as_text() != "phi3") return;
    for (AddedToken& token : definition_.added_tokens)
      token.rstrip = token.content != "<unk>" && token.content != "<s>" && token.content != "<|endoftext|>";
  }

  std::vector<std::string> tokens_;
  std::vector<std::int32_t> types_;
  TokenizerDefinition definition_;
  SpecialTokens special_;
};

}  // namespace

GgufTokenizer read_gguf_tokenizer(const GgufFile& file) {
  return with_context(file.path(), [&] { return Reader(file).read(); });
}

}  // namespace matinee
