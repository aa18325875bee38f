#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/tokenizer/byte_pair_encoding.h"
#include "lib/vocabulary/special_tokens.h"
#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

struct EncodeOptions {
  /// Special tokens written in the text become their ids. Off, they are plain text: a user cannot close a turn.
  bool parse_special = false;
  /// The text begins a document. Off, it continues other text, and no prefix space (LLaMA's dummy prefix) is added.
  bool at_start = true;
  /// With at_start off: the text follows a special token, so that some tokenizers add the prefix space again.
  bool after_token = false;
};

struct DecodeOptions {
  bool skip_special = true;  ///< special tokens give no bytes; else their spelling
  bool at_start = true;      ///< drop the prefix space where the tokenizer's decoder does
};

/// Text to token ids and back, as the model's own tokenizer does it. Const and thread-safe.
///
/// Bytes that are not UTF-8 are encoded one by one (byte-level tokens or byte fallback), so decode(encode(x)) is x for
/// any bytes where no normalizer rewrites text.
class Tokenizer {
 public:
  /// `path` is a Hugging Face model folder or one of its tokenizer's files (tokenizer_files.h), with the special roles
  /// of read_special_tokens. With `model_vocab_size`, tokens for which the model has no rows do not exist
  /// (limit_vocabulary). Throws as the readers do.
  static Tokenizer load(const std::string& path, std::optional<std::int64_t> model_vocab_size = {});
  Tokenizer(TokenizerDefinition definition, SpecialTokens special);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// Ids of `text`; no BOS or EOS is added.
  std::vector<std::int32_t> encode(std::string_view text, EncodeOptions options = {}) const;
  /// The same, appended to `ids`; a cache kept from call to call (one per thread) makes it several times faster.
  void encode(std::string_view text, EncodeOptions options, PieceCache& cache, std::vector<std::int32_t>& ids) const;

  /// The bytes that `ids` stand for; may end in half a character (stream_decoder.h). Throws Error(kBadData) for an id
  /// that is not in the vocabulary.
  std::string decode(std::span<const std::int32_t> ids, DecodeOptions options = {}) const;

  /// One more than the largest id.
  std::int32_t vocab_size() const;
  /// True for an id that has a token (vocabularies may have holes).
  bool has(std::int32_t id) const;
  /// Bytes that `id` adds to a text: " the". For a special token its spelling. "" for a hole.
  std::string_view token_bytes(std::int32_t id) const;
  bool is_special(std::int32_t id) const;
  /// True for an added token that takes the white space behind it along ("rstrip" in tokenizer.json).
  bool takes_space_behind(std::int32_t id) const;
  /// True where decoding drops a space at the start of a text.
  bool strips_first_space() const;
  /// The id spelled `token` (special, added or ordinary), -1 if there is none.
  std::int32_t token_id(std::string_view token) const;

  const SpecialTokens& special() const;
  std::int32_t bos_token_id() const { return special().bos; }
  std::int32_t eos_token_id() const { return special().eos; }
  std::int32_t pad_token_id() const { return special().pad; }
  /// True where texts of this tokenizer begin with BOS (post-processor or tokenizer_config.json).
  bool adds_bos() const;

  /// "matinee.tokenizer_sha" of tokens and adapters (lib/io/tokenizer_fingerprint.h).
  const std::string& fingerprint() const;

  /// How many of the first ids of `text` stay the same whatever text follows: all but those of the pre-tokenizer's last
  /// piece, or of its last two where they may still become one (an apostrophe and the letters behind it). For forced
  /// runs.
  std::size_t settled_tokens(std::string_view text, EncodeOptions options) const;
  /// The same, with all ids of `text` in `ids`.
  std::size_t encode_settled(std::string_view text, EncodeOptions options, PieceCache& cache,
                             std::vector<std::int32_t>& ids) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
