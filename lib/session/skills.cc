#include "lib/session/skills.h"

#include <algorithm>

#include "lib/dialogue/update_grammar.h"
#include "lib/dialogue/wording.h"

namespace matinee {
namespace {

constexpr int kMaxReplyTokens = 96, kMaxUpdateTokens = 160;
constexpr std::size_t kMaxUserBytes = 600;  // of one turn; people do not write more, and a prompt has to fit

// The act as if only this candidate had been there.
SystemAct about_only(const SystemAct& act, MovieId movie) {
  SystemAct only = act;
  only.movie = movie;
  std::erase_if(only.candidates, [&](const Candidate& candidate) { return candidate.movie != movie; });
  return only;
}

}  // namespace

MovieId named_candidate(std::string_view text, const SystemAct& act, const MovieCatalog& catalog) {
  MovieId found = -1;
  std::size_t length = 0;
  for (const Candidate& candidate : act.candidates) {
    const std::string_view name = catalog.display_name(candidate.movie);
    if (name.size() > length && text.find(name) != std::string_view::npos) {
      found = candidate.movie;
      length = name.size();
    }
  }
  return found;
}

bool gives_true_reason(std::string_view text, const SystemAct& act, MovieId named, const GroundsMaker& grounds) {
  return ungrounded_words(text, grounds.of(about_only(act, named))).empty();
}

ModelSkills::ModelSkills(LanguageModel& model, const MovieCatalog& catalog, const MentionFinder& finder,
                         const Phrasebook& phrasebook, std::uint64_t seed)
    : model_(model),
      catalog_(catalog),
      finder_(finder),
      phrasebook_(phrasebook),
      grounds_(catalog, phrasebook),
      random_(seed, "skills") {}

std::string ModelSkills::word(const SystemAct& act, const PreferenceState& preferences, const OnText& on_text) {
  ++counts_.replies;
  const SkillPrompt prompt = act_prompt(act, preferences, catalog_);
  const bool recommends = act.kind == SystemActKind::kRecommend && act.candidates.size() > 1;
  const GroundedText language(grounds_.of(act));
  // A recommendation is checked before it is shown: a reason must be true of the movie that is named, not of its
  // neighbour.
  LanguageModel::Reply reply = model_.reply(prompt, &language, kMaxReplyTokens, recommends ? OnText{} : on_text);
  if (!reply.ended) {
    ++counts_.unfinished;
    reply.text = word_act(act, catalog_, phrasebook_, random_);
    if (on_text) on_text(recommends ? reply.text : " " + reply.text);
    return reply.text;
  }
  if (recommends) {
    const MovieId named = named_candidate(reply.text, act, catalog_);
    if (named >= 0 && !gives_true_reason(reply.text, act, named, grounds_)) {
      ++counts_.corrected;
      return word(about_only(act, named), preferences, on_text);
    }
    if (on_text) on_text(reply.text);
  }
  return reply.text;
}

PreferenceUpdate ModelSkills::understand(std::string_view system_text, std::string_view user_text,
                                         const std::vector<MovieId>& spoken_of) {
  ++counts_.replies;
  user_text = user_text.substr(0, kMaxUserBytes);
  const UpdateGrammar language(catalog_, update_names(finder_, user_text, spoken_of));
  const LanguageModel::Reply reply =
      model_.reply(understand_prompt(system_text, user_text), &language, kMaxUpdateTokens);
  if (!reply.ended) {
    ++counts_.unfinished;
    PreferenceUpdate nothing;
    nothing.act = UserAct::kUnsure;
    return nothing;
  }
  return parse_preference_update(reply.text, catalog_);
}

std::string TemplateSkills::word(const SystemAct& act, const PreferenceState&, const OnText& on_text) {
  const std::string text = word_act(act, catalog_, phrasebook_, random_);
  if (on_text) on_text(text);
  return text;
}

PreferenceUpdate TemplateSkills::understand(std::string_view, std::string_view, const std::vector<MovieId>&) {
  return truth_;
}

}  // namespace matinee
