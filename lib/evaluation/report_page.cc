#include "lib/evaluation/report_page.h"

#include <array>

#include "lib/base/tool.h"
#include "lib/evaluation/report_sections.h"

namespace matinee {
namespace {

struct Section {
  const char *id, *title;
  bool (*has_data)(const ReportData&);
  void (*write)(MarkupWriter&, const ReportData&);
};

bool has_evaluation(const ReportData& data) { return data.evaluation.has_value(); }
bool has_model(const ReportData& data) { return has_evaluation(data) && data.evaluation->has_model; }
bool has_understanding(const ReportData& data) {
  return has_evaluation(data) && (!data.evaluation->model.compared.empty() || data.evaluation->turns);
}
bool has_self_play(const ReportData& data) { return has_model(data) && !data.evaluation->model.played.empty(); }

constexpr std::array kSections{
    Section{"figures", "Figures", has_evaluation, write_figures},
    Section{"comparison", "Beside the other run", [](const ReportData& data) { return !data.comparison.empty(); },
            write_comparison},
    Section{"loss", "Loss curves", [](const ReportData& data) { return !data.metrics.empty(); }, write_loss},
    Section{"sweep", "Sweep", [](const ReportData& data) { return data.sweep.has_value(); }, write_sweep},
    Section{"acts", "Which acts are confused", has_understanding, write_acts},
    Section{"slots", "F1 by slot", has_understanding, write_slots},
    Section{"endings", "Where self-play loses its targets", has_self_play, write_endings},
    Section{"worst", "The worst understandings", has_understanding, write_worst},
    Section{"conversations", "Whole conversations", has_self_play, write_conversations},
    Section{"offers", "What is recommended", has_self_play, write_offers},
    Section{"times", "Time and machine", has_evaluation, write_times},
    Section{"commands", "Commands", [](const ReportData&) { return true; }, write_commands},
};

std::string title_of(const ReportData& data) {
  const ReportedRun& run = data.run;
  const auto name = [](const std::string& path) { return path.substr(path.find_last_of('/', path.size() - 2) + 1); };
  if (!data.evaluation) return "Matinee: report of a training";
  if (run.adapter.empty()) return "Matinee: evaluation of " + name(run.base);
  return "Matinee: evaluation of " + name(run.base) + " with " + name(run.adapter);
}

}  // namespace

std::string report_page(const ReportData& data) {
  MarkupWriter page;
  page.open("html", {{"lang", "en"}}).open("head").empty("meta", {{"charset", "utf-8"}});
  page.empty("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  page.empty("meta", {{"name", "color-scheme"}, {"content", "light dark"}});
  page.element("title", title_of(data)).style(kReportStyle).close();
  page.open("body").open("header").element("h1", title_of(data));
  write_summary(page, data);
  page.open("nav", {{"aria-label", "Sections"}}).open("ul");
  for (const Section& section : kSections) {
    if (!section.has_data(data)) continue;
    page.open("li").element("a", section.title, {{"href", std::string("#") + section.id}}).close();
  }
  page.close().close().close().open("main");
  for (const Section& section : kSections) {
    if (!section.has_data(data)) continue;
    page.open("section", {{"id", section.id}, {"aria-labelledby", std::string(section.id) + "-title"}});
    page.element("h2", section.title, {{"id", std::string(section.id) + "-title"}});
    section.write(page, data);
    page.close();
  }
  page.close().open("footer").element("p", std::string("Written by evaluate of Matinee ") + version() + ".").close();
  page.close().close();
  return "<!DOCTYPE html>\n" + page.take();
}

}  // namespace matinee
