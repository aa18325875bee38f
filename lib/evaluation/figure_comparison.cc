#include "lib/evaluation/figure_comparison.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/file.h"
#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr std::size_t kFewest = 8;  // items, for an interval

struct FigureTitle {
  std::string title;
  bool percent = true, yes_or_no = false;
};

// Of the figures of conversations and of labelled turns.
std::optional<FigureTitle> title_of(std::string_view key) {
  if (key == "act") return FigureTitle{"the user's act", true, true};
  if (key == "exact") return FigureTitle{"exactly right", true, true};
  if (key == "slots_f1") return FigureTitle{"slot F1", true, false};
  for (const FigureRow& row : figure_rows()) {
    if (row.key == key) return FigureTitle{row.title, row.percent, row.yes_or_no};
  }
  return std::nullopt;
}

// The places of the common keys in each.
struct CommonItems {
  std::vector<std::size_t> before, now;
};
CommonItems common_items(const FigureItems& before, const FigureItems& now) {
  std::map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < before.keys.size(); ++i) places.emplace(before.keys[i], i);
  CommonItems common;
  for (std::size_t i = 0; i < now.keys.size(); ++i) {
    const auto found = places.find(now.keys[i]);
    if (found == places.end()) continue;
    common.before.push_back(found->second);
    common.now.push_back(i);
    places.erase(found);  // a conversation that a run had twice counts once
  }
  return common;
}

FigureItems chosen(const FigureItems& items, const std::vector<std::size_t>& places) {
  FigureItems some;
  for (const std::size_t place : places) some.keys.push_back(items.keys[place]);
  for (const auto& [figure, counts] : items.counts) {
    for (const std::size_t place : places) some.counts[figure].push_back(counts[place]);
  }
  return some;
}

FigureCounts sum_of(const std::vector<FigureCounts>& items) {
  FigureCounts sum{};
  for (const FigureCounts& item : items) sum += item;
  return sum;
}

// Items that are all alike say nothing about how far others would be: the bootstrap draws the same value each time.
bool is_point(const Interval& interval) { return interval.low == interval.high; }

PairedAnswers answers_of(const std::vector<FigureCounts>& before, const std::vector<FigureCounts>& now) {
  PairedAnswers answers;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i][1] == 0 || now[i][1] == 0) continue;
    const bool a = before[i][0] > 0, b = now[i][0] > 0;
    ++(a && b ? answers.both : a ? answers.only_a : b ? answers.only_b : answers.neither);
  }
  return answers;
}

std::vector<std::span<const FigureCounts>> spans_of(const FigureItems& items, const std::vector<std::string>& figures) {
  std::vector<std::span<const FigureCounts>> spans;
  for (const std::string& figure : figures) spans.emplace_back(items.counts.at(figure));
  return spans;
}

// The figures that both have, in the order of the table.
std::vector<std::string> common_figures(const FigureItems& before, const FigureItems& now) {
  std::vector<std::string> figures;
  const auto take = [&](const std::string& key) {
    if (before.counts.contains(key) && now.counts.contains(key)) figures.push_back(key);
  };
  for (const char* key : {"act", "slots_f1", "exact"}) take(key);
  for (const FigureRow& row : figure_rows()) take(row.key);
  return figures;
}

void compare_paired(ComparedPart& part, const FigureItems& before, const FigureItems& now) {
  const std::vector<std::string> figures = common_figures(before, now);
  std::vector<Interval> bootstrap;
  if (part.common >= kFewest)
    bootstrap = Bootstrap(strata_of(now.keys)).paired_differences(spans_of(before, figures), spans_of(now, figures));
  for (std::size_t i = 0; i < figures.size(); ++i) {
    const FigureTitle title = title_of(figures[i]).value();
    const auto &a = before.counts.at(figures[i]), &b = now.counts.at(figures[i]);
    ComparedFigure& figure = part.figures.emplace_back();
    figure.title = title.title;
    figure.percent = title.percent;
    figure.before = value_of(sum_of(a));
    figure.now = value_of(sum_of(b));
    if (title.yes_or_no) {
      const PairedAnswers answers = answers_of(a, b);
      if (answers.all() < static_cast<std::int64_t>(kFewest)) continue;
      figure.difference = newcombe_paired_interval(answers);
      figure.p = mcnemar_p(answers);
    } else if (!bootstrap.empty() && !is_point(bootstrap[i])) {
      figure.difference = bootstrap[i];
    }
  }
}

void compare_unpaired(ComparedPart& part, const FigureItems& before, const FigureItems& now) {
  const auto of_before = figure_intervals(before), of_now = figure_intervals(now);
  for (const std::string& key : common_figures(before, now)) {
    const FigureTitle title = title_of(key).value();
    ComparedFigure& figure = part.figures.emplace_back();
    figure.title = title.title;
    figure.percent = title.percent;
    figure.before = value_of(sum_of(before.counts.at(key)));
    figure.now = value_of(sum_of(now.counts.at(key)));
    const auto a = of_before.find(key), b = of_now.find(key);
    if (a == of_before.end() || b == of_now.end()) continue;
    figure.difference = unpaired_difference(figure.before, a->second, figure.now, b->second);
  }
}

ComparedPart compare_part(std::string title, const FigureItems& before, const FigureItems& now) {
  ComparedPart part;
  part.title = std::move(title);
  part.before = before.keys.size();
  part.now = now.keys.size();
  const CommonItems common = common_items(before, now);
  part.common = common.now.size();
  part.paired = part.common > 0 && 2 * part.common >= std::min(part.before, part.now);
  if (part.paired) {
    compare_paired(part, chosen(before, common.before), chosen(now, common.now));
  } else {
    compare_unpaired(part, before, now);
  }
  return part;
}

std::string shown(double value, bool percent, bool with_sign) {
  const double scaled = percent ? 100 * value : value;
  return with_sign ? fmt::format("{:+.{}f}", scaled, percent ? 1 : 2) : fmt::format("{:.{}f}", scaled, percent ? 1 : 2);
}

}  // namespace

EarlierFigures read_earlier_figures(const std::string& path) {
  return read_json(read_file(path), path, [&](const JsonNode& root) {
    EarlierFigures figures;
    figures.path = path;
    if (!root.is_object() || !root.has("model"))
      throw bad_data("expected figures of evaluate -o, found no object \"model\"");
    for (const auto& [key, value] : root["model"].fields()) {
      if (value.is_number()) figures.model[std::string(key)] = value.number();
    }
    if (root.has("items")) figures.items = read_figure_items(root["items"]);
    if (root.has("turn_items")) figures.turn_items = read_figure_items(root["turn_items"]);
    return figures;
  });
}

std::vector<int> strata_of(const std::vector<std::string>& keys) {
  std::map<std::string_view, int> numbers;
  std::vector<int> strata;
  for (const std::string& key : keys) {
    const std::size_t colon = key.find(':');
    const std::string_view name = std::string_view(key).substr(0, colon == std::string::npos ? 0 : colon);
    strata.push_back(numbers.emplace(name, static_cast<int>(numbers.size())).first->second);
  }
  return strata;
}

std::map<std::string, Interval, std::less<>> figure_intervals(const FigureItems& items) {
  std::map<std::string, Interval, std::less<>> intervals;
  if (items.keys.size() < kFewest) return intervals;
  std::vector<std::string> figures;
  for (const auto& [key, counts] : items.counts) {
    const auto title = title_of(key);
    if (!title) continue;
    const FigureCounts sum = sum_of(counts);
    if (title->yes_or_no) {
      intervals[key] = wilson_interval(sum[0], sum[1]);
    } else {
      figures.push_back(key);
    }
  }
  const std::vector<Interval> drawn = Bootstrap(strata_of(items.keys)).intervals(spans_of(items, figures));
  for (std::size_t i = 0; i < figures.size(); ++i) {
    if (!is_point(drawn[i])) intervals[figures[i]] = drawn[i];
  }
  return intervals;
}

std::vector<ComparedPart> compare_figures(const EarlierFigures& before, const Evaluation& now) {
  std::vector<ComparedPart> parts;
  if (!before.items.keys.empty() && !now.items.keys.empty()) {
    parts.push_back(compare_part("conversations", before.items, now.items));
  } else if (now.has_model) {
    // A file of an earlier version has the figures alone.
    ComparedPart& part = parts.emplace_back();
    part.title = "figures";
    for (const FigureRow& row : figure_rows()) {
      const auto found = before.model.find(row.key);
      if (found == before.model.end() || !is_measured(row, now.model)) continue;
      part.figures.push_back({row.title, row.percent, found->second, row.value(now.model), {}, {}});
    }
  }
  if (!before.turn_items.keys.empty() && now.turns)
    parts.push_back(compare_part("labelled turns", before.turn_items, items_of_turns(now.turns->model)));
  return parts;
}

std::string comparison_method(const ComparedPart& part) {
  if (part.before == 0) return "The other file holds no counts of conversations, so differences have no intervals.";
  if (part.paired) {
    return fmt::format(
        "Both runs measured {} of the same {}, and the values are those of these. Intervals of 95 %: for shares of {} "
        "Newcombe's for paired data, with p of McNemar's exact test; for all others the paired bootstrap over {}.",
        part.common, part.title, part.title, part.title);
  }
  return fmt::format(
      "The runs measured different {} ({} and {}). Intervals of 95 %: Newcombe's for independent data, from Wilson's "
      "intervals of shares of {} and from bootstrap intervals of all other figures.",
      part.title, part.before, part.now, part.title);
}

std::string comparison_table(const std::vector<ComparedPart>& parts, const std::string& path) {
  std::string text = fmt::format("\nbeside {}\n", path);
  for (const ComparedPart& part : parts) {
    text += fmt::format("{:<52} {:>9} {:>9} {:>9}  {:<18} {:>6}\n", part.title, "beside", "now", "change",
                        part.before == 0 ? "" : "95 % interval", "p");
    for (const ComparedFigure& figure : part.figures) {
      const auto cell = [&](double value, bool with_sign) { return shown(value, figure.percent, with_sign); };
      const std::string interval = figure.difference ? fmt::format("{} to {}", cell(figure.difference->low, true),
                                                                   cell(figure.difference->high, true))
                                                     : "";
      text += fmt::format("{:<52} {:>9} {:>9} {:>9}  {:<18} {:>6}\n", figure.title + (figure.percent ? ", %" : ""),
                          cell(figure.before, false), cell(figure.now, false), cell(figure.now - figure.before, true),
                          interval, figure.p ? fmt::format("{:.3f}", *figure.p) : "");
    }
    text += "(" + comparison_method(part) + ")\n";
  }
  return text;
}

}  // namespace matinee
