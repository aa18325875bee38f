#include "lib/dialogue/target_wishes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>

#include "lib/base/ascii.h"
#include "lib/catalog/common_words.h"
#include "lib/catalog/fold_name.h"
#include "lib/dialogue/movie_facts.h"
#include "lib/dialogue/span_text.h"

namespace matinee {
namespace {

// The meaning of "old", "recent", "short" and "long" in the training data.
constexpr std::int32_t kOldUntil = 1979, kRecentFrom = 2010;
// Users name no later year.
constexpr std::int32_t kLastSaid = 2025;
// Difference in years from which a movie is called older than another.
constexpr std::int32_t kOtherAge = 5;
constexpr std::int32_t kShortUntil = 100, kLongFrom = 140;

constexpr std::array<const char*, 13> kDecades{
    "nineteen-hundreds", "tens",     "twenties", "thirties",      "forties",     "fifties",        "sixties",
    "seventies",         "eighties", "nineties", "two thousands", "twenty tens", "twenty twenties"};

}  // namespace

Likeness likeness(const MovieCatalog& catalog, MovieId a, MovieId b) {
  const std::uint32_t x = catalog.genre_mask(a), y = catalog.genre_mask(b);
  const int both = std::popcount(x & y), either = std::popcount(x | y);
  if (both == 0) return Likeness::kUnlike;
  if (2 * both >= either && std::abs(catalog.year(a) - catalog.year(b)) <= 15) return Likeness::kAlike;
  return Likeness::kNeither;
}

TargetWishes::TargetWishes(const MovieCatalog& catalog, const Phrasebook& phrasebook, MovieId target, NameStyle names,
                           Random& random)
    : catalog_(catalog), phrasebook_(phrasebook), target_(target), names_(names), random_(random) {}

bool TargetWishes::has_words(GenreId genre) const {
  return phrasebook_.has("a_genre." + catalog_.genres()[static_cast<std::size_t>(genre)]);
}

std::string TargetWishes::genre_words(const std::string& form, GenreId genre) {
  return phrasebook_.expand(form + catalog_.genres()[static_cast<std::size_t>(genre)], {}, random_);
}

// Fills the slots for all forms of the genre that the book has (kGenreForms).
void TargetWishes::add_words(Wish& wish, GenreId genre, std::string_view before, std::string_view after) {
  const std::string& name = catalog_.genres()[static_cast<std::size_t>(genre)];
  for (const std::string_view form : kGenreForms) {
    if (phrasebook_.has(fmt::format("{}.{}", form, name)))
      wish.slots[fmt::format("{}{}{}", before, form, after)] = genre_words(fmt::format("{}.", form), genre);
  }
}

void TargetWishes::add_unwanted_genre(Wish& wish, GenreId genre) {
  add_words(wish, genre, "not_", "");
  wish.update.said.not_genres.push_back(genre);
}

void TargetWishes::add_genre(Wish& wish, GenreId genre, std::string_view number) {
  add_words(wish, genre, "", number);
  wish.update.said.genres.push_back(genre);
}

GenreId TargetWishes::other_genre() {
  std::vector<GenreId> others;
  for (GenreId genre = 0; genre < static_cast<GenreId>(catalog_.genres().size()); ++genre) {
    if (has_words(genre) && (catalog_.genre_mask(target_) >> genre & 1) == 0) others.push_back(genre);
  }
  return others.empty() ? -1 : random_.pick(others);
}

// Fills {years} and {from_years} with a span that has `year`.
void TargetWishes::add_years(Wish& wish, std::int32_t year) {
  const std::int32_t decade = year / 10 * 10;
  std::string form;
  PhraseSlots slots;
  Span span{decade, decade + 9};
  const auto put = [&](const char* name, std::int32_t value) { slots[name] = fmt::format("{}", value); };
  const double choice = random_.uniform();
  if (choice < 0.5) {
    form = "decade";
    const auto index = static_cast<std::size_t>(std::max(decade - kFirstYear, 0) / 10);
    const bool words = decade >= kFirstYear && index < kDecades.size() && random_.chance(0.5);
    slots["decade"] = words ? kDecades[index] : fmt::format("{}s", decade);
    slots["short"] = decade >= 2000 ? fmt::format("{}s", decade) : fmt::format("{:02}s", decade % 100);
  } else if (choice < 0.58) {
    // People round to five years.
    form = "around";
    const std::int32_t round = (year + 2) / 5 * 5;
    span = {round - kAroundYears, round + kAroundYears};
    put("low", round);
  } else if (choice < 0.66 && year <= kLastSaid - 5) {
    form = "before";
    span = {kFirstYear, std::max(kFirstYear, (year + 9) / 10 * 10)};
    put("high", span.high);
  } else if (choice < 0.76) {
    form = "after";
    span = {year / 5 * 5, kLastYear};
    put("low", span.low);
  } else if (choice >= 0.84 && choice < 0.92) {
    form = "between";
    const auto before = static_cast<std::int32_t>(random_.below(6));
    const auto after = static_cast<std::int32_t>(1 + random_.below(6));
    span = {year - before, std::max(year, std::min(year + after, kLastSaid))};
    // Moves the low end if the span would be written as a decade or with "around".
    if (years_text(span).find(" to ") == std::string::npos) --span.low;
    put("low", span.low);
    put("high", span.high);
  } else if (choice >= 0.92 && year <= kOldUntil) {
    form = "old";
    span = {kFirstYear, kOldUntil};
  } else if (choice >= 0.92 && year >= kRecentFrom) {
    form = "recent";
    span = {kRecentFrom, kLastYear};
  } else {
    form = "exact";
    span = {year, year};
    put("low", year);
  }
  // The span includes years outside of [kFirstYear, kLastYear].
  span = {std::min(span.low, year), std::max(span.high, year)};
  wish.slots["years"] = phrasebook_.expand("years." + form, slots, random_);
  wish.slots["from_years"] = phrasebook_.expand("from_years." + form, slots, random_);
  wish.update.said.years = span;
}

void TargetWishes::add_person(Wish& wish, PersonId person, bool wanted) {
  std::string name(catalog_.person_name(person));
  const std::size_t first = name.find(' '), last = name.rfind(' ');
  if (last != std::string::npos && random_.chance(names_.short_form)) {
    const std::string given = fold_name(name.substr(0, first));
    std::vector<std::string_view> fitting;
    for (const auto& [nickname, full] : nicknames()) {
      if (full == given) fitting.push_back(nickname);
    }
    if (!fitting.empty() && random_.chance(0.6)) {
      std::string nickname(random_.pick(fitting));
      nickname[0] = to_upper(nickname[0]);
      name = nickname + name.substr(first);
    } else {
      name = name.substr(last + 1);
    }
  }
  if (random_.chance(names_.lower_case)) name = to_lower(name);
  wish.slots[wanted ? "person" : "not_person"] = name;
  wish.people.push_back(person);
  (wanted ? wish.update.said.people : wish.update.said.not_people).push_back(person);
}

PersonId TargetWishes::stranger() {
  // A person from the cast of a popular movie.
  const auto known = static_cast<std::uint64_t>(std::max(1, catalog_.size() / 10));
  for (int attempt = 0; attempt < 20; ++attempt) {
    const auto cast = catalog_.cast(static_cast<MovieId>(random_.below(known)));
    if (cast.empty()) continue;
    const PersonId person = cast[static_cast<std::size_t>(random_.below(std::min<std::size_t>(cast.size(), 3)))];
    if (!takes_part(catalog_, target_, person)) return person;
  }
  return -1;
}

std::optional<Wish> TargetWishes::about(Slot slot, bool single) {
  Wish wish;
  wish.section = fmt::format("u.{}", name_of(slot));
  switch (slot) {
    case Slot::kGenre: {
      std::vector<GenreId> genres;
      for (const GenreId genre : catalog_.genres_of(target_)) {
        if (has_words(genre)) genres.push_back(genre);
      }
      if (genres.empty()) return {};
      random_.shuffle(genres);
      add_genre(wish, genres[0], "");
      if (!single && genres.size() > 1 && random_.chance(0.25)) {
        add_genre(wish, genres[1], "2");
        wish.section = "u.genre2";
      }
      return wish;
    }
    case Slot::kYears:
      if (catalog_.year(target_) == kUnknown) return {};
      add_years(wish, catalog_.year(target_));
      return wish;
    case Slot::kRuntime: {
      const std::int32_t minutes = catalog_.runtime(target_);
      if (minutes == kUnknown) return {};
      std::string form;
      PhraseSlots slots;
      Span span;
      if (minutes <= 120) {
        form = minutes <= kShortUntil && random_.chance(0.4) ? "short_plain" : "short";
        span = {0, form == "short_plain" ? kShortUntil : (minutes + 9) / 10 * 10};
        if (form == "short") slots["high"] = fmt::format("{}", span.high);
      } else {
        form = minutes >= kLongFrom && random_.chance(0.4) ? "long_plain" : "long";
        span = {form == "long_plain" ? kLongFrom : minutes / 10 * 10, std::max(kLongest, minutes)};
        if (form == "long") slots["low"] = fmt::format("{}", span.low);
      }
      for (const char* name : {"runtime", "of_runtime"})
        wish.slots[name] = phrasebook_.expand(fmt::format("{}.{}", name, form), slots, random_);
      wish.update.said.runtime = span;
      return wish;
    }
    case Slot::kPopularity: {
      const Popularity popularity = popularity_of(catalog_, target_);
      if (popularity == Popularity::kAny) return {};
      for (const std::string name : {"popularity", "fame"}) {
        wish.slots[name] =
            phrasebook_.expand(name + (popularity == Popularity::kPopular ? ".popular" : ".hidden"), {}, random_);
      }
      wish.update.said.popularity = popularity;
      return wish;
    }
    case Slot::kPerson: {
      const auto cast = catalog_.cast(target_);
      std::vector<PersonId> people(cast.begin(),
                                   cast.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(cast.size(), 4)));
      for (const PersonId director : catalog_.directors(target_)) people.push_back(director);
      if (people.empty()) return {};
      add_person(wish, random_.pick(people), true);
      return wish;
    }
    case Slot::kAge:
    case Slot::kRating:
    case Slot::kKeyword: break;
  }
  return {};
}

std::optional<Wish> TargetWishes::against(Slot slot) {
  Wish wish;
  if (slot == Slot::kGenre) {
    const GenreId other = other_genre();
    if (other < 0) return {};
    wish.section = "u.not_genre";
    add_unwanted_genre(wish, other);
    return wish;
  }
  if (slot != Slot::kPerson) return {};
  const PersonId person = stranger();
  if (person < 0) return {};
  wish.section = "u.not_person";
  add_person(wish, person, false);
  return wish;
}

std::optional<Wish> TargetWishes::about_and_against(Slot slot) {
  auto wish = about(slot, true);
  auto unwanted = against(slot);
  if (!wish || !unwanted) return {};
  merge(wish->update.said, unwanted->update);
  wish->slots.merge(unwanted->slots);
  wish->people.insert(wish->people.end(), unwanted->people.begin(), unwanted->people.end());
  wish->section = slot == Slot::kGenre ? "u.genre_not" : "u.person_not";
  return wish;
}

std::optional<Wish> TargetWishes::several(std::set<Slot>& named) {
  const double choice = random_.uniform();
  const std::vector<Slot> parts = choice < 0.35  ? std::vector{Slot::kGenre, Slot::kYears}
                                  : choice < 0.6 ? std::vector{Slot::kGenre, Slot::kPerson}
                                  : choice < 0.7 ? std::vector{Slot::kYears, Slot::kPerson}
                                  : choice < 0.8 ? std::vector{Slot::kGenre, Slot::kPopularity}
                                                 : std::vector{Slot::kGenre, Slot::kYears, Slot::kPerson};
  const bool unwanted = parts.size() == 3 && random_.chance(0.4);
  Wish all;
  all.section = "u";
  for (const Slot slot : parts) {
    if (named.contains(slot)) return {};
    const bool is_against = unwanted && slot == Slot::kPerson;
    const auto part = is_against ? against(slot) : about(slot, true);
    if (!part) return {};
    merge(all.update.said, part->update);
    all.slots.insert(part->slots.begin(), part->slots.end());
    all.people.insert(all.people.end(), part->people.begin(), part->people.end());
    all.section += fmt::format("{}{}{}", all.section == "u" ? "." : "_", is_against ? "not_" : "", name_of(slot));
  }
  if (!phrasebook_.has(all.section)) return {};
  for (const Slot slot : parts) {
    if (!unwanted || slot != Slot::kPerson) named.insert(slot);
  }
  return all;
}

std::optional<Wish> TargetWishes::mistaken(Slot slot) {
  Wish wish;
  wish.section = fmt::format("u.{}", name_of(slot));
  if (slot == Slot::kGenre) {
    const GenreId other = other_genre();
    if (other < 0) return {};
    add_genre(wish, other, "");
    return wish;
  }
  if (slot != Slot::kYears || catalog_.year(target_) == kUnknown) return {};
  // Another decade of the last hundred years.
  const std::int32_t decade = catalog_.year(target_) / 10;
  auto other = static_cast<std::int32_t>(193 + random_.below(9));
  if (other >= decade) ++other;
  add_years(wish, std::min(other * 10 + 5, kRecentFrom + 10));
  const Span& span = *wish.update.said.years;
  if (span.low <= catalog_.year(target_) && catalog_.year(target_) <= span.high) return {};
  return wish;
}

std::optional<Wish> TargetWishes::correction(const Wish& mistake) {
  const bool genre = !mistake.update.said.genres.empty();
  auto wish = about(genre ? Slot::kGenre : Slot::kYears, true);
  if (!wish) return {};
  if (genre) wish->slots["old_genres"] = genre_words("genres.", mistake.update.said.genres.front());
  wish->section = genre ? "u.correct_genre" : "u.correct_years";
  wish->update.drop = {genre ? Slot::kGenre : Slot::kYears};
  return wish;
}

std::optional<Wish> TargetWishes::objection(MovieId movie) {
  Wish wish;
  if (random_.chance(0.5)) {
    std::vector<GenreId> unwanted;
    for (const GenreId genre : catalog_.genres_of(movie)) {
      if (has_words(genre) && (catalog_.genre_mask(target_) >> genre & 1) == 0) unwanted.push_back(genre);
    }
    if (unwanted.empty()) return {};
    const GenreId genre = random_.pick(unwanted);
    wish.section = "u.not_genre";
    add_unwanted_genre(wish, genre);
    return wish;
  }
  std::vector<PersonId> unwanted;
  for (const PersonId person : catalog_.cast(movie)) {
    if (unwanted.size() < 3 && !takes_part(catalog_, target_, person)) unwanted.push_back(person);
  }
  if (unwanted.empty()) return {};
  wish.section = "u.not_person";
  add_person(wish, random_.pick(unwanted), false);
  return wish;
}

std::optional<Wish> TargetWishes::other_age(MovieId movie) {
  const std::int32_t year = catalog_.year(movie), wanted = catalog_.year(target_);
  if (year == kUnknown || wanted == kUnknown || std::abs(year - wanted) < kOtherAge) return {};
  Wish wish;
  wish.section = wanted < year ? "u.older" : "u.newer";
  wish.update.said.years = wanted < year ? Span{kFirstYear, year} : Span{year, kLastYear};
  return wish;
}

// A random movie of that likeness, popular ones more often; -1 if none was found.
MovieId TargetWishes::compared(Likeness wanted, MovieId but) {
  for (int attempt = 0; attempt < 24; ++attempt) {
    const double share = random_.uniform();
    const auto movie = static_cast<MovieId>(share * share * catalog_.size());
    if (movie != target_ && movie != but && likeness(catalog_, movie, target_) == wanted) return movie;
  }
  return -1;
}

std::optional<Wish> TargetWishes::comparison() {
  Wish wish;
  const bool likes = random_.chance(0.8);
  const auto add = [&](const char* slot, MovieId movie) {
    wish.slots[slot] = random_.chance(0.7) ? catalog_.title(movie) : catalog_.display_name(movie);
    (likes ? wish.update.said.liked : wish.update.said.disliked).push_back(movie);
    wish.movies.push_back(movie);
  };
  const Likeness wanted = likes ? Likeness::kAlike : Likeness::kUnlike;
  const MovieId movie = compared(wanted, -1);
  if (movie < 0) return {};
  wish.section = likes ? "u.like_movie" : "u.dislike_movie";
  add("movie", movie);
  if (likes && random_.chance(0.35)) {
    if (const MovieId second = compared(wanted, movie); second >= 0) {
      wish.section = "u.like_movies";
      add("movie2", second);
    }
  }
  return wish;
}

}  // namespace matinee
