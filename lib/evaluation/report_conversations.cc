// Ten conversations of self-play as they were held, one of each persona where there is one.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lib/evaluation/report_sections.h"

namespace matinee {
namespace {

constexpr std::size_t kShown = 10;

// The first of each persona; then the first of the others.
std::vector<const PlayedConversation*> chosen(const std::vector<PlayedConversation>& played) {
  std::vector<const PlayedConversation*> first, others;
  std::set<Persona> personas;
  for (const PlayedConversation& conversation : played)
    (personas.insert(conversation.persona).second ? first : others).push_back(&conversation);
  for (const PlayedConversation* other : others) {
    if (first.size() < kShown) first.push_back(other);
  }
  first.resize(std::min(first.size(), kShown));
  std::stable_sort(first.begin(), first.end(), [](const auto* a, const auto* b) { return a->persona < b->persona; });
  return first;
}

std::string pairs_text(const std::vector<SlotPair>& pairs) {
  std::string text;
  for (const auto& [slot, value] : pairs) text += fmt::format("; {}: {}", slot, value);
  return text;
}

void write_turn(MarkupWriter& page, const PlayedTurn& turn) {
  std::string acts;
  for (const std::string& act : turn.acts) acts += (acts.empty() ? "" : ", ") + act;
  page.open("li", {{"class", "system"}}).element("span", "system: " + acts, {{"class", "who"}}).text(turn.text).close();
  if (!turn.has_answer) return;
  const ComparedTurn& answer = turn.answer;
  page.open("li", {{"class", "user"}});
  page.element("span",
               fmt::format("user: {}{}", name_of(answer.wanted), pairs_text(answer.right) + pairs_text(answer.missing)),
               {{"class", "who"}});
  page.text(answer.text);
  if (!turn.understood) {
    page.element(
        "span",
        fmt::format("understood as: {}{}", name_of(answer.found), pairs_text(answer.right) + pairs_text(answer.wrong)),
        {{"class", "misread"}});
  }
  page.close();
}

}  // namespace

void write_conversations(MarkupWriter& page, const ReportData& data) {
  const auto shown = chosen(data.evaluation->model.played);
  page.element(
      "p", fmt::format("The first conversation of self-play of each persona, {} in all, not selected by how they went. "
                       "Above each line is what the side did: acts of the system, and what the user meant. Where "
                       "the model understood something else, it is below.",
                       shown.size()));
  for (const PlayedConversation* conversation : shown) {
    page.open("details", {{"class", "card"}, {"open", "open"}});
    page.element("summary", fmt::format("{}: {}", name_of(conversation->persona), name_of(conversation->ending())));
    page.element("p",
                 fmt::format("Conversation {}. Target: {}. Wishes: {}", conversation->index, conversation->target,
                             conversation->wishes),
                 {{"class", "soft"}});
    page.open("ol", {{"class", "turns"}});
    for (const PlayedTurn& turn : conversation->turns) write_turn(page, turn);
    page.close().close();
  }
}

}  // namespace matinee
