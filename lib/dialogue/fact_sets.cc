#include "lib/dialogue/fact_sets.h"

#include <immintrin.h>

#include <algorithm>
#include <limits>

#include "lib/dialogue/movie_facts.h"

namespace matinee {
namespace {

// Below every wish. Values and wishes beyond the ends of 16 bits, such as 40,000 minutes, are at the ends.
constexpr std::int16_t kNotKnown = std::numeric_limits<std::int16_t>::min();
constexpr std::int32_t kGreatest = std::numeric_limits<std::int16_t>::max() - 1;
constexpr std::int32_t kLeast = kNotKnown + 2;

std::int16_t narrow(std::int32_t value) { return static_cast<std::int16_t>(std::clamp(value, kLeast, kGreatest)); }

// Bit i: values[i] is above `least` and below `most`, for 64 values.
std::uint64_t bits_between(const std::int16_t* values, __m256i least, __m256i most) {
  const auto inside = [&](int i) {
    const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values + i * 16));
    return _mm256_and_si256(_mm256_cmpgt_epi16(v, least), _mm256_cmpgt_epi16(most, v));
  };
  // Packing works on the two halves of a register alone; the permutation puts them in order.
  const auto half = [&](int i) {
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi16(inside(i), inside(i + 1)), 0xD8);
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(packed));
  };
  return half(0) | std::uint64_t{half(2)} << 32;
}

// Keeps the movies whose value is in the span, or those where it is not.
void keep_span(const std::vector<std::int16_t>& values, std::int32_t low, std::int32_t high, bool inside,
               MovieSet& movies) {
  const std::span<std::uint64_t> words = movies.words();
  if (low > high) {  // nothing is in the span
    if (inside) std::fill(words.begin(), words.end(), std::uint64_t{0});
    return;
  }
  const __m256i least = _mm256_set1_epi16(static_cast<std::int16_t>(narrow(low) - 1));
  const __m256i most = _mm256_set1_epi16(static_cast<std::int16_t>(narrow(high) + 1));
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::uint64_t bits = bits_between(values.data() + i * 64, least, most);
    words[i] &= inside ? bits : ~bits;
  }
}

}  // namespace

FactSets::FactSets(const MovieCatalog& catalog)
    : catalog_(catalog), newest_year_(matinee::newest_year(catalog)), all_(MovieSet::all(catalog.size())) {
  const std::int32_t size = catalog.size();
  genres_.assign(catalog.genres().size(), MovieSet(size));
  fame_.fill(MovieSet(size));
  const std::size_t padded = all_.words().size() * 64;
  for (Column* column : {&years_, &runtimes_, &ratings_, &ages_}) column->assign(padded, kNotKnown);
  for (MovieId movie = 0; movie < size; ++movie) {
    const auto at = static_cast<std::size_t>(movie);
    const auto set = [&](Column& column, std::int32_t value) {
      if (value != kUnknown) column[at] = narrow(value);
    };
    set(years_, catalog.year(movie));
    set(runtimes_, catalog.runtime(movie));
    set(ratings_, catalog.rating_tenths(movie));
    if (const auto age = age_rating_from_name(catalog.certificate(movie))) ages_[at] = static_cast<std::int16_t>(*age);
    for (const GenreId genre : catalog.genres_of(movie)) genres_[static_cast<std::size_t>(genre)].insert(movie);
    const Popularity popularity = popularity_of(catalog, movie);
    if (popularity != Popularity::kAny) fame_[popularity == Popularity::kPopular ? 0 : 1].insert(movie);
  }
}

MovieSet FactSets::of_person(PersonId person) const {
  MovieSet movies(catalog_.size());
  for (const MovieId movie : catalog_.acted_in(person)) movies.insert(movie);
  for (const MovieId movie : catalog_.directed(person)) movies.insert(movie);
  return movies;
}

void FactSets::keep_genres(const PreferenceState& state, MovieSet& movies) const {
  const auto set = [&](GenreId genre) -> const MovieSet& { return genres_[static_cast<std::size_t>(genre)]; };
  if (state.genres.size() > 1 && one_is_enough(state, Slot::kGenre)) {
    MovieSet any = set(state.genres.front());
    for (const GenreId genre : state.genres) any |= set(genre);
    movies &= any;
  } else {
    for (const GenreId genre : state.genres) movies &= set(genre);
  }
  for (const GenreId genre : state.not_genres) movies -= set(genre);
}

void FactSets::keep_people(const PreferenceState& state, MovieSet& movies) const {
  if (state.people.size() > 1 && one_is_enough(state, Slot::kPerson)) {
    MovieSet any(catalog_.size());
    for (const PersonId person : state.people) any |= of_person(person);
    movies &= any;
  } else {
    for (const PersonId person : state.people) movies &= of_person(person);
  }
  for (const PersonId person : state.not_people) {
    movies.erase(catalog_.acted_in(person));
    movies.erase(catalog_.directed(person));
  }
}

MovieSet FactSets::meeting(const PreferenceState& state, UnknownFacts unknown) const {
  MovieSet movies = all_;
  keep_genres(state, movies);
  keep_people(state, movies);
  if (state.years) keep_span(years_, state.years->low, state.years->high, true, movies);
  if (state.not_years) keep_span(years_, state.not_years->low, state.not_years->high, false, movies);
  // An unknown value is below all others, and outside of what breaks a wish.
  const auto keep = [&](const Column& column, std::int32_t low, std::int32_t high) {
    if (unknown == UnknownFacts::kBreak) return keep_span(column, low, high, true, movies);
    keep_span(column, kLeast, low - 1, false, movies);
    keep_span(column, high + 1, kGreatest, false, movies);
  };
  if (state.runtime) keep(runtimes_, state.runtime->low, state.runtime->high);
  if (state.min_rating) keep(ratings_, *state.min_rating, kGreatest);
  if (state.age) keep(ages_, 0, static_cast<std::int32_t>(*state.age));
  if (state.popularity != Popularity::kAny) {
    const bool popular = state.popularity == Popularity::kPopular;
    if (unknown == UnknownFacts::kBreak) {
      movies &= fame_[popular ? 0 : 1];
    } else {
      movies -= fame_[popular ? 1 : 0];
    }
  }
  return movies;
}

}  // namespace matinee
