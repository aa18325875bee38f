#include "lib/catalog/imdb_schema.h"

#include <algorithm>
#include <limits>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr auto kText = ColumnType::kText;
constexpr auto kInteger = ColumnType::kInteger;
constexpr auto kTenths = ColumnType::kTenths;

// Wide bounds: they catch shifted rows and broken files and accept unusual films.
ColumnSpec text(const char* name) { return {name, kText, 0, 0}; }
ColumnSpec count(const char* name) { return {name, kInteger, 0, std::numeric_limits<std::int32_t>::max()}; }
ColumnSpec flag(const char* name) { return {name, kInteger, 0, 1}; }
ColumnSpec film_year(const char* name) { return {name, kInteger, 1800, 2200}; }
ColumnSpec life_year(const char* name) { return {name, kInteger, 0, 2200}; }  // writers of antiquity have rows

const std::vector<TableSchema>& tables() {
  static const std::vector<TableSchema> all{
      {"title.basics",
       {text("tconst"), text("titleType"), text("primaryTitle"), text("originalTitle"), flag("isAdult"),
        film_year("startYear"), film_year("endYear"), count("runtimeMinutes"), text("genres")}},
      {"title.ratings", {text("tconst"), {"averageRating", kTenths, 0, 100}, count("numVotes")}},
      {"title.crew", {text("tconst"), text("directors"), text("writers")}},
      {"title.principals",
       {text("tconst"), count("ordering"), text("nconst"), text("category"), text("job"), text("characters")}},
      {"title.episode", {text("tconst"), text("parentTconst"), count("seasonNumber"), count("episodeNumber")}},
      {"title.akas",
       {text("titleId"), count("ordering"), text("title"), text("region"), text("language"), text("types"),
        text("attributes"), flag("isOriginalTitle")}},
      {"title.certificates", {text("tconst"), text("certificate")}},
      {"name.basics",
       {text("nconst"), text("primaryName"), life_year("birthYear"), life_year("deathYear"), text("primaryProfession"),
        text("knownForTitles")}}};
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
  const TableSchema* nearest = nullptr;
  std::size_t nearest_found = 0;
  std::string lacking;
  for (const TableSchema& table : tables()) {
    std::size_t found = 0;
    std::string absent;
    for (const ColumnSpec& column : table.columns) {
      if (std::find(names.begin(), names.end(), column.name) != names.end()) {
        ++found;
      } else {
        absent += (absent.empty() ? "" : ", ") + column.name;
      }
    }
    if (found == table.columns.size()) {
      RecognizedHeader header{&table, {}};
      for (const std::string_view name : names) {
        const auto known = std::find_if(table.columns.begin(), table.columns.end(),
                                        [&](const ColumnSpec& c) { return c.name == name; });
        header.columns.push_back(known == table.columns.end() ? ColumnSpec{std::string(name), kText, 0, 0} : *known);
      }
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i].empty()) throw bad_data("header: column {} has no name", i + 1);
        if (std::count(names.begin(), names.end(), names[i]) > 1)
          throw bad_data("header: column \"{}\" is there twice", names[i]);
      }
      return header;
    }
    if (found > nearest_found) {
      nearest = &table;
      nearest_found = found;
      lacking = absent;
    }
  }
  Error error = bad_data("header: expected the column names of an IMDb table, found \"{}\"", line.substr(0, 60));
  if (nearest != nullptr) error.add_remedy(fmt::format("nearest is {}, which also has {}", nearest->name, lacking));
  throw error;
}

}  // namespace matinee
