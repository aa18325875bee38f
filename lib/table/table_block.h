#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace matinee {

/// A missing value (\N) in a column of numbers.
inline constexpr std::int32_t kMissingValue = std::numeric_limits<std::int32_t>::min();
/// In a column of ids: \N, or a text that is no id.
inline constexpr std::uint32_t kNoId = std::numeric_limits<std::uint32_t>::max();

/// Some consecutive rows of a table, column by column. Texts are valid during the callback of
/// TableReader::for_each_block only; one thread may use the block. Throws Error(kBadData) with file, block and column
/// where the stored bytes are corrupt.
class TableBlock {
 public:
  virtual ~TableBlock() = default;

  virtual std::uint32_t rows() const = 0;
  /// The texts as the TSV has them, \N included; of any column.
  virtual void texts(std::size_t column, std::vector<std::string_view>& out) const = 0;
  /// Of a column of type kInteger or kTenths (ten times the value); \N is kMissingValue.
  virtual void numbers(std::size_t column, std::vector<std::int32_t>& out) const = 0;
  /// Numbers of ids: "tt0000417" and "nm417" are 417. kNoId where the text is not two letters and digits (below 2^32 -
  /// 1).
  virtual void ids(std::size_t column, std::vector<std::uint32_t>& out) const;
  /// Lists of ids: row r has ids[offsets[r]] to ids[offsets[r + 1]]; \N is an empty list, and parts that are no ids are
  /// left out.
  virtual void id_lists(std::size_t column, std::vector<std::uint32_t>& offsets, std::vector<std::uint32_t>& ids) const;
  /// The distinct texts of the block in order of their first appearance, and for each row the index of its text.
  virtual void categories(std::size_t column, std::vector<std::string_view>& names,
                          std::vector<std::uint32_t>& codes) const;
};

/// The number of an id: two letters, then digits; kNoId for anything else.
std::uint32_t id_number(std::string_view text);

}  // namespace matinee
