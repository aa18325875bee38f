#include "lib/table/column_table.h"

#include <algorithm>
#include <charconv>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr std::size_t kRowsAtOnce = 4096;

void append_number(std::string& out, ColumnType type, std::int32_t value) {
  if (value == kMissingValue) {
    out += "\\N";
    return;
  }
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, type == ColumnType::kTenths ? value / 10 : value).ptr;
  out.append(digits, end);
  if (type == ColumnType::kTenths) out += {'.', static_cast<char>('0' + value % 10)};
}

}  // namespace

ColumnTable::ColumnTable(const SafetensorsFile& file) : file_(file), description_(file) {
  const auto ends = file.metadata().find("matinee.last_line_ends");
  last_line_ends_ = ends == file.metadata().end() || ends->second == "true";
  for (std::size_t c = 0; c < description_.columns.size(); ++c) {
    const ColumnSpec& column = description_.columns[c];
    const bool text = column.type == ColumnType::kText,
               exceptions = file.find(column.name + ".as_written.rows") != nullptr;
    // Checks the offsets, which takes a look at each row.
    texts_.push_back(text || exceptions ? StringColumn(file, column.name + (text ? "" : ".as_written"))
                                        : StringColumn());
    exception_rows_.push_back(exceptions && !text ? file.view<std::int64_t>(column.name + ".as_written.rows")
                                                  : std::span<const std::int64_t>());
    if (exception_rows_.back().size() != (text ? 0 : texts_.back().size()))
      throw bad_data("{}: column \"{}\": its exceptions do not fit together", file.path(), column.name);
    const std::size_t size = text ? texts_.back().size() : integers(c).size();
    if (size != static_cast<std::size_t>(description_.rows))
      throw bad_data("{}: column \"{}\" has {} rows of {}", file.path(), column.name, size, description_.rows);
  }
}

std::span<const std::int32_t> ColumnTable::integers(std::size_t column) const {
  return file_.view<std::int32_t>(description_.columns[column].name);
}

void ColumnTable::texts(std::size_t column, std::size_t begin, std::size_t end, std::vector<std::string_view>& out,
                        std::deque<std::string>& storage) const {
  const ColumnSpec& spec = description_.columns[column];
  out.clear();
  if (spec.type == ColumnType::kText) {
    const StringColumn& all = texts_[column];
    for (std::size_t row = begin; row < end; ++row) out.push_back(all[row]);
    return;
  }
  const auto numbers = integers(column);
  storage.emplace_back();
  std::vector<std::size_t> ends;
  for (std::size_t row = begin; row < end; ++row) {
    append_number(storage.back(), spec.type, numbers[row]);
    ends.push_back(storage.back().size());
  }
  const std::string_view written = storage.back();
  std::size_t at = 0;
  for (const std::size_t next : ends) {
    out.push_back(written.substr(at, next - at));
    at = next;
  }
  const auto rows = exception_rows_[column];
  const StringColumn& exceptions = texts_[column];
  const auto first = std::lower_bound(rows.begin(), rows.end(), static_cast<std::int64_t>(begin));
  for (auto row = first; row != rows.end() && *row < static_cast<std::int64_t>(end); ++row)
    out[static_cast<std::size_t>(*row) - begin] = exceptions[static_cast<std::size_t>(row - rows.begin())];
}

void ColumnTable::write_tsv(OutputFile& out) const {
  const std::string& newline = description_.line_end;
  out.write(description_.first_line);
  const auto rows = static_cast<std::size_t>(description_.rows);
  const std::size_t columns = description_.columns.size();
  std::vector<std::vector<std::string_view>> fields(columns);
  for (std::size_t begin = 0; begin < rows; begin += kRowsAtOnce) {
    const std::size_t end = std::min(begin + kRowsAtOnce, rows);
    std::deque<std::string> storage;
    for (std::size_t c = 0; c < columns; ++c) texts(c, begin, end, fields[c], storage);
    for (std::size_t row = 0; row < end - begin; ++row) {
      out.write(newline);
      for (std::size_t c = 0; c < columns; ++c) {
        if (c > 0) out.write("\t");
        out.write(fields[c][row]);
      }
    }
  }
  if (last_line_ends_) out.write(newline);
}

}  // namespace matinee
