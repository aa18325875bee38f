#include "lib/prompt/token_set_writer.h"

#include "lib/base/temporary_file.h"
#include "lib/io/safetensors.h"

namespace matinee {

struct TokenSetWriter::Impl {
  Spool ids, mask, offsets;
  std::uint64_t samples = 0;
  std::uint64_t tokens = 0;
  std::uint64_t supervised = 0;

  void add_offset() {
    const auto offset = static_cast<std::int64_t>(tokens);
    offsets.append(std::as_bytes(std::span(&offset, 1)));
  }
};

TokenSetWriter::TokenSetWriter() : impl_(std::make_unique<Impl>()) { impl_->add_offset(); }
TokenSetWriter::~TokenSetWriter() = default;

void TokenSetWriter::add(const EncodedSample& sample) {
  impl_->ids.append(std::as_bytes(std::span(sample.input_ids)));
  impl_->mask.append(std::as_bytes(std::span(sample.loss_mask)));
  impl_->tokens += sample.input_ids.size();
  for (const std::uint8_t supervised : sample.loss_mask) impl_->supervised += supervised;
  ++impl_->samples;
  impl_->add_offset();
}

std::uint64_t TokenSetWriter::samples() const { return impl_->samples; }
std::uint64_t TokenSetWriter::tokens() const { return impl_->tokens; }
std::uint64_t TokenSetWriter::supervised_tokens() const { return impl_->supervised; }

void TokenSetWriter::write(const std::string& path, const TokenSetDescription& description) {
  SafetensorsWriter writer(path, "tokens",
                           {{"matinee.vocab_size", std::to_string(description.vocab_size)},
                            {"matinee.tokenizer_sha", description.tokenizer_fingerprint},
                            {"matinee.template", description.prompt_template},
                            {"matinee.seq_len", std::to_string(description.seq_len)},
                            {"matinee.bos_token_id", std::to_string(description.bos_token_id)},
                            {"matinee.eos_token_id", std::to_string(description.eos_token_id)},
                            {"matinee.samples", std::to_string(impl_->samples)}});
  const auto total = static_cast<std::int64_t>(impl_->tokens);
  writer.declare("sample_offsets", DType::kI64, {static_cast<std::int64_t>(impl_->samples) + 1});
  writer.declare("input_ids", DType::kI32, {total});
  writer.declare("loss_mask", DType::kU8, {total});
  impl_->offsets.replay([&](std::span<const std::byte> bytes) { writer.write("sample_offsets", bytes); });
  impl_->ids.replay([&](std::span<const std::byte> bytes) { writer.write("input_ids", bytes); });
  impl_->mask.replay([&](std::span<const std::byte> bytes) { writer.write("loss_mask", bytes); });
  writer.commit();
}

}  // namespace matinee
