#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "lib/base/parallel.h"
#include "lib/catalog/catalog_report.h"
#include "lib/catalog/catalog_tables.h"
#include "lib/io/safetensors.h"

namespace matinee {

/// The joined catalog in memory, before it is written; `embed` adds the vectors.
class CatalogBuilder {
 public:
  /// Reads each table once, with all threads; of rows that no kept title needs, only ids are read. The result is the
  /// same with any number of threads and, but for which of several rows of an id is the first, with any order of the
  /// rows. Throws Error(kMissing / kBadData) with the path of the table.
  CatalogBuilder(const CatalogTables& tables, const CatalogOptions& options, ThreadPool& pool);
  ~CatalogBuilder();

  const CatalogReport& report() const;
  std::int32_t size() const;
  /// Declares and writes all tensors of the catalog through `writer`; the caller may add further tensors.
  void declare(SafetensorsWriter& writer) const;
  void write(SafetensorsWriter& writer) const;
  /// Writes a catalog without vectors (kind kCatalogKind).
  void save(const std::string& path) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
