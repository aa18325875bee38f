#include "lib/chat/skills.h"

#include <algorithm>

#include "lib/dialogue/update_grammar.h"
#include "lib/dialogue/wording.h"
#include "lib/text/utf8.h"

namespace matinee {
namespace {

constexpr int kMaxReplyTokens = 96, kMaxUpdateTokens = 160;
constexpr std::size_t kMaxUserBytes = 600;  // of one turn; people do not write more, and a prompt has to fit

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

ModelSkills::ModelSkills(TextGenerator& model, const MovieCatalog& catalog, const MentionResolver& reader,
                         const Phrasebook& phrasebook, const ReplyWords& words, std::uint64_t seed)
    : model_(model),
      catalog_(catalog),
      reader_(reader),
      phrasebook_(phrasebook),
      words_(words),
      random_(seed, "skills") {}

std::string ModelSkills::realize(const SystemAct& act, const PreferenceState& preferences, const OnText& on_text) {
  ++counts_.replies;
  const GroundedText language(reply_facts(act, catalog_, words_));
  const TextGenerator::Reply reply =
      model_.reply(act_prompt(act, preferences, catalog_), &language, kMaxReplyTokens, on_text);
  if (reply.ended) return reply.text;
  ++counts_.unfinished;
  std::string text = word_act(act, catalog_, phrasebook_, random_);
  if (on_text) on_text(reply.text.empty() ? text : " ... " + text);
  return text;
}

PreferenceUpdate ModelSkills::understand(std::span<const SystemAct> acts, std::string_view system_text,
                                         std::string_view user_text) {
  ++counts_.replies;
  user_text = user_text.substr(0, kMaxUserBytes);
  user_text.remove_suffix(incomplete_utf8_suffix(user_text));
  const TurnNames names = reader_.names(acts, user_text);
  const UpdateGrammar language(names);
  const TextGenerator::Reply reply =
      model_.reply(understand_prompt(system_text, user_text, names.mentioned), &language, kMaxUpdateTokens);
  if (reply.ended) return parse_preference_update(reply.text, catalog_);
  ++counts_.unfinished;
  PreferenceUpdate nothing;
  nothing.act = UserAct::kUnsure;
  return nothing;
}

std::string TemplateSkills::realize(const SystemAct& act, const PreferenceState&, const OnText& on_text) {
  std::string text = word_act(act, catalog_, phrasebook_, random_);
  if (on_text) on_text(text);
  return text;
}

PreferenceUpdate TemplateSkills::understand(std::span<const SystemAct>, std::string_view, std::string_view) {
  return truth_;
}

}  // namespace matinee
