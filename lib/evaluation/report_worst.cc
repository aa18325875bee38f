// The understandings that differ most from what was meant.
#include <fmt/format.h>

#include <algorithm>

#include "lib/evaluation/report_sections.h"

namespace matinee {
namespace {

constexpr std::size_t kListed = 20;

void write_pairs(MarkupWriter& page, const std::vector<SlotPair>& pairs, const char* style, const char* sign) {
  for (const auto& [slot, value] : pairs) {
    // Labels of turns say "@" for the movie that stands.
    page.element("span", fmt::format("{}{}: {}", sign, slot, value == "@" ? "it" : value),
                 {{"class", std::string("pair ") + style}});
    page.text(" ");
  }
}

}  // namespace

void write_wanted_and_got(MarkupWriter& page, const ComparedTurn& turn) {
  page.open("dl").element("dt", "wanted").open("dd");
  const char* const act_style = turn.act_right ? "act" : "missing";
  page.element("span", name_of(turn.wanted), {{"class", std::string("pair ") + act_style}}).text(" ");
  write_pairs(page, turn.right, "right", "");
  write_pairs(page, turn.missing, "missing", "missing ");
  page.close().element("dt", "got").open("dd");
  page.element("span", name_of(turn.found), {{"class", turn.act_right ? "pair act" : "pair wrong"}}).text(" ");
  write_pairs(page, turn.right, "right", "");
  write_pairs(page, turn.wrong, "wrong", "wrong ");
  page.close().close();
}

void write_worst(MarkupWriter& page, const ReportData& data) {
  const Evaluation& evaluation = *data.evaluation;
  std::vector<const ComparedTurn*> worst;
  std::size_t all = 0;
  const auto take = [&](const std::vector<ComparedTurn>& turns) {
    all += turns.size();
    for (const ComparedTurn& turn : turns) {
      if (turn.faults() > 0) worst.push_back(&turn);
    }
  };
  if (evaluation.turns) take(evaluation.turns->model.turns);
  take(evaluation.model.compared);
  std::stable_sort(worst.begin(), worst.end(),
                   [](const ComparedTurn* a, const ComparedTurn* b) { return a->faults() > b->faults(); });
  page.element("p",
               fmt::format("{} of {} turns were not understood exactly; these {} have the most faults: a missing "
                           "or a wrong pair each, and the act. In turns of people the movie that stands (\"it\") is "
                           "a well-known one drawn at random.",
                           worst.size(), all, std::min(worst.size(), kListed)));
  for (std::size_t i = 0; i < std::min(worst.size(), kListed); ++i) {
    const ComparedTurn& turn = *worst[i];
    page.open("div", {{"class", "card"}});
    page.element(
        "p", fmt::format("{}. {} ({} {})", i + 1, turn.source, turn.faults(), turn.faults() == 1 ? "fault" : "faults"),
        {{"class", "source"}});
    if (!turn.before.empty()) page.element("p", "System: " + turn.before, {{"class", "soft"}});
    page.element("p", turn.text, {{"class", "said"}});
    write_wanted_and_got(page, turn);
    page.close();
  }
}

}  // namespace matinee
