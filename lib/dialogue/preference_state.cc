#include "lib/dialogue/preference_state.h"

#include <fmt/format.h>

#include "lib/base/list_members.h"

namespace matinee {
namespace {

constexpr std::array<const char*, kSlots> kSlotNames{"genre",  "years", "runtime", "popularity",
                                                     "person", "age",   "rating",  "keyword"};
constexpr std::array<const char*, kUserActs> kUserActNames{"inform", "like", "dislike", "unsure", "accept", "reject",
                                                           "seen",   "more", "ask",     "why",    "leave",  "other"};
constexpr std::array<const char*, kFacts> kFactNames{"cast",   "director", "writer",  "year",     "runtime",
                                                     "genres", "rating",   "age",     "series",   "plot",
                                                     "where",  "awards",   "trailer", "language", "country"};
constexpr std::array<const char*, kAgeRatings> kAgeRatingNames{"G", "PG", "PG-13", "R", "NC-17"};
constexpr std::array<const char*, kSortOrders> kSortOrderNames{"none", "best", "newest", "oldest", "popular"};
constexpr std::array<const char*, kBeyonds> kBeyondNames{"language", "country", "studio", "where", "awards",
                                                         "director", "theme",   "mood",   "tv",    "foreign"};

constexpr std::array<const char*, 3> kPopularityNames{"any", "popular", "hidden"};

template <class Enum, std::size_t N>
std::optional<Enum> from_name(const std::array<const char*, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (name == names[i]) return static_cast<Enum>(i);
  }
  return {};
}

// Adds the values to one list and removes them from the other.
template <class T>
void move_to(std::vector<T>& to, std::vector<T>& from, const std::vector<T>& said) {
  for (const T& value : said) {
    std::erase(from, value);
    add_once(to, value);
  }
}

}  // namespace

const char* name_of(Slot slot) { return kSlotNames[static_cast<std::size_t>(slot)]; }
const char* name_of(UserAct act) { return kUserActNames[static_cast<std::size_t>(act)]; }
const char* name_of(Fact fact) { return kFactNames[static_cast<std::size_t>(fact)]; }
const char* name_of(Popularity popularity) { return kPopularityNames[static_cast<std::size_t>(popularity)]; }
const char* name_of(AgeRating age) { return kAgeRatingNames[static_cast<std::size_t>(age)]; }
const char* name_of(SortOrder order) { return kSortOrderNames[static_cast<std::size_t>(order)]; }
const char* name_of(Beyond beyond) { return kBeyondNames[static_cast<std::size_t>(beyond)]; }
std::optional<AgeRating> age_rating_from_name(std::string_view name) {
  return from_name<AgeRating>(kAgeRatingNames, name);
}
std::optional<SortOrder> sort_order_from_name(std::string_view name) {
  return from_name<SortOrder>(kSortOrderNames, name);
}
std::optional<Beyond> beyond_from_name(std::string_view name) { return from_name<Beyond>(kBeyondNames, name); }
std::optional<Slot> slot_from_name(std::string_view name) { return from_name<Slot>(kSlotNames, name); }
std::optional<UserAct> user_act_from_name(std::string_view name) { return from_name<UserAct>(kUserActNames, name); }
std::optional<Fact> fact_from_name(std::string_view name) { return from_name<Fact>(kFactNames, name); }

bool PreferenceState::empty() const { return *this == PreferenceState{}; }

bool one_is_enough(const PreferenceState& state, Slot slot) { return holds(state.either, slot); }

namespace {

void clear(PreferenceState& state, Slot slot) {
  switch (slot) {
    case Slot::kGenre:
      state.genres.clear();
      state.not_genres.clear();
      break;
    case Slot::kYears:
      state.years.reset();
      state.not_years.reset();
      break;
    case Slot::kRuntime: state.runtime.reset(); break;
    case Slot::kPopularity: state.popularity = Popularity::kAny; break;
    case Slot::kPerson:
      state.people.clear();
      state.not_people.clear();
      break;
    case Slot::kAge: state.age.reset(); break;
    case Slot::kRating: state.min_rating.reset(); break;
    case Slot::kKeyword: state.keywords.clear(); break;
  }
  std::erase(state.either, slot);
}

}  // namespace

void merge(PreferenceState& state, const PreferenceUpdate& update) {
  for (const Slot slot : update.drop) clear(state, slot);
  const PreferenceState& said = update.said;
  move_to(state.genres, state.not_genres, said.genres);
  move_to(state.not_genres, state.genres, said.not_genres);
  move_to(state.people, state.not_people, said.people);
  move_to(state.not_people, state.people, said.not_people);
  move_to(state.liked, state.disliked, said.liked);
  move_to(state.disliked, state.liked, said.disliked);
  for (const MovieId movie : said.seen) add_once(state.seen, movie);
  for (const Slot slot : said.either) add_once(state.either, slot);
  for (const std::string& word : said.keywords) add_once(state.keywords, word);
  if (said.years) {
    state.years = said.years;
    if (state.not_years && state.not_years->meets(*said.years)) state.not_years.reset();
  }
  if (said.not_years) {
    state.not_years = said.not_years;
    if (!said.years && state.years && state.years->meets(*said.not_years)) state.years.reset();
  }
  if (said.runtime) state.runtime = said.runtime;
  if (said.popularity != Popularity::kAny) state.popularity = said.popularity;
  if (said.min_rating) state.min_rating = said.min_rating;
  if (said.age) state.age = said.age;
  if (said.sort != SortOrder::kNone) state.sort = said.sort;
}

}  // namespace matinee
