#include "lib/catalog/imdb_schema.h"

#include <algorithm>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr auto kText = ColumnType::kText;
constexpr auto kInteger = ColumnType::kInteger;
constexpr auto kTenths = ColumnType::kTenths;

const std::vector<TableSchema>& tables() {
  static const std::vector<TableSchema> all{
      {"title.basics",
       {{"tconst", kText},
        {"titleType", kText},
        {"primaryTitle", kText},
        {"originalTitle", kText},
        {"isAdult", kInteger},
        {"startYear", kInteger},
        {"endYear", kInteger},
        {"runtimeMinutes", kInteger},
        {"genres", kText}}},
      {"title.ratings", {{"tconst", kText}, {"averageRating", kTenths}, {"numVotes", kInteger}}},
      {"title.crew", {{"tconst", kText}, {"directors", kText}, {"writers", kText}}},
      {"title.principals",
       {{"tconst", kText},
        {"ordering", kInteger},
        {"nconst", kText},
        {"category", kText},
        {"job", kText},
        {"characters", kText}}},
      {"title.episode",
       {{"tconst", kText}, {"parentTconst", kText}, {"seasonNumber", kInteger}, {"episodeNumber", kInteger}}},
      {"title.akas",
       {{"titleId", kText},
        {"ordering", kInteger},
        {"title", kText},
        {"region", kText},
        {"language", kText},
        {"types", kText},
        {"attributes", kText},
        {"isOriginalTitle", kInteger}}},
      {"name.basics",
       {{"nconst", kText},
        {"primaryName", kText},
        {"birthYear", kInteger},
        {"deathYear", kInteger},
        {"primaryProfession", kText},
        {"knownForTitles", kText}}}};
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

RecognisedHeader recognise_header(std::string_view line) {
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
      RecognisedHeader header{&table, {}};
      for (const std::string_view name : names) {
        const auto known = std::find_if(table.columns.begin(), table.columns.end(),
                                        [&](const ColumnSpec& c) { return c.name == name; });
        header.columns.push_back(known == table.columns.end() ? ColumnSpec{std::string(name), kText} : *known);
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
