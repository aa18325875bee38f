#include "lib/evaluation/figure_items.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

bool is_empty(const FigureCounts& counts) { return counts[1] == 0 && counts[3] == 0; }

void write_number(JsonWriter& json, double value) {
  if (value == std::floor(value)) {
    json.integer(static_cast<std::int64_t>(value));
  } else {
    json.number(value);
  }
}

}  // namespace

void FigureItems::add(std::string key, const Figures& figures) {
  keys.push_back(std::move(key));
  for (const FigureRow& row : figure_rows()) {
    if (row.counts) counts[row.key].push_back(row.counts(figures));
  }
}

void FigureItems::drop_unmeasured() {
  std::erase_if(counts,
                [](const auto& entry) { return std::all_of(entry.second.begin(), entry.second.end(), is_empty); });
}

void FigureItems::write(JsonWriter& json) const {
  json.begin_object().key("keys").begin_array();
  for (const std::string& key : keys) json.string(key);
  json.end_array();
  for (const auto& [figure, items] : counts) {
    const bool four =
        std::any_of(items.begin(), items.end(), [](const FigureCounts& item) { return item[2] != 0 || item[3] != 0; });
    json.key(figure).begin_array();
    for (const FigureCounts& item : items) {
      json.begin_array();
      for (std::size_t i = 0; i < (four ? 4u : 2u); ++i) write_number(json, item[i]);
      json.end_array();
    }
    json.end_array();
  }
  json.end_object();
}

FigureItems read_figure_items(const JsonNode& node) {
  FigureItems items;
  for (const JsonNode& key : node.get("keys").array()) items.keys.push_back(key.string());
  for (const auto& [figure, list] : node.fields()) {
    if (figure == "keys") continue;
    std::vector<FigureCounts>& counts = items.counts[std::string(figure)];
    for (const JsonNode& item : list.array()) {
      FigureCounts& added = counts.emplace_back();
      const std::vector<JsonNode> numbers = item.array();
      if (numbers.size() != 2 && numbers.size() != 4) throw item.unexpected("2 or 4 numbers");
      for (std::size_t i = 0; i < numbers.size(); ++i) added[i] = numbers[i].number();
    }
    if (counts.size() != items.keys.size())
      throw bad_data("{}: expected {} items, one for each key, found {}", list.path(), items.keys.size(),
                     counts.size());
  }
  return items;
}

}  // namespace matinee
