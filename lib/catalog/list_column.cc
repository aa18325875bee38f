#include "lib/catalog/list_column.h"

#include "lib/base/format_error.h"
#include "lib/io/offsets.h"

namespace matinee {

ListColumn::ListColumn(const SafetensorsFile& file, const std::string& name, std::int64_t rows, std::int32_t limit)
    : offsets_(file.view<std::int64_t>(name + ".rows")), values_(file.view<std::int32_t>(name + ".values")) {
  if (static_cast<std::int64_t>(offsets_.size()) != rows + 1 ||
      !are_offsets(offsets_, static_cast<std::int64_t>(values_.size()))) {
    throw bad_data("{}: column \"{}\": its rows do not cut its values", file.path(), name);
  }
  if (!are_indices(values_, limit))
    throw bad_data("{}: column \"{}\": a value is outside 0 to {}", file.path(), name, limit - 1);
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
