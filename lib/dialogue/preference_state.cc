#include "lib/dialogue/preference_state.h"

#include <fmt/format.h>

#include <algorithm>

namespace matinee {
namespace {

constexpr std::array<const char*, kSlots> kSlotNames{"genre", "years", "runtime", "popularity", "person"};
constexpr std::array<const char*, kUserActs> kUserActNames{"inform", "like", "dislike", "unsure", "accept", "reject",
                                                           "seen",   "more", "ask",     "why",    "leave",  "other"};
constexpr std::array<const char*, kFacts> kFactNames{"cast",    "director", "writer", "year",
                                                     "runtime", "genres",   "rating"};

constexpr std::array<const char*, 3> kPopularityNames{"any", "popular", "hidden"};

template <class Enum, std::size_t N>
std::optional<Enum> from_name(const std::array<const char*, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (name == names[i]) return static_cast<Enum>(i);
  }
  return {};
}

template <class T>
void add_once(std::vector<T>& list, const T& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
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
std::optional<Slot> slot_from_name(std::string_view name) { return from_name<Slot>(kSlotNames, name); }
std::optional<UserAct> user_act_from_name(std::string_view name) { return from_name<UserAct>(kUserActNames, name); }
std::optional<Fact> fact_from_name(std::string_view name) { return from_name<Fact>(kFactNames, name); }

bool PreferenceState::empty() const { return *this == PreferenceState{}; }

void merge(PreferenceState& state, const PreferenceUpdate& update) {
  const auto clear = [&](Slot slot) {
    switch (slot) {
      case Slot::kGenre:
        state.genres.clear();
        state.not_genres.clear();
        break;
      case Slot::kYears: state.years.reset(); break;
      case Slot::kRuntime: state.runtime.reset(); break;
      case Slot::kPopularity: state.popularity = Popularity::kAny; break;
      case Slot::kPerson:
        state.people.clear();
        state.not_people.clear();
        break;
    }
  };
  for (const Slot slot : update.drop) clear(slot);
  const PreferenceState& said = update.said;
  move_to(state.genres, state.not_genres, said.genres);
  move_to(state.not_genres, state.genres, said.not_genres);
  move_to(state.people, state.not_people, said.people);
  move_to(state.not_people, state.people, said.not_people);
  move_to(state.liked, state.disliked, said.liked);
  move_to(state.disliked, state.liked, said.disliked);
  for (const MovieId movie : said.seen) add_once(state.seen, movie);
  if (said.years) state.years = said.years;
  if (said.runtime) state.runtime = said.runtime;
  if (said.popularity != Popularity::kAny) state.popularity = said.popularity;
}

}  // namespace matinee
