#include "lib/evaluation/sweep_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "lib/base/format_error.h"
#include "lib/io/text_reader.h"

namespace matinee {
namespace {

std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields;
  for (std::size_t begin = 0;;) {
    const std::size_t end = line.find('\t', begin);
    fields.emplace_back(line.substr(begin, end == line.npos ? line.npos : end - begin));
    if (end == line.npos) return fields;
    begin = end + 1;
  }
}

}  // namespace

std::optional<std::size_t> SweepTable::column(std::string_view name) const {
  const auto found = std::find(columns.begin(), columns.end(), name);
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

std::vector<std::size_t> SweepTable::options() const {
  std::vector<std::size_t> places;
  for (std::size_t i = column("steps").value() + 1; i < column("message").value(); ++i) places.push_back(i);
  return places;
}

SweepTable read_sweep_table(const std::string& path) {
  SweepTable table;
  table.path = path;
  LineReader lines(path);
  for (std::string_view line; lines.next(line);) {
    if (table.columns.empty()) {
      table.columns = fields_of(line);
      for (const char* name : {"rank", "run", "valid_loss", "steps", "message"}) {
        if (!table.column(name))
          throw bad_data("{}: expected a sweep.tsv of lora-train --sweep, found no column \"{}\"", lines.place(), name);
      }
      continue;
    }
    table.rows.push_back(fields_of(line));
    if (table.rows.back().size() != table.columns.size())
      throw bad_data("{}: expected {} fields as in the first line, found {}", lines.place(), table.columns.size(),
                     table.rows.back().size());
  }
  if (table.columns.empty()) throw bad_data("{}: expected a sweep.tsv of lora-train --sweep, found nothing", path);
  return table;
}

std::optional<double> number_of(const std::string& text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  if (text.empty() || std::from_chars(text.data(), end, value).ptr != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace matinee
