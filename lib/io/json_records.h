#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/io/text_reader.h"

namespace matinee {

/// The records of a JSON file, plain or gzip, without parsing them: its lines; where it begins with "[", the elements
/// of that array; where its first line is "{", its values, each over any number of lines. A byte-order mark at the
/// beginning is passed over. Memory: the longest record. A record of more than `limit` bytes, an array or a value
/// without an end throws Error(kBadData) with the place.
class JsonRecordReader {
 public:
  explicit JsonRecordReader(const std::string& path, std::size_t limit = std::size_t{64} << 20);

  /// Sets `record` to the next one, or returns false at the end. Valid until the next call. Lines may be blank.
  bool next(std::string_view& record);

  /// Where a record begins.
  struct Position {
    std::uint64_t line;
    std::int64_t index;  ///< in its array; -1 outside of one
  };
  Position position() const;
  /// "NAME:LINE", in an array "NAME:LINE: [INDEX]".
  std::string place(Position position) const;
  const std::string& name() const { return source().name(); }
  const ByteSource& source() const { return lines_ ? lines_->source() : *source_; }

 private:
  bool next_value(std::string_view& record);
  bool skip_to_value();
  std::size_t value_end();
  bool fill();

  std::optional<LineReader> lines_;   // of a file of lines
  std::optional<ByteSource> source_;  // of any other
  std::string buffer_;
  std::size_t at_ = 0, limit_;
  std::uint64_t line_ = 1, record_line_ = 1;
  std::int64_t elements_ = 0;  // of the open array
  bool in_array_ = false;
};

}  // namespace matinee
