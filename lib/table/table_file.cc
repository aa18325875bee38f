#include "lib/table/table_file.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>

#include "lib/base/format_error.h"
#include "lib/base/ordered_pass.h"

namespace matinee {
namespace {

constexpr std::size_t kShort = 32, kPage = 4096;

// A block as text, and where it goes.
struct TextBlock {
  std::size_t index = 0;
  std::vector<std::vector<std::string_view>> fields;
  std::vector<char> text;
  std::size_t size = 0;  // of the text
  std::uint64_t offset = 0;
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(text).first(size)); }
};

inline char* put(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

// The same for a field of a block. A short one is copied with a fixed size where what follows it is on the same page,
// and so can be read.
inline char* put_field(char* to, std::string_view text) {
  if (text.size() > kShort || reinterpret_cast<std::uintptr_t>(text.data()) % kPage > kPage - kShort)
    return put(to, text);
  std::memcpy(to, text.data(), kShort);
  return to + text.size();
}

void write_rows(const EncodedBlock& block, std::size_t columns, std::string_view line_end, TextBlock& out) {
  auto& fields = out.fields;
  fields.resize(columns);
  std::size_t size = kShort + block.rows() * (columns - 1 + line_end.size());
  for (std::size_t c = 0; c < columns; ++c) {
    block.texts(c, fields[c]);
    for (const std::string_view text : fields[c]) size += text.size();
  }
  const auto odd_ends = block.odd_ends();
  for (const auto& odd : odd_ends) size += odd.text.size();
  if (out.text.size() < size) out.text.resize(size);
  char* to = out.text.data();
  auto odd = odd_ends.begin();
  const auto end_line = [&](std::uint32_t row, std::string_view usual) {
    if (odd != odd_ends.end() && odd->row == row) usual = (odd++)->text;
    to = put(to, usual);
  };
  end_line(0, "");
  for (std::uint32_t row = 0; row < block.rows(); ++row) {
    to = put_field(to, fields[0][row]);
    for (std::size_t c = 1; c < columns; ++c) {
      *to++ = '\t';
      to = put_field(to, fields[c][row]);
    }
    end_line(row + 1, line_end);
  }
  out.size = static_cast<std::size_t>(to - out.text.data());
}

}  // namespace

TableDescription::TableDescription(const SafetensorsFile& file) {
  const auto field = [&](const char* key) {
    const auto found = file.metadata().find(key);
    if (found == file.metadata().end()) throw bad_data("{}: metadata \"{}\" is missing", file.path(), key);
    return found->second;
  };
  name = field("matinee.table");
  const std::string newline = field("matinee.newline"), types = field("matinee.types"), count = field("matinee.rows"),
                    names = field("matinee.columns");
  line_end = newline == "crlf" ? "\r\n" : newline == "none" ? "" : "\n";
  first_line = file.metadata().contains("matinee.byte_order_mark") ? "\xEF\xBB\xBF" : "";
  first_line += file.metadata().contains("matinee.header") ? field("matinee.header") : names;
  std::from_chars(count.data(), count.data() + count.size(), rows);
  std::vector<std::string_view> fields;
  split_fields(names, fields);
  if (fields.size() != types.size() || rows < 0)
    throw bad_data("{}: matinee.columns and matinee.types do not agree", file.path());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const int type = types[i] - '0';
    if (type < 0 || type > 2)
      throw bad_data("{}: column \"{}\" has the unknown type {}", file.path(), fields[i], types[i]);
    // The bounds were checked when the table was made.
    columns.push_back(
        {std::string(fields[i]), static_cast<ColumnType>(type), 0, std::numeric_limits<std::int32_t>::max()});
  }
}

TableFile::TableFile(const SafetensorsFile& file)
    : file_(file),
      description_(file),
      bytes_(std::as_bytes(file.view<std::uint8_t>("blocks"))),
      offsets_(file.view<std::int64_t>("block_offsets")),
      rows_(file.view<std::int64_t>("block_rows")) {
  const auto require = [&](bool holds, const char* otherwise) {
    if (!holds) throw bad_data("{}: {}; make the table again with tsv2bin", file.path(), otherwise);
  };
  require(offsets_.size() == rows_.size() + 1, "block_offsets and block_rows do not agree");
  require(offsets_.front() == 0 && offsets_.back() == static_cast<std::int64_t>(bytes_.size()) &&
              std::is_sorted(offsets_.begin(), offsets_.end()),
          "block_offsets do not cut the blocks");
  std::int64_t rows = 0;
  for (const std::int64_t of_block : rows_) {
    require(of_block >= 0 && of_block <= std::int64_t{kMostRowsOfBlock}, "block_rows has a number out of bounds");
    rows += of_block;
  }
  require(rows == description_.rows, "block_rows and matinee.rows do not agree");
}

void TableFile::with_block(std::size_t index, const std::function<void(const EncodedBlock&)>& use) const {
  const auto begin = static_cast<std::size_t>(offsets_[index]);
  const auto size = static_cast<std::size_t>(offsets_[index + 1]) - begin;
  const std::string place = fmt::format("{}: block {}", file_.path(), index);
  const EncodedBlock block(bytes_.subspan(begin, size), description_.columns, place);
  if (block.rows() != rows_[index]) throw bad_data("{}: has {} rows of {}", place, block.rows(), rows_[index]);
  use(block);
  file_.release("blocks", begin, size);
}

void TableFile::write_tsv(OutputFile& out, ThreadPool& pool, const RowProgress& progress) const {
  const std::string header = description_.first_line + description_.line_end;
  const bool at_places = out.can_write_at();
  const auto write = [&](std::uint64_t offset, std::span<const std::byte> bytes) {
    at_places ? out.write_at(offset, bytes) : out.write(bytes);
  };
  write(0, std::as_bytes(std::span(header.data(), header.size())));
  std::size_t next = 0;
  std::uint64_t end = header.size(), rows = 0;
  OrderedSteps<TextBlock> steps;
  steps.take = [&](TextBlock& block) {
    block.index = next++;
    return block.index < blocks();
  };
  steps.work = [&](TextBlock& block) {
    with_block(block.index, [&](const EncodedBlock& encoded) {
      write_rows(encoded, description_.columns.size(), description_.line_end, block);
    });
  };
  steps.in_order = [&](TextBlock& block) {
    block.offset = end;
    end += block.size;
    if (!at_places) write(block.offset, block.bytes());
    rows += static_cast<std::uint64_t>(rows_[block.index]);
    if (progress) progress(rows, static_cast<std::uint64_t>(description_.rows));
  };
  if (at_places) steps.after = [&](TextBlock& block) { write(block.offset, block.bytes()); };
  OrderedPass<TextBlock>::run(pool, steps);
}

}  // namespace matinee
