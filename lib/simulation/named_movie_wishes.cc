// The wishes of TargetWishes that refer to a movie: by name, or as "it".
#include <fmt/format.h>

#include <array>
#include <cstdlib>

#include "lib/dialogue/movie_facts.h"
#include "lib/dialogue/span_text.h"
#include "lib/simulation/target_wishes.h"

namespace matinee {
namespace {

// Difference in years from which a movie is called older than another, and in minutes from which it is longer.
constexpr std::int32_t kOtherAge = 5, kOtherLength = 10;

constexpr std::array<const char*, 5> kRelativeGenres{"Comedy", "Horror", "Romance", "Drama", "Action"};

Wish named(std::string name) {
  Wish wish;
  wish.name = std::move(name);
  return wish;
}

}  // namespace

// Fills {relative} with a word for how the target differs from `movie`. False if there is none.
bool TargetWishes::add_relative(Wish& wish, MovieId movie) {
  std::vector<std::string> sections;
  const std::int32_t year = catalog_.year(movie), wanted = catalog_.year(target_);
  const bool years = year != kUnknown && wanted != kUnknown && std::abs(year - wanted) >= kOtherAge;
  if (years) sections.emplace_back(wanted < year ? "relative.older" : "relative.newer");
  for (const char* genre : kRelativeGenres) {
    const auto id = catalog_.genre_id(genre);
    if (!id) continue;
    const auto has = [&](MovieId of) { return (catalog_.genre_mask(of) >> *id & 1) != 0; };
    if (has(target_) && !has(movie)) sections.push_back(fmt::format("more_genre.{}", genre));
  }
  const std::int32_t minutes = catalog_.runtime(movie), wanted_minutes = catalog_.runtime(target_);
  const bool lengths =
      minutes != kUnknown && wanted_minutes != kUnknown && std::abs(minutes - wanted_minutes) >= kOtherLength;
  if (lengths) sections.emplace_back(wanted_minutes < minutes ? "relative.shorter" : "relative.longer");
  const Popularity fame = popularity_of(catalog_, target_);
  if (fame != Popularity::kAny && fame != popularity_of(catalog_, movie))
    sections.emplace_back(fame == Popularity::kPopular ? "relative.popular" : "relative.hidden");
  if (random_.chance(0.1)) sections = {random_.chance(0.6) ? "relative.lighter" : "relative.darker"};
  if (sections.empty()) return false;
  const std::string section = random_.pick(sections);
  wish.slots["relative"] = words_.expand(section);
  PreferenceState& said = wish.update.said;
  if (section.starts_with("more_genre.")) said.genres.push_back(*catalog_.genre_id(section.substr(11)));
  if (section == "relative.older") said.years = Span{kFirstYear, year - 1};
  if (section == "relative.newer") said.years = Span{year + 1, kLastYear};
  if (section == "relative.shorter") said.runtime = Span{0, minutes - 1};
  if (section == "relative.longer") said.runtime = Span{minutes + 1, kLongest};
  if (section == "relative.popular" || section == "relative.hidden") said.popularity = fame;
  if (section == "relative.lighter" || section == "relative.darker") wish.update.beyond = {Beyond::kMood};
  return true;
}

std::optional<Wish> TargetWishes::relative(MovieId movie) {
  Wish wish = named("relative");
  if (!add_relative(wish, movie)) return {};
  if (wish.update.said.years) wish.name = wish.update.said.years->low == kFirstYear ? "older" : "newer";
  return wish;
}

std::optional<Wish> TargetWishes::same_people(MovieId movie) {
  const auto directors = catalog_.directors(movie);
  for (const PersonId director : directors) {
    if (directors.size() > 1 || !takes_part(catalog_, target_, director)) continue;
    Wish wish = named("same_director");
    wish.update.said.people = {director};
    return wish;
  }
  const auto cast = catalog_.cast(movie);
  const std::size_t leads = std::min<std::size_t>(cast.size(), 2);
  for (std::size_t i = 0; i < leads; ++i) {
    if (!takes_part(catalog_, target_, cast[i])) continue;
    Wish wish = named("same_actor");
    wish.update.said.people.assign(cast.begin(), cast.begin() + static_cast<std::ptrdiff_t>(leads));
    if (leads > 1) wish.update.said.either = {Slot::kPerson};
    return wish;
  }
  return {};
}

MovieId TargetWishes::compared(Likeness wanted, MovieId but) {
  for (int attempt = 0; attempt < 24; ++attempt) {
    const double share = random_.uniform();
    const auto movie = static_cast<MovieId>(share * share * catalog_.size());
    if (movie != target_ && movie != but && likeness(catalog_, movie, target_) == wanted) return movie;
  }
  return -1;
}

std::optional<Wish> TargetWishes::comparison() {
  const double choice = random_.uniform();
  if (choice < 0.14) {
    const MovieId hated = compared(Likeness::kUnlike);
    if (hated < 0) return {};
    const MovieId loved = choice < 0.06 ? compared(Likeness::kAlike) : -1;
    Wish wish = named(loved < 0 ? "dislike_movie" : "love_hate");
    words_.add_title(wish, loved < 0 ? "movie" : "not_movie", hated);
    wish.update.said.disliked = {hated};
    if (loved >= 0) {
      words_.add_title(wish, "movie", loved);
      wish.update.said.liked = {loved};
    }
    return wish;
  }
  static constexpr std::array<const char*, 3> kNames{"like_movie", "like_movies", "like_three"};
  static constexpr std::array<const char*, 3> kTitleSlots{"movie", "movie2", "movie3"};
  const std::size_t count = choice < 0.7 ? 1 : choice < 0.92 ? 2 : 3;
  Wish wish;
  std::vector<MovieId>& liked = wish.update.said.liked;
  for (std::size_t attempt = 0; attempt < 6 && liked.size() < count; ++attempt) {
    const MovieId movie = compared(Likeness::kAlike);
    if (movie < 0) break;
    if (std::find(liked.begin(), liked.end(), movie) != liked.end()) continue;
    words_.add_title(wish, kTitleSlots[liked.size()], movie);
    liked.push_back(movie);
  }
  if (liked.empty()) return {};
  wish.name = kNames[liked.size() - 1];
  return wish;
}

std::optional<Wish> TargetWishes::comparison_but() {
  for (int attempt = 0; attempt < 8; ++attempt) {
    const double share = random_.uniform();
    const auto movie = static_cast<MovieId>(share * share * catalog_.size());
    if (movie == target_ || likeness(catalog_, movie, target_) == Likeness::kUnlike) continue;
    Wish wish = named("like_but");
    if (!add_relative(wish, movie)) continue;
    words_.add_title(wish, "movie", movie);
    wish.update.said.liked = {movie};
    return wish;
  }
  return {};
}

std::optional<Wish> TargetWishes::seen_movie() {
  const MovieId movie = compared(Likeness::kNeither);
  if (movie < 0) return {};
  Wish wish = named("seen_movie");
  words_.add_title(wish, "movie", movie);
  wish.update.said.seen = {movie};
  return wish;
}

std::optional<Wish> TargetWishes::unknown_movie() {
  Wish wish = named("unknown_movie");
  wish.not_a_name = words_.expand("unknown_title");
  wish.slots["title"] = wish.not_a_name;
  wish.update.unknown = {wish.not_a_name};
  return wish;
}

std::optional<Wish> TargetWishes::question() {
  static constexpr std::array kAsked{Fact::kRating,   Fact::kRating, Fact::kPlot, Fact::kCast,
                                     Fact::kDirector, Fact::kYear,   Fact::kWhere};
  const MovieId movie = compared(Likeness::kAlike);
  if (movie < 0) return {};
  Wish wish;
  wish.update.act = UserAct::kAsk;
  words_.add_title(wish, "movie", movie);
  wish.update.about = {movie};
  const MovieId second = random_.chance(0.25) ? compared(Likeness::kAlike, movie) : -1;
  if (second >= 0) {
    wish.name = "compare";
    wish.update.asks = Fact::kRating;
    words_.add_title(wish, "movie2", second);
    wish.update.about.push_back(second);
    return wish;
  }
  wish.update.asks = random_.pick(kAsked);
  wish.name = fmt::format("about.{}", name_of(*wish.update.asks));
  return wish;
}

Wish TargetWishes::proposal(MovieId movie) {
  Wish wish = named("pick_movie");
  words_.add_title(wish, "movie", movie);
  wish.update.pick = {movie};
  return wish;
}

}  // namespace matinee
