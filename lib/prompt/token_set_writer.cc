#include "lib/prompt/token_set_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "lib/base/format_error.h"
#include "lib/io/safetensors.h"

namespace matinee {
namespace {

// Bytes that wait in a nameless file until it is known how many there are.
class Spool {
 public:
  Spool() {
    const char* folder = std::getenv("TMPDIR");
    folder_ = folder != nullptr && *folder != '\0' ? folder : "/tmp";
    std::string name = folder_ + "/tokenize-XXXXXX";
    descriptor_ = mkostemp(name.data(), O_CLOEXEC);
    if (descriptor_ < 0) throw failure("cannot make a temporary file");
    unlink(name.c_str());
    buffer_.reserve(kBuffer);
  }
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;
  ~Spool() {
    if (descriptor_ >= 0) close(descriptor_);
  }

  void add(std::span<const std::byte> bytes) {
    size_ += bytes.size();
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    if (buffer_.size() >= kBuffer) flush();
  }

  // Calls visit(bytes) for everything added, in order.
  template <class Visit>
  void replay(Visit visit) {
    flush();
    std::vector<std::byte> block(kBuffer);
    for (std::uint64_t offset = 0; offset < size_;) {
      const ssize_t got = pread(descriptor_, block.data(), block.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) throw failure("cannot read a temporary file");
      visit(std::span<const std::byte>(block.data(), static_cast<std::size_t>(got)));
      offset += static_cast<std::uint64_t>(got);
    }
  }

 private:
  static constexpr std::size_t kBuffer = std::size_t{1} << 20;

  void flush() {
    for (std::size_t done = 0; done < buffer_.size();) {
      const ssize_t wrote = write(descriptor_, buffer_.data() + done, buffer_.size() - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) throw failure("cannot write a temporary file");
      done += static_cast<std::size_t>(wrote);
    }
    buffer_.clear();
  }

  Error failure(const char* what) const {
    Error error = resource_error("{}: {}: {}", folder_, what, std::strerror(errno));
    error.add_remedy("set TMPDIR to a folder with room");
    return error;
  }

  std::string folder_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  std::vector<std::byte> buffer_;
};

}  // namespace

struct TokenSetWriter::Impl {
  Spool ids, mask, offsets;
  std::uint64_t samples = 0;
  std::uint64_t tokens = 0;
  std::uint64_t supervised = 0;

  void add_offset() {
    const auto offset = static_cast<std::int64_t>(tokens);
    offsets.add(std::as_bytes(std::span(&offset, 1)));
  }
};

TokenSetWriter::TokenSetWriter() : impl_(std::make_unique<Impl>()) { impl_->add_offset(); }
TokenSetWriter::~TokenSetWriter() = default;

void TokenSetWriter::add(const EncodedSample& sample) {
  impl_->ids.add(std::as_bytes(std::span(sample.input_ids)));
  impl_->mask.add(std::as_bytes(std::span(sample.loss_mask)));
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
