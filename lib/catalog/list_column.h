#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/io/safetensors.h"

namespace matinee {

/// A column of lists of I32: NAME.rows (I64, rows + 1, offsets into the values) and NAME.values (I32).
class ListColumn {
 public:
  ListColumn() = default;
  /// Throws Error(kBadData) if the offsets are not ascending within the values or a value is outside [0, limit).
  ListColumn(const SafetensorsFile& file, const std::string& name, std::int64_t rows, std::int32_t limit);
  std::span<const std::int32_t> operator[](std::size_t row) const {
    return values_.subspan(static_cast<std::size_t>(offsets_[row]),
                           static_cast<std::size_t>(offsets_[row + 1] - offsets_[row]));
  }

 private:
  std::span<const std::int64_t> offsets_;
  std::span<const std::int32_t> values_;
};

/// Collects such a column.
struct ListColumnBuilder {
  std::vector<std::int64_t> offsets{0};
  std::vector<std::int32_t> values;

  void add(std::span<const std::int32_t> list);
  void declare(SafetensorsWriter& writer, const std::string& name) const;
  void write(SafetensorsWriter& writer, const std::string& name) const;
};

}  // namespace matinee
