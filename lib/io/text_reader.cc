#include "lib/io/text_reader.h"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "lib/base/file.h"
#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr std::size_t kInputBytes = std::size_t{1} << 18;
constexpr std::size_t kPadding = 64;

const char* gzip_failure(int code) {
  switch (code) {
    case ISAL_INVALID_BLOCK: return "invalid block";
    case ISAL_INVALID_SYMBOL: return "invalid symbol";
    case ISAL_INVALID_LOOKBACK: return "invalid back reference";
    case ISAL_INVALID_WRAPPER: return "invalid gzip header";
    case ISAL_UNSUPPORTED_METHOD: return "unsupported compression method";
    case ISAL_INCORRECT_CHECKSUM: return "checksum does not match";
    default: return "corrupt data";
  }
}

}  // namespace

struct ByteSource::Impl {
  explicit Impl(const std::string& path) : file(path), input(kInputBytes) { refill(); }

  InputFile file;
  std::vector<std::byte> input;
  std::size_t begin = 0, end = 0;
  std::uint64_t consumed = 0;  // bytes of the file before input[begin]
  bool at_end = false;
  bool gzip = false;
  bool in_member = false;
  bool started = false;
  inflate_state state;
  std::optional<Error> failure;

  bool refill() {
    if (begin < end) return true;
    if (at_end) return false;
    begin = 0;
    end = file.read(input);
    at_end = end < input.size();
    return end > 0;
  }

  void start() {
    started = true;
    gzip = end >= 2 && input[0] == std::byte{0x1f} && input[1] == std::byte{0x8b};
  }

  void begin_member() {
    isal_inflate_init(&state);
    state.crc_flag = ISAL_GZIP;
    in_member = true;
  }

  // Returns the bytes before a corrupt part; the next call throws.
  std::size_t inflate(std::span<std::byte> out) {
    std::size_t total = 0;
    try {
      if (failure) throw Error(*failure);
      inflate_some(out, total);
    } catch (const Error& error) {
      if (total == 0) throw;
      failure = error;
    }
    return total;
  }

  void inflate_some(std::span<std::byte> out, std::size_t& total) {
    while (total < out.size()) {
      if (!refill()) {
        if (in_member) {
          throw bad_data("{}: gzip stream is cut off after {} compressed bytes; fetch the file again", file.name(),
                         consumed);
        }
        break;
      }
      if (!in_member) {
        // Tapes and some servers pad the file with zeros after the last member. Anything else must be another member.
        if (input[begin] == std::byte{0}) {
          ++begin;
          ++consumed;
          continue;
        }
        begin_member();
      }
      state.next_in = reinterpret_cast<std::uint8_t*>(input.data() + begin);
      state.avail_in = static_cast<std::uint32_t>(end - begin);
      state.next_out = reinterpret_cast<std::uint8_t*>(out.data() + total);
      state.avail_out = static_cast<std::uint32_t>(std::min<std::size_t>(out.size() - total, 1u << 30));
      const std::uint32_t room = state.avail_out;
      const int code = isal_inflate(&state);
      const std::size_t used = (end - begin) - state.avail_in;
      begin += used;
      consumed += used;
      total += room - state.avail_out;
      if (code != ISAL_DECOMP_OK && code != ISAL_END_INPUT) {
        throw bad_data("{}: gzip stream is broken near compressed byte {}: {}; fetch the file again", file.name(),
                       consumed, gzip_failure(code));
      }
      if (state.block_state == ISAL_BLOCK_FINISH) in_member = false;
    }
  }

  std::size_t copy(std::span<std::byte> out) {
    std::size_t total = 0;
    while (total < out.size() && refill()) {
      const std::size_t size = std::min(out.size() - total, end - begin);
      std::memcpy(out.data() + total, input.data() + begin, size);
      begin += size;
      consumed += size;
      total += size;
    }
    return total;
  }
};

ByteSource::ByteSource(const std::string& path) : impl_(std::make_unique<Impl>(path)) { impl_->start(); }
ByteSource::ByteSource(ByteSource&&) noexcept = default;
ByteSource& ByteSource::operator=(ByteSource&&) noexcept = default;
ByteSource::~ByteSource() = default;

std::size_t ByteSource::read(std::span<std::byte> buffer) {
  return impl_->gzip ? impl_->inflate(buffer) : impl_->copy(buffer);
}

const std::string& ByteSource::name() const { return impl_->file.name(); }

bool ByteSource::compressed() const { return impl_->gzip; }

LineReader::LineReader(const std::string& path, std::size_t limit) : source_(path), limit_(limit) {}
LineReader::LineReader(ByteSource source, std::string begin, std::size_t limit)
    : source_(std::move(source)), buffer_(std::move(begin)), end_(buffer_.size()), limit_(limit) {
  buffer_.resize(end_ + kPadding);
}

bool LineReader::fill() {
  if (ended_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const std::size_t wanted = std::max(end_ * 2, std::size_t{1} << 16);
  if (buffer_.size() < wanted + kPadding) buffer_.resize(wanted + kPadding);
  const std::size_t got = source_.read(std::as_writable_bytes(std::span(buffer_.data() + end_, wanted - end_)));
  ended_ = got == 0;
  end_ += got;
  return got > 0;
}

bool LineReader::next(std::string_view& line) {
  std::size_t searched = 0;
  for (;;) {
    const void* found = std::memchr(buffer_.data() + begin_ + searched, '\n', end_ - begin_ - searched);
    if (found != nullptr || (ended_ && begin_ < end_)) {
      const std::size_t size =
          found != nullptr ? static_cast<std::size_t>(static_cast<const char*>(found) - (buffer_.data() + begin_))
                           : end_ - begin_;
      ++number_;
      line = std::string_view(buffer_.data() + begin_, size);
      begin_ += size + (found != nullptr ? 1 : 0);
      if (line.size() > limit_) break;
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      return true;
    }
    searched = end_ - begin_;
    if (searched > limit_) {
      ++number_;
      break;
    }
    if (!fill() && begin_ == end_) return false;
  }
  throw bad_data("{}: line is longer than {} bytes", place(), limit_);
}

std::string LineReader::place() const { return fmt::format("{}:{}", name(), number_); }

std::string read_text(const std::string& path) {
  ByteSource source(path);
  std::string text;
  for (std::size_t size = 0;;) {
    text.resize(size + kInputBytes);
    const std::size_t got = source.read(std::as_writable_bytes(std::span(text.data() + size, kInputBytes)));
    size += got;
    if (got == 0) {
      text.resize(size);
      return text;
    }
  }
}

}  // namespace matinee
