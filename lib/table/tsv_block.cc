#include "lib/table/tsv_block.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "lib/base/format_error.h"
#include "lib/base/utf8.h"

namespace matinee {
namespace {

constexpr const char* kQuotes = "the fields are in quotation marks, as in CSV; write the table without them";

std::string describe(const ColumnSpec& column) {
  if (column.type == ColumnType::kInteger) return fmt::format("a whole number from {} to {}", column.low, column.high);
  return fmt::format("a number with one decimal from {}.{} to {}.{}", column.low / 10, column.low % 10,
                     column.high / 10, column.high % 10);
}

}  // namespace

Error RowFault::error(const std::string& name, std::uint64_t lines) const {
  Error error = column == 0 ? bad_data("{}:{}: {}", name, lines + line + 1, message)
                            : bad_data("{}:{}:{}: {}", name, lines + line + 1, column, message);
  if (!remedy.empty()) error.add_remedy(remedy);
  return error;
}

// A line without its end.
struct TsvBlockParser::Line {
  std::string_view text;
  std::size_t cut_off = 0;  // bytes that were dropped
  bool endless = false;     // the rest was not read
  bool ends = true;         // false: the text ends here
};

// Whether the rows need no look at single lines: each has all its fields, ends as the header does, and is not too long.
bool TsvBlockParser::all_rows_are_whole(std::string_view text) const {
  const std::size_t columns = header_.columns.size();
  if (separators_.carriage_returns || header_.line_end == "\r\n") return false;
  if (separators_.count != separators_.newlines * columns) return false;
  std::uint32_t begin = 0, longest = 0;
  for (std::size_t last = columns - 1; last < separators_.count; last += columns) {
    const std::uint32_t end = separators_.places[last];
    if (text[end] != '\n') return false;
    longest = std::max(longest, end - begin);
    begin = end + 1;
  }
  return longest <= line_limit_;
}

void TsvBlockParser::parse(RawBlock& raw, ParsedBlock& out) {
  out.rows = 0;
  out.lines = out.skipped = out.blank_lines = out.other_ends = 0;
  out.last_ends = raw.last_ends;
  out.fault.reset();
  out.empty = true;
  odd_ends_.clear();
  PaddedText& text = raw.text;
  if (text.size() > 0 && text.data()[text.size() - 1] != '\n') {
    text.resize(text.size() + 1);
    text.data()[text.size() - 1] = '\n';
  }
  const std::size_t columns = header_.columns.size();
  const auto encode = [&] {
    out.rows = static_cast<std::uint32_t>(separators_.newlines);
    const Fields fields{text.data(), separators_.places.data(), out.rows, columns};
    if (!encoder_.encode(fields, odd_ends_, out.bytes)) return false;
    out.empty = out.rows == 0 && odd_ends_.size() == 0;
    return true;
  };
  find_separators(text.view(), separators_);
  out.lines = separators_.newlines;
  // The last row of the table may be whole and cut off within its last field; that cannot be seen.
  const bool whole = raw.cut_off == 0 && !raw.endless && all_rows_are_whole(text.view()) &&
                     simdjson::validate_utf8(text.data(), text.size());
  if (whole) {
    if (!raw.last_ends) odd_ends_.add(static_cast<std::uint32_t>(separators_.newlines), "");
    if (encode()) return;
    odd_ends_.clear();
  }
  check_lines(raw, out);
  find_separators(text.view(), separators_);
  if (out.fault && !skip_) return;
  if (!encode()) throw internal_error("a row of the table that was found good cannot be encoded");
}

// Looks at every line, leaves blank lines and bad rows out of the text, and collects the odd line ends.
void TsvBlockParser::check_lines(RawBlock& raw, ParsedBlock& out) {
  const std::string_view text = raw.text.view();
  char* to = raw.text.data();
  std::uint32_t rows = 0;
  std::string end;  // what precedes the next row
  const auto keep_end = [&] {
    if (end != (rows == 0 ? std::string_view() : std::string_view(header_.line_end))) odd_ends_.add(rows, end);
    end.clear();
  };
  std::uint64_t number = 0;
  for (std::size_t begin = 0; begin < text.size(); ++number) {
    const std::size_t at = text.find('\n', begin);
    const bool last = at + 1 == text.size();
    Line line{text.substr(begin, at - begin), last ? raw.cut_off : 0, last && raw.endless, !last || raw.last_ends};
    begin = at + 1;
    std::string_view line_end = line.ends ? "\r\n" : "\r";
    if (line.text.ends_with('\r')) {
      line.text.remove_suffix(1);
    } else {
      line_end.remove_prefix(1);
    }
    if (line.text.empty()) {
      ++out.blank_lines;
      end += line_end;
      continue;
    }
    if (line.ends && line_end != header_.line_end && !header_.line_end.empty()) ++out.other_ends;
    if (auto fault = check(line)) {
      fault->line = number;
      if (!out.fault) out.fault = std::move(fault);
      ++out.skipped;
      if (!skip_) return;
      continue;
    }
    keep_end();
    end = line_end;
    to = std::copy(line.text.begin(), line.text.end(), to);
    *to++ = '\n';
    ++rows;
  }
  keep_end();
  raw.text.resize(static_cast<std::size_t>(to - raw.text.data()));
}

std::optional<RowFault> TsvBlockParser::check(const Line& line) {
  const auto fault = [](std::size_t column, std::string message, const char* remedy = "") {
    return RowFault{0, column, std::move(message), remedy};
  };
  const std::size_t size = line.text.size() + line.cut_off;
  if (size > line_limit_) {
    return fault(0, fmt::format("expected a line of at most {} bytes, found {}{}", line_limit_,
                                line.endless ? "more than " : "", size));
  }
  split_fields(line.text, fields_);
  if (fields_.size() != header_.columns.size()) {
    auto message = fmt::format("expected {} tab-separated fields, found {}", header_.columns.size(), fields_.size());
    if (!line.ends) return fault(0, std::move(message), "the file ends within this row; fetch it again");
    return fault(0, std::move(message), line.text.starts_with('"') ? kQuotes : "");
  }
  if (const std::size_t bad = valid_utf8_prefix(line.text); bad < line.text.size()) {
    const auto column = static_cast<std::size_t>(
        std::count(line.text.begin(), line.text.begin() + static_cast<std::ptrdiff_t>(bad), '\t'));
    return fault(column + 1, fmt::format("{}: expected UTF-8, found the byte 0x{:02x}", header_.columns[column].name,
                                         static_cast<unsigned char>(line.text[bad])));
  }
  for (std::size_t c = 0; c < header_.columns.size(); ++c) {
    const ColumnSpec& column = header_.columns[c];
    if (column.type == ColumnType::kText || parse_number(fields_[c], column)) continue;
    return fault(
        c + 1,
        fmt::format("{}: expected {} or \\N, found \"{}\"", column.name, describe(column), fields_[c].substr(0, 40)),
        fields_[c].starts_with('"') ? kQuotes : "");
  }
  return {};
}

}  // namespace matinee
