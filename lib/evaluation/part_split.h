#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/catalog/movie_catalog.h"

namespace matinee {

/// Divides things into named parts by a hash of their name, so that each is in one part, whatever the seed.
class PartSplit {
 public:
  /// "train:0.9,valid:0.05,test:0.05". Throws Error(kUsage) for anything else, for a name that is there twice, and for
  /// shares whose sum is not 1.
  explicit PartSplit(std::string_view text);

  /// The hashes of one part.
  class Part {
   public:
    bool has(std::uint64_t hash) const;
    bool is_all() const { return low_ == 0 && high_ == 1; }

   private:
    friend class PartSplit;
    double low_ = 0, high_ = 1;
  };
  /// "all" is every part. Throws Error(kUsage) for an unknown one.
  Part part(std::string_view name) const;

  /// The movies of a part, by their tconst, that can be a target (they have a genre and people), ascending.
  /// Throws Error(kUsage) for an unknown part and Error(kBadData) if no movie is left.
  std::vector<MovieId> targets(const MovieCatalog& catalog, std::string_view part) const;

 private:
  std::vector<std::pair<std::string, double>> parts_;
};

}  // namespace matinee
