#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/io/safetensors.h"
#include "lib/model/packed_batch.h"

namespace matinee {

/// How a tokens file was made. The trainer requires a base that matches, and the adapter records it.
struct TokensInfo {
  std::int64_t vocab_size = 0;        ///< of the tokenizer; the model's may be larger, as its table is often padded
  std::string tokenizer_fingerprint;  ///< lib/io/tokenizer_fingerprint.h
  std::string prompt_template;        ///< a name of template_rows.h
  std::int64_t seq_len = 0;           ///< length of the longest possible sample, in tokens
  std::int32_t bos_token_id = -1;
  std::int32_t eos_token_id = -1;
};

/// Tokens of one micro-batch: whole samples, one after the other, without padding.
struct TokenBatch {
  std::vector<std::int32_t> input_ids;      ///< [n_tokens]
  std::vector<std::int32_t> targets;        ///< [n_tokens], the next token where it is supervised, else -1
  std::vector<std::int32_t> segment_start;  ///< [n_tokens], index of the first token of the sample
  std::vector<std::int32_t> positions;      ///< [n_tokens], index within the sample
  std::int64_t n_supervised = 0;            ///< targets that are not -1

  std::int64_t n_tokens() const { return static_cast<std::int64_t>(input_ids.size()); }
  PackedBatch view() const { return {input_ids, targets, positions, segment_start}; }
};

/// Numbers of tokens in a list of rows.
struct TokenCounts {
  std::int64_t tokens = 0, supervised = 0;
};

/// The samples of one row, as indices into the data set; at most seq_len tokens in all.
using PackedRow = std::vector<std::uint32_t>;

/// The samples of a tokens file (docs/formats.md, kind "tokens"), memory-mapped. Immutable and thread-safe.
class TokenDataset {
 public:
  /// Throws Error(kBadData) for another kind of file, offsets that do not rise, ids outside the vocabulary, a sample
  /// longer than seq_len, and for data without a supervised end token: a model trained on them would never stop.
  explicit TokenDataset(const std::string& path);

  /// Keeps `count` samples, drawn by the seed, in the file's order; 0 keeps all. With one seed, the samples of a small
  /// count are among those of a larger one. Throws Error(kUsage) for more than there are, Error(kBadData) where no end
  /// token is supervised in them.
  void keep(std::int64_t count, std::uint64_t seed);

  const std::string& path() const { return file_.path(); }
  const TokensInfo& info() const { return info_; }
  std::int64_t n_samples() const { return static_cast<std::int64_t>(places_.size()); }
  std::int64_t n_tokens() const { return n_tokens_; }
  std::int64_t n_supervised() const { return n_supervised_; }
  /// Throws Error(kBadData) that names the first sample with an id for which `model`, of `vocab_size` rows, has none.
  /// A tokenizer may have such ids (a [PAD] that was added to it alone) as long as no sample uses them.
  void require_ids_below(std::int64_t vocab_size, const std::string& model) const;
  std::span<const std::int32_t> input_ids(std::int64_t sample) const;
  std::span<const std::uint8_t> loss_mask(std::int64_t sample) const;
  /// Number of targets in the sample; its first token is never a target.
  std::int64_t supervised_tokens(std::int64_t sample) const;
  /// Hash of the file's contents; identifies the data when a run is resumed.
  std::uint64_t fingerprint() const;

  /// The rows of one epoch: samples shuffled by (seed, epoch), then packed first-fit into rows of seq_len tokens, with
  /// at most 64 rows open at a time. A pure function of its arguments, so resuming and sharding need no replay.
  std::vector<PackedRow> rows_of_epoch(std::uint64_t seed, std::int64_t epoch) const;
  /// All samples in file order, packed the same way; for validation.
  std::vector<PackedRow> rows_in_order() const;
  TokenBatch batch(std::span<const PackedRow> rows) const;
  /// Token counts of batch(rows), without making the batch.
  TokenCounts count(std::span<const PackedRow> rows) const;

 private:
  std::vector<PackedRow> pack(std::span<const std::uint32_t> order) const;
  void count_samples();

  SafetensorsFile file_;
  TokensInfo info_;
  std::span<const std::int32_t> input_ids_;
  std::span<const std::uint8_t> loss_mask_;
  std::span<const std::int64_t> offsets_;
  std::vector<std::uint32_t> places_;  // of the samples, in the file
  std::int64_t n_tokens_ = 0, n_supervised_ = 0;
  std::int32_t largest_id_ = 0;
};

}  // namespace matinee
