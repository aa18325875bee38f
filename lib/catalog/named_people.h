#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/catalog/id_set.h"
#include "lib/catalog/list_column.h"
#include "lib/catalog/person_lists.h"
#include "lib/catalog/table_pass.h"
#include "lib/io/safetensors.h"

namespace matinee {

/// The people of a catalog, by nconst.
struct NamedPeople {
  StringColumnBuilder nconst, name;
  std::vector<std::int32_t> births;
  IdSet ids;  ///< numbers of the nconsts; sealed
  std::vector<std::int32_t> row_of_rank;

  /// The row of the person with this number; -1 if there is none.
  std::int32_t row_of(std::uint32_t id) const {
    const std::int32_t rank = ids.rank(id);
    return rank < 0 ? -1 : row_of_rank[static_cast<std::size_t>(rank)];
  }
};

/// Reads name.basics for the people of the lists. "": no table, so no people.
NamedPeople read_names(const std::string& path, const MoviePeople& people, JoinContext& context);

/// The same lists with rows of `named`. Counts references to people that `named` lacks in `dangling`.
ListColumnBuilder rows_of(const PersonLists& lists, const NamedPeople& named, std::int64_t& dangling);

}  // namespace matinee
