#include "lib/wording/skill_prompts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/dialogue/movie_facts.h"
#include "lib/wording/movie_slots.h"

namespace matinee {
namespace {

const char* name_in_prompt(Slot slot) {
  switch (slot) {
    case Slot::kGenre: return "the genre";
    case Slot::kYears: return "the years";
    case Slot::kRuntime: return "the running time";
    case Slot::kPopularity: return "popularity";
    case Slot::kPerson: return "actors or directors";
    case Slot::kAge: return "the age of those who watch";
    case Slot::kRating: return "the rating";
    case Slot::kKeyword: return "the theme";
  }
  return "";
}

const char* name_in_prompt(Fact fact) {
  switch (fact) {
    case Fact::kCast: return "the cast";
    case Fact::kDirector: return "the director";
    case Fact::kWriter: return "the writer";
    case Fact::kYear: return "the year";
    case Fact::kRuntime: return "the running time";
    case Fact::kGenres: return "the genres";
    case Fact::kRating: return "the rating";
    case Fact::kAge: return "the age rating";
    case Fact::kSeries: return "other parts";
    case Fact::kPlot: return "the plot";
    case Fact::kWhere: return "where to watch it";
    case Fact::kAwards: return "the awards";
    case Fact::kTrailer: return "the trailer";
    case Fact::kLanguage: return "the language";
    case Fact::kCountry: return "the country";
  }
  return "";
}

std::string compared(const SystemAct& act, const MovieCatalog& catalog) {
  std::string input;
  for (const MovieId movie : act.movies)
    input += (input.empty() ? "" : "\n") + fact_line(catalog, movie, Fact::kRating);
  return input;
}

// The movie with its reasons and with what a reply may say beside them, so that nothing in the reply is invented.
std::string offered(const Candidate& candidate, const MovieCatalog& catalog, bool brief) {
  std::vector<PersonId> people;
  for (const Reason& reason : candidate.reasons) {
    if (reason.kind == Reason::Kind::kPerson) people.push_back(reason.id);
  }
  const std::string facts = facts_for_prompt(catalog, candidate.movie, people, brief);
  return candidate_line(catalog, candidate) + (facts.empty() ? "" : " | also: " + facts);
}

// The movie and the fact, or, for facts that no catalog has, what the reply says in its place.
std::string answered(const SystemAct& act, const MovieCatalog& catalog) {
  std::string line = fact_line(catalog, act.movie, act.fact);
  if (act.fact == Fact::kPlot) {
    if (const std::string facts = facts_for_prompt(catalog, act.movie, {}, false); !facts.empty())
      line += " | also: " + facts;
  }
  if (act.fact == Fact::kAwards) {
    if (const auto rating = fact_text(catalog, act.movie, Fact::kRating)) line += " | rating: " + *rating;
  }
  return line;
}

// The user's wishes, and the slots of those that no movie meets.
std::string broken(const SystemAct& act, const PreferenceState& preferences, const MovieCatalog& catalog) {
  std::string input = to_json(preferences, catalog);
  for (const BrokenWish& wish : act.broken)
    input += fmt::format("\n{}{}", name_of(wish.slot),
                         wish.unwanted  ? " | unwanted"
                         : wish.unknown ? " | unknown"
                                        : "");
  return input;
}

}  // namespace

const char* name_of(Skill skill) {
  static constexpr std::array<const char*, kSkills> kNames{"ask", "understand", "recommend", "answer"};
  return kNames[static_cast<std::size_t>(skill)];
}

SkillPrompt act_prompt(const SystemAct& act, const PreferenceState& preferences, const MovieCatalog& catalog) {
  const auto movie = [&] { return act.movie < 0 ? "" : std::string(catalog.display_name(act.movie)); };
  // What is known of the user, and the act's first candidates, a numbered line each.
  const auto candidates = [&](std::size_t most) {
    std::string input = to_json(preferences, catalog);
    for (std::size_t i = 0; i < std::min(most, act.candidates.size()); ++i)
      input += fmt::format("\n{}. {}", i + 1, offered(act.candidates[i], catalog, most > 1));
    return input;
  };
  switch (act.kind) {
    case SystemActKind::kGreet: return {Skill::kAsk, "Greet the user.", ""};
    case SystemActKind::kHelp:
      if (act.nothing_yet) return {Skill::kAsk, "Tell the user that no movie was suggested yet.", ""};
      return {Skill::kAsk, act.movie >= 0 ? "Tell the user how to answer." : "Tell the user what you can do.", movie()};
    case SystemActKind::kAsk: return {Skill::kAsk, fmt::format("Ask the user about {}.", name_in_prompt(act.slot)), ""};
    case SystemActKind::kClose:
      return {Skill::kAsk, act.accepted ? "Wish the user a good time." : "Say goodbye to the user.",
              act.accepted ? movie() : ""};
    case SystemActKind::kAnswer:
      if (act.movie < 0) return {Skill::kAsk, "Tell the user that no movie was suggested yet.", ""};
      return {Skill::kAnswer, fmt::format("Tell the user {}.", name_in_prompt(act.fact)), answered(act, catalog)};
    case SystemActKind::kRecommend: return {Skill::kRecommend, "Recommend the movie to the user.", candidates(1)};
    case SystemActKind::kExplain:
      if (act.candidates.empty()) return {Skill::kAsk, "Tell the user that no movie was suggested yet.", ""};
      return {Skill::kRecommend, "Explain the recommendation.", candidates(1)};
    case SystemActKind::kList: return {Skill::kRecommend, "Recommend the movies to the user.", candidates(5)};
    case SystemActKind::kPropose:
      return {Skill::kRecommend, "Ask the user if it shall be this movie.",
              offered({act.movie, 0, {}, {}}, catalog, false)};
    case SystemActKind::kCompare: return {Skill::kAnswer, "Compare the ratings.", compared(act, catalog)};
    case SystemActKind::kRelax:
      return {Skill::kRecommend, "Tell the user which wishes no movie meets.", broken(act, preferences, catalog)};
    case SystemActKind::kNotFound:
      return {Skill::kAsk, "Tell the user that the titles are not known.",
              fmt::format("{}", fmt::join(act.unknown, ", "))};
    case SystemActKind::kBeyond: {
      std::string input;
      for (const Beyond beyond : act.beyond) input += (input.empty() ? "" : ", ") + std::string(name_of(beyond));
      return {Skill::kAsk, "Tell the user what you cannot search by.", input};
    }
    case SystemActKind::kConfirm: return {Skill::kAsk, "Ask the user if it is settled.", movie()};
    case SystemActKind::kWait: return {Skill::kAsk, "Give the user time.", movie()};
    case SystemActKind::kRestart: return {Skill::kAsk, "Begin again.", ""};
    case SystemActKind::kEnglish: return {Skill::kAsk, "Tell the user that you understand only English.", ""};
  }
  return {};
}

}  // namespace matinee
