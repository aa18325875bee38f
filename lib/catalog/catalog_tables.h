#pragma once

#include <string>
#include <vector>

namespace matinee {

/// Paths of the tables of one IMDb release: TSV (plain or gzip) or the output of tsv2bin. "": not there; only
/// title.basics is necessary.
struct CatalogTables {
  std::string basics, ratings, crew, principals, names, akas, certificates;
  std::vector<std::string> notes;  ///< what is worth saying about the choice of the files

  /// The files of a folder: title.basics.{bin,tsv,tsv.gz} and so on, or a folder of that name with one file in it. A
  /// table of tsv2bin that is older than the TSV beside it is not used, which is noted. In a folder without
  /// title.basics, tables are recognized by their headers.
  /// Throws Error(kMissing) if there is no title.basics, Error(kBadData) if two files are the same table.
  static CatalogTables in_folder(const std::string& folder);
};

/// One of the seven: IMDb's name of the table, the option that names its file, and its path.
struct CatalogTable {
  const char* name;
  const char* option;
  std::string CatalogTables::*path;
  const char* help;
};
/// All of them, title.basics first.
const std::vector<CatalogTable>& catalog_tables();

}  // namespace matinee
