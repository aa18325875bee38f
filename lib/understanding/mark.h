#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/dialogue/preference_state.h"

namespace matinee {

/// What a marked part of a user's text can mean.
enum class MarkKind : std::uint8_t {
  kGenre,       ///< genres
  kName,        ///< person, movie, or both where either may be meant
  kNotFound,    ///< text: a title or name that the catalog does not have
  kYears,       ///< span: years as written ("90s": 1990 to 1999)
  kEra,         ///< number: an Era ("newer", "classic"); span, excluded
  kRuntime,     ///< span: minutes, low and high equal
  kLength,      ///< number: a Length ("short")
  kPopularity,  ///< number: a Popularity
  kRating,      ///< number: tenths
  kAge,         ///< number: an AgeRating; genres: what comes nearest, where hardly any age rating is known
  kSort,        ///< number: a SortOrder; span: the years that it may mean ("the latest")
  kCount,       ///< number: how many movies
  kNth,         ///< number: place in the last list, -1 for the last
  kRelative,    ///< number: a Relative ("funnier")
  kSame,        ///< number: a Same ("same director")
  kSeries,      ///< sequels and other parts
  kTheme,       ///< text: what movies are about
  kMood,        ///< text: how movies feel
  kBeyond,      ///< number: a Beyond ("in French")
};
inline constexpr int kMarkKinds = 19;
const char* name_of(MarkKind kind);

enum class Era : std::uint8_t { kNew, kOld, kNewer, kOlder };
enum class Length : std::uint8_t { kShort, kLong };
enum class Relative : std::uint8_t {
  kFunnier,
  kScarier,
  kMoreRomantic,
  kShorter,
  kLonger,
  kBetter,
  kLessKnown,
  kLighter,
  kDarker
};
enum class Same : std::uint8_t { kDirector, kActor, kGenre };

/// What the user says about a mark.
enum class Role : std::uint8_t {
  kNone,      ///< nothing
  kWant,      ///< wants it
  kOr,        ///< wants it as an alternative to those before it
  kNot,       ///< does not want it
  kLiked,     ///< liked the movie, or wants one like it
  kDisliked,  ///< disliked the movie
  kSeen,      ///< has seen the movie, or all movies of the person
  kPick,      ///< proposes or chooses the movie
  kAsk,       ///< asks about the movie
  kFrom,      ///< this many or more; this year or later
  kUntil,     ///< at most this many; this year or earlier
  kAround,    ///< about this many; about this year
  kSort,      ///< wants movies in this order
};
inline constexpr int kRoles = 13;
const char* name_of(Role role);
std::optional<Role> role_from_name(std::string_view name);

/// A part of a user's text that can mean something.
struct Mark {
  MarkKind kind = MarkKind::kGenre;
  std::size_t begin = 0, end = 0;  ///< bytes of the text
  std::vector<GenreId> genres{};
  PersonId person = -1;
  MovieId movie = -1;
  bool weak = false;    ///< kName: the words may well be no name
  bool excess = false;  ///< kEra, kLength: "too old", "too long", which nobody wants
  Span span{};
  Span excluded{};  ///< kEra: the years where it is not wanted
  /// kYears behind "newer than": kFrom, "older than": kUntil, "80s or": kOr. Other kinds right behind "no", "hate" and
  /// the like: kNot.
  Role bound = Role::kNone;
  /// kYears, kRuntime and kRating behind "under", "before" and the like: kUntil; behind "over", "after": kFrom. In this
  /// role the number itself is not meant: "under 100 minutes" is up to 99, but "not over 100 minutes" up to 100.
  Role strict = Role::kNone;
  std::int32_t number = 0;
  std::string text{};
};

/// The roles that a mark can have; kNone is the first.
std::vector<Role> roles_of(const Mark& mark);

}  // namespace matinee
