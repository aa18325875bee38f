#include "lib/catalog/imdb_table.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

std::string column_list(const std::vector<ColumnSpec>& columns) {
  std::string text;
  for (const ColumnSpec& column : columns) text += (text.empty() ? "" : "\t") + column.name;
  return text;
}

}  // namespace

ImdbTable::ImdbTable(const std::string& path) : file_(path, "table", "tsv2bin") {
  const auto field = [&](const char* key) {
    const auto found = file_.metadata().find(key);
    if (found == file_.metadata().end()) throw bad_data("{}: metadata \"{}\" is missing", path, key);
    return found->second;
  };
  name_ = field("matinee.table");
  crlf_ = field("matinee.newline") == "crlf";
  last_line_ends_ = field("matinee.last_line_ends") == "true";
  byte_order_mark_ = file_.metadata().contains("matinee.byte_order_mark");
  const std::string rows = field("matinee.rows"), types = field("matinee.types"), names = field("matinee.columns");
  std::from_chars(rows.data(), rows.data() + rows.size(), rows_);
  std::vector<std::string_view> fields;
  split_fields(names, fields);
  if (fields.size() != types.size() || rows_ < 0)
    throw bad_data("{}: matinee.columns and matinee.types do not agree", path);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const int type = types[i] - '0';
    if (type < 0 || type > 2) throw bad_data("{}: column \"{}\" has the unknown type {}", path, fields[i], types[i]);
    columns_.push_back({std::string(fields[i]), static_cast<ColumnType>(type), 0, 0});
    const std::int64_t size = columns_.back().type == ColumnType::kText
                                  ? static_cast<std::int64_t>(StringColumn(file_, columns_.back().name).size())
                                  : static_cast<std::int64_t>(integers(columns_.back().name).size());
    if (size != rows_) throw bad_data("{}: column \"{}\" has {} rows of {}", path, fields[i], size, rows_);
  }
}

StringColumn ImdbTable::text(const std::string& column) const { return StringColumn(file_, column); }

std::span<const std::int32_t> ImdbTable::integers(const std::string& column) const {
  return file_.view<std::int32_t>(column);
}

void ImdbTable::write_tsv(OutputFile& out) const {
  struct Source {
    ColumnType type;
    StringColumn text;
    std::span<const std::int32_t> integers;
    std::span<const std::int64_t> exception_rows;
    StringColumn exceptions;
    std::size_t next = 0;
  };
  std::vector<Source> sources;
  for (const ColumnSpec& column : columns_) {
    Source source{column.type, {}, {}, {}, {}, 0};
    if (column.type == ColumnType::kText) {
      source.text = text(column.name);
    } else {
      source.integers = integers(column.name);
      if (file_.find(column.name + ".as_written.rows") != nullptr) {
        source.exception_rows = file_.view<std::int64_t>(column.name + ".as_written.rows");
        source.exceptions = StringColumn(file_, column.name + ".as_written");
      }
    }
    sources.push_back(source);
  }
  const std::string_view newline = crlf_ ? "\r\n" : "\n";
  std::string line = (byte_order_mark_ ? "\xEF\xBB\xBF" : "") + column_list(columns_);
  for (std::int64_t row = 0; row <= rows_; ++row) {
    if (row > 0) {
      line.clear();
      for (Source& source : sources) {
        if (&source != &sources.front()) line += '\t';
        const auto at = static_cast<std::size_t>(row - 1);
        if (source.type == ColumnType::kText) {
          line += source.text[at];
        } else if (source.next < source.exception_rows.size() && source.exception_rows[source.next] == row - 1) {
          line += source.exceptions[source.next++];
        } else if (source.integers[at] == kMissingValue) {
          line += "\\N";
        } else {
          char digits[16];
          const std::int32_t value = source.integers[at];
          const auto end =
              std::to_chars(digits, digits + sizeof digits, source.type == ColumnType::kTenths ? value / 10 : value)
                  .ptr;
          line.append(digits, end);
          if (source.type == ColumnType::kTenths) line += {'.', static_cast<char>('0' + value % 10)};
        }
      }
    }
    if (row < rows_ || last_line_ends_) line += newline;
    out.write(line);
  }
}

}  // namespace matinee
