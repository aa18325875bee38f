// Two runs side by side, with the intervals of their differences.
#include <fmt/format.h>

#include "lib/evaluation/report_sections.h"

namespace matinee {

void write_comparison(MarkupWriter& page, const ReportData& data) {
  page.element("p", "The other run is " + data.beside + ". Differences whose interval excludes 0 are marked.");
  for (const ComparedPart& part : data.comparison) {
    page.element("p", comparison_method(part), {{"class", "soft"}});
    TableWriter table(page, "This run and the other: " + part.title,
                      {"figure", "other", "this run", "change", "95 % interval", "p"});
    for (const ComparedFigure& figure : part.figures) {
      const auto value = [&](double number) {
        return figure.percent ? percent_text(number) : fmt::format("{:.3g}", number);
      };
      const auto change = [&](double number) {
        return figure.percent ? fmt::format("{:+.1f}", 100 * number) : fmt::format("{:+.3g}", number);
      };
      table.row(figure.title).number(value(figure.before)).number(value(figure.now));
      const bool sure = figure.difference && (figure.difference->low > 0 || figure.difference->high < 0);
      table.number(change(figure.now - figure.before) + (sure ? " *" : ""), {{"class", sure ? "sure" : ""}});
      table.number(figure.difference ? change(figure.difference->low) + " to " + change(figure.difference->high) : "");
      table.number(figure.p ? fmt::format("{:.3f}", *figure.p) : "");
    }
    table.end();
  }
}

}  // namespace matinee
