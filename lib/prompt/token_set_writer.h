#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "lib/prompt/sample_encoder.h"

namespace matinee {

/// Metadata of a file of kind "tokens".
struct TokenSetDescription {
  std::int32_t vocab_size = 0;
  std::string tokenizer_fingerprint;  ///< Tokenizer::fingerprint
  std::string prompt_template;
  int seq_len = 0;
  std::int32_t bos_token_id = -1;
  std::int32_t eos_token_id = -1;
};

/// Writes a safetensors file of kind "tokens": input_ids I32 [total], loss_mask U8 [total], sample_offsets I64
/// [n_samples + 1]. Samples are spooled to temporary files (in TMPDIR), so memory does not grow with the data.
/// Throws Error(kResource) where these cannot be written.
class TokenSetWriter {
 public:
  TokenSetWriter();
  ~TokenSetWriter();

  void add(const EncodedSample& sample);
  std::uint64_t samples() const;
  std::uint64_t tokens() const;
  std::uint64_t supervised_tokens() const;
  /// Writes everything to `path` ("-": stdout), whole or not at all.
  void write(const std::string& path, const TokenSetDescription& description);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
