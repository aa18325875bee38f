#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/catalog/movie_catalog.h"

namespace matinee {

/// The key under which a movie is found by a title: the compared words of the folded title (name_words.h), "godfather
/// 2" of "The Godfather Part II", with ordinals as digits ("6th sense"); the text itself where it has no letters or
/// digits ("$").
std::string title_key(std::string_view title);
/// The same of a folded title that is not empty.
std::string key_of_folded(std::string_view folded);

/// All keys of a movie: of its title, its original title, their short forms (title_parts.h) and of its titles in other
/// countries. Each once.
std::vector<std::string> title_keys_of(const MovieCatalog& catalog, MovieId movie);

/// The rows of a catalog (movies or people) by the hashes of their keys. A hash may belong to several keys, so the rows
/// that it gives have to be compared with what is looked for.
class NameKeys {
 public:
  NameKeys() = default;
  /// Entries ascending: 31 bits of the hash, then 32 bits of the row, below `rows`. They must outlive this.
  NameKeys(std::span<const std::int64_t> entries, std::int32_t rows) : entries_(entries), rows_(rows) {}

  /// Rows that may have this key, ascending.
  std::vector<std::int32_t> rows(std::string_view key) const;

 private:
  std::span<const std::int64_t> entries_;
  std::int32_t rows_ = 0;
};

/// The entries of NameKeys for the movies by title_keys_of, and for the people by their folded names.
std::vector<std::int64_t> movie_key_entries(const MovieCatalog& catalog, ThreadPool& pool);
std::vector<std::int64_t> person_key_entries(const MovieCatalog& catalog, ThreadPool& pool);

/// Both, as they are stored in a catalog: tensors "title_index.movies" and "title_index.people", I64.
struct StoredKeys {
  std::vector<std::int64_t> movies, people;

  StoredKeys(const MovieCatalog& catalog, ThreadPool& pool);
  void declare(SafetensorsWriter& writer) const;
  void write(SafetensorsWriter& writer) const;
};

/// The entries that the catalog's file holds, mapped; empty where it holds none. Throws Error(kBadData) if they do not
/// belong to the catalog.
std::span<const std::int64_t> stored_movie_keys(const MovieCatalog& catalog);
std::span<const std::int64_t> stored_person_keys(const MovieCatalog& catalog);

}  // namespace matinee
