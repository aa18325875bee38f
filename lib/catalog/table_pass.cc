#include "lib/catalog/table_pass.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/format_error.h"

namespace matinee {

TablePass::TablePass(const std::string& path, const char* table, const char* id_column, JoinContext& context)
    : path_(path), table_(table), id_column_(id_column), context_(context), reader_(path, context.options.read) {
  if (reader_.name() != table) throw bad_data("{}: expected the table {}, found {}", path, table, reader_.name());
  id_ = reader_.column(id_column);
}

std::optional<std::size_t> TablePass::optional_column(std::string_view name) const {
  const auto& columns = reader_.columns();
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const ColumnSpec& column) { return column.name == name; });
  if (found == columns.end()) return {};
  return static_cast<std::size_t>(found - columns.begin());
}

TablePass::Ids TablePass::ids_of(const TableBlock& block) const {
  Ids ids;
  block.ids(id_, ids.numbers);
  ids.strange = std::count(ids.numbers.begin(), ids.numbers.end(), kNoId);
  if (ids.strange > 0) {
    std::vector<std::string_view> texts;
    block.texts(id_, texts);
    const auto first = std::find(ids.numbers.begin(), ids.numbers.end(), kNoId) - ids.numbers.begin();
    ids.first_strange = texts[static_cast<std::size_t>(first)];
  }
  return ids;
}

void TablePass::count(const Ids& ids) {
  rows_ += static_cast<std::int64_t>(ids.numbers.size());
  if (ids.strange > 0 && strange_ == 0) first_strange_ = ids.first_strange;
  strange_ += ids.strange;
}

void TablePass::finish() {
  CatalogReport& report = context_.report;
  if (strange_ > 0 && strange_ == rows_) {
    throw bad_data("{}: no {} can be used: expected \"{}\" and digits, the first is \"{}\"", path_, id_column_,
                   std::string_view(id_column_) == "nconst" ? "nm" : "tt", first_strange_);
  }
  if (strange_ > 0 && report.strange_ids == 0)
    report.first_strange_id = fmt::format("\"{}\" in {}", first_strange_, table_);
  report.strange_ids += strange_;
  const TsvReadReport& read = reader_.report();
  if (report.bad_rows == 0) report.first_bad = read.first_skipped;
  report.bad_rows += read.skipped;
}

}  // namespace matinee
