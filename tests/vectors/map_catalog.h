#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lib/catalog/catalog_builder.h"
#include "lib/vectors/movie_map.h"
#include "tests/support/temporary_folder.h"

namespace matinee::testing {

/// The path of a catalog of three movies of the sample, without vectors, that has such a tensor `map`.
inline std::string catalog_with_map(const TemporaryFolder& folder, std::vector<std::int64_t> shape,
                                    const std::vector<float>& places) {
  ThreadPool pool(2);
  const CatalogBuilder builder(CatalogTables::in_folder("testdata/sample"), {.top = 3}, pool);
  SafetensorsWriter writer(folder.file("movies.bin"), kCatalogKind, {});
  builder.declare(writer);
  writer.declare(kMapTensor, DType::kF32, std::move(shape));
  builder.write(writer);
  writer.write(kMapTensor, std::span<const float>(places));
  writer.commit();
  return folder.file("movies.bin");
}

}  // namespace matinee::testing
