// How much of the catalog is recommended, and how popular it is.
#include <fmt/format.h>

#include <algorithm>

#include "lib/evaluation/offer_statistics.h"
#include "lib/evaluation/report_sections.h"

namespace matinee {
namespace {

std::vector<std::string> part_names() {
  std::vector<std::string> names;
  double begin = 0;
  for (const double end : kPopularityEnds) {
    names.push_back(fmt::format("{:g}-{:g} %", 100 * begin, 100 * end));
    begin = end;
  }
  return names;
}

void write_most_offered(MarkupWriter& page, const ReportData& data) {
  const Figures& model = data.evaluation->model;
  std::vector<std::pair<std::int64_t, MovieId>> most;
  for (const auto& [movie, count] : model.offered) most.emplace_back(count, movie);
  std::stable_sort(most.begin(), most.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  most.resize(std::min<std::size_t>(most.size(), 10));
  TableWriter table(page, "The movies that the model offers most", {"movie", "times", "rank by votes"});
  for (const auto& [count, movie] : most)
    table.row(data.catalog->display_name(movie)).number(std::to_string(count)).number(std::to_string(movie + 1));
  table.end();
}

}  // namespace

void write_offers(MarkupWriter& page, const ReportData& data) {
  const Evaluation& evaluation = *data.evaluation;
  const std::int32_t size = data.catalog->size();
  std::vector<std::pair<std::string, OfferStatistics>> systems{
      {"model", offer_statistics(evaluation.model.offered, size)}};
  if (evaluation.has_rule) systems.emplace_back("rule", offer_statistics(evaluation.rule.offered, size));
  systems.emplace_back("templates", offer_statistics(evaluation.templates.offered, size));
  page.element("p", fmt::format("Movies that were recommended or listed in {} conversations of self-play, of {} in the "
                                "catalog. More conversations offer more of it, so compare systems of one report.",
                                evaluation.model.success.all, size));
  std::vector<std::string> columns{""};
  for (const auto& [name, statistics] : systems) columns.push_back(name);
  columns[0] = "measure";
  TableWriter table(page, "Coverage and concentration", columns);
  const auto row = [&](const char* title, const auto& text) {
    table.row(title);
    for (const auto& [name, statistics] : systems) table.number(text(statistics));
  };
  row("offers", [](const OfferStatistics& s) { return std::to_string(s.offers); });
  row("different movies", [](const OfferStatistics& s) { return std::to_string(s.different); });
  row("share of the catalog", [](const OfferStatistics& s) { return percent_text(s.coverage); });
  row("offers of the ten most offered", [](const OfferStatistics& s) { return percent_text(s.top_share); });
  row("Gini coefficient among the offered", [](const OfferStatistics& s) { return fmt::format("{:.3f}", s.gini); });
  table.end();

  ColumnChart chart;
  chart.title = "Popularity of what is offered";
  chart.description =
      "Shares of the offers by parts of the catalog, most votes first, beside the templates' and each part's share of "
      "the catalog.";
  chart.x_label = "movies by votes: the most popular 1 %, 1 to 2 % ...";
  chart.y_label = "share of offers";
  chart.percent = true;
  chart.categories = part_names();
  std::vector<double> catalog;
  double begin = 0;
  for (const double end : kPopularityEnds) {
    catalog.push_back(end - begin);
    begin = end;
  }
  const auto values = [](const OfferStatistics& s) {
    return std::vector<double>(s.by_popularity.begin(), s.by_popularity.end());
  };
  chart.series = {{"model", "s1", values(systems.front().second)},
                  {"templates", "s3", values(systems.back().second)},
                  {"catalog", "s4", catalog}};
  draw_chart(page, chart);
  write_most_offered(page, data);
}

}  // namespace matinee
