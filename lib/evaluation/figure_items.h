#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/evaluation/figure_rows.h"
#include "lib/io/json_reader.h"
#include "lib/io/json_writer.h"

namespace matinee {

/// What a run measured, item by item, so that runs compare: an item is a conversation or a labelled turn. Items of two
/// runs with the same key were asked the same.
struct FigureItems {
  std::vector<std::string> keys;
  /// Of each figure by its key, the counts of every item.
  std::map<std::string, std::vector<FigureCounts>, std::less<>> counts;

  /// Adds an item with the counts of all figures that are ratios.
  void add(std::string key, const Figures& figures);
  /// Leaves out figures that no item counts in.
  void drop_unmeasured();
  /// An object with `keys` and an array for each figure, with 2 numbers (F1: 4) for each item.
  void write(JsonWriter& json) const;
};

/// The inverse of `write`. Throws Error(kBadData) where a list is not as long as the keys.
FigureItems read_figure_items(const JsonNode& node);

}  // namespace matinee
