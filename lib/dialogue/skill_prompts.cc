#include "lib/dialogue/skill_prompts.h"

#include <fmt/format.h>

#include <array>

#include "lib/dialogue/movie_facts.h"

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

}  // namespace

const char* name_of(Skill skill) {
  static constexpr std::array<const char*, kSkills> kNames{"ask", "understand", "recommend", "answer"};
  return kNames[static_cast<std::size_t>(skill)];
}

SkillPrompt act_prompt(const SystemAct& act, const PreferenceState& preferences, const MovieCatalog& catalog) {
  switch (act.kind) {
    case SystemActKind::kGreet: return {Skill::kAsk, "Greet the user.", ""};
    case SystemActKind::kHelp:
      return {Skill::kAsk, act.movie >= 0 ? "Tell the user how to answer." : "Tell the user what you can do.", ""};
    case SystemActKind::kAsk: return {Skill::kAsk, fmt::format("Ask the user about {}.", name_in_prompt(act.slot)), ""};
    case SystemActKind::kClose:
      return {Skill::kAsk, act.accepted ? "Wish the user a good time." : "Say goodbye to the user.", ""};
    case SystemActKind::kAnswer:
      return {Skill::kAnswer, fmt::format("Tell the user {}.", name_in_prompt(act.fact)),
              fact_line(catalog, act.movie, act.fact)};
    case SystemActKind::kList:
    case SystemActKind::kPropose:
    case SystemActKind::kRecommend: {
      std::string input = to_json(preferences, catalog);
      int number = 0;
      for (const Candidate& candidate : act.candidates) {
        input += fmt::format("\n{}. {}", ++number, candidate_line(catalog, candidate));
      }
      return {Skill::kRecommend, "Recommend a movie to the user.", std::move(input)};
    }
    case SystemActKind::kExplain:
      return {Skill::kRecommend, "Explain the recommendation.",
              to_json(preferences, catalog) + "\n1. " + candidate_line(catalog, act.candidates.front())};
    default: return {Skill::kAsk, "Tell the user what you can do.", ""};
  }
  return {};
}

}  // namespace matinee
