#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/io/safetensors.h"

namespace matinee {

/// The rows of a string column in the order of their texts (byte by byte), then of their numbers, then of the rows.
/// `numbers` has one number for each row, or is empty.
std::vector<std::int32_t> order_of_texts(const StringColumn& texts, std::span<const std::int32_t> numbers,
                                         ThreadPool& pool);

/// Finds rows of a string column by binary search in such an order. Refers to all three.
class TextOrder {
 public:
  TextOrder() = default;
  TextOrder(const StringColumn& texts, std::span<const std::int32_t> numbers, std::span<const std::int32_t> order)
      : texts_(texts), numbers_(numbers), order_(order) {}

  /// The rows with this text; those with the same number are together.
  std::span<const std::int32_t> rows(std::string_view text) const;
  /// The rows with this text and number, ascending.
  std::span<const std::int32_t> rows(std::string_view text, std::int32_t number) const;

 private:
  StringColumn texts_;
  std::span<const std::int32_t> numbers_, order_;
};

}  // namespace matinee
