#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/io/safetensors.h"

namespace matinee {

/// What tokens.bin says of its making; the trainer demands a base that agrees, and the adapter records it.
struct TokensInfo {
  std::int64_t vocab_size = 0;
  std::string tokenizer_sha;    ///< hash64 of tokenizer.json, 16 hexadecimal digits
  std::string prompt_template;  ///< "plain", "alpaca", "chatml"
  std::int64_t seq_len = 0;     ///< no sample is longer
  std::int32_t bos_token_id = -1;
  std::int32_t eos_token_id = -1;
};

/// Tokens of one micro-batch: whole samples, one after the other, without padding.
struct TokenBatch {
  std::vector<std::int32_t> input_ids;      ///< [n_tokens]
  std::vector<std::int32_t> targets;        ///< [n_tokens], the next token of the sample where supervised, else -1
  std::vector<std::int32_t> segment_start;  ///< [n_tokens], the first token of the token's sample
  std::vector<std::int32_t> positions;      ///< [n_tokens], place within the sample
  std::int64_t n_supervised = 0;            ///< targets that are not -1

  std::int64_t n_tokens() const { return static_cast<std::int64_t>(input_ids.size()); }
};

/// How many tokens rows hold.
struct TokenCounts {
  std::int64_t tokens = 0, supervised = 0;
};

/// Samples of a row: indices into the data set. Together they have at most seq_len tokens.
using PackedRow = std::vector<std::uint32_t>;

/// The samples of a tokens file (docs/formats.md, kind "tokens"), mapped. Immutable, so any thread may read.
class TokenDataset {
 public:
  /// Throws Error(kBadData) for another kind of file, offsets that are not a list of samples, ids outside the
  /// vocabulary, a sample longer than seq_len, and for data with no supervised end token: what is trained on them would
  /// never stop writing.
  explicit TokenDataset(const std::string& path);

  const std::string& path() const { return file_.path(); }
  const TokensInfo& info() const { return info_; }
  std::int64_t n_samples() const { return static_cast<std::int64_t>(offsets_.size()) - 1; }
  std::int64_t n_tokens() const { return static_cast<std::int64_t>(input_ids_.size()); }
  std::int64_t n_supervised() const { return n_supervised_; }
  std::span<const std::int32_t> input_ids(std::int64_t sample) const;
  std::span<const std::uint8_t> loss_mask(std::int64_t sample) const;
  /// Tokens of the sample that are targets: the first token of a sample has no token before it that predicts it.
  std::int64_t supervised_tokens(std::int64_t sample) const;
  /// Depends on every byte; for the resume check.
  std::uint64_t fingerprint() const;

  /// The rows of one epoch: samples shuffled by (seed, epoch), then first-fit into rows of seq_len tokens, with at most
  /// 64 rows open at a time; the same for everyone who asks, so resuming and sharding need no replay.
  std::vector<PackedRow> rows_of_epoch(std::uint64_t seed, std::int64_t epoch) const;
  /// All samples in file order, packed likewise: for validation.
  std::vector<PackedRow> rows_in_order() const;
  TokenBatch batch(std::span<const PackedRow> rows) const;
  /// Of the batch of these rows, without making it.
  TokenCounts count(std::span<const PackedRow> rows) const;

 private:
  std::vector<PackedRow> pack(std::span<const std::uint32_t> order) const;

  SafetensorsFile file_;
  TokensInfo info_;
  std::span<const std::int32_t> input_ids_;
  std::span<const std::uint8_t> loss_mask_;
  std::span<const std::int64_t> offsets_;
  std::int64_t n_supervised_ = 0;
};

}  // namespace matinee
