// Comma-separated values as RFC 4180 defines them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// The records of a CSV text one after another. A field in double quotes may hold commas, line ends and quotes (written
/// twice). Lines end with LF, CRLF or CR; the last may lack its end. A UTF-8 byte order mark at the start and empty
/// lines are skipped. A quote inside a field without quotes stands for itself.
class CsvReader {
 public:
  /// `text` must outlive this. `name` is for messages. Throws Error(kBadData) for UTF-16.
  CsvReader(std::string_view text, std::string name);

  /// Sets `fields` to those of the next record, or returns false at the end. Throws Error(kBadData) "NAME:LINE: ..."
  /// where a quoted field has no end, or something other than a comma or line end follows it.
  bool next(std::vector<std::string>& fields);
  /// The line in which the current record begins, from 1.
  std::uint64_t line() const { return record_line_; }
  /// "NAME:LINE" of the current record.
  std::string place() const;

 private:
  std::string quoted_field();
  std::string plain_field();
  bool take_line_end();

  std::string_view text_;
  std::string name_;
  std::size_t at_ = 0;
  std::uint64_t line_ = 1, record_line_ = 0;
};

/// The names of a CSV file's columns, from its first record.
class CsvHeader {
 public:
  explicit CsvHeader(std::vector<std::string> names) : names_(std::move(names)) {}
  const std::vector<std::string>& names() const { return names_; }
  bool has(std::string_view name) const { return column(name) < names_.size(); }
  /// The field of that column, without spaces around it; "" if there is no such column.
  std::string_view field(const std::vector<std::string>& record, std::string_view name) const;

 private:
  std::size_t column(std::string_view name) const;  // names_.size() if there is none

  std::vector<std::string> names_;
};

}  // namespace matinee
