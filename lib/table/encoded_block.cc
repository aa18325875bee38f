#include "lib/table/encoded_block.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "lib/base/format_error.h"
#include "lib/table/fields.h"

namespace matinee {
namespace {

constexpr std::size_t kMostDigits = 10;  // of 32 bits
constexpr std::array<char, kFieldPadding> kNull{'\\', 'N'};

template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

constexpr auto kPairs = [] {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

std::size_t count_digits(std::uint32_t value) {
  std::size_t count = 1;
  for (std::uint64_t bound = 10; value >= bound; bound *= 10) ++count;
  return count;
}

// Writes a number with at least `least` digits.
char* write_digits(char* to, std::uint32_t value, std::size_t least) {
  const std::size_t size = std::max(count_digits(value), least);
  char* at = to + size;
  for (; value >= 10; value /= 100) std::memcpy(at -= 2, kPairs.data() + 2 * (value % 100), 2);
  if (value > 0 || at == to + size) *--at = static_cast<char>('0' + value);
  while (at > to) *--at = '0';
  return to + size;
}

}  // namespace

// Reads the parts of a block one after another.
class EncodedBlock::Section {
 public:
  Section(std::span<const std::byte> bytes, std::uint64_t offset, std::string place)
      : bytes_(bytes), at_(offset), place_(std::move(place)) {
    require(at_ <= bytes_.size(), "begins outside of its block");
  }

  void require(bool holds, const char* otherwise) const {
    if (!holds) throw bad_data("{} {}", place_, otherwise).add_remedy("make the table again with tsv2bin");
  }

  // `count` elements of `width` bytes; the next section begins at a multiple of kSectionAlignment.
  const std::byte* take(std::uint64_t count, std::uint64_t width) {
    require(at_ <= bytes_.size() && count * width <= bytes_.size() - at_, "ends outside of its block");
    const std::byte* from = bytes_.data() + at_;
    at_ += (count * width + kSectionAlignment - 1) / kSectionAlignment * kSectionAlignment;
    return from;
  }

  // `count` texts by their ends and their bytes.
  std::vector<std::string_view> take_texts(std::uint32_t count) {
    const std::byte* ends = take(count, 4);
    return texts_of(ends, count);
  }

  std::vector<std::string_view> texts_of(const std::byte* ends, std::uint32_t count) {
    const std::uint32_t size = count == 0 ? 0 : load<std::uint32_t>(ends + 4 * std::size_t{count - 1});
    const char* from = reinterpret_cast<const char*>(take(size, 1));
    std::vector<std::string_view> texts;
    texts.reserve(count);
    std::uint32_t begin = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto end = load<std::uint32_t>(ends + 4 * std::size_t{i});
      require(end >= begin && end <= size, "has texts that do not cut its bytes");
      texts.emplace_back(from + begin, end - begin);
      begin = end;
    }
    return texts;
  }

  std::vector<RowText> take_row_texts(std::uint32_t count, std::uint64_t rows) {
    const std::byte* row = take(count, 4);
    const auto texts = take_texts(count);
    std::vector<RowText> out;
    out.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      out.push_back({load<std::uint32_t>(row + 4 * std::size_t{i}), texts[i]});
      require(out[i].row < rows && (i == 0 || out[i].row > out[i - 1].row), "has exceptions of rows that it lacks");
    }
    return out;
  }

 private:
  std::span<const std::byte> bytes_;
  std::uint64_t at_;
  std::string place_;
};

EncodedBlock::EncodedBlock(std::span<const std::byte> bytes, const std::vector<ColumnSpec>& columns,
                           const std::string& place)
    : bytes_(bytes), columns_(columns), place_(place) {
  Section whole(bytes_, 0, place_ + ": the block");
  header_ = load<BlockHeader>(whole.take(1, sizeof(BlockHeader)));
  whole.take(columns_.size(), sizeof(ColumnHeader));
  whole.require(header_.rows <= kMostRowsOfBlock, "has too many rows");
}

ColumnHeader EncodedBlock::column_header(std::size_t column) const {
  return load<ColumnHeader>(bytes_.data() + sizeof(BlockHeader) + column * sizeof(ColumnHeader));
}

EncodedBlock::Section EncodedBlock::section(std::size_t column, std::uint64_t offset) const {
  return {bytes_, offset, fmt::format("{}: column \"{}\"", place_, columns_[column].name)};
}

std::vector<EncodedBlock::RowText> EncodedBlock::odd_ends() const {
  if (header_.odd_ends == 0) return {};
  return Section(bytes_, header_.odd_ends_offset, place_ + ": the list of line ends")
      .take_row_texts(header_.odd_ends, std::uint64_t{header_.rows} + 1);
}

std::vector<EncodedBlock::RowText> EncodedBlock::exceptions(std::size_t column, const ColumnHeader& header) const {
  if (header.exceptions == 0) return {};
  return section(column, header.exceptions_offset).take_row_texts(header.exceptions, header_.rows);
}

// Sets `out` to the codes of kNumber, kTenths, kId and kAscendingIds plus the base: 0 is none, else the number + 1.
void EncodedBlock::codes(std::size_t column, const ColumnHeader& header, std::vector<std::uint32_t>& out) const {
  Section data = section(column, header.offset);
  out.resize(header_.rows);
  if (header.encoding == Encoding::kAscendingIds) {
    data.require(header.width == 1, "has codes of an unknown width");
    const std::byte* from = data.take(header_.rows, 1);
    std::uint32_t last = header.base + 1;
    for (std::size_t row = 0; row < out.size(); ++row) out[row] = last += load<std::uint8_t>(from + row);
    return;
  }
  const auto number = [&](std::uint32_t code) { return code == 0 ? 0 : code + header.base; };
  const auto read = [&]<class T>(T) {
    const std::byte* from = data.take(header_.rows, sizeof(T));
    for (std::size_t row = 0; row < out.size(); ++row) out[row] = number(load<T>(from + row * sizeof(T)));
  };
  switch (header.width) {
    case 0: std::fill(out.begin(), out.end(), number(header.count)); break;
    case 1: read(std::uint8_t{}); break;
    case 2: read(std::uint16_t{}); break;
    case 4: read(std::uint32_t{}); break;
    default: data.require(false, "has codes of an unknown width");
  }
}

char* EncodedBlock::storage(std::size_t size) const {
  storage_.emplace_back(size + kFieldPadding);
  return storage_.back().data();
}

void EncodedBlock::words(std::size_t column, const ColumnHeader& header, std::vector<std::string_view>& names,
                         std::vector<std::uint32_t>& codes) const {
  Section data = section(column, header.offset);
  data.require(header.width <= 2, "has codes of an unknown width");
  data.require(header.exceptions == 0, "has exceptions to its dictionary");
  data.require(header.count > 0 || header_.rows == 0, "has no texts");
  const std::byte* ends = data.take(header.count, 4);
  const std::byte* from = data.take(header_.rows, header.width);
  names = data.texts_of(ends, header.count);
  codes.resize(header_.rows);
  std::uint32_t most = 0;
  for (std::size_t row = 0; row < codes.size(); ++row) {
    codes[row] = header.width == 0   ? 0
                 : header.width == 1 ? load<std::uint8_t>(from + row)
                                     : load<std::uint16_t>(from + 2 * row);
    most = std::max(most, codes[row]);
  }
  data.require(most < header.count || header_.rows == 0, "has codes beyond its texts");
}

void EncodedBlock::lengths_to_texts(std::size_t column, const ColumnHeader& header,
                                    std::vector<std::string_view>& out) const {
  Section data = section(column, header.offset);
  data.require(header.width == 1 || header.width == 4, "has lengths of an unknown width");
  const std::byte* lengths = data.take(header_.rows, header.width);
  const char* from = reinterpret_cast<const char*>(data.take(header.count, 1));
  const std::uint32_t null = null_length(header.width), same = same_length(header.width);
  out.clear();
  std::uint64_t at = 0;
  bool before = false;
  for (std::uint32_t row = 0; row < header_.rows; ++row) {
    const std::uint32_t length =
        header.width == 1 ? load<std::uint8_t>(lengths + row) : load<std::uint32_t>(lengths + 4 * std::size_t{row});
    if (length >= same) {
      out.emplace_back(length == null ? std::string_view(kNull.data(), 2) : std::string_view());
      before |= length == same;
      continue;
    }
    data.require(length <= header.count - at, "has texts that do not cut its bytes");
    out.emplace_back(from + at, length);
    at += length;
  }
  if (!before) return;
  data.require(column > 0 && column_header(column - 1).encoding == Encoding::kText, "refers to no text column");
  std::vector<std::string_view> others;
  texts(column - 1, others);
  for (std::uint32_t row = 0; row < header_.rows; ++row)
    if (out[row].data() == nullptr) out[row] = others[row];
}

void EncodedBlock::texts(std::size_t column, std::vector<std::string_view>& out) const {
  const ColumnHeader header = column_header(column);
  out.clear();
  if (header.encoding == Encoding::kText) {
    lengths_to_texts(column, header, out);
  } else if (header.encoding == Encoding::kIdList) {
    lists_to_texts(column, out);
  } else if (header.encoding == Encoding::kDictionary) {
    std::vector<std::string_view> names;
    std::vector<std::uint32_t> codes;
    words(column, header, names, codes);
    for (const std::uint32_t code : codes) out.push_back(names[code]);
  } else {
    section(column, 0).require(header.encoding <= Encoding::kId || header.encoding == Encoding::kAscendingIds,
                               "has an unknown encoding");
    std::vector<std::uint32_t> numbers;
    codes(column, header, numbers);
    char* to = storage(numbers.size() * (2 + kMostDigits));
    out.reserve(numbers.size());
    for (const std::uint32_t code : numbers) {
      char* const begin = to;
      if (code == 0) {
        to = std::copy_n("\\N", 2, to);
      } else if (header.encoding == Encoding::kNumber) {
        to = write_digits(to, code - 1, 1);
      } else if (header.encoding == Encoding::kTenths) {
        to = write_digits(to, (code - 1) / 10, 1);
        *to++ = '.';
        *to++ = static_cast<char>('0' + (code - 1) % 10);
      } else {
        to = write_digits(std::copy_n(header.prefix, 2, to), code - 1, kIdDigits);
      }
      out.emplace_back(begin, static_cast<std::size_t>(to - begin));
    }
  }
  for (const RowText& exception : exceptions(column, header)) out[exception.row] = exception.text;
}

void EncodedBlock::lists_to_texts(std::size_t column, std::vector<std::string_view>& out) const {
  std::vector<std::uint32_t> offsets, numbers;
  const ColumnHeader header = column_header(column);
  stored_lists(column, header, offsets, numbers);
  char* to = storage(numbers.size() * (3 + kMostDigits) + 2 * header_.rows);
  for (std::uint32_t row = 0; row < header_.rows; ++row) {
    char* const begin = to;
    if (offsets[row] == offsets[row + 1]) to = std::copy_n("\\N", 2, to);
    for (std::uint32_t i = offsets[row]; i < offsets[row + 1]; ++i) {
      if (i > offsets[row]) *to++ = ',';
      to = write_digits(std::copy_n(header.prefix, 2, to), numbers[i], kIdDigits);
    }
    out.emplace_back(begin, static_cast<std::size_t>(to - begin));
  }
}

void EncodedBlock::stored_lists(std::size_t column, const ColumnHeader& header, std::vector<std::uint32_t>& offsets,
                                std::vector<std::uint32_t>& ids) const {
  Section data = section(column, header.offset);
  const std::byte* counts = data.take(header_.rows, 1);
  data.require(header.width == 1 || header.width == 2 || header.width == 4, "has codes of an unknown width");
  const std::byte* from = data.take(header.count, header.width);
  offsets.resize(std::size_t{header_.rows} + 1);
  std::uint64_t end = 0;
  for (std::uint32_t row = 0; row < header_.rows; ++row) {
    offsets[row] = static_cast<std::uint32_t>(end);
    end += load<std::uint8_t>(counts + row);
  }
  data.require(end == header.count, "has lists that do not cut its ids");
  offsets[header_.rows] = header.count;
  ids.resize(header.count);
  const auto read = [&]<class T>(T) {
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = load<T>(from + i * sizeof(T)) + header.base - 1;
  };
  if (header.width == 1) read(std::uint8_t{});
  if (header.width == 2) read(std::uint16_t{});
  if (header.width == 4) read(std::uint32_t{});
}

void EncodedBlock::numbers(std::size_t column, std::vector<std::int32_t>& out) const {
  const ColumnHeader header = column_header(column);
  const ColumnSpec& spec = columns_[column];
  const auto parse = [&](std::string_view text) {
    const auto parsed = parse_number(text, spec);
    section(column, 0).require(parsed.has_value(), "has a text that is no number");
    return parsed->value;
  };
  if (header.encoding == (spec.type == ColumnType::kTenths ? Encoding::kTenths : Encoding::kNumber)) {
    std::vector<std::uint32_t> stored;
    codes(column, header, stored);
    out.resize(stored.size());
    for (std::size_t row = 0; row < out.size(); ++row)
      out[row] = stored[row] == 0 ? kMissingValue : static_cast<std::int32_t>(stored[row] - 1);
    for (const RowText& exception : exceptions(column, header)) out[exception.row] = parse(exception.text);
    return;
  }
  std::vector<std::string_view> written;
  texts(column, written);
  out.clear();
  for (const std::string_view text : written) out.push_back(parse(text));
}

void EncodedBlock::ids(std::size_t column, std::vector<std::uint32_t>& out) const {
  const ColumnHeader header = column_header(column);
  if (header.encoding != Encoding::kId && header.encoding != Encoding::kAscendingIds) {
    TableBlock::ids(column, out);
    return;
  }
  codes(column, header, out);
  for (std::uint32_t& number : out) --number;  // no id becomes kNoId
  for (const RowText& exception : exceptions(column, header)) out[exception.row] = id_number(exception.text);
}

void EncodedBlock::id_lists(std::size_t column, std::vector<std::uint32_t>& offsets,
                            std::vector<std::uint32_t>& ids) const {
  const ColumnHeader header = column_header(column);
  if (header.encoding == Encoding::kIdList && header.exceptions == 0) {
    stored_lists(column, header, offsets, ids);
  } else {
    TableBlock::id_lists(column, offsets, ids);
  }
}

void EncodedBlock::categories(std::size_t column, std::vector<std::string_view>& names,
                              std::vector<std::uint32_t>& codes) const {
  const ColumnHeader header = column_header(column);
  if (header.encoding == Encoding::kDictionary) {
    words(column, header, names, codes);
  } else {
    TableBlock::categories(column, names, codes);
  }
}

}  // namespace matinee
