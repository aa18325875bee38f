#pragma once

#include <string>
#include <vector>

#include "lib/base/options.h"
#include "lib/base/tool.h"
#include "lib/catalog/catalog_builder.h"
#include "lib/table/skip_options.h"
#include "lib/vectors/movie_vectors.h"

namespace matinee {

/// What `embed` does: tables in, the catalog with its vectors out.
struct EmbeddingRun {
  std::string output = "-";
  std::vector<std::string> folder;  ///< with the tables; empty or one
  CatalogTables tables;             ///< replace those of the folder
  SkipOptions skip;
  CatalogOptions catalog;
  VectorOptions vectors;
  std::vector<std::string> weights;  ///< replace vectors.weights unless empty
  int neighbors = 0;                 ///< nearest movies of each to store
  bool map = false;                  ///< store movie_map, too

  void add(OptionSet& options);
};

/// The same inputs give the same bytes with any number of threads. Throws Error(kUsage / kMissing / kBadData).
void run_embedding(EmbeddingRun run, const ToolContext& tool);

}  // namespace matinee
