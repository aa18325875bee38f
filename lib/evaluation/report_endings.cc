// How conversations of self-play ended, and what was misread in those that lost the target.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "lib/evaluation/report_sections.h"

namespace matinee {
namespace {

using Played = std::vector<PlayedConversation>;

constexpr std::size_t kListed = 12;

std::array<std::int64_t, kEndings> endings_of(const Played& played) {
  std::array<std::int64_t, kEndings> counts{};
  for (const PlayedConversation& conversation : played) ++counts[static_cast<std::size_t>(conversation.ending())];
  return counts;
}

void write_endings_table(MarkupWriter& page, const Evaluation& evaluation) {
  std::vector<std::pair<std::string, const Played*>> systems{{"model", &evaluation.model.played}};
  if (evaluation.has_base) systems.emplace_back("base", &evaluation.base.played);
  if (evaluation.has_rule) systems.emplace_back("rule", &evaluation.rule.played);
  systems.emplace_back("templates", &evaluation.templates.played);
  std::vector<std::string> columns{"ending"};
  for (const auto& [name, played] : systems) columns.push_back(name);
  columns.emplace_back("share of the model's");
  TableWriter table(page, "How conversations ended", columns);
  std::vector<std::array<std::int64_t, kEndings>> counts;
  for (const auto& [name, played] : systems) counts.push_back(endings_of(*played));
  for (std::size_t ending = 0; ending < kEndings; ++ending) {
    std::int64_t any = 0;
    for (const auto& count : counts) any += count[ending];
    if (any == 0) continue;
    table.row(name_of(static_cast<Ending>(ending)));
    for (const auto& count : counts) table.number(std::to_string(count[ending]));
    page.open("td");
    draw_bars(page, {{ending < 2 ? "s1" : "s2",
                      static_cast<double>(counts[0][ending]) / static_cast<double>(evaluation.model.played.size())}});
    page.close();
  }
  table.end();
}

void draw_turns(MarkupWriter& page, const Played& played) {
  std::size_t most = 0;
  for (const PlayedConversation& conversation : played) most = std::max(most, conversation.turns.size());
  ColumnChart chart;
  chart.title = "Turns of the system until the end";
  chart.description = "How many conversations ended after each number of turns, accepted or lost.";
  chart.x_label = "turns";
  chart.y_label = "conversations";
  chart.stacked = true;
  chart.series = {{"the user took a fitting movie", "s1", std::vector<double>(most)},
                  {"lost", "s2", std::vector<double>(most)}};
  for (std::size_t turns = 1; turns <= most; ++turns) chart.categories.push_back(std::to_string(turns));
  for (const PlayedConversation& conversation : played)
    chart.series[conversation.satisfied ? 0 : 1].values[conversation.turns.size() - 1] += 1;
  draw_chart(page, chart);
}

struct SlotLosses {
  std::int64_t misread = 0;                               // turns
  std::int64_t first_of_accepted = 0, first_of_lost = 0;  // conversations whose first misread turn has it
  std::int64_t ruled_out = 0;                             // conversations whose target it ruled out
};

// By slot: keys of updates, and "act".
void write_slot_losses(MarkupWriter& page, const Played& played) {
  std::map<std::string, SlotLosses> by_slot;
  for (const PlayedConversation& conversation : played) {
    const auto first = static_cast<std::size_t>(conversation.first_misread());
    const bool ruled_out = conversation.ending() == Ending::kRuledOutByReading;
    const auto since = static_cast<std::size_t>(conversation.ruled_out_since());
    for (std::size_t i = 0; i < conversation.turns.size(); ++i) {
      const PlayedTurn& turn = conversation.turns[i];
      if (!turn.has_answer || turn.understood) continue;
      std::map<std::string, bool> slots;
      if (!turn.answer.act_right) slots["act"] = true;
      for (const SlotPair& pair : turn.answer.missing) slots[pair.first] = true;
      for (const SlotPair& pair : turn.answer.wrong) slots[pair.first] = true;
      for (const auto& [slot, yes] : slots) {
        SlotLosses& losses = by_slot[slot];
        ++losses.misread;
        if (i + 1 == first) ++(conversation.satisfied ? losses.first_of_accepted : losses.first_of_lost);
        if (ruled_out && i + 1 == since) ++losses.ruled_out;
      }
    }
  }
  if (by_slot.empty()) return;
  TableWriter table(page, "What was misread: turns, and conversations by the first turn that was misread",
                    {"slot", "misread turns", "accepted anyway", "lost", "target ruled out at this turn"});
  for (const auto& [slot, losses] : by_slot) {
    table.row(slot).number(std::to_string(losses.misread)).number(std::to_string(losses.first_of_accepted));
    table.number(std::to_string(losses.first_of_lost)).number(std::to_string(losses.ruled_out));
  }
  table.end();
}

void write_personas(MarkupWriter& page, const Played& played) {
  std::array<Ratio, kPersonas> ratios;
  for (const PlayedConversation& conversation : played)
    ratios[static_cast<std::size_t>(conversation.persona)].add(conversation.satisfied);
  TableWriter table(page, "Success by persona", {"persona", "conversations", "accepted", "share", ""});
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    if (ratios[i].all == 0) continue;
    table.row(name_of(static_cast<Persona>(i))).number(std::to_string(ratios[i].all));
    table.number(std::to_string(ratios[i].right)).number(percent_text(ratios[i].share()));
    page.open("td");
    draw_bars(page, {{"s1", ratios[i].share()}});
    page.close();
  }
  table.end();
}

// The turn from which a lost conversation went wrong: where the target was ruled out, else the first that was misread.
void write_lost_turns(MarkupWriter& page, const Played& played) {
  std::vector<std::pair<const PlayedConversation*, std::size_t>> lost;
  for (const PlayedConversation& conversation : played) {
    if (conversation.satisfied) continue;
    const int since = conversation.ruled_out_since(), first = conversation.first_misread();
    if (const int turn = since > 0 ? since : first; turn > 0)
      lost.emplace_back(&conversation, static_cast<std::size_t>(turn) - 1);
  }
  if (lost.empty()) return;
  page.element("h3", "Turns that lost a target");
  page.element("p", fmt::format("{} of {} lost conversations with such a turn: the one from which on the stored wishes "
                                "exclude the target, else the first that was misread.",
                                std::min(lost.size(), kListed), lost.size()));
  for (std::size_t i = 0; i < std::min(lost.size(), kListed); ++i) {
    const PlayedConversation& conversation = *lost[i].first;
    const PlayedTurn& turn = conversation.turns[lost[i].second];
    page.open("div", {{"class", "card"}});
    page.element("p",
                 fmt::format("Conversation {}, turn {}, {}; target {}", conversation.index, lost[i].second + 1,
                             name_of(conversation.persona), conversation.target),
                 {{"class", "source"}});
    page.element("p", turn.answer.text, {{"class", "said"}});
    write_wanted_and_got(page, turn.answer);
    if (!turn.broken.empty()) {
      std::string slots;
      for (const Slot slot : turn.broken) slots += (slots.empty() ? "" : ", ") + std::string(name_of(slot));
      page.element("p", "After it the target does not meet what is stored of: " + slots + ".", {{"class", "soft"}});
    }
    page.close();
  }
}

}  // namespace

void write_endings(MarkupWriter& page, const ReportData& data) {
  const Played& played = data.evaluation->model.played;
  page.element("p",
               "A user looks for a movie that meets all of some wishes; the target is one that does. A turn is misread "
               "if anything of what was understood is not what the user meant.");
  write_endings_table(page, *data.evaluation);
  draw_turns(page, played);
  write_slot_losses(page, played);
  write_personas(page, played);
  write_lost_turns(page, played);
}

}  // namespace matinee
