#include "lib/io/text_reader.h"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <optional>
#include <utility>
#include <vector>

#include "lib/base/format_error.h"
#include "lib/base/input_stream.h"
#include "lib/base/tool.h"
#include "lib/io/file_kind.h"

namespace matinee {
namespace {

constexpr std::size_t kInputBytes = std::size_t{1} << 18;
constexpr std::size_t kPadding = 64;
constexpr std::byte kGzipMagic[] = {std::byte{0x1f}, std::byte{0x8b}};

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

double thread_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

struct ByteSource::Impl {
  explicit Impl(const std::string& path) : file(path), input(kInputBytes + kPadding) { start(); }

  InputStream file;
  std::vector<std::byte> input;  // what was read and not used is [begin, end)
  std::size_t begin = 0, end = 0;
  bool gzip = false;
  std::vector<std::byte> head;  // of gzip: text that the constructor inflated, not yet read
  std::size_t head_begin = 0;

  inflate_state state;
  bool in_member = false, done = false;
  std::uint64_t member_begin = 0;
  std::optional<Error> failure;  // thrown when the text before it has been read
  std::uint64_t inflated = 0;
  double inflate_seconds = 0;

  std::span<const std::byte> unused() const { return std::span(input).subspan(begin, end - begin); }
  std::uint64_t position() const { return file.position() - (end - begin); }

  // Appends to the unused bytes; false at the end of the file.
  bool read_more() {
    if (begin > 0) std::memmove(input.data(), input.data() + begin, end - begin);
    end -= std::exchange(begin, 0);
    const std::size_t got = file.read_some(std::span(input).first(kInputBytes).subspan(end));
    end += got;
    return got > 0;
  }

  // Reads what tells the kind of the file. A line is enough, so that people can type lines.
  void start() {
    while (end < kRecognizedBytes && text_of(unused()).find('\n') == std::string_view::npos && read_more()) {
    }
    gzip = begins_member();
    if (!gzip) {
      if (auto error = not_text(text_of(unused()), file.name())) throw Error(*error);
      return;
    }
    head.resize(kRecognizedBytes);
    std::size_t size = 0;
    try {
      inflate(head, size, false);
    } catch (const Error& error) {
      failure = error;
    }
    head.resize(size);
    if (auto error = not_text(text_of(head), file.name(), " in gzip")) throw Error(*error);
  }

  bool begins_member() const { return end - begin >= 2 && std::equal(kGzipMagic, kGzipMagic + 2, &input[begin]); }

  // Begins the next member. Tapes and some servers pad a file with zeros after the last member, editors end it with a
  // newline.
  bool find_member() {
    const auto is_padding = [](std::byte byte) {
      return byte == std::byte{0} || byte == std::byte{'\n'} || byte == std::byte{'\r'};
    };
    do {
      while (begin < end && is_padding(input[begin])) ++begin;
    } while (end - begin < 2 && read_more());
    while (begin < end && is_padding(input[begin])) ++begin;
    if (begin == end) return false;
    if (!begins_member()) {
      note_to_user(fmt::format("{}: behind the gzip data, from byte {} on, there is something else; it is ignored",
                               file.name(), position()));
      return false;
    }
    isal_inflate_init(&state);
    state.crc_flag = ISAL_GZIP;
    in_member = true;
    member_begin = position();
    return true;
  }

  // Appends text to `out` from `size` on, until it is full, the file ends, or, with `some`, the input read so far is
  // used up.
  void inflate(std::span<std::byte> out, std::size_t& size, bool some) {
    while (size < out.size() && !done) {
      if (!in_member && !find_member()) {
        done = true;
        return;
      }
      if (begin == end) {
        if (some && size > 0) return;
        if (!read_more()) {
          // ISA-L may still hold text.
          const std::size_t before = size;
          inflate_input(out, size);
          if (size > before || !in_member) continue;
          throw bad_data("{}: gzip stream is cut off after {} compressed bytes; fetch the file again", file.name(),
                         position());
        }
      }
      inflate_input(out, size);
    }
  }

  void inflate_input(std::span<std::byte> out, std::size_t& size) {
    state.next_in = reinterpret_cast<std::uint8_t*>(input.data() + begin);
    state.avail_in = static_cast<std::uint32_t>(end - begin);
    state.next_out = reinterpret_cast<std::uint8_t*>(out.data() + size);
    state.avail_out = static_cast<std::uint32_t>(std::min<std::size_t>(out.size() - size, 1u << 30));
    const std::uint32_t room = state.avail_out;
    const double started = thread_seconds();
    const int code = isal_inflate(&state);
    inflate_seconds += thread_seconds() - started;
    inflated += room - state.avail_out;
    size += room - state.avail_out;
    // In corrupt streams ISA-L may count a byte more than there is as used: avail_in becomes 2^32 - 1.
    begin = state.avail_in <= end - begin ? end - state.avail_in : end;
    if (code != ISAL_DECOMP_OK && code != ISAL_END_INPUT) {
      // Wrong bytes may have come out before, so even --keep-going ends here.
      throw resource_error(
          "{}: {} near byte {}, in the gzip member that begins at byte {}: the file is damaged; fetch it again",
          file.name(), gzip_failure(code), position(), member_begin);
    }
    if (state.block_state == ISAL_BLOCK_FINISH) in_member = false;
  }

  std::size_t read_gzip(std::span<std::byte> out, bool some) {
    std::size_t size = std::min(out.size(), head.size() - head_begin);
    std::copy_n(head.begin() + static_cast<std::ptrdiff_t>(head_begin), size, out.begin());
    head_begin += size;
    if (size == out.size() || (some && size > 0)) return size;
    if (!failure) {
      try {
        inflate(out, size, some);
      } catch (const Error& error) {
        failure = error;
      }
    }
    if (failure && size == 0) throw Error(*failure);
    return size;
  }

  std::size_t read_plain(std::span<std::byte> out, bool some) {
    const std::size_t size = std::min(out.size(), end - begin);
    std::copy_n(input.begin() + static_cast<std::ptrdiff_t>(begin), size, out.begin());
    begin += size;
    if (some) return size > 0 ? size : file.read_some(out);
    return size + file.read(out.subspan(size));
  }

  std::size_t read(std::span<std::byte> out, bool some) { return gzip ? read_gzip(out, some) : read_plain(out, some); }
};

ByteSource::ByteSource(const std::string& path) : impl_(std::make_unique<Impl>(path)) {}
ByteSource::ByteSource(ByteSource&&) noexcept = default;
ByteSource& ByteSource::operator=(ByteSource&&) noexcept = default;
ByteSource::~ByteSource() = default;

std::size_t ByteSource::read(std::span<std::byte> buffer) { return impl_->read(buffer, false); }

std::size_t ByteSource::read_some(std::span<std::byte> buffer) { return impl_->read(buffer, true); }

void ByteSource::check_rest() {
  if (!impl_->gzip || impl_->file.size() == 0) return;
  std::vector<std::byte> rest(std::size_t{1} << 20);
  try {
    while (read(rest) > 0) {
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kResource) throw;
  }
}

const std::string& ByteSource::name() const { return impl_->file.name(); }

bool ByteSource::compressed() const { return impl_->gzip; }

std::uint64_t ByteSource::size() const { return impl_->file.size(); }

std::uint64_t ByteSource::position() const { return impl_->position(); }

SpeedLimit ByteSource::speed_limit() const {
  if (impl_->inflate_seconds <= 0) return {};
  return {"inflating gzip with 1 thread", static_cast<double>(impl_->inflated) / impl_->inflate_seconds};
}

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
  const std::size_t wanted = std::max(end_ * 2, kInputBytes);
  if (buffer_.size() < wanted + kPadding) buffer_.resize(wanted + kPadding);
  const std::size_t got = source_.read_some(std::as_writable_bytes(std::span(buffer_.data() + end_, wanted - end_)));
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

bool LineReader::line_is_there() const {
  return ended_ || std::memchr(buffer_.data() + begin_, '\n', end_ - begin_) != nullptr;
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
