// Reads IMDb TSV. Blocks of whole lines are parsed in parallel and appended in order.
#include "lib/table/tsv_reader.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "lib/base/format_error.h"
#include "lib/base/temporary_file.h"
#include "lib/base/utf8.h"
#include "lib/io/text_reader.h"
#include "lib/table/imdb_table.h"

namespace matinee {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;
constexpr const char* kRemedy = "--keep-going skips such rows";

struct ParsedNumber {
  std::int32_t value;
  bool canonical;  // printing the number gives the same text
};

std::optional<ParsedNumber> parse_number(std::string_view text, const ColumnSpec& column) {
  const ColumnType type = column.type;
  if (text == "\\N") return ParsedNumber{kMissingValue, true};
  std::string_view whole = text;
  std::int32_t tenth = 0;
  bool canonical = true;
  if (type == ColumnType::kTenths) {
    const std::size_t point = text.find('.');
    whole = text.substr(0, point);
    canonical = point != std::string_view::npos && text.size() == point + 2;
    if (point != std::string_view::npos) {
      if (text.size() != point + 2 || text[point + 1] < '0' || text[point + 1] > '9') return {};
      tenth = text[point + 1] - '0';
    }
  }
  std::int32_t value = 0;
  const auto [stop, code] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
  if (code != std::errc{} || stop != whole.data() + whole.size() || whole.front() == '-') return {};
  canonical = canonical && (whole == "0" || whole.front() != '0');
  if (type == ColumnType::kTenths) {
    if (value > column.high / 10) return {};
    value = value * 10 + tenth;
  }
  if (value < column.low || value > column.high) return {};
  return ParsedNumber{value, canonical};
}

std::string describe(const ColumnSpec& column) {
  if (column.type == ColumnType::kInteger) return fmt::format("a whole number from {} to {}", column.low, column.high);
  return fmt::format("a number with one decimal from {}.{} to {}.{}", column.low / 10, column.low % 10,
                     column.high / 10, column.high % 10);
}

// The columns of one block of lines.
struct Block {
  std::string text;
  std::uint64_t first_line = 0;
  std::size_t cut_off = 0;  // bytes of the first line beyond the limit, which were dropped

  struct Column {
    std::vector<std::int64_t> lengths;
    std::vector<std::uint8_t> bytes;
    std::vector<std::int32_t> numbers;
    std::vector<std::int64_t> odd_rows;  // within the block
    std::vector<std::string> odd_texts;
  };
  std::vector<Column> columns;
  std::int64_t rows = 0, skipped = 0, blank_lines = 0, other_ends = 0;
  std::string first_skipped;
};

class BlockParser {
 public:
  BlockParser(const std::string& name, const std::vector<ColumnSpec>& columns, bool crlf, const TsvReadOptions& options)
      : name_(name), columns_(columns), crlf_(crlf), options_(options) {}

  void parse(Block& block) const {
    block.columns.assign(columns_.size(), {});
    std::vector<std::string_view> fields;
    std::vector<ParsedNumber> numbers(columns_.size());
    std::uint64_t line_number = block.first_line;
    for (std::size_t begin = 0; begin < block.text.size(); ++line_number) {
      const std::size_t end = std::min(block.text.find('\n', begin), block.text.size());
      std::string_view line(block.text.data() + begin, end - begin);
      begin = end + 1;
      const std::size_t size = line.size() + (line_number == block.first_line ? block.cut_off : 0);
      const bool crlf = !line.empty() && line.back() == '\r';
      if (crlf) line.remove_suffix(1);
      if (line.empty()) {
        ++block.blank_lines;
        continue;
      }
      if (crlf != crlf_ && end < block.text.size()) ++block.other_ends;
      if (auto error = check(line, size, line_number, fields, numbers)) {
        if (!options_.keep_going) {
          error->add_remedy(kRemedy);
          throw Error(*error);
        }
        if (block.skipped++ == 0) block.first_skipped = error->what();
        continue;
      }
      for (std::size_t c = 0; c < columns_.size(); ++c) {
        Block::Column& column = block.columns[c];
        if (columns_[c].type == ColumnType::kText) {
          column.lengths.push_back(static_cast<std::int64_t>(fields[c].size()));
          column.bytes.insert(column.bytes.end(), fields[c].begin(), fields[c].end());
        } else {
          column.numbers.push_back(numbers[c].value);
          if (!numbers[c].canonical) {
            column.odd_rows.push_back(block.rows);
            column.odd_texts.emplace_back(fields[c]);
          }
        }
      }
      ++block.rows;
    }
  }

 private:
  std::optional<Error> check(std::string_view line, std::size_t size, std::uint64_t number,
                             std::vector<std::string_view>& fields, std::vector<ParsedNumber>& numbers) const {
    const auto place = [&] { return fmt::format("{}:{}", name_, number); };
    if (size > options_.line_limit) {
      return bad_data("{}: expected a line of at most {} bytes, found {}", place(), options_.line_limit, size);
    }
    split_fields(line, fields);
    if (fields.size() != columns_.size()) {
      return bad_data("{}: expected {} tab-separated fields, found {}", place(), columns_.size(), fields.size());
    }
    if (const std::size_t bad = valid_utf8_prefix(line); bad < line.size()) {
      const auto column =
          static_cast<std::size_t>(std::count(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(bad), '\t'));
      return bad_data("{}:{}: {}: expected UTF-8, found the byte 0x{:02x}", place(), column + 1, columns_[column].name,
                      static_cast<unsigned char>(line[bad]));
    }
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (columns_[c].type == ColumnType::kText) continue;
      const auto parsed = parse_number(fields[c], columns_[c]);
      if (!parsed) {
        return bad_data("{}:{}: {}: expected {} or \\N, found \"{}\"", place(), c + 1, columns_[c].name,
                        describe(columns_[c]), fields[c].substr(0, 40));
      }
      numbers[c] = *parsed;
    }
    return {};
  }

  const std::string& name_;
  const std::vector<ColumnSpec>& columns_;
  bool crlf_;
  const TsvReadOptions& options_;
};

// The columns of the whole table, before they are written.
class Columns {
 public:
  explicit Columns(const std::vector<ColumnSpec>& specs) : specs_(specs), columns_(specs.size()) {
    const std::int64_t zero = 0;
    for (auto& column : columns_) column.offsets.append(std::as_bytes(std::span(&zero, 1)));
  }

  void append(const Block& block) {
    for (std::size_t c = 0; c < specs_.size(); ++c) {
      const Block::Column& from = block.columns[c];
      Column& to = columns_[c];
      if (specs_[c].type == ColumnType::kText) {
        std::vector<std::int64_t> offsets;
        offsets.reserve(from.lengths.size());
        for (const std::int64_t length : from.lengths) offsets.push_back(to.end += length);
        to.offsets.append(std::as_bytes(std::span(offsets)));
        to.bytes.append(std::as_bytes(std::span(from.bytes)));
        continue;
      }
      to.numbers.append(std::as_bytes(std::span(from.numbers)));
      for (std::size_t i = 0; i < from.odd_rows.size(); ++i) {
        to.odd_rows.push_back(rows_ + from.odd_rows[i]);
        to.odd_texts.add(from.odd_texts[i]);
      }
    }
    rows_ += block.rows;
  }

  std::int64_t rows() const { return rows_; }

  void write(SafetensorsWriter& writer) {
    for (std::size_t c = 0; c < specs_.size(); ++c) {
      const std::string& name = specs_[c].name;
      Column& column = columns_[c];
      if (specs_[c].type == ColumnType::kText) {
        writer.declare(name + ".offsets", DType::kI64, {rows_ + 1});
        writer.declare(name + ".bytes", DType::kU8, {column.end});
      } else {
        writer.declare(name, DType::kI32, {rows_});
        if (!column.odd_rows.empty()) {
          writer.declare(name + ".as_written.rows", DType::kI64, {static_cast<std::int64_t>(column.odd_rows.size())});
          column.odd_texts.declare(writer, name + ".as_written");
        }
      }
    }
    // In the order of the file (wide elements first), so that the writer buffers nothing large.
    for (std::size_t c = 0; c < specs_.size(); ++c) {
      const std::string& name = specs_[c].name;
      Column& column = columns_[c];
      if (specs_[c].type == ColumnType::kText) {
        column.offsets.replay([&](std::span<const std::byte> bytes) { writer.write(name + ".offsets", bytes); });
      } else if (!column.odd_rows.empty()) {
        writer.write(name + ".as_written.rows", std::span<const std::int64_t>(column.odd_rows));
        column.odd_texts.write(writer, name + ".as_written");
      }
    }
    for (std::size_t c = 0; c < specs_.size(); ++c) {
      if (specs_[c].type == ColumnType::kText) continue;
      columns_[c].numbers.replay([&](std::span<const std::byte> bytes) { writer.write(specs_[c].name, bytes); });
    }
    for (std::size_t c = 0; c < specs_.size(); ++c) {
      if (specs_[c].type != ColumnType::kText) continue;
      columns_[c].bytes.replay(
          [&](std::span<const std::byte> bytes) { writer.write(specs_[c].name + ".bytes", bytes); });
    }
  }

 private:
  struct Column {
    Spool offsets, bytes, numbers;
    std::int64_t end = 0;
    std::vector<std::int64_t> odd_rows;
    StringColumnBuilder odd_texts;
  };
  const std::vector<ColumnSpec>& specs_;
  std::vector<Column> columns_;
  std::int64_t rows_ = 0;
};

// Splits the input into blocks of whole lines.
class BlockReader {
 public:
  BlockReader(const std::string& input, const TsvReadOptions& options)
      : source_(input), line_limit_(options.line_limit), keep_going_(options.keep_going) {}

  const std::string& name() const { return source_.name(); }
  std::uint64_t bytes() const { return bytes_; }
  bool last_line_ends() const { return last_line_ends_; }

  std::string header() {
    while (rest_.find('\n') == std::string::npos && fill()) {
      if (rest_.size() > line_limit_ + kBlockBytes && rest_.find('\n') == std::string::npos) {
        throw bad_data("{}:1: expected a line of at most {} bytes, found more than {}", name(), line_limit_,
                       rest_.size());
      }
    }
    if (rest_.empty()) throw bad_data("{}: the file is empty; expected the header line of an IMDb table", name());
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    std::string line = rest_.substr(0, end);
    rest_.erase(0, end + 1);
    line_ = 2;
    return line;
  }

  // False at the end and after a failed read; all whole lines before it have been returned, and failure() has the
  // cause.
  bool next(Block& block) {
    block = Block{};
    while (rest_.size() < kBlockBytes && fill()) {
    }
    std::size_t end = rest_.rfind('\n');
    while (!ended_ && end == std::string::npos) {
      if (rest_.size() > line_limit_ + kBlockBytes) {
        if (!keep_going_) {
          failure_ = bad_data("{}:{}: expected a line of at most {} bytes, found more than {}", name(), line_,
                              line_limit_, rest_.size());
          failure_->add_remedy(kRemedy);
          return false;
        }
        cut_off_ += rest_.size() - (line_limit_ + 1);
        rest_.resize(line_limit_ + 1);
      }
      fill();
      end = rest_.rfind('\n');
    }
    if (failure_ && end == std::string::npos) return false;
    const std::size_t size = ended_ && !failure_ ? rest_.size() : end + 1;
    if (size == 0) return false;
    block.text = rest_.substr(0, size);
    rest_.erase(0, size);
    block.first_line = line_;
    block.cut_off = std::exchange(cut_off_, 0);
    line_ += static_cast<std::uint64_t>(std::count(block.text.begin(), block.text.end(), '\n'));
    return true;
  }

  // Why reading ended early, with the position of the incomplete row.
  std::optional<Error> failure() const { return failure_; }

 private:
  bool fill() {
    if (ended_) return false;
    const std::size_t before = rest_.size();
    rest_.resize(before + kBlockBytes);
    std::size_t got = 0;
    try {
      got = source_.read(std::as_writable_bytes(std::span(rest_.data() + before, kBlockBytes)));
    } catch (const Error& error) {
      rest_.resize(before);
      if (error.code() != ErrorCode::kBadData || line_ == 1) throw;  // nothing to save before the first row
      fail(error.what());
      return false;
    }
    rest_.resize(before + got);
    bytes_ += got;
    ended_ = got == 0;
    if (got > 0) last_line_ends_ = rest_.back() == '\n';
    return got > 0;
  }

  // A broken gzip stream ends the table within a row.
  void fail(std::string_view what) {
    ended_ = last_line_ends_ = true;
    const std::size_t end = rest_.rfind('\n');
    const std::string_view row = std::string_view(rest_).substr(end == std::string::npos ? 0 : end + 1);
    if (what.starts_with(name() + ": ")) what.remove_prefix(name().size() + 2);
    failure_ = bad_data("{}:{}:{}: {}", name(),
                        line_ + static_cast<std::uint64_t>(std::count(rest_.begin(), rest_.end(), '\n')),
                        std::count(row.begin(), row.end(), '\t') + 1, what);
  }

  ByteSource source_;
  std::size_t line_limit_;
  bool keep_going_;
  std::string rest_;
  std::uint64_t line_ = 1, bytes_ = 0;
  std::size_t cut_off_ = 0;  // dropped bytes of a line over the limit
  bool ended_ = false, last_line_ends_ = true;
  std::optional<Error> failure_;
};

}  // namespace

TsvReadReport tsv_to_table(const std::string& input, const std::string& output, const TsvReadOptions& options,
                           ThreadPool& pool, const std::function<void(std::uint64_t)>& advance) {
  BlockReader reader(input, options);
  std::string header_line = reader.header();
  const bool byte_order_mark = header_line.starts_with("\xEF\xBB\xBF");
  if (byte_order_mark) header_line.erase(0, 3);
  const bool crlf = header_line.ends_with('\r');
  if (crlf) header_line.pop_back();
  if (header_line.starts_with('<'))
    throw bad_data("{}:1: this is an HTML or XML page, not a table; fetch the file again", reader.name());
  if (begins_as_utf16(header_line))
    throw bad_data("{}:1: this is UTF-16; iconv -f UTF-16 -t UTF-8 makes UTF-8 of it", reader.name());
  if (const std::size_t bad = valid_utf8_prefix(header_line); bad < header_line.size()) {
    throw bad_data("{}:1: header: expected UTF-8, found the byte 0x{:02x}", reader.name(),
                   static_cast<unsigned char>(header_line[bad]));
  }
  const RecognizedHeader header = with_context(reader.name() + ":1", [&] { return recognize_header(header_line); });

  Columns columns(header.columns);
  const BlockParser parser(reader.name(), header.columns, crlf, options);
  TsvReadReport report;
  std::vector<Block> blocks(static_cast<std::size_t>(pool.threads()) * 2);
  for (bool more = true; more;) {
    std::size_t filled = 0;
    while (filled < blocks.size() && (more = reader.next(blocks[filled]))) ++filled;
    pool.for_blocks(filled, 1, [&](std::size_t begin, std::size_t, int) { parser.parse(blocks[begin]); });
    for (std::size_t i = 0; i < filled; ++i) {
      columns.append(blocks[i]);
      if (report.skipped == 0) report.first_skipped = blocks[i].first_skipped;
      report.skipped += blocks[i].skipped;
      report.blank_lines += blocks[i].blank_lines;
      report.other_ends += blocks[i].other_ends;
      advance(blocks[i].text.size());
    }
  }
  if (const auto failure = reader.failure()) {
    if (!options.keep_going) throw Error(*failure);
    if (report.skipped++ == 0) report.first_skipped = failure->what();
  }
  report.rows = columns.rows();
  report.bytes = reader.bytes();

  std::string names, types;
  for (const ColumnSpec& column : header.columns) {
    names += (names.empty() ? "" : "\t") + column.name;
    types += static_cast<char>('0' + static_cast<int>(column.type));
  }
  Metadata metadata{{"matinee.table", header.table->name},
                    {"matinee.columns", names},
                    {"matinee.types", types},
                    {"matinee.rows", fmt::format("{}", report.rows)},
                    {"matinee.newline", crlf ? "crlf" : "lf"},
                    {"matinee.last_line_ends", reader.last_line_ends() ? "true" : "false"}};
  if (byte_order_mark) metadata["matinee.byte_order_mark"] = "true";
  SafetensorsWriter writer(output, "table", metadata);
  columns.write(writer);
  writer.commit();
  return report;
}

}  // namespace matinee
