#include "lib/table/table_reader.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <optional>

#include "lib/base/format_error.h"
#include "lib/base/temporary_file.h"
#include "lib/table/imdb_table.h"

namespace matinee {

struct TableReader::Source {
  std::optional<TemporaryFile> temporary;
  std::optional<ImdbTable> table;
  TsvReadReport report;
};

namespace {

constexpr std::size_t kRowsOfBlock = std::size_t{1} << 16;

// Whether the file begins as a safetensors file does: the length of a header, then a JSON object.
bool is_safetensors(const std::string& path) {
  if (!std::filesystem::is_regular_file(path)) return false;  // reading a pipe would take its bytes
  std::byte head[9];
  return InputFile(path).read(head) == sizeof head && head[8] == std::byte{'{'};
}

class ColumnsBlock : public TableBlock {
 public:
  ColumnsBlock(const ImdbTable& table, std::size_t begin, std::size_t end) : table_(table), begin_(begin), end_(end) {}

  std::uint32_t rows() const override { return static_cast<std::uint32_t>(end_ - begin_); }
  void texts(std::size_t column, std::vector<std::string_view>& out) const override {
    table_.texts(column, begin_, end_, out, storage_);
  }
  void numbers(std::size_t column, std::vector<std::int32_t>& out) const override {
    const auto all = table_.integers(table_.columns()[column].name).subspan(begin_, end_ - begin_);
    out.assign(all.begin(), all.end());
  }

 private:
  const ImdbTable& table_;
  std::size_t begin_, end_;
  mutable std::deque<std::string> storage_;
};

}  // namespace

TableReader::TableReader(const std::string& path, const TsvReadOptions& options) : source_(std::make_unique<Source>()) {
  if (is_safetensors(path)) {
    source_->table.emplace(path);
    return;
  }
  source_->temporary.emplace();
  ThreadPool pool(0);
  source_->report = tsv_to_table(path, source_->temporary->path(), options, pool, [](std::uint64_t) {});
  source_->table.emplace(source_->temporary->path());
}

TableReader::TableReader(TableReader&&) noexcept = default;
TableReader::~TableReader() = default;

const std::string& TableReader::name() const { return source_->table->name(); }
const std::vector<ColumnSpec>& TableReader::columns() const { return source_->table->columns(); }
const TsvReadReport& TableReader::report() const { return source_->report; }

std::size_t TableReader::column(std::string_view name) const {
  const auto& all = columns();
  const auto found = std::find_if(all.begin(), all.end(), [&](const ColumnSpec& spec) { return spec.name == name; });
  if (found == all.end()) throw missing("{}: column \"{}\" is missing", source_->table->file().path(), name);
  return static_cast<std::size_t>(found - all.begin());
}

void TableReader::for_each_block(ThreadPool& pool, const std::function<void(std::size_t, const TableBlock&)>& use) {
  const ImdbTable& table = *source_->table;
  pool.for_blocks(static_cast<std::size_t>(table.rows()), kRowsOfBlock, [&](std::size_t begin, std::size_t end, int) {
    use(begin / kRowsOfBlock, ColumnsBlock(table, begin, end));
  });
}

}  // namespace matinee
