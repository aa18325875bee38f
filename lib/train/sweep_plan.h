#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace matinee {

enum class SweepSearch : std::uint8_t {
  kGrid,     ///< every combination of the values
  kRandom,   ///< values drawn by the seed (Bergstra and Bengio 2012, "Random search", JMLR 13)
  kHalving,  ///< successive halving (Jamieson and Talwalkar 2016, arXiv:1502.07943)
};

enum class SweepRange : std::uint8_t { kList, kUniform, kLogUniform, kIntegers };

/// Options that a sweep varies, together, and their values.
struct SweepAxis {
  std::vector<std::string> names;  ///< long names of lora-train's options
  SweepRange range = SweepRange::kList;
  std::vector<std::vector<std::string>> values;  ///< of kList: for each value a text for each name
  double low = 0, high = 0;                      ///< of the other ranges; both can be drawn
  bool is_fixed = false;                         ///< one value, which the file gives without a list
};

/// A sweep.json (docs/formats.md).
struct SweepPlan {
  SweepSearch search = SweepSearch::kGrid;
  std::vector<SweepAxis> axes;
  std::int64_t runs = 0;  ///< to draw; 0: every combination of the values
  std::uint64_t seed = 1;
  std::string rank_by = "valid_loss";  ///< or a figure of `evaluate`
  bool lower_is_better = true;
  std::vector<std::string> figures;   ///< of `evaluate`, for the table
  std::vector<std::string> evaluate;  ///< its arguments; empty: it is not run
  std::int64_t eta = 3;               ///< of kHalving: one of so many runs survives a rung
  std::int64_t rungs = 0;             ///< of kHalving; 0: until one run is left
};

/// Reads a sweep.json. Throws Error(kBadData) with the path of the value: an unknown key, a value that lora-train's
/// option does not take, a range that the search cannot use.
SweepPlan parse_sweep_plan(std::string_view json, const std::string& name);

}  // namespace matinee
