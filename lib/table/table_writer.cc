#include "lib/table/table_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace matinee {
namespace {

constexpr std::size_t kHeaderAlignment = 4096;

std::string table_header(Metadata metadata, std::int64_t rows, std::int64_t bytes, std::int64_t blocks,
                         std::size_t least) {
  metadata["matinee.rows"] = fmt::format("{}", rows);
  const auto size = [](std::int64_t count) { return static_cast<std::uint64_t>(count) * sizeof(std::int64_t); };
  std::vector<TensorInfo> tensors{{"blocks", DType::kU8, {bytes}, 0, static_cast<std::uint64_t>(bytes)},
                                  {"block_offsets", DType::kI64, {blocks + 1}, 0, size(blocks + 1)},
                                  {"block_rows", DType::kI64, {blocks}, 0, size(blocks)}};
  return safetensors_header(metadata, tensors, least);
}

}  // namespace

TableWriter::TableWriter(const std::string& path, const TsvHeader& header) : output_(path) {
  if (!output_.can_write_at()) {
    temporary_.emplace();
    through_temporary_.emplace(temporary_->path());
  }
  std::string names, types;
  for (const ColumnSpec& column : header.columns) {
    names += (names.empty() ? "" : "\t") + column.name;
    types += static_cast<char>('0' + static_cast<int>(column.type));
  }
  metadata_ = {{"matinee.kind", "table"},
               {"matinee.version", "2"},
               {"matinee.table", header.table->name},
               {"matinee.columns", names},
               {"matinee.types", types},
               {"matinee.newline", header.line_end == "\r\n" ? "crlf"
                                   : header.line_end == "\n" ? "lf"
                                                             : "none"}};
  if (header.byte_order_mark) metadata_["matinee.byte_order_mark"] = "true";
  if (header.line != names) metadata_["matinee.header"] = header.line;
  // Room for numbers of any size.
  const std::int64_t large = std::numeric_limits<std::int64_t>::max() / 64;
  const std::size_t most = table_header(metadata_, large, large, large, 0).size();
  header_bytes_ = (most + kHeaderAlignment - 1) / kHeaderAlignment * kHeaderAlignment;
}

std::uint64_t TableWriter::add(std::uint32_t rows, std::size_t bytes) {
  const auto place = static_cast<std::uint64_t>(offsets_.back());
  offsets_.push_back(offsets_.back() + static_cast<std::int64_t>(bytes));
  rows_.push_back(rows);
  return place;
}

void TableWriter::write(std::uint64_t place, std::span<const std::byte> bytes) {
  file().write_at(header_bytes_ + place, bytes);
}

void TableWriter::commit() {
  const std::int64_t end = offsets_.back();
  const std::uint64_t index = header_bytes_ + static_cast<std::uint64_t>(end);
  file().write_at(index, std::as_bytes(std::span(offsets_)));
  file().write_at(index + offsets_.size() * sizeof offsets_[0], std::as_bytes(std::span(rows_)));
  const std::string header = table_header(metadata_, std::accumulate(rows_.begin(), rows_.end(), std::int64_t{0}), end,
                                          static_cast<std::int64_t>(rows_.size()), header_bytes_);
  file().write_at(0, std::as_bytes(std::span(header.data(), header.size())));
  if (temporary_) {
    std::vector<std::byte> piece(std::size_t{1} << 20);
    const std::uint64_t size = index + (offsets_.size() + rows_.size()) * sizeof offsets_[0];
    for (std::uint64_t at = 0; at < size; at += piece.size()) {
      const auto part = std::span(piece).first(std::min<std::uint64_t>(piece.size(), size - at));
      temporary_->read(at, part);
      output_.write(part);
    }
  }
  output_.commit();
}

}  // namespace matinee
