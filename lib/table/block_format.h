// The layout of a block of a table of version 2 (docs/formats.md). All numbers are little-endian.
#pragma once

#include <cstdint>

namespace matinee {

/// How a column is stored within a block. Values on disk: never renumber.
enum class Encoding : std::uint8_t {
  kText = 0,          ///< lengths, then bytes
  kNumber = 1,        ///< a code for each row: 0 is \N, else base + code - 1
  kTenths = 2,        ///< the same of ten times the value
  kId = 3,            ///< the same of the number of an id: prefix, then at least 7 digits
  kIdList = 4,        ///< a count of ids for each row (U8; 0 is \N), then a code for each id
  kDictionary = 5,    ///< the distinct texts, and a code for each row: the index of its text
  kAscendingIds = 6,  ///< ids of one prefix: base, then how much more the number of each row is than that before
};

struct BlockHeader {
  std::uint32_t rows;
  std::uint32_t odd_ends;         ///< number of entries in the list of odd line ends
  std::uint32_t odd_ends_offset;  ///< bytes from the start of the block
  std::uint32_t reserved;         ///< 0
};

/// One for each column, behind the BlockHeader.
struct ColumnHeader {
  std::uint32_t offset;  ///< of the column's data, from the start of the block
  Encoding encoding;
  std::uint8_t width;        ///< bytes of a code: 1, 2 or 4; 0: none is stored, all rows have the same
  char prefix[2];            ///< of ids
  std::uint32_t base;        ///< see Encoding
  std::uint32_t count;       ///< width 0: the code; kText: bytes; kIdList: ids; kDictionary: texts
  std::uint32_t exceptions;  ///< number of rows whose text is in the list of exceptions; their code is 0
  std::uint32_t exceptions_offset;
};

static_assert(sizeof(BlockHeader) == 16 && sizeof(ColumnHeader) == 24);

/// Sections of a block begin at multiples of this.
inline constexpr std::size_t kSectionAlignment = 4;
/// The size of a block is a multiple of this.
inline constexpr std::size_t kBlockAlignment = 8;

/// Lengths of text columns that are none: the largest value of the width is \N, the one below it "the text of the
/// column before", which is then a text column, too.
constexpr std::uint32_t null_length(unsigned width) { return width == 1 ? 0xFF : width == 2 ? 0xFFFF : 0xFFFFFFFF; }
constexpr std::uint32_t same_length(unsigned width) { return null_length(width) - 1; }

/// A block has at most this many rows, which bounds the memory of a reader.
inline constexpr std::uint32_t kMostRowsOfBlock = std::uint32_t{1} << 22;
/// Digits of an id are padded with zeros to this many.
inline constexpr std::size_t kIdDigits = 7;
/// Rows with more ids are exceptions.
inline constexpr std::uint32_t kMostIdsOfRow = 255;

}  // namespace matinee
