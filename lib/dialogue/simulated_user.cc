#include "lib/dialogue/simulated_user.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "lib/catalog/title_index.h"
#include "lib/dialogue/movie_facts.h"
#include "lib/dialogue/typing_errors.h"

namespace matinee {
namespace {

// What open-ended words mean; the phrasebook's "old" and "recent" too. Values reach the training data.
constexpr std::int32_t kFirstYear = 1900, kLastYear = 2030, kOldUntil = 1979, kRecentFrom = 2010;
constexpr std::int32_t kShortUntil = 100, kLongFrom = 140, kLongest = 600;

constexpr std::array<const char*, 13> kDecades{
    "nineteen-hundreds", "tens",     "twenties", "thirties",      "forties",     "fifties",        "sixties",
    "seventies",         "eighties", "nineties", "two thousands", "twenty tens", "twenty twenties"};

std::string lowered(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

bool contains_name(const std::vector<Mention>& mentions, MentionKind kind, std::int32_t id) {
  return std::any_of(mentions.begin(), mentions.end(), [&](const Mention& m) { return m.kind == kind && m.id == id; });
}

}  // namespace

const char* name_of(Temperament temperament) {
  static constexpr std::array<const char*, kTemperaments> kNames{
      "terse", "chatty", "picky", "undecided", "changeable", "volunteer", "typos", "nicknames", "curious", "demanding"};
  return kNames[static_cast<std::size_t>(temperament)];
}

SimulatedUser::SimulatedUser(const MovieCatalog& catalog, const Phrasebook& phrasebook, const MentionFinder& finder,
                             MovieId target, Temperament temperament, Random random)
    : catalog_(catalog),
      phrasebook_(phrasebook),
      finder_(finder),
      target_(target),
      temperament_(temperament),
      random_(random) {}

UserTurn SimulatedUser::respond(const SystemAct& act) {
  ++turns_;
  switch (act.kind) {
    case SystemActKind::kGreet:
      return answer(Slot::kGenre);
    case SystemActKind::kAsk:
      return answer(act.slot);
    case SystemActKind::kAskOpinion:
      return opinion(act.movie);
    case SystemActKind::kRecommend:
    case SystemActKind::kAnswer:
    case SystemActKind::kExplain:
      return react(act.movie);
    case SystemActKind::kClose:
      break;
  }
  return say("u.leave", UserAct::kLeave);
}

std::string SimulatedUser::pick_word(const std::string& section, const PhraseSlots& slots) {
  return phrasebook_.expand(section, slots, random_);
}

bool SimulatedUser::tells(Slot slot) { return told_.insert(slot).second; }

void SimulatedUser::add_genre(Wish& wish, GenreId genre, const char* singular, const char* plural) {
  const std::string& name = catalog_.genres()[static_cast<std::size_t>(genre)];
  wish.slots[singular] = pick_word("a_genre." + name);
  wish.slots[plural] = pick_word("genres." + name);
  wish.update.said.genres.push_back(genre);
}

GenreId SimulatedUser::some_other_genre() {
  std::vector<GenreId> others;
  for (std::size_t genre = 0; genre < catalog_.genres().size(); ++genre) {
    const auto id = static_cast<GenreId>(genre);
    const bool wordable = phrasebook_.has("a_genre." + catalog_.genres()[genre]);
    if (wordable && ((catalog_.genre_mask(target_) >> genre) & 1u) == 0) others.push_back(id);
  }
  return others.empty() ? -1 : random_.pick(others);
}

void SimulatedUser::add_not_genre(Wish& wish) {
  const GenreId other = some_other_genre();
  if (other < 0) return;
  wish.slots["not_genres"] = pick_word("genres." + catalog_.genres()[static_cast<std::size_t>(other)]);
  wish.update.said.not_genres.push_back(other);
}

// Fills {years} and {from_years} with one way to bound the target's year.
void SimulatedUser::add_years(Wish& wish) {
  const std::int32_t year = catalog_.year(target_);
  const std::int32_t decade = year / 10 * 10;
  std::string form;
  PhraseSlots slots;
  Span span{decade, decade + 9};
  const auto put = [&](const char* name, std::int32_t value) { slots[name] = fmt::format("{}", value); };
  const double choice = random_.uniform();
  if (choice < 0.5) {
    form = "decade";
    const auto index = static_cast<std::size_t>((decade - kFirstYear) / 10);
    const bool words = index < kDecades.size() && random_.chance(0.5);
    slots["decade"] = words ? kDecades[index] : fmt::format("{}s", decade);
    slots["short"] = decade >= 2000 ? fmt::format("{}s", decade) : fmt::format("{:02}s", decade % 100);
  } else if (choice < 0.58) {
    form = "around";
    put("low", year);
  } else if (choice < 0.66 && year < kLastYear) {
    form = "before";
    span = {kFirstYear, std::max(kFirstYear, (year + 9) / 10 * 10)};
    put("high", span.high);
  } else if (choice < 0.76) {
    form = "after";
    span = {year / 5 * 5, kLastYear};
    put("low", span.low);
  } else if (choice < 0.84) {
    form = "exact";
    span = {year, year};
    put("low", year);
  } else if (choice < 0.92) {
    form = "between";
    const auto before = static_cast<std::int32_t>(random_.below(6)),
               after = static_cast<std::int32_t>(1 + random_.below(6));
    span = {year - before, year + after};
    put("low", span.low);
    put("high", span.high);
  } else if (year <= kOldUntil) {
    form = "old";
    span = {kFirstYear, kOldUntil};
  } else if (year >= kRecentFrom) {
    form = "recent";
    span = {kRecentFrom, kLastYear};
  } else {
    form = "exact";
    span = {year, year};
    put("low", year);
  }
  wish.slots["years"] = pick_word("years." + form, slots);
  wish.slots["from_years"] = pick_word("from_years." + form, slots);
  wish.update.said.years = span;
}

void SimulatedUser::add_person(Wish& wish, PersonId person, const char* slot) {
  std::string name(catalog_.person_name(person));
  const std::size_t last = name.rfind(' ');
  if (temperament_ == Temperament::kNicknames && last != std::string::npos && random_.chance(0.7))
    name = name.substr(last + 1);
  if (temperament_ == Temperament::kTerse || random_.chance(0.3)) name = lowered(name);
  wish.slots[slot] = name;
  wish.people.push_back(person);
  (std::string_view(slot) == "person" ? wish.update.said.people : wish.update.said.not_people).push_back(person);
}

PersonId SimulatedUser::some_stranger() {
  // Somebody people have heard of: from the cast of one of the best known movies.
  const auto known = std::max(1, catalog_.size() / 10);
  for (int attempt = 0; attempt < 20; ++attempt) {
    const auto cast = catalog_.cast(static_cast<MovieId>(random_.below(static_cast<std::uint64_t>(known))));
    if (cast.empty()) continue;
    const PersonId person = cast[static_cast<std::size_t>(random_.below(std::min<std::size_t>(cast.size(), 3)))];
    if (!takes_part(catalog_, target_, person)) return person;
  }
  return -1;
}

std::optional<SimulatedUser::Wish> SimulatedUser::wish(Slot slot) {
  Wish wish;
  switch (slot) {
    case Slot::kGenre: {
      std::vector<GenreId> genres;
      for (const GenreId genre : catalog_.genres_of(target_)) {
        if (phrasebook_.has("a_genre." + catalog_.genres()[static_cast<std::size_t>(genre)])) genres.push_back(genre);
      }
      if (genres.empty()) return {};
      random_.shuffle(genres);
      add_genre(wish, genres[0], "a_genre", "genres");
      wish.section = "u.genre";
      if (temperament_ == Temperament::kPicky && random_.chance(0.6)) {
        add_not_genre(wish);
        if (!wish.update.said.not_genres.empty()) wish.section = "u.genre_not";
      } else if (genres.size() > 1 && random_.chance(0.25)) {
        add_genre(wish, genres[1], "a_genre2", "genres2");
        wish.section = "u.genre2";
      }
      return wish;
    }
    case Slot::kYears:
      if (catalog_.year(target_) == kUnknown) return {};
      add_years(wish);
      wish.section = "u.years";
      return wish;
    case Slot::kRuntime: {
      const std::int32_t minutes = catalog_.runtime(target_);
      if (minutes == kUnknown) return {};
      wish.section = "u.runtime";
      std::string form;
      PhraseSlots slots;
      Span span;
      if (minutes <= 120) {
        form = minutes <= kShortUntil && random_.chance(0.4) ? "short_plain" : "short";
        span = {0, form == "short_plain" ? kShortUntil : (minutes + 9) / 10 * 10};
        if (form == "short") slots["high"] = fmt::format("{}", span.high);
      } else {
        form = minutes >= kLongFrom && random_.chance(0.4) ? "long_plain" : "long";
        span = {form == "long_plain" ? kLongFrom : minutes / 10 * 10, kLongest};
        if (form == "long") slots["low"] = fmt::format("{}", span.low);
      }
      wish.slots["runtime"] = pick_word("of_runtime." + form, slots);
      wish.update.said.runtime = span;
      return wish;
    }
    case Slot::kPopularity: {
      const Popularity popularity = popularity_of(catalog_, target_);
      if (popularity == Popularity::kAny) return {};
      wish.section = "u.popularity";
      wish.slots["popularity"] =
          pick_word(popularity == Popularity::kPopular ? "popularity.popular" : "popularity.hidden");
      wish.update.said.popularity = popularity;
      return wish;
    }
    case Slot::kPerson: {
      std::vector<PersonId> people;
      const auto cast = catalog_.cast(target_);
      people.assign(cast.begin(), cast.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(cast.size(), 4)));
      for (const PersonId director : catalog_.directors(target_)) people.push_back(director);
      if (people.empty()) return {};
      add_person(wish, random_.pick(people), "person");
      wish.section = "u.person";
      if (temperament_ == Temperament::kPicky && random_.chance(0.5)) {
        const PersonId stranger = some_stranger();
        if (stranger >= 0) {
          add_person(wish, stranger, "not_person");
          wish.section = "u.person_not";
        }
      }
      return wish;
    }
  }
  return {};
}

std::optional<SimulatedUser::Wish> SimulatedUser::volunteered() {
  const bool has_year = catalog_.year(target_) != kUnknown;
  std::vector<Slot> parts;
  const double choice = random_.uniform();
  if (choice < 0.35 && has_year) {
    parts = {Slot::kGenre, Slot::kYears};
  } else if (choice < 0.6) {
    parts = {Slot::kGenre, Slot::kPerson};
  } else if (choice < 0.7 && has_year) {
    parts = {Slot::kYears, Slot::kPerson};
  } else if (choice < 0.8) {
    parts = {Slot::kGenre, Slot::kPopularity};
  } else if (has_year) {
    parts = {Slot::kGenre, Slot::kYears, Slot::kPerson};
  } else {
    return {};
  }
  Wish all;
  std::string section = "u";
  const bool not_person = parts.size() == 3 && random_.chance(0.4);
  for (const Slot slot : parts) {
    if (told_.contains(slot)) return {};
    if (slot == Slot::kPerson && not_person) {
      const PersonId stranger = some_stranger();
      if (stranger < 0) return {};
      add_person(all, stranger, "not_person");
      section += "_not_person";
      continue;
    }
    auto part = wish(slot);
    if (!part || part->section.find("_not") != std::string::npos) return {};
    merge(all.update.said, part->update);
    if (slot == Slot::kGenre) all.update.said.genres.resize(1);
    all.slots.merge(part->slots);
    all.people.insert(all.people.end(), part->people.begin(), part->people.end());
    section += (section == "u" ? "." : "_") + std::string(name_of(slot));
  }
  if (!phrasebook_.has(section)) return {};
  all.section = section;
  for (const Slot slot : parts) told_.insert(slot);
  if (not_person) told_.erase(Slot::kPerson);
  return all;
}

std::optional<SimulatedUser::Wish> SimulatedUser::correction() {
  if (!false_genre_) return {};
  auto corrected = wish(Slot::kGenre);
  if (!corrected) return {};
  corrected->update.said.not_genres.clear();
  corrected->update.said.genres.resize(1);
  corrected->section = "u.correct_genre";
  corrected->slots["old_genres"] = pick_word("genres." + catalog_.genres()[static_cast<std::size_t>(*false_genre_)]);
  corrected->update.drop = {Slot::kGenre};
  false_genre_.reset();
  return corrected;
}

UserTurn SimulatedUser::answer(Slot slot) {
  if (auto corrected = correction()) return say(*corrected);
  if (temperament_ == Temperament::kUndecided && random_.chance(0.5)) {
    UserTurn turn = say("u.any", UserAct::kUnsure);
    turn.update.any = {slot};
    return turn;
  }
  if ((temperament_ == Temperament::kVolunteer || random_.chance(0.12)) && !told_.contains(slot)) {
    if (auto several = volunteered()) return say(*several);
  }
  if (temperament_ == Temperament::kChatty && random_.chance(0.25)) {
    if (auto detail = more_detail()) return say(*detail);
  }
  if (temperament_ == Temperament::kChangeable && slot == Slot::kGenre && tells(slot)) {
    const GenreId other = some_other_genre();
    if (other >= 0) {
      Wish wrong;
      add_genre(wrong, other, "a_genre", "genres");
      wrong.section = "u.genre";
      false_genre_ = other;
      return say(wrong);
    }
  }
  // Not everybody has a name at hand.
  const bool knows = slot != Slot::kPerson || random_.chance(0.75);
  if (auto known = knows ? wish(slot) : std::nullopt) {
    told_.insert(slot);
    return say(*known);
  }
  UserTurn turn = say("u.any", UserAct::kUnsure);
  turn.update.any = {slot};
  return turn;
}

namespace {

enum class Likeness { kAlike, kUnlike, kNeither };

Likeness likeness(const MovieCatalog& catalog, MovieId a, MovieId b) {
  const std::uint32_t x = catalog.genre_mask(a), y = catalog.genre_mask(b);
  const int both = std::popcount(x & y), either = std::popcount(x | y);
  if (both == 0) return Likeness::kUnlike;
  if (2 * both >= either && std::abs(catalog.year(a) - catalog.year(b)) <= 15) return Likeness::kAlike;
  return Likeness::kNeither;
}

}  // namespace

// A movie that is liked or disliked as the target's facts would have it.
std::optional<SimulatedUser::Wish> SimulatedUser::more_detail() {
  const auto known = static_cast<std::uint64_t>(std::max(1, catalog_.size() / 10));
  for (int attempt = 0; attempt < 12; ++attempt) {
    const auto movie = static_cast<MovieId>(random_.below(known));
    if (movie == target_) continue;
    const Likeness how = likeness(catalog_, movie, target_);
    if (how == Likeness::kNeither || (how == Likeness::kUnlike && random_.chance(0.7))) continue;
    Wish detail;
    const bool likes = how == Likeness::kAlike;
    detail.section = likes ? "u.like_movie" : "u.dislike_movie";
    detail.slots["movie"] = random_.chance(0.7) ? catalog_.title(movie) : catalog_.display_name(movie);
    (likes ? detail.update.said.liked : detail.update.said.disliked).push_back(movie);
    detail.movies.push_back(movie);
    return detail;
  }
  return {};
}

UserTurn SimulatedUser::opinion(MovieId movie) {
  if (movie == target_) return say("u.unsure_movie", UserAct::kUnsure);
  switch (likeness(catalog_, movie, target_)) {
    case Likeness::kAlike: {
      UserTurn turn = say("u.like", UserAct::kLike);
      turn.update.said.liked = {movie};
      return turn;
    }
    case Likeness::kUnlike: {
      UserTurn turn = say("u.dislike", UserAct::kDislike);
      turn.update.said.disliked = {movie};
      return turn;
    }
    case Likeness::kNeither:
      break;
  }
  return say("u.unsure_movie", UserAct::kUnsure);
}

UserTurn SimulatedUser::react(MovieId movie) {
  // Questions come before the decision, once for each fact and at most two in all.
  const double curiosity = temperament_ == Temperament::kCurious ? 0.7 : 0.12;
  if (asked_facts_.size() < 2 && random_.chance(curiosity)) {
    const auto fact = static_cast<Fact>(random_.below(kFacts));
    if (asked_facts_.insert(fact).second) {
      UserTurn turn = say(fmt::format("u.ask.{}", name_of(fact)), UserAct::kAsk);
      turn.update.asks = fact;
      return turn;
    }
  }
  if (!asked_why_ && random_.chance(curiosity / 4)) {
    asked_why_ = true;
    return say("u.why", UserAct::kWhy);
  }
  if (movie == target_) return say("u.accept", UserAct::kAccept);
  ++rejections_;
  const double choice = random_.uniform();
  if (choice < 0.25) {
    UserTurn turn = say("u.seen", UserAct::kSeen);
    turn.update.said.seen = {movie};
    return turn;
  }
  if (choice < 0.3) return say("u.more", UserAct::kMore);
  UserTurn turn = say("u.reject", UserAct::kReject);
  // Saying more with the rejection: something not told before.
  if (random_.chance(temperament_ == Temperament::kDemanding ? 0.8 : 0.3)) {
    std::vector<Slot> untold;
    for (int slot = 0; slot < kSlots; ++slot) {
      if (!told_.contains(static_cast<Slot>(slot))) untold.push_back(static_cast<Slot>(slot));
    }
    if (!untold.empty()) {
      const Slot slot = random_.pick(untold);
      if (auto detail = wish(slot)) {
        told_.insert(slot);
        const UserTurn second = say(*detail);
        turn.text += (turn.text.back() == '!' || turn.text.back() == '?' ? " " : ". ") + second.text;
        turn.update.said = second.update.said;
      }
    }
  }
  return turn;
}

UserTurn SimulatedUser::say(std::string section, UserAct act) {
  Wish plain;
  plain.section = std::move(section);
  plain.update.act = act;
  return say(plain);
}

UserTurn SimulatedUser::say(const Wish& wish) {
  const bool lower = temperament_ == Temperament::kTerse || random_.chance(0.25);
  for (int attempt = 0;; ++attempt) {
    UserTurn turn{phrasebook_.expand(wish.section, wish.slots, random_), wish.update};
    if (temperament_ == Temperament::kChatty && turns_ == 1) turn.text = pick_word("u.hello") + turn.text;
    // After some attempts the plain words: they are always found again.
    const bool plain = attempt >= 4;
    if (lower && !plain) turn.text = lowered(std::move(turn.text));
    if (temperament_ == Temperament::kTypos && !plain && random_.chance(0.8)) turn.text = mistype(turn.text, random_);
    if (wish.people.empty() && wish.movies.empty()) return turn;
    const auto mentions = finder_.find(turn.text);
    const bool all_found = std::all_of(wish.people.begin(), wish.people.end(),
                                       [&](PersonId p) { return contains_name(mentions, MentionKind::kPerson, p); }) &&
                           std::all_of(wish.movies.begin(), wish.movies.end(),
                                       [&](MovieId m) { return contains_name(mentions, MentionKind::kMovie, m); });
    if (all_found) return turn;
    if (attempt < 6) continue;
    // A name that even its full form does not bring back is left unsaid.
    UserTurn silent{phrasebook_.expand("u.any", {}, random_), {}};
    silent.update.act = UserAct::kUnsure;
    return silent;
  }
}

}  // namespace matinee
