// Which acts of users are taken for which.
#include <fmt/format.h>

#include <algorithm>

#include "lib/evaluation/report_sections.h"
#include "lib/evaluation/understanding_counts.h"

namespace matinee {
namespace {

void write_matrix(MarkupWriter& page, const std::string& caption, const std::vector<ComparedTurn>& turns) {
  const ActConfusion confusion = confusion_of(turns);
  // Acts that occur on neither side would be empty lines.
  std::vector<std::size_t> acts;
  for (std::size_t act = 0; act < confusion.size(); ++act) {
    std::int64_t count = 0;
    for (std::size_t other = 0; other < confusion.size(); ++other)
      count += confusion[act][other] + confusion[other][act];
    if (count > 0) acts.push_back(act);
  }
  const auto name = [](std::size_t act) { return name_of(static_cast<UserAct>(act)); };
  page.open("div", {{"class", "wide"}, {"role", "region"}, {"aria-label", caption}, {"tabindex", "0"}});
  page.open("table", {{"class", "heat"}}).element("caption", caption).open("thead").open("tr");
  page.element("th", "meant", {{"scope", "col"}});
  for (const std::size_t act : acts) page.element("th", name(act), {{"scope", "col"}});
  page.element("th", "recall", {{"scope", "col"}}).close().close().open("tbody");
  for (const std::size_t act : acts) {
    std::int64_t all = 0;
    for (const std::int64_t count : confusion[act]) all += count;
    page.open("tr").element("th", name(act), {{"scope", "row"}});
    for (const std::size_t other : acts) {
      const std::int64_t count = confusion[act][other];
      // At most half opaque, so that text stays readable in both schemes.
      const double share = all == 0 ? 0 : static_cast<double>(count) / static_cast<double>(all);
      page.element("td", count == 0 ? "" : std::to_string(count),
                   {{"style", fmt::format("background:rgba(var(--heat),{:.2f})", 0.55 * share)},
                    {"class", act == other ? "hit" : "miss"}});
    }
    page.element("td",
                 all == 0 ? "" : percent_text(static_cast<double>(confusion[act][act]) / static_cast<double>(all)));
    page.close();
  }
  page.close().close().close();
}

void write_commonest(MarkupWriter& page, const ActConfusion& confusion) {
  std::vector<std::pair<std::int64_t, std::string>> confusions;
  for (std::size_t act = 0; act < confusion.size(); ++act) {
    for (std::size_t other = 0; other < confusion.size(); ++other) {
      if (act == other || confusion[act][other] == 0) continue;
      confusions.emplace_back(confusion[act][other], fmt::format("{} taken for {}", name_of(static_cast<UserAct>(act)),
                                                                 name_of(static_cast<UserAct>(other))));
    }
  }
  std::stable_sort(confusions.begin(), confusions.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  if (confusions.empty()) return;
  std::string text = "Commonest: ";
  for (std::size_t i = 0; i < std::min<std::size_t>(confusions.size(), 5); ++i)
    text += fmt::format("{}{} ({})", i == 0 ? "" : ", ", confusions[i].second, confusions[i].first);
  page.element("p", text + ".");
}

}  // namespace

void write_acts(MarkupWriter& page, const ReportData& data) {
  const Evaluation& evaluation = *data.evaluation;
  page.element("p",
               "Rows are what users meant, columns what the model understood; a field is as dark as its share of the "
               "row. The framed diagonal is right.");
  if (evaluation.turns) {
    write_matrix(page, "Acts in turns of people; one that the label also allows counts as the label's",
                 evaluation.turns->model.turns);
    write_commonest(page, confusion_of(evaluation.turns->model.turns));
  }
  if (!evaluation.model.compared.empty()) {
    write_matrix(page, "Acts in held-out conversations", evaluation.model.compared);
    write_commonest(page, confusion_of(evaluation.model.compared));
  }
}

}  // namespace matinee
