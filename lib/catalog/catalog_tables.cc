#include "lib/catalog/catalog_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/table/table_path.h"
#include "lib/table/table_reader.h"

namespace matinee {
namespace {

namespace fs = std::filesystem;

std::string file_name(const std::string& path) { return fs::path(path).filename().string(); }

// The file of a table under its usual name; "" if there is none.
std::string usual_file(const std::string& folder, const std::string& table, std::vector<std::string>& notes) {
  std::vector<std::string> paths;
  for (const char* ending : {".bin", ".tsv", ".tsv.gz"}) {
    std::string path = fmt::format("{}/{}{}", folder, table, ending);
    if (!file_exists(path)) continue;
    paths.push_back(table_path(path));
  }
  if (paths.empty()) return "";
  const auto written = [](const std::string& path) { return fs::last_write_time(path); };
  // The first of the newest.
  const std::string& newest = *std::max_element(paths.begin(), paths.end(),
                                                [&](const auto& a, const auto& b) { return written(a) < written(b); });
  if (paths.front().ends_with(".bin") && newest != paths.front()) {
    notes.push_back(fmt::format("{} is older than {}, which is read in its place; tsv2bin makes it anew", paths.front(),
                                file_name(newest)));
  }
  return newest;
}

// Tables under other names, by their headers.
void recognize_files(const std::string& folder, CatalogTables& tables) {
  if (!fs::is_directory(folder)) return;
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file() && !entry.path().filename().string().starts_with('.'))
      paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    std::string name;
    try {
      name = TableReader(path).name();
    } catch (const Error&) {
      continue;  // no table
    }
    for (const CatalogTable& table : catalog_tables()) {
      if (name != table.name) continue;
      std::string& known = tables.*table.path;
      if (!known.empty())
        throw bad_data("{}: both {} and {} are {}", folder, file_name(known), file_name(path), name)
            .add_remedy(fmt::format("name the right one as {}.tsv, or with --{}", name, table.option));
      known = path;
      tables.notes.push_back(fmt::format("{} is read as {}, by its header", path, name));
    }
  }
}

}  // namespace

const std::vector<CatalogTable>& catalog_tables() {
  static const std::vector<CatalogTable> all{
      {"title.basics", "basics", &CatalogTables::basics, "title.basics; the only table that must be there"},
      {"title.ratings", "ratings", &CatalogTables::ratings, "title.ratings: votes and ratings"},
      {"title.crew", "crew", &CatalogTables::crew, "title.crew: directors and writers"},
      {"title.principals", "principals", &CatalogTables::principals, "title.principals: casts"},
      {"name.basics", "names", &CatalogTables::names, "name.basics: names of people"},
      {"title.akas", "akas", &CatalogTables::akas, "title.akas: other titles of the movies"},
      {"title.certificates", "certificates", &CatalogTables::certificates,
       "title.certificates: age ratings (docs/formats.md)"}};
  return all;
}

CatalogTables CatalogTables::in_folder(const std::string& folder) {
  CatalogTables tables;
  for (const CatalogTable& table : catalog_tables()) tables.*table.path = usual_file(folder, table.name, tables.notes);
  if (tables.basics.empty()) {
    tables = {};
    recognize_files(folder, tables);
  }
  if (tables.basics.empty())
    throw missing("{}: expected title.basics.bin, title.basics.tsv or title.basics.tsv.gz in this folder, found none",
                  folder);
  return tables;
}

}  // namespace matinee
