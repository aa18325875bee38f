// Cuts the text of a TSV into blocks of lines. The blocks of a plain file are read by the threads that parse them, with
// pread: a mapped file that becomes shorter would end the process.
#include "lib/table/tsv_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>

#include "lib/base/format_error.h"
#include "lib/base/utf8.h"
#include "lib/io/text_reader.h"
#include "lib/table/fields.h"

namespace matinee {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 14;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// A regular file that is read at any place by any thread.
class PlainFile {
 public:
  // Anything but a regular file has the size 0.
  explicit PlainFile(const std::string& path) : path_(path) {
    struct stat info {};
    if (path == "-" || ::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return;
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor_ >= 0) size_ = static_cast<std::uint64_t>(info.st_size);
  }
  ~PlainFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  PlainFile(const PlainFile&) = delete;
  PlainFile& operator=(const PlainFile&) = delete;

  std::uint64_t size() const { return size_; }

  void read(std::uint64_t offset, char* to, std::size_t size) const {
    while (size > 0) {
      const ssize_t got = ::pread(descriptor_, to, size, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw resource_error("{}: cannot read: {}", path_, std::strerror(errno));
      if (got == 0) throw resource_error("{}: the file became shorter while it was read", path_);
      to += got;
      offset += static_cast<std::uint64_t>(got);
      size -= static_cast<std::size_t>(got);
    }
  }

  // The place behind the first line feed at or behind `from`, or the end of the file.
  std::uint64_t line_end(std::uint64_t from) const {
    {
      // A long line is searched once.
      const std::lock_guard lock(lock_);
      if (from >= long_begin_ && from < long_end_) return long_end_;
    }
    std::vector<char> piece(kPiece);
    for (std::uint64_t at = from; at < size_; at += piece.size()) {
      if (at > from) piece.resize(std::size_t{64} * kPiece);
      const std::size_t size = std::min<std::uint64_t>(piece.size(), size_ - at);
      read(at, piece.data(), size);
      const void* found = std::memchr(piece.data(), '\n', size);
      if (found == nullptr) continue;
      const std::uint64_t end = at + static_cast<std::size_t>(static_cast<const char*>(found) - piece.data()) + 1;
      const std::lock_guard lock(lock_);
      long_begin_ = from;
      long_end_ = end;
      return end;
    }
    return size_;
  }

 private:
  std::string path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  mutable std::mutex lock_;
  mutable std::uint64_t long_begin_ = 0, long_end_ = 0;
};

TsvHeader read_header(const std::string& name, std::string_view line, bool ends) {
  TsvHeader header;
  header.line_end = ends ? "\n" : "";
  if (line.starts_with(kByteOrderMark)) {
    header.byte_order_mark = true;
    line.remove_prefix(kByteOrderMark.size());
  }
  if (ends && line.ends_with('\r')) {
    header.line_end = "\r\n";
    line.remove_suffix(1);
  }
  if (const std::size_t bad = valid_utf8_prefix(line); bad < line.size()) {
    throw bad_data("{}:1: header: expected UTF-8, found the byte 0x{:02x}", name,
                   static_cast<unsigned char>(line[bad]));
  }
  header.line = line;
  RecognizedHeader recognized = with_context(name + ":1", [&] { return recognize_header(line); });
  header.table = recognized.table;
  header.columns = std::move(recognized.columns);
  return header;
}

}  // namespace

char* PaddedText::data() {
  if (bytes_.empty()) resize(0);
  return bytes_.data() + kFieldPadding;
}

std::string_view PaddedText::view() const {
  return bytes_.empty() ? std::string_view() : std::string_view(bytes_.data() + kFieldPadding, size_);
}

void PaddedText::resize(std::size_t size) {
  size_ = size;
  if (bytes_.size() < size + 2 * kFieldPadding) bytes_.resize(size + size / 8 + 2 * kFieldPadding);
}

struct TsvSource::Impl {
  Impl(const std::string& path, std::size_t limit, bool skip_long_lines)
      : source(path), plain(path), line_limit(limit), skip(skip_long_lines) {
    const std::size_t line = find_header();
    const bool ends = line < rest.size();
    header = read_header(source.name(), std::string_view(rest).substr(0, line), ends);
    place = line + (ends ? 1 : 0);
    rest.erase(0, place);
    begin = place;
    use_plain = plain.size() > 0 && !source.compressed();
  }

  // Reads until `rest` holds the first line, and returns its length.
  std::size_t find_header() {
    while (rest.find('\n') == std::string::npos && read_more(rest, kPiece)) {
      if (rest.size() > line_limit + kTextOfBlock && rest.find('\n') == std::string::npos) {
        throw bad_data("{}:1: expected a line of at most {} bytes, found more than {}", source.name(), line_limit,
                       rest.size());
      }
    }
    if (rest.empty()) throw bad_data("{}: the file is empty; expected the header line of an IMDb table", source.name());
    return std::min(rest.find('\n'), rest.size());
  }

  template <class Text>
  bool read_more(Text& text, std::size_t wanted) {
    if (ended) return false;
    const std::size_t before = text.size();
    text.resize(before + wanted);
    std::size_t got = 0;
    try {
      got = source.read(std::as_writable_bytes(std::span(text.data() + before, wanted)));
    } catch (const Error& error) {
      text.resize(before);
      if (error.code() != ErrorCode::kBadData || place == 0) throw;  // nothing to save before the first row
      std::string_view what = error.what();
      if (what.starts_with(source.name() + ": ")) what.remove_prefix(source.name().size() + 2);
      broken = BrokenStream{std::string(what), 0};
      ended = true;
      return false;
    }
    text.resize(before + got);
    ended = got == 0;
    return got > 0;
  }

  bool next_of_file(RawBlock& block) {
    block.index = blocks++;
    return block.index * kTextOfBlock < plain.size();
  }

  // The text between two ends of lines; what is beyond the limit of the last line is left out.
  void load(RawBlock& block) const {
    if (!use_plain) return;
    const std::uint64_t mark = (block.index + 1) * kTextOfBlock;
    const std::uint64_t from = block.index == 0 ? begin : std::max(begin, plain.line_end(mark - kTextOfBlock));
    const std::uint64_t end = std::max(from, plain.line_end(std::min(mark, plain.size())));
    const std::uint64_t kept = std::min<std::uint64_t>(end, std::max(from, mark) + line_limit + 1);
    block.bytes = end - from;
    block.text.resize(kept - from);
    plain.read(from, block.text.data(), kept - from);
    block.cut_off = end - kept;
    char last = '\n';
    if (end == plain.size() && end > from) plain.read(end - 1, &last, 1);
    block.last_ends = last == '\n';
    if (block.cut_off > 0 && block.last_ends) --block.cut_off;
  }

  // The same of a stream.
  bool next_of_stream(RawBlock& block) {
    while ((blocks + 1) * kTextOfBlock < place) ++blocks;  // a long line reaches beyond whole blocks
    block.index = blocks++;
    const std::uint64_t mark = blocks * kTextOfBlock;
    PaddedText& text = block.text;
    text.resize(rest.size());
    std::memcpy(text.data(), rest.data(), rest.size());
    rest.clear();
    std::uint64_t dropped = 0;
    const std::size_t first = mark - place;  // line feeds before it do not end the block
    std::size_t searched = first;
    for (;;) {
      if (searched < text.size()) {
        const void* found = std::memchr(text.data() + searched, '\n', text.size() - searched);
        if (found != nullptr) {
          const auto size = static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) + 1;
          rest.assign(text.data() + size, text.size() - size);
          return finish(block, size, dropped, true);
        }
        searched = text.size();
        const std::size_t least = first + line_limit + 1;
        if (searched > least + 2 * kTextOfBlock) {
          if (!skip) {
            block.endless = ended = true;
            return finish(block, text.size(), dropped, false);
          }
          dropped += searched - least;
          text.resize(searched = least);
        }
      }
      const std::size_t wanted = searched > text.size() ? searched - text.size() + kPiece : 4 * kPiece;
      if (!read_more(text, wanted)) break;
    }
    return finish_at_end(block, dropped);
  }

  bool finish_at_end(RawBlock& block, std::uint64_t dropped) {
    const std::string_view text = block.text.view();
    std::size_t size = text.size();
    if (broken && size > 0) {
      size = text.rfind('\n') + 1;  // 0 where there is none
      broken->tabs =
          static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(size), text.end(), '\t'));
    }
    if (size == 0) return false;
    return finish(block, size, dropped, text[size - 1] == '\n');
  }

  bool finish(RawBlock& block, std::size_t size, std::uint64_t dropped, bool last_ends) {
    block.text.resize(size);
    block.bytes = size + dropped;
    block.cut_off = dropped;
    block.last_ends = last_ends;
    place += block.bytes;
    return true;
  }

  ByteSource source;
  PlainFile plain;
  std::size_t line_limit;
  bool skip;
  TsvHeader header;
  bool use_plain = false, ended = false;
  std::uint64_t begin = 0;   // of the first row
  std::uint64_t place = 0;   // of `rest` in the text
  std::uint64_t blocks = 0;  // given out
  std::string rest;          // read, and not given out
  std::optional<BrokenStream> broken;
};

TsvSource::TsvSource(const std::string& path, std::size_t line_limit, bool skip_long_lines)
    : impl_(std::make_unique<Impl>(path, line_limit, skip_long_lines)) {}
TsvSource::TsvSource(TsvSource&&) noexcept = default;
TsvSource::~TsvSource() = default;

const std::string& TsvSource::name() const { return impl_->source.name(); }
const TsvHeader& TsvSource::header() const { return impl_->header; }
std::uint64_t TsvSource::size() const { return impl_->use_plain ? impl_->plain.size() : impl_->source.size(); }
void TsvSource::check_rest() { impl_->source.check_rest(); }
SpeedLimit TsvSource::speed_limit() const { return impl_->source.speed_limit(); }

bool TsvSource::next(RawBlock& block) {
  block.cut_off = 0;
  block.endless = false;
  if (impl_->use_plain ? !impl_->next_of_file(block) : !impl_->next_of_stream(block)) return false;
  block.place =
      impl_->use_plain ? std::min((block.index + 1) * kTextOfBlock, impl_->plain.size()) : impl_->source.position();
  return true;
}

void TsvSource::load(RawBlock& block) const { impl_->load(block); }
const std::optional<BrokenStream>& TsvSource::broken() const { return impl_->broken; }

}  // namespace matinee
