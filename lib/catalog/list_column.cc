#include "lib/catalog/list_column.h"

#include <algorithm>

#include "lib/base/format_error.h"

namespace matinee {

ListColumn::ListColumn(const SafetensorsFile& file, const std::string& name, std::int64_t rows, std::int32_t limit)
    : offsets_(file.view<std::int64_t>(name + ".rows")), values_(file.view<std::int32_t>(name + ".values")) {
  if (static_cast<std::int64_t>(offsets_.size()) != rows + 1 || offsets_.front() != 0 ||
      offsets_.back() != static_cast<std::int64_t>(values_.size()) ||
      !std::is_sorted(offsets_.begin(), offsets_.end())) {
    throw bad_data("{}: column \"{}\": its rows do not cut its values", file.path(), name);
  }
  if (std::any_of(values_.begin(), values_.end(), [&](std::int32_t v) { return v < 0 || v >= limit; })) {
    throw bad_data("{}: column \"{}\": a value is outside 0 to {}", file.path(), name, limit - 1);
  }
}

void ListColumnBuilder::add(std::span<const std::int32_t> list) {
  values.insert(values.end(), list.begin(), list.end());
  offsets.push_back(static_cast<std::int64_t>(values.size()));
}

void ListColumnBuilder::declare(SafetensorsWriter& writer, const std::string& name) const {
  writer.declare(name + ".rows", DType::kI64, {static_cast<std::int64_t>(offsets.size())});
  writer.declare(name + ".values", DType::kI32, {static_cast<std::int64_t>(values.size())});
}

void ListColumnBuilder::write(SafetensorsWriter& writer, const std::string& name) const {
  writer.write(name + ".rows", std::span<const std::int64_t>(offsets));
  writer.write(name + ".values", std::span<const std::int32_t>(values));
}

}  // namespace matinee
