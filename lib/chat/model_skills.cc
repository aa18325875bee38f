#include "lib/chat/model_skills.h"

#include "lib/base/utf8.h"
#include "lib/understanding/reading_grammar.h"
#include "lib/understanding/turn_reading.h"
#include "lib/understanding/understand_prompt.h"
#include "lib/wording/phrase_language.h"
#include "lib/wording/skill_prompts.h"
#include "lib/wording/wording.h"

namespace matinee {
namespace {

constexpr int kMaxReplyTokens = 160, kMaxReadingTokens = 160;
constexpr std::size_t kMaxUserBytes = 600;  // longer than what people write in a turn, short enough for a prompt

}  // namespace

WordedAct ModelWording::realize(const SystemAct& act, const PreferenceState& preferences, SaidSentences& said,
                                const OnText& on_text) {
  const PhraseLanguage language(system_.phrasebook, possible_wordings(act, preferences, system_.catalog), &said);
  TextGenerator::Reply reply = generator_.reply(act_prompt(act, preferences, system_.catalog), &language,
                                                kMaxReplyTokens, TextGenerator::Choice::kSampled, on_text);
  if (reply.end != ReplyEnd::kUnfinished) {
    said.add(reply.text);
    return {std::move(reply.text), reply.end};
  }
  std::string text = word_act(act, preferences, system_.catalog, system_.phrasebook, said, random_);
  if (on_text) on_text(reply.text.empty() ? text : " ... " + text);
  return {std::move(text), ReplyEnd::kUnfinished};
}

UnderstoodTurn ModelUnderstanding::understand(std::span<const SystemAct> acts, std::string_view user_text) {
  user_text = prompted_part(user_text);
  const TurnContext context(acts);
  const std::vector<Mark> marks = system_.evidence.find(acts, user_text);
  const ReadingGrammar language(user_text, marks, context);
  const TextGenerator::Reply reply = generator_.reply(understand_prompt(acts, user_text, marks), &language,
                                                      kMaxReadingTokens, TextGenerator::Choice::kMostProbable);
  if (reply.end == ReplyEnd::kFinished)
    return {update_of(parse_turn_reading(reply.text, marks.size()), marks, context, system_.catalog)};
  PreferenceUpdate nothing;
  nothing.act = UserAct::kUnsure;
  return {nothing, reply.end};
}

std::string_view prompted_part(std::string_view user_text) {
  user_text = user_text.substr(0, kMaxUserBytes);
  user_text.remove_suffix(incomplete_utf8_suffix(user_text));
  return user_text;
}

}  // namespace matinee
