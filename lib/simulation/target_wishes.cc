#include "lib/simulation/target_wishes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>

#include "lib/base/list_members.h"
#include "lib/catalog/fold_name.h"
#include "lib/dialogue/article.h"
#include "lib/dialogue/movie_facts.h"
#include "lib/dialogue/span_text.h"

namespace matinee {
namespace {

// Running times where the catalog has none: mean and deviation of feature films.
constexpr double kMeanMinutes = 106, kMinutesDeviation = 20;

bool has_genre(const MovieCatalog& catalog, MovieId movie, const char* name) {
  const auto genre = catalog.genre_id(name);
  return genre && (catalog.genre_mask(movie) >> *genre & 1) != 0;
}

Wish named(std::string name) {
  Wish wish;
  wish.name = std::move(name);
  return wish;
}

// "a true story" is the theme "true story".
std::string without_article(std::string_view text) {
  for (const std::string_view article : {"a ", "an ", "the "}) {
    if (text.starts_with(article)) return fold_name(text.substr(article.size()));
  }
  return fold_name(text);
}

}  // namespace

Likeness likeness(const MovieCatalog& catalog, MovieId a, MovieId b) {
  const std::uint32_t x = catalog.genre_mask(a), y = catalog.genre_mask(b);
  const int both = std::popcount(x & y), either = std::popcount(x | y);
  if (both == 0) return Likeness::kUnlike;
  if (2 * both >= either && std::abs(catalog.year(a) - catalog.year(b)) <= 15) return Likeness::kAlike;
  return Likeness::kNeither;
}

TargetWishes::TargetWishes(const FactSets& facts, const Phrasebook& phrasebook, MovieId target, NameStyle names,
                           Random& random)
    : catalog_(facts.catalog()),
      phrasebook_(phrasebook),
      target_(target),
      random_(random),
      words_(facts, phrasebook, names, random) {}

GenreId TargetWishes::other_genre() {
  std::vector<GenreId> others;
  for (GenreId genre = 0; genre < static_cast<GenreId>(catalog_.genres().size()); ++genre) {
    if (words_.has_words(genre) && (catalog_.genre_mask(target_) >> genre & 1) == 0) others.push_back(genre);
  }
  return others.empty() ? -1 : random_.pick(others);
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

// Keyed by the tconst, so that all users of a target agree.
std::int32_t TargetWishes::minutes() const {
  const std::int32_t known = catalog_.runtime(target_);
  if (known != kUnknown) return known;
  Random draw(hash64(catalog_.tconst(target_)), "minutes");
  return std::clamp(static_cast<std::int32_t>(std::lround(kMeanMinutes + kMinutesDeviation * draw.normal())), 60, 210);
}

std::vector<GenreId> TargetWishes::worded_genres(MovieId movie) const {
  std::vector<GenreId> genres;
  for (const GenreId genre : catalog_.genres_of(movie)) {
    if (words_.has_words(genre)) genres.push_back(genre);
  }
  return genres;
}

// The first of the cast, and the directors.
std::vector<PersonId> TargetWishes::leads(MovieId movie) const {
  const auto cast = catalog_.cast(movie);
  std::vector<PersonId> people(cast.begin(),
                               cast.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(cast.size(), 4)));
  for (const PersonId director : catalog_.directors(movie)) add_once(people, director);
  return people;
}

std::optional<Wish> TargetWishes::genres() {
  std::vector<GenreId> genres = worded_genres(target_);
  if (genres.empty()) return {};
  random_.shuffle(genres);
  Wish wish = named("genre");
  const double choice = random_.uniform();
  const GenreId other = choice < 0.14 ? other_genre() : -1;
  if (other >= 0) {
    // One of the two is enough, in any order.
    const bool first = random_.chance(0.5);
    wish.name = "genre_either";
    words_.add_genre(wish, first ? genres[0] : other);
    words_.add_genre(wish, first ? other : genres[0], "2");
    wish.update.said.either = {Slot::kGenre};
    return wish;
  }
  words_.add_genre(wish, genres[0]);
  if (genres.size() > 1 && choice < 0.4) {
    wish.name = "genre_both";
    words_.add_genre(wish, genres[1], "2");
  }
  return wish;
}

std::optional<Wish> TargetWishes::people() {
  std::vector<PersonId> people = leads(target_);
  if (people.empty()) return {};
  random_.shuffle(people);
  Wish wish = named("person");
  const double choice = random_.uniform();
  const PersonId other = choice < 0.1 ? stranger() : -1;
  if (other >= 0) {
    wish.name = "people_either";
    const bool first = random_.chance(0.5);
    words_.add_person(wish, first ? people[0] : other, true);
    words_.add_person(wish, first ? other : people[0], true, "2");
    wish.update.said.either = {Slot::kPerson};
    return wish;
  }
  words_.add_person(wish, people[0], true);
  if (people.size() > 1 && choice < 0.22) {
    wish.name = "people_both";
    words_.add_person(wish, people[1], true, "2");
  }
  return wish;
}

// Where the catalog has no age rating, the target's genres suggest one.
std::optional<Wish> TargetWishes::age() {
  const auto known = age_rating_from_name(catalog_.certificate(target_));
  const bool gentle = has_genre(catalog_, target_, "Animation") || has_genre(catalog_, target_, "Family");
  const bool rough = has_genre(catalog_, target_, "Horror") || has_genre(catalog_, target_, "Crime");
  if (known == AgeRating::kNC17) return {};  // users do not ask for it
  const bool for_kids = known ? *known <= kForKids : !rough;
  if (for_kids && random_.chance(gentle ? 0.7 : 0.45)) {
    Wish wish = named("kids");
    wish.update.said.age = kForKids;
    return wish;
  }
  Wish wish = named("age");
  const AgeRating age = known    ? *known
                        : rough  ? AgeRating::kR
                        : gentle ? (random_.chance(0.5) ? AgeRating::kG : AgeRating::kPG)
                                 : (random_.chance(0.6) ? AgeRating::kPG13 : AgeRating::kR);
  wish.slots["age"] = words_.expand(fmt::format("age.{}", name_of(age)));
  wish.update.said.age = age;
  return wish;
}

std::optional<Wish> TargetWishes::rating() {
  const std::int32_t tenths = catalog_.rating_tenths(target_);
  if (tenths == kUnknown || tenths < 50) return {};
  if (tenths >= kGoodRating && random_.chance(0.5)) {
    Wish wish = named("rating_good");
    wish.slots["rating"] = words_.expand("rating.good");
    wish.update.said.min_rating = kGoodRating;
    return wish;
  }
  Wish wish = named("rating");
  const bool half = tenths % 10 >= 5 && random_.chance(0.3);
  const std::int32_t least = tenths / 10 * 10 + (half ? 5 : 0);
  const std::string stars = half ? fmt::format("{}.5", least / 10) : fmt::format("{}", least / 10);
  const bool above = tenths > least && random_.chance(0.4);
  wish.slots["rating"] = words_.expand(above ? "rating.above" : "rating.number", {{"stars", stars}});
  wish.update.said.min_rating = least + (above ? 1 : 0);
  return wish;
}

std::optional<Wish> TargetWishes::about(Slot slot) {
  Wish wish = named(name_of(slot));
  const std::int32_t year = catalog_.year(target_);
  switch (slot) {
    case Slot::kGenre: return genres();
    case Slot::kYears:
      if (year == kUnknown) return {};
      if (random_.chance(0.1)) {
        wish.name = "years_either";
        words_.add_two_decades(wish, year);
      } else {
        words_.add_years(wish, year);
      }
      return wish;
    case Slot::kRuntime: words_.add_runtime(wish, minutes()); return wish;
    case Slot::kPopularity: {
      const Popularity popularity = popularity_of(catalog_, target_);
      if (popularity == Popularity::kAny) return {};
      for (const std::string name : {"popularity", "fame"})
        wish.slots[name] = words_.expand(name + (popularity == Popularity::kPopular ? ".popular" : ".hidden"));
      wish.update.said.popularity = popularity;
      return wish;
    }
    case Slot::kPerson: return people();
    case Slot::kAge: return age();
    case Slot::kRating: return rating();
    case Slot::kKeyword: break;
  }
  return {};
}

std::optional<Wish> TargetWishes::against(Slot slot) {
  if (slot == Slot::kGenre) {
    const GenreId other = other_genre();
    if (other < 0) return {};
    Wish wish = named("not_genre");
    words_.add_unwanted_genre(wish, other);
    return wish;
  }
  if (slot == Slot::kYears && catalog_.year(target_) != kUnknown) {
    Wish wish = named("not_years");
    if (!words_.add_unwanted_years(wish, catalog_.year(target_))) return {};
    return wish;
  }
  if (slot != Slot::kPerson) return {};
  const PersonId person = stranger();
  if (person < 0) return {};
  Wish wish = named("not_person");
  words_.add_person(wish, person, false);
  return wish;
}

std::optional<Wish> TargetWishes::about_and_against(Slot slot) {
  const std::vector<GenreId> genres = worded_genres(target_);
  const std::vector<PersonId> people = leads(target_);
  auto unwanted = against(slot);
  if (!unwanted || (slot == Slot::kGenre ? genres.empty() : slot != Slot::kPerson || people.empty())) return {};
  if (slot == Slot::kGenre) {
    words_.add_genre(*unwanted, random_.pick(genres));
  } else {
    words_.add_person(*unwanted, random_.pick(people), true);
  }
  unwanted->name = slot == Slot::kGenre ? "genre_not" : "person_not";
  return unwanted;
}

std::optional<Wish> TargetWishes::beyond() {
  static constexpr std::array kKinds{Beyond::kTheme,    Beyond::kTheme,   Beyond::kTheme,  Beyond::kMood,
                                     Beyond::kMood,     Beyond::kMood,    Beyond::kStudio, Beyond::kWhere,
                                     Beyond::kLanguage, Beyond::kCountry, Beyond::kAwards, Beyond::kDirector,
                                     Beyond::kTv};
  const Beyond kind = random_.pick(kKinds);
  Wish wish = named(name_of(kind));
  wish.update.beyond = {kind};
  if (kind == Beyond::kTheme) {
    const std::string theme = words_.expand(random_.chance(0.5) ? "theme.word" : "theme.story");
    wish.slots["theme"] = theme;
    wish.update.said.keywords = {without_article(theme)};
  } else if (kind == Beyond::kMood) {
    wish.slots["theme"] = words_.expand("theme.mood");
    if (random_.chance(0.25)) wish.name = "not_mood";
  } else if (kind == Beyond::kDirector) {
    wish.name = "female_director";
  } else if (kind != Beyond::kTv) {
    wish.slots["beyond"] = words_.expand(fmt::format("beyond.{}", name_of(kind)));
    wish.slots["a_beyond"] = with_article(wish.slots["beyond"]);
  }
  return wish;
}

std::optional<Wish> TargetWishes::sort() {
  const bool years = random_.chance(0.3);
  auto wish = about(years ? Slot::kYears : Slot::kPerson);
  if (!wish) return {};
  static constexpr std::array kByYear{SortOrder::kBest, SortOrder::kPopular};
  static constexpr std::array kAll{SortOrder::kBest, SortOrder::kPopular, SortOrder::kNewest, SortOrder::kOldest};
  const SortOrder order = years ? random_.pick(kByYear) : random_.pick(kAll);
  wish->slots["tail"] = words_.expand("of." + wish->name, wish->slots);
  wish->slots["sort"] = words_.expand(fmt::format("sort.{}", name_of(order)));
  wish->update.said.sort = order;
  wish->name = "sort";
  return wish;
}

std::optional<Wish> TargetWishes::count() {
  static constexpr std::array<std::pair<const char*, std::int32_t>, 6> kCounts{
      {{"two", 2}, {"three", 3}, {"a few", 3}, {"a couple of", 2}, {"five", 5}, {"3", 3}}};
  const auto& [words, count] = random_.pick(kCounts);
  Wish wish = named("count");
  wish.slots["count"] = words;
  wish.update.count = count;
  return wish;
}

std::optional<Wish> TargetWishes::mistaken(Slot slot) {
  Wish wish = named(name_of(slot));
  if (slot == Slot::kGenre) {
    const GenreId other = other_genre();
    if (other < 0) return {};
    words_.add_genre(wish, other);
    return wish;
  }
  if (slot != Slot::kYears || catalog_.year(target_) == kUnknown) return {};
  // Another decade of the last hundred years.
  const std::int32_t decade = catalog_.year(target_) / 10;
  auto other = static_cast<std::int32_t>(193 + random_.below(9));
  if (other >= decade) ++other;
  words_.add_years(wish, std::min(other * 10 + 5, 2020));
  const Span& span = *wish.update.said.years;
  if (span.low <= catalog_.year(target_) && catalog_.year(target_) <= span.high) return {};
  return wish;
}

std::optional<Wish> TargetWishes::correction(const Wish& mistake) {
  const bool genre = !mistake.update.said.genres.empty();
  Wish wish = named(genre ? "correct_genre" : "correct_years");
  wish.update.drop = {genre ? Slot::kGenre : Slot::kYears};
  if (!genre) {
    words_.add_years(wish, catalog_.year(target_));
    return wish;
  }
  const std::vector<GenreId> genres = worded_genres(target_);
  if (genres.empty()) return {};
  words_.add_genre(wish, random_.pick(genres));
  words_.add_words(wish, mistake.update.said.genres.front(), "old_", "");
  return wish;
}

std::optional<Wish> TargetWishes::objection(MovieId movie) {
  if (random_.chance(0.5)) {
    std::vector<GenreId> unwanted = worded_genres(movie);
    std::erase_if(unwanted, [&](GenreId genre) { return (catalog_.genre_mask(target_) >> genre & 1) != 0; });
    if (unwanted.empty()) return {};
    Wish wish = named("not_genre");
    words_.add_unwanted_genre(wish, random_.pick(unwanted));
    return wish;
  }
  std::vector<PersonId> unwanted;
  for (const PersonId person : catalog_.cast(movie)) {
    if (unwanted.size() < 3 && !takes_part(catalog_, target_, person)) unwanted.push_back(person);
  }
  if (unwanted.empty()) return {};
  Wish wish = named("not_person");
  words_.add_person(wish, random_.pick(unwanted), false);
  return wish;
}

}  // namespace matinee
