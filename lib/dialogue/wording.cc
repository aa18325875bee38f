#include "lib/dialogue/wording.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/dialogue/genre_text.h"
#include "lib/dialogue/movie_facts.h"

namespace matinee {
namespace {

WordingRequest with_reason(const std::string& base, const SystemAct& act, const Reason* reason,
                           const MovieCatalog& catalog) {
  WordingRequest request{base + ".plain", {{"movie", std::string(catalog.display_name(act.movie))}}};
  if (reason == nullptr) return request;
  switch (reason->kind) {
    case Reason::Kind::kGenre:
      request.section = base + ".genre";
      request.slots["a_genre"] = a_genre(catalog.genres()[static_cast<std::size_t>(reason->id)]);
      request.slots["genres"] = genre_plural(catalog.genres()[static_cast<std::size_t>(reason->id)]);
      break;
    case Reason::Kind::kPerson: {
      request.section = base + (directs(catalog, act.movie, reason->id) ? ".director" : ".person");
      request.slots["person"] = catalog.person_name(reason->id);
      break;
    }
    case Reason::Kind::kYears:
      request.section = base + ".years";
      request.slots["year"] = fmt::format("{}", catalog.year(act.movie));
      break;
    case Reason::Kind::kRuntime:
      request.section = base + ".runtime";
      request.slots["runtime"] = fmt::format("{}", catalog.runtime(act.movie));
      break;
    case Reason::Kind::kPopular: request.section = base + ".popular"; break;
    case Reason::Kind::kHidden: request.section = base + ".hidden"; break;
    case Reason::Kind::kSimilar:
      request.section = base + ".similar";
      request.slots["liked"] = catalog.display_name(reason->id);
      break;
  }
  return request;
}

}  // namespace

std::vector<WordingRequest> possible_wordings(const SystemAct& act, const MovieCatalog& catalog) {
  switch (act.kind) {
    case SystemActKind::kGreet: return {{"s.greet", {}}};
    case SystemActKind::kHelp: return {{act.movie >= 0 ? "s.help.offer" : "s.help", {}}};
    case SystemActKind::kAsk: return {{fmt::format("s.ask.{}", name_of(act.slot)), {}}};
    case SystemActKind::kClose: return {{act.accepted ? "s.close.accepted" : "s.close.left", {}}};
    case SystemActKind::kAnswer: {
      const auto text = fact_text(catalog, act.movie, act.fact);
      if (!text || act.fact == Fact::kSeries) return {{"s.answer.unknown", {}}};
      const bool names = act.fact == Fact::kCast || act.fact == Fact::kDirector || act.fact == Fact::kWriter;
      const bool one_genre = act.fact == Fact::kGenres && catalog.genres_of(act.movie).size() == 1;
      const char* name = one_genre ? "genre" : name_of(act.fact);
      return {{fmt::format("s.answer.{}", name),
               {{"movie", std::string(catalog.display_name(act.movie))}, {names ? "names" : name, *text}}}};
    }
    case SystemActKind::kList:
    case SystemActKind::kPropose:
    case SystemActKind::kRecommend:
    case SystemActKind::kExplain: {
      const std::string base = act.kind == SystemActKind::kExplain ? "s.explain" : "s.recommend";
      std::vector<WordingRequest> all;
      for (const Reason& reason : act.candidates.front().reasons)
        all.push_back(with_reason(base, act, &reason, catalog));
      if (all.empty()) all.push_back(with_reason(base, act, nullptr, catalog));
      return all;
    }
    case SystemActKind::kConfirm:
    case SystemActKind::kWait: return {{"s.help.offer", {}}};
    default: return {{"s.help", {}}};
  }
  return {};
}

std::string word_act(const SystemAct& act, const MovieCatalog& catalog, const Phrasebook& phrasebook, Random& random) {
  const std::vector<WordingRequest> requests = possible_wordings(act, catalog);
  // Not always the strongest reason: recommendations in a row should differ.
  const WordingRequest& request = requests.size() == 1 || random.chance(0.4) ? requests.front() : random.pick(requests);
  return phrasebook.expand(request.section, request.slots, random);
}

}  // namespace matinee
