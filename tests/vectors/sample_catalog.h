#pragma once

#include <algorithm>
#include <memory>
#include <string>

#include "lib/catalog/catalog_builder.h"
#include "lib/catalog/movie_catalog.h"
#include "lib/vectors/movie_vectors.h"
#include "tests/support/temporary_folder.h"

namespace matinee::testing {

/// The sample of testdata/ with its vectors, made once per test program.
struct SampleCatalog {
  TemporaryFolder folder;
  MovieVectors vectors;
  std::unique_ptr<MovieCatalog> catalog;

  explicit SampleCatalog(std::int64_t top = 10000) {
    ThreadPool pool(2);
    const CatalogBuilder builder(CatalogTables::in_folder("testdata/sample"), {.top = top}, pool);
    builder.save(folder.file("bare.bin"));
    const MovieCatalog bare(folder.file("bare.bin"));
    const VectorOptions options;
    vectors = make_movie_vectors(bare, options, pool);
    SafetensorsWriter writer(folder.file("movies.bin"), kCatalogKind, vector_metadata(options));
    builder.declare(writer);
    declare_vectors(writer, bare.size(), options.dim, true);
    builder.write(writer);
    for (int kind = 0; kind < kVectorKinds; ++kind)
      write_vectors(writer, static_cast<VectorKind>(kind), vectors.rows[kind]);
    write_likes(writer, vectors.likes);
    writer.commit();
    catalog = std::make_unique<MovieCatalog>(folder.file("movies.bin"));
  }

  MovieId movie(const std::string& display_name) const { return catalog->find_display_name(display_name).value(); }
  PersonId person(const std::string& name) const { return catalog->find_person_display_name(name).value(); }

  static const SampleCatalog& shared() {
    static const SampleCatalog sample;
    return sample;
  }
};

}  // namespace matinee::testing
