#include "lib/train/sweep_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/format_error.h"
#include "lib/base/words.h"
#include "lib/io/json_reader.h"
#include "lib/train/sweep_options.h"

namespace matinee {
namespace {

constexpr std::array<const char*, 10> kKeys{"search", "options", "runs",     "seed", "rank_by",
                                            "better", "figures", "evaluate", "eta",  "rungs"};

// Throws the error again as one about the value `node`.
template <class Body>
void about(const JsonNode& node, Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    throw bad_data("{}: {}", node.path(), error.what());
  }
}

// The text that a value would have on the command line.
std::string text_of(const JsonNode& value, bool is_flag) {
  if (is_flag) return value.boolean() ? "true" : "false";
  if (value.is_string()) return value.string();
  if (value.is_array()) {
    std::vector<std::string> words;
    for (const JsonNode& word : value.array()) words.push_back(word.string());
    return joined(words, ",");
  }
  if (!value.is_number()) throw value.unexpected("a number, a text or a list of texts");
  const std::string spelled = value.text();
  return spelled.find_first_of(".eE") == std::string::npos ? spelled : fmt::format("{}", value.number());
}

std::string checked(const JsonNode& value, const std::string& option) {
  SweepRunOptions options;
  std::string text = text_of(value, options.set.is_flag(option));
  about(value, [&] { options.assign(option, text); });
  return text;
}

std::vector<std::string> names_of(std::string_view key, const JsonNode& node) {
  const SweepRunOptions known;
  std::vector<std::string> names;
  for_each_piece(key, ',', [&](std::string_view piece) {
    std::string name(piece);
    while (name.starts_with(' ')) name.erase(0, 1);
    if (is_reserved_in_sweep(name))
      throw bad_data("{}: --{} is for the whole sweep; give it on the command line", node.path(), name);
    if (!known.set.has(name)) throw bad_data("{}: lora-train has no option --{} for a run", node.path(), name);
    names.push_back(std::move(name));
  });
  if (names.empty()) throw bad_data("{}: expected the name of an option", node.path());
  return names;
}

std::vector<std::string> values_of(const JsonNode& value, const std::vector<std::string>& names) {
  if (names.size() == 1) return {checked(value, names.front())};
  const std::vector<JsonNode> each = value.array();
  if (each.size() != names.size())
    throw bad_data("{}: expected {} values, one for each of {}, found {}", value.path(), names.size(), joined(names),
                   each.size());
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < names.size(); ++i) texts.push_back(checked(each[i], names[i]));
  return texts;
}

void read_range(const JsonNode& node, SweepAxis& axis) {
  const auto fields = node.fields();
  if (fields.size() != 1) throw bad_data("{}: expected one of uniform, log-uniform, integers", node.path());
  const auto& [kind, bounds] = fields.front();
  if (axis.names.size() != 1) throw bad_data("{}: options that vary together take a list", node.path());
  if (kind == "uniform") {
    axis.range = SweepRange::kUniform;
  } else if (kind == "log-uniform") {
    axis.range = SweepRange::kLogUniform;
  } else if (kind == "integers") {
    axis.range = SweepRange::kIntegers;
  } else {
    throw bad_data("{}: expected one of uniform, log-uniform, integers, found \"{}\"", node.path(), kind);
  }
  const std::vector<JsonNode> ends = bounds.array();
  if (ends.size() != 2) throw bad_data("{}: expected [low, high]", bounds.path());
  for (const JsonNode& end : ends) {
    if (axis.range == SweepRange::kIntegers) static_cast<void>(end.integer());
    checked(end, axis.names.front());
  }
  axis.low = ends[0].number();
  axis.high = ends[1].number();
  if (!(axis.low < axis.high))
    throw bad_data("{}: expected the lower end first, found {}", bounds.path(), bounds.text());
  if (axis.range == SweepRange::kLogUniform && axis.low <= 0)
    throw bad_data("{}: expected a number above 0, found {}", ends[0].path(), ends[0].text());
}

SweepAxis read_axis(std::string_view key, const JsonNode& node) {
  SweepAxis axis;
  axis.names = names_of(key, node);
  if (node.is_object()) {
    read_range(node, axis);
    return axis;
  }
  axis.is_fixed = !node.is_array();
  if (axis.is_fixed) {
    axis.values.push_back(values_of(node, axis.names));
    return axis;
  }
  for (const JsonNode& value : node.array()) axis.values.push_back(values_of(value, axis.names));
  if (axis.values.empty()) throw bad_data("{}: expected at least one value", node.path());
  return axis;
}

std::vector<std::string> texts_of(const JsonNode& list) {
  std::vector<std::string> texts;
  if (list.is_null()) return texts;
  for (const JsonNode& text : list.array()) texts.push_back(text.string());
  return texts;
}

SweepSearch search_of(const JsonNode& node) {
  if (node.view() == "grid") return SweepSearch::kGrid;
  if (node.view() == "random") return SweepSearch::kRandom;
  if (node.view() == "halving") return SweepSearch::kHalving;
  throw node.unexpected("one of grid, random, halving");
}

// An integer from `low` on, where the field is there.
void read_count(const JsonNode& root, const char* key, std::int64_t low, std::int64_t high, std::int64_t& count) {
  const JsonNode node = root[key];
  if (node.is_null()) return;
  count = node.integer();
  if (count < low || count > high) throw node.unexpected(fmt::format("an integer from {} to {}", low, high));
}

void read_ranking(const JsonNode& root, SweepPlan& plan) {
  plan.evaluate = texts_of(root["evaluate"]);
  plan.figures = texts_of(root["figures"]);
  plan.rank_by = root.string_or("rank_by", plan.rank_by);
  plan.lower_is_better = plan.rank_by == "valid_loss";
  if (const JsonNode better = root["better"]; !better.is_null()) {
    if (better.view() != "lower" && better.view() != "higher") throw better.unexpected("\"lower\" or \"higher\"");
    plan.lower_is_better = better.view() == "lower";
  }
  if (plan.rank_by != "valid_loss" &&
      std::find(plan.figures.begin(), plan.figures.end(), plan.rank_by) == plan.figures.end())
    plan.figures.insert(plan.figures.begin(), plan.rank_by);
  if (!plan.figures.empty() && plan.evaluate.empty())
    throw bad_data("evaluate: missing; expected the arguments of evaluate, which makes the figure \"{}\"",
                   plan.figures.front());
}

// The values of a grid, and those that halving compares unless it draws some, are lists.
void require_lists(const SweepPlan& plan) {
  for (const SweepAxis& axis : plan.axes) {
    if (axis.range == SweepRange::kList) continue;
    if (plan.search == SweepSearch::kGrid)
      throw bad_data("options.{}: a grid takes a list of values; a range is for search \"random\"",
                     joined(axis.names, ","));
    throw bad_data("runs: missing; expected how many runs are drawn, since options.{} is a range",
                   joined(axis.names, ","));
  }
}

}  // namespace

SweepPlan parse_sweep_plan(std::string_view json, const std::string& name) {
  return read_json(json, name, [](const JsonNode& root) {
    for (const auto& [key, value] : root.fields()) {
      if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
        throw bad_data("{}: expected one of {}", value.path(),
                       joined(std::vector<std::string>(kKeys.begin(), kKeys.end())));
      }
    }
    SweepPlan plan;
    if (root.has("search")) plan.search = search_of(root["search"]);
    std::vector<std::string> seen;
    for (const auto& [key, node] : root.get("options").fields()) {
      plan.axes.push_back(read_axis(key, node));
      for (const std::string& option : plan.axes.back().names) {
        if (std::find(seen.begin(), seen.end(), option) != seen.end())
          throw bad_data("{}: --{} is there twice", node.path(), option);
        seen.push_back(option);
      }
    }
    read_count(root, "runs", 1, 100'000, plan.runs);
    read_count(root, "eta", 2, 1000, plan.eta);
    read_count(root, "rungs", 1, 30, plan.rungs);
    std::int64_t seed = 1;
    read_count(root, "seed", 0, INT64_MAX, seed);
    plan.seed = static_cast<std::uint64_t>(seed);
    if (plan.search == SweepSearch::kRandom && plan.runs == 0)
      throw bad_data("runs: missing; expected how many runs are drawn");
    if (plan.search == SweepSearch::kGrid && plan.runs > 0)
      throw bad_data("runs: a grid has as many runs as its values have combinations; leave it out");
    for (const char* key : {"eta", "rungs"}) {
      if (plan.search != SweepSearch::kHalving && root.has(key)) throw bad_data("{}: is for search \"halving\"", key);
    }
    if (plan.runs == 0) require_lists(plan);
    read_ranking(root, plan);
    return plan;
  });
}

}  // namespace matinee
