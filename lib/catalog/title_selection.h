#pragma once

#include <cstdint>
#include <vector>

#include "lib/catalog/catalog_tables.h"
#include "lib/catalog/id_set.h"
#include "lib/catalog/list_column.h"
#include "lib/catalog/table_pass.h"
#include "lib/io/safetensors.h"

namespace matinee {

/// The titles of a catalog, most votes first, then the later one, then the lower tconst; with their columns.
struct SelectedTitles {
  StringColumnBuilder tconst, title, original, genre_names;
  std::vector<std::int32_t> years, runtimes, votes, ratings;
  ListColumnBuilder genres;
  std::vector<std::uint32_t> ids;  ///< numbers of the tconsts
  IdSet kept;                      ///< of the ids; sealed
  std::vector<std::int32_t> movie_of_rank;
  IdSet all;  ///< numbers of all rows of title.basics, also of titles that are left out

  /// The row in the catalog of the title with this number; -1 if it is not kept.
  std::int32_t movie_of(std::uint32_t id) const {
    const std::int32_t rank = kept.rank(id);
    return rank < 0 ? -1 : movie_of_rank[static_cast<std::size_t>(rank)];
  }
};

/// Reads title.ratings, where it is there, and title.basics, each once. Of the titles that are read, only so many are
/// in memory as may still be among the most voted-for. Throws Error(kBadData) if no title is of the types.
SelectedTitles select_titles(const CatalogTables& tables, JoinContext& context);

}  // namespace matinee
