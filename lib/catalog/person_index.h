#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/catalog/movie_catalog.h"

namespace matinee {

/// How a text names a person: by the name (ignoring case and accents), with typing errors, or by words of the name.
enum class PersonMatch { kNone, kNamed, kFuzzy, kWords };

struct PersonLookup {
  PersonMatch match = PersonMatch::kNone;
  std::vector<PersonId> people;  ///< those with the most votes for their movies first. For kNone: the nearest names
};

/// Finds people by name, as TitleIndex finds movies: "al pacino", "Penelope Cruz", "robert deniro", "tarantino".
/// Display names ("Michael Mann (1951)") and nconsts select one of several.
class PersonIndex {
 public:
  /// `pool` (null: one thread) and `catalog` must outlive this. The first search of its kind makes what the file lacks.
  explicit PersonIndex(const MovieCatalog& catalog, ThreadPool* pool = nullptr);
  ~PersonIndex();

  /// Whether a person has this name, ignoring case and accents. Thread-safe as below.
  bool has(std::string_view name) const;
  /// One thread at a time, or from bodies of the pool.
  PersonLookup find(std::string_view name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
