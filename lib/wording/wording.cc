#include "lib/wording/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "lib/dialogue/genre_text.h"
#include "lib/dialogue/movie_facts.h"
#include "lib/dialogue/spoken_text.h"
#include "lib/wording/limit_wording.h"
#include "lib/wording/movie_slots.h"

namespace matinee {
namespace {

constexpr std::size_t kReasons = 4;
constexpr int kTries = 30;  // for a text without a sentence that was said before

PhraseRequest about(const std::string& section, const MovieCatalog& catalog, MovieId movie) {
  PhraseRequest request{section, {}};
  add_movie_slots(request.slots, catalog, movie);
  return request;
}

PhraseRequest with_reason(const std::string& base, MovieId movie, const Reason& reason, const MovieCatalog& catalog) {
  PhraseRequest request{base, {}};
  PhraseSlots& slots = request.slots;
  const bool person = reason.kind == Reason::Kind::kPerson;
  add_movie_slots(slots, catalog, movie, std::span(&reason.id, person ? 1 : 0));
  switch (reason.kind) {
    case Reason::Kind::kGenre:
      request.section += ".genre";
      slots["a_genre"] = a_genre(catalog.genres()[static_cast<std::size_t>(reason.id)]);
      slots["genres"] = genre_plural(catalog.genres()[static_cast<std::size_t>(reason.id)]);
      break;
    case Reason::Kind::kPerson:
      request.section += directs(catalog, movie, reason.id) ? ".director" : ".person";
      slots["person"] = catalog.person_name(reason.id);
      break;
    case Reason::Kind::kYears: request.section += ".years"; break;
    case Reason::Kind::kRuntime: request.section += ".runtime"; break;
    case Reason::Kind::kPopular: request.section += ".popular"; break;
    case Reason::Kind::kHidden: request.section += ".hidden"; break;
    case Reason::Kind::kSimilar:
      request.section += ".similar";
      slots["liked"] = catalog.display_name(reason.id);
      break;
  }
  return request;
}

// "a crime movie with Al Pacino from the 1990s": all reasons that are wishes of the user.
std::string fit_text(const Candidate& candidate, const PreferenceState& preferences, const MovieCatalog& catalog) {
  PreferenceState met;
  for (const Reason& reason : candidate.reasons) {
    if (reason.kind == Reason::Kind::kGenre) met.genres.push_back(reason.id);
    if (reason.kind == Reason::Kind::kPerson) met.people.push_back(reason.id);
    if (reason.kind == Reason::Kind::kYears) met.years = preferences.years;
  }
  const std::size_t wishes = met.genres.size() + met.people.size() + (met.years ? 1 : 0);
  return wishes < 2 ? "" : wish_text(met, catalog);
}

// The wordings of an act, each made when it is needed.
struct Wordings {
  // NOLINTNEXTLINE(google-explicit-constructor): most acts have one wording
  Wordings(PhraseRequest one) : at([request = std::move(one)](std::size_t) { return request; }) {}
  Wordings(std::size_t how_many, std::function<PhraseRequest(std::size_t)> make)
      : count(how_many), at(std::move(make)) {}

  std::size_t count = 1;
  std::function<PhraseRequest(std::size_t)> at;
};

// One for each of the strongest reasons, or a plain one, then one with all reasons that are wishes.
Wordings with_reasons(const std::string& base, const Candidate& candidate, const PreferenceState& preferences,
                      const MovieCatalog& catalog) {
  const std::size_t reasons = std::min(candidate.reasons.size(), kReasons), first = std::max<std::size_t>(reasons, 1);
  std::string fit = fit_text(candidate, preferences, catalog);
  const std::size_t count = first + (fit.empty() ? 0 : 1);
  return {count, [=, &candidate, &catalog, fit = std::move(fit)](std::size_t i) {
            if (i < reasons) return with_reason(base, candidate.movie, candidate.reasons[i], catalog);
            if (i < first) return about(base + ".plain", catalog, candidate.movie);
            PhraseRequest several = about(base + ".several", catalog, candidate.movie);
            several.slots["fit"] = fit;
            return several;
          }};
}

// The reason that all candidates share, if there is one of this kind.
std::int32_t shared(const std::vector<Candidate>& candidates, Reason::Kind kind) {
  for (const Reason& reason : candidates.front().reasons) {
    const auto has = [&](const Candidate& candidate) {
      return std::any_of(candidate.reasons.begin(), candidate.reasons.end(),
                         [&](const Reason& r) { return r.kind == kind && r.id == reason.id; });
    };
    if (reason.kind == kind && std::all_of(candidates.begin(), candidates.end(), has)) return reason.id;
  }
  return -1;
}

Wordings list_wordings(const SystemAct& act, const PreferenceState& preferences, const MovieCatalog& catalog) {
  const std::size_t count = std::min(act.candidates.size(), kListed);
  if (count == 1) return with_reasons("s.recommend", act.candidates.front(), preferences, catalog);
  PhraseRequest request{fmt::format("s.list.{}", count), {}};
  const std::int32_t person = shared(act.candidates, Reason::Kind::kPerson);
  const std::int32_t genre = shared(act.candidates, Reason::Kind::kGenre);
  for (std::size_t i = 0; i < count; ++i) {
    add_movie_slots(request.slots, catalog, act.candidates[i].movie, std::span(&person, person >= 0 ? 1 : 0),
                    std::to_string(i + 1));
  }
  if (person >= 0) request.slots["person"] = catalog.person_name(person);
  if (genre >= 0) request.slots["genres"] = genre_plural(catalog.genres()[static_cast<std::size_t>(genre)]);
  return request;
}

PhraseRequest answer_wording(const SystemAct& act, const MovieCatalog& catalog) {
  if (act.movie < 0) return {"s.help.nothing", {}};
  const auto text = fact_text(catalog, act.movie, act.fact);
  PhraseRequest request =
      about(fmt::format("s.answer.{}{}", text ? "" : "unknown.", name_of(act.fact)), catalog, act.movie);
  if (!text) return request;
  switch (act.fact) {
    case Fact::kCast:
    case Fact::kDirector:
    case Fact::kWriter:
    case Fact::kSeries: request.slots["names"] = *text; break;
    case Fact::kGenres:
      if (catalog.genres_of(act.movie).size() == 1) request.section = "s.answer.genre";
      request.slots["genres"] = *text;
      break;
    default: break;  // slots of the movie
  }
  return request;
}

PhraseRequest compare_wording(const SystemAct& act, const MovieCatalog& catalog) {
  std::vector<MovieId> rated, unrated;
  for (const MovieId movie : act.movies) (catalog.rating_tenths(movie) != kUnknown ? rated : unrated).push_back(movie);
  std::stable_sort(rated.begin(), rated.end(),
                   [&](MovieId a, MovieId b) { return catalog.rating_tenths(a) > catalog.rating_tenths(b); });
  const auto name = [&](MovieId movie) { return std::string(catalog.display_name(movie)); };
  std::vector<std::string> names, ratings;
  for (const MovieId movie : rated.empty() ? unrated : rated) {
    names.push_back(name(movie));
    ratings.push_back(fmt::format("{} {}", name(movie), rating_number(catalog.rating_tenths(movie))));
  }
  if (rated.empty()) return {"s.compare.unknown", {{"movies", join_list(names)}}};
  const std::string best = rating_number(catalog.rating_tenths(rated[0]));
  if (!unrated.empty())
    return {"s.compare.half", {{"movie1", names[0]}, {"rating1", best}, {"movie2", name(unrated[0])}}};
  if (rated.size() > 2) return {"s.compare.many", {{"ratings", join_list(ratings)}, {"movie1", names[0]}}};
  if (rated.size() == 1) return about("s.answer.rating", catalog, rated[0]);
  const std::string second = rating_number(catalog.rating_tenths(rated[1]));
  return {second == best ? "s.compare.equal" : "s.compare.two",
          {{"movie1", names[0]}, {"movie2", names[1]}, {"rating1", best}, {"rating2", second}}};
}

// With the movie that stands, or, without one, another section.
PhraseRequest standing(const SystemAct& act, const char* with, const char* without, const MovieCatalog& catalog) {
  return act.movie >= 0 ? about(with, catalog, act.movie) : PhraseRequest{without, {}};
}

PhraseRequest closing(const SystemAct& act, const MovieCatalog& catalog) {
  return act.accepted ? standing(act, "s.close.accepted", "s.close.accepted", catalog)
                      : PhraseRequest{"s.close.left", {}};
}

Wordings wordings_of(const SystemAct& act, const PreferenceState& preferences, const MovieCatalog& catalog) {
  switch (act.kind) {
    case SystemActKind::kGreet: return PhraseRequest{"s.greet", {}};
    case SystemActKind::kHelp:
      return standing(act, "s.help.offer", act.nothing_yet ? "s.help.nothing" : "s.help", catalog);
    case SystemActKind::kAsk: return PhraseRequest{fmt::format("s.ask.{}", name_of(act.slot)), {}};
    case SystemActKind::kClose: return closing(act, catalog);
    case SystemActKind::kAnswer: return answer_wording(act, catalog);
    case SystemActKind::kRecommend: return with_reasons("s.recommend", act.candidates.front(), preferences, catalog);
    case SystemActKind::kExplain:
      if (act.candidates.empty()) return PhraseRequest{"s.help.nothing", {}};
      return with_reasons("s.explain", act.candidates.front(), preferences, catalog);
    case SystemActKind::kList: return list_wordings(act, preferences, catalog);
    case SystemActKind::kPropose: return about("s.propose", catalog, act.movie);
    case SystemActKind::kCompare: return compare_wording(act, catalog);
    case SystemActKind::kRelax: return relax_wording(act, preferences, catalog);
    case SystemActKind::kNotFound: return not_found_wording(act);
    case SystemActKind::kBeyond: return beyond_wording(act);
    case SystemActKind::kConfirm: return standing(act, "s.confirm", "s.confirm.none", catalog);
    case SystemActKind::kWait: return standing(act, "s.wait", "s.wait", catalog);
    case SystemActKind::kRestart: return PhraseRequest{"s.restart", {}};
    case SystemActKind::kEnglish: return PhraseRequest{"s.english", {}};
  }
  return {0, {}};
}

}  // namespace

std::vector<PhraseRequest> possible_wordings(const SystemAct& act, const PreferenceState& preferences,
                                             const MovieCatalog& catalog) {
  const Wordings wordings = wordings_of(act, preferences, catalog);
  std::vector<PhraseRequest> all;
  for (std::size_t i = 0; i < wordings.count; ++i) all.push_back(wordings.at(i));
  return all;
}

std::string word_act(const SystemAct& act, const PreferenceState& preferences, const MovieCatalog& catalog,
                     const Phrasebook& phrasebook, SaidSentences& said, Random& random) {
  const Wordings wordings = wordings_of(act, preferences, catalog);
  std::string text;
  for (int i = 0; i < kTries; ++i) {
    // Not always the strongest reason: recommendations in a row should differ.
    const bool strongest = wordings.count == 1 || random.chance(0.4);
    const PhraseRequest request = wordings.at(strongest ? 0 : static_cast<std::size_t>(random.below(wordings.count)));
    text = phrasebook.expand(request.section, request.slots, random);
    if (!said.repeats(text)) break;
  }
  said.add(text);
  return text;
}

}  // namespace matinee
