#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/catalog/catalog_tables.h"
#include "lib/catalog/table_pass.h"
#include "lib/catalog/title_selection.h"

namespace matinee {

/// People of each movie by the numbers of their nconsts, each person once: movie m has people[offsets[m]] to
/// people[offsets[m + 1]].
struct PersonLists {
  std::vector<std::int64_t> offsets;
  std::vector<std::uint32_t> people;

  std::span<const std::uint32_t> operator[](std::size_t movie) const {
    return std::span(people).subspan(static_cast<std::size_t>(offsets[movie]),
                                     static_cast<std::size_t>(offsets[movie + 1] - offsets[movie]));
  }
};

struct MoviePeople {
  PersonLists cast;  ///< by ordering; as many as CatalogOptions::cast_size
  PersonLists directors, writers;
};

/// Reads title.crew and title.principals, where they are there. Without title.crew, directors and writers come from
/// title.principals.
MoviePeople read_people(const CatalogTables& tables, const SelectedTitles& titles, JoinContext& context);

}  // namespace matinee
