#include "lib/table/imdb_schema.h"

#include <algorithm>
#include <limits>

#include "lib/base/ascii.h"
#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr auto kText = ColumnType::kText;
constexpr auto kInteger = ColumnType::kInteger;
constexpr auto kTenths = ColumnType::kTenths;

// Wide bounds: they catch shifted rows and broken files and accept unusual films.
ColumnSpec text(const char* name) { return {name, kText, 0, 0}; }
ColumnSpec count(const char* name) { return {name, kInteger, 0, std::numeric_limits<std::int32_t>::max()}; }
ColumnSpec minutes(const char* name) { return {name, kInteger, 0, 999'999}; }
ColumnSpec flag(const char* name) { return {name, kInteger, 0, 1}; }
ColumnSpec film_year(const char* name) { return {name, kInteger, 1800, 2200}; }
ColumnSpec life_year(const char* name) { return {name, kInteger, 0, 2200}; }  // writers of antiquity have rows

ColumnSpec unused(ColumnSpec column) {
  column.needed = false;
  return column;
}

const std::vector<TableSchema>& tables() {
  static const std::vector<TableSchema> all{
      {"title.basics",
       {text("tconst"), text("titleType"), text("primaryTitle"), text("originalTitle"), flag("isAdult"),
        film_year("startYear"), unused(film_year("endYear")), minutes("runtimeMinutes"), text("genres")}},
      {"title.ratings", {text("tconst"), {"averageRating", kTenths, 0, 100}, count("numVotes")}},
      {"title.crew", {text("tconst"), text("directors"), text("writers")}},
      {"title.principals",
       {text("tconst"), count("ordering"), text("nconst"), text("category"), unused(text("job")),
        unused(text("characters"))}},
      {"title.episode", {text("tconst"), text("parentTconst"), count("seasonNumber"), count("episodeNumber")}},
      {"title.akas",
       {text("titleId"), unused(count("ordering")), text("title"), unused(text("region")), unused(text("language")),
        unused(text("types")), unused(text("attributes")), unused(flag("isOriginalTitle"))}},
      {"title.certificates", {text("tconst"), text("certificate")}},
      {"name.basics",
       {text("nconst"), text("primaryName"), life_year("birthYear"), unused(life_year("deathYear")),
        unused(text("primaryProfession")), unused(text("knownForTitles"))}}};
  return all;
}

}  // namespace

std::span<const TableSchema> imdb_tables() { return tables(); }

void split_fields(std::string_view line, std::vector<std::string_view>& fields) {
  fields.clear();
  for (std::size_t begin = 0;;) {
    const std::size_t tab = line.find('\t', begin);
    fields.push_back(line.substr(begin, tab - begin));
    if (tab == std::string_view::npos) return;
    begin = tab + 1;
  }
}

RecognizedHeader recognize_header(std::string_view line) {
  std::vector<std::string_view> names;
  split_fields(line, names);
  // Some programs write the names in upper or in lower case.
  const auto is_named = [](const ColumnSpec& column, std::string_view name) {
    return column.name.size() == name.size() && to_lower(column.name) == to_lower(name);
  };
  const auto has = [&](const ColumnSpec& column) {
    return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return is_named(column, name); });
  };
  // The table with the most of the names, first among those whose needed columns are all there.
  const TableSchema* nearest = nullptr;
  std::size_t nearest_found = 0;
  std::string lacking;
  for (const TableSchema& table : tables()) {
    const auto found = static_cast<std::size_t>(std::count_if(table.columns.begin(), table.columns.end(), has));
    std::string absent;
    for (const ColumnSpec& column : table.columns)
      if (column.needed && !has(column)) absent += (absent.empty() ? "" : ", ") + column.name;
    const bool whole = nearest != nullptr && lacking.empty();
    if (whole ? absent.empty() && found > nearest_found : found > 0 && (absent.empty() || found > nearest_found)) {
      nearest = &table;
      nearest_found = found;
      lacking = absent;
    }
  }
  if (nearest == nullptr || !lacking.empty()) {
    Error error = bad_data("header: expected the column names of an IMDb table, found \"{}\"", line.substr(0, 60));
    if (line.starts_with('"') && line.find("\"\t\"") != std::string_view::npos) {
      error.add_remedy("the fields are in quotation marks, as in CSV; write the table without them");
    } else if (nearest != nullptr) {
      error.add_remedy(fmt::format("nearest is {}, which also has {}", nearest->name, lacking));
    } else if (names.size() == 1 && line.find(',') != std::string_view::npos) {
      error.add_remedy(
          "this is CSV; convert it: python3 -c \"import csv, sys; [print(*row, sep='\\t') for row in "
          "csv.reader(sys.stdin)]\" <FILE | tsv2bin ...");
    }
    throw error;
  }
  RecognizedHeader header{nearest, {}};
  for (const std::string_view name : names) {
    const auto known = std::find_if(nearest->columns.begin(), nearest->columns.end(),
                                    [&](const ColumnSpec& column) { return is_named(column, name); });
    header.columns.push_back(known == nearest->columns.end() ? ColumnSpec{std::string(name), kText, 0, 0} : *known);
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) throw bad_data("header: column {} has no name", i + 1);
    const std::string& name = header.columns[i].name;
    if (std::count_if(header.columns.begin(), header.columns.end(), [&](const auto& c) { return c.name == name; }) > 1)
      throw bad_data("header: column \"{}\" is there twice", name);
  }
  return header;
}

}  // namespace matinee
