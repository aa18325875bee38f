#pragma once

#include <optional>
#include <string>
#include <vector>

namespace matinee {

/// A sweep.tsv of `lora-train --sweep` (docs/formats.md): a line for each run, the best first.
struct SweepTable {
  std::string path;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  ///< each as long as `columns`

  std::optional<std::size_t> column(std::string_view name) const;
  /// The columns of the swept options: those between "steps" and "message".
  std::vector<std::size_t> options() const;
};

/// Throws Error(kBadData) "FILE:LINE: ..." where a column that every sweep has is not there, or a line has
/// another number of fields than the first.
SweepTable read_sweep_table(const std::string& path);

/// The whole text as a finite number.
std::optional<double> number_of(const std::string& text);

}  // namespace matinee
