#pragma once

#include "lib/dialogue/preference_state.h"

namespace matinee {

/// "Short" is up to kShortMinutes, "long" from kLongMinutes on.
inline constexpr std::int32_t kShortMinutes = 100, kLongMinutes = 140;
/// "Highly rated", in tenths.
inline constexpr std::int32_t kGoodRating = 70;
/// The age rating of "for kids".
inline constexpr AgeRating kForKids = AgeRating::kPG;

/// What "new" and "old" mean in years, counted from the newest year of the catalog: of the movies that somebody has
/// voted for, since tables also hold movies that are announced for years to come.
struct LooseYears {
  explicit LooseYears(const MovieCatalog& catalog);
  explicit LooseYears(std::int32_t newest_movie);
  std::int32_t newest;
  Span recent, old;          ///< the last 8 years; 40 years ago and before
  Span not_recent, not_old;  ///< "not new": more than 8 years ago; "not old": the last 20 years
};

}  // namespace matinee
