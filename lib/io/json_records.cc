#include "lib/io/json_records.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 18;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kSpace = " \t\r\n";

// Whether the file is an array, or values over several lines, by its first bytes.
bool begins_with_value(std::string_view bytes) {
  const std::size_t first = bytes.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return false;
  if (bytes[first] == '[') return true;
  const std::size_t after = bytes.find_first_not_of(" \t\r", first + 1);
  return bytes[first] == '{' && after != std::string_view::npos && bytes[after] == '\n';
}

}  // namespace

JsonRecordReader::JsonRecordReader(const std::string& path, std::size_t limit) : limit_(limit) {
  source_.emplace(path);
  fill();
  if (buffer_.starts_with(kByteOrderMark)) buffer_.erase(0, kByteOrderMark.size());
  if (begins_with_value(buffer_)) return;
  lines_.emplace(std::move(*source_), std::move(buffer_), limit);
  source_.reset();
}

bool JsonRecordReader::next(std::string_view& record) { return lines_ ? lines_->next(record) : next_value(record); }

JsonRecordReader::Position JsonRecordReader::position() const {
  if (lines_) return {lines_->line_number(), -1};
  return {record_line_, in_array_ ? elements_ - 1 : -1};
}

std::string JsonRecordReader::place(Position position) const {
  if (position.index < 0) return fmt::format("{}:{}", name(), position.line);
  return fmt::format("{}:{}: [{}]", name(), position.line, position.index);
}

// Reads more; drops the bytes before at_.
bool JsonRecordReader::fill() {
  buffer_.erase(0, at_);
  at_ = 0;
  const std::size_t size = buffer_.size();
  buffer_.resize(size + std::max(size, kReadBytes));
  const std::size_t got = source_->read(std::as_writable_bytes(std::span(buffer_).subspan(size)));
  buffer_.resize(size + got);
  return got > 0;
}

// Moves to the first byte of a value; false at the end of the file.
bool JsonRecordReader::skip_to_value() {
  for (;;) {
    for (; at_ < buffer_.size(); ++at_) {
      const char c = buffer_[at_];
      if (c == '\n') {
        ++line_;
      } else if (c == '[' && !in_array_) {
        in_array_ = true;
        elements_ = 0;
      } else if (c == ']' && in_array_) {
        in_array_ = false;
      } else if (kSpace.find(c) == std::string_view::npos && (c != ',' || !in_array_)) {
        return true;
      }
    }
    if (!fill()) break;
  }
  if (in_array_) throw bad_data("{}:{}: the array has no end; is the file cut off?", name(), line_);
  return false;
}

// The size of the value that begins at at_; more than limit_ where it is longer.
std::size_t JsonRecordReader::value_end() {
  std::size_t i = at_, depth = 0;
  bool in_string = false;
  for (;;) {
    for (; i < buffer_.size(); ++i) {
      if (in_string) {
        // What a backslash escapes is passed over.
        while (i < buffer_.size() && buffer_[i] != '"' && buffer_[i] != '\\') ++i;
        if (i == buffer_.size()) break;
        if (buffer_[i] == '"') {
          in_string = false;
          if (depth == 0) return i + 1 - at_;
        } else if (++i == buffer_.size()) {
          --i;
          break;
        }
        continue;
      }
      const char c = buffer_[i];
      if (c == '"') {
        in_string = true;
      } else if (c == '{' || c == '[') {
        ++depth;
      } else if (depth == 0 && (c == ',' || c == ']' || c == '}' || kSpace.find(c) != std::string_view::npos)) {
        return std::max<std::size_t>(i - at_, 1);
      } else if ((c == '}' || c == ']') && --depth == 0) {
        return i + 1 - at_;
      }
    }
    const std::size_t scanned = std::min(i, buffer_.size()) - at_;
    if (scanned > limit_ || !fill()) {
      if (scanned > limit_) return scanned;
      if (depth == 0 && !in_string) return buffer_.size() - at_;
      throw bad_data("{}: the value has no end; is the file cut off?", place(position()));
    }
    i = at_ + scanned;
  }
}

bool JsonRecordReader::next_value(std::string_view& record) {
  if (!skip_to_value()) return false;
  record_line_ = line_;
  if (in_array_) ++elements_;
  const std::size_t size = value_end();
  if (size > limit_) throw bad_data("{}: longer than {} bytes", place(position()), limit_);
  record = std::string_view(buffer_).substr(at_, size);
  at_ += size;
  line_ += static_cast<std::uint64_t>(std::count(record.begin(), record.end(), '\n'));
  return true;
}

}  // namespace matinee
