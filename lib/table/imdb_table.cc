#include "lib/table/imdb_table.h"

#include <algorithm>
#include <charconv>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr std::size_t kRowsAtOnce = 4096;

std::string column_list(const std::vector<ColumnSpec>& columns) {
  std::string text;
  for (const ColumnSpec& column : columns) text += (text.empty() ? "" : "\t") + column.name;
  return text;
}

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

void ImdbTable::texts(std::size_t column, std::size_t begin, std::size_t end, std::vector<std::string_view>& out,
                      std::deque<std::string>& storage) const {
  const ColumnSpec& spec = columns_[column];
  out.clear();
  if (spec.type == ColumnType::kText) {
    const StringColumn all = text(spec.name);
    for (std::size_t row = begin; row < end; ++row) out.push_back(all[row]);
    return;
  }
  const auto numbers = integers(spec.name);
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
  if (file_.find(spec.name + ".as_written.rows") == nullptr) return;
  const auto rows = file_.view<std::int64_t>(spec.name + ".as_written.rows");
  const StringColumn exceptions(file_, spec.name + ".as_written");
  const auto first = std::lower_bound(rows.begin(), rows.end(), static_cast<std::int64_t>(begin));
  for (auto row = first; row != rows.end() && *row < static_cast<std::int64_t>(end); ++row)
    out[static_cast<std::size_t>(*row) - begin] = exceptions[static_cast<std::size_t>(row - rows.begin())];
}

void ImdbTable::write_tsv(OutputFile& out) const {
  const std::string_view newline = crlf_ ? "\r\n" : "\n";
  out.write((byte_order_mark_ ? "\xEF\xBB\xBF" : "") + column_list(columns_));
  const auto rows = static_cast<std::size_t>(rows_);
  std::vector<std::vector<std::string_view>> fields(columns_.size());
  for (std::size_t begin = 0; begin < rows; begin += kRowsAtOnce) {
    const std::size_t end = std::min(begin + kRowsAtOnce, rows);
    std::deque<std::string> storage;
    for (std::size_t c = 0; c < columns_.size(); ++c) texts(c, begin, end, fields[c], storage);
    for (std::size_t row = 0; row < end - begin; ++row) {
      out.write(newline);
      for (std::size_t c = 0; c < columns_.size(); ++c) {
        if (c > 0) out.write("\t");
        out.write(fields[c][row]);
      }
    }
  }
  if (last_line_ends_) out.write(newline);
}

}  // namespace matinee
