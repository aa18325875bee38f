#include "lib/table/table_reader.h"

#include <algorithm>
#include <deque>
#include <filesystem>

#include "lib/base/format_error.h"
#include "lib/table/column_table.h"
#include "lib/table/encoded_block.h"

namespace matinee {

/// One form of a table.
struct TableReader::Form {
  virtual ~Form() = default;
  virtual const std::string& path() const = 0;
  virtual const std::string& name() const = 0;
  virtual const std::vector<ColumnSpec>& columns() const = 0;
  virtual void for_each_block(ThreadPool& pool, const Use& use) = 0;
  TsvReadReport report;
};

namespace {

constexpr std::size_t kRowsOfBlock = std::size_t{1} << 15;  // of version 1

// Whether the file begins as a safetensors file does: the length of a header, then a JSON object.
bool is_safetensors(const std::string& path) {
  if (!std::filesystem::is_regular_file(path)) return false;  // reading a pipe would take its bytes
  std::byte head[9];
  return InputFile(path).read(head) == sizeof head && head[8] == std::byte{'{'};
}

class ColumnsBlock : public TableBlock {
 public:
  ColumnsBlock(const ColumnTable& table, std::size_t begin, std::size_t end)
      : table_(table), begin_(begin), end_(end) {}

  std::uint32_t rows() const override { return static_cast<std::uint32_t>(end_ - begin_); }
  void texts(std::size_t column, std::vector<std::string_view>& out) const override {
    table_.texts(column, begin_, end_, out, storage_);
  }
  void numbers(std::size_t column, std::vector<std::int32_t>& out) const override {
    const auto all = table_.integers(column).subspan(begin_, end_ - begin_);
    out.assign(all.begin(), all.end());
  }

 private:
  const ColumnTable& table_;
  std::size_t begin_, end_;
  mutable std::deque<std::string> storage_;
};

struct ColumnsForm : TableReader::Form {
  explicit ColumnsForm(SafetensorsFile&& opened) : file(std::move(opened)), table(file) {}

  const std::string& path() const override { return file.path(); }
  const std::string& name() const override { return table.description().name; }
  const std::vector<ColumnSpec>& columns() const override { return table.description().columns; }
  void for_each_block(ThreadPool& pool, const TableReader::Use& use) override {
    pool.for_blocks(
        static_cast<std::size_t>(table.description().rows), kRowsOfBlock,
        [&](std::size_t begin, std::size_t end, int) { use(begin / kRowsOfBlock, ColumnsBlock(table, begin, end)); });
  }

  SafetensorsFile file;
  ColumnTable table;
};

struct BlocksForm : TableReader::Form {
  explicit BlocksForm(SafetensorsFile&& opened) : file(std::move(opened)), table(file) {}

  const std::string& path() const override { return file.path(); }
  const std::string& name() const override { return table.description().name; }
  const std::vector<ColumnSpec>& columns() const override { return table.description().columns; }
  void for_each_block(ThreadPool& pool, const TableReader::Use& use) override {
    pool.for_blocks(table.blocks(), 1, [&](std::size_t index, std::size_t, int) {
      table.with_block(index, [&](const EncodedBlock& block) { use(index, block); });
    });
  }

  SafetensorsFile file;
  TableFile table;
};

struct TsvForm : TableReader::Form {
  TsvForm(const std::string& path, const TsvReadOptions& how)
      : source(path, how.line_limit, how.keep_going), options(how), name_(source.header().table->name) {}

  const std::string& path() const override { return source.name(); }
  const std::string& name() const override { return name_; }
  const std::vector<ColumnSpec>& columns() const override { return source.header().columns; }
  void for_each_block(ThreadPool& pool, const TableReader::Use& use) override {
    if (std::exchange(read, true)) throw internal_error("{}: a TSV is read once", path());
    TsvSteps steps;
    steps.work = [&](TsvItem& item) {
      use(item.index, EncodedBlock(item.parsed.bytes.bytes(), source.header().columns, source.name()));
    };
    report = read_tsv(source, options, pool, steps);
  }

  TsvSource source;
  TsvReadOptions options;
  std::string name_;
  bool read = false;
};

SafetensorsFile open_table(const std::string& path) { return {path, "table", "tsv2bin", kTableVersion}; }

std::unique_ptr<TableReader::Form> open_form(const std::string& path, const TsvReadOptions& options) {
  if (!is_safetensors(path)) return std::make_unique<TsvForm>(path, options);
  SafetensorsFile file = open_table(path);
  if (file.version() == 1) return std::make_unique<ColumnsForm>(std::move(file));
  return std::make_unique<BlocksForm>(std::move(file));
}

}  // namespace

TableReader::TableReader(const std::string& path, const TsvReadOptions& options) : form_(open_form(path, options)) {}
TableReader::TableReader(TableReader&&) noexcept = default;
TableReader::~TableReader() = default;

const std::string& TableReader::name() const { return form_->name(); }
const std::vector<ColumnSpec>& TableReader::columns() const { return form_->columns(); }
const TsvReadReport& TableReader::report() const { return form_->report; }

std::size_t TableReader::column(std::string_view name) const {
  const auto& all = columns();
  const auto found = std::find_if(all.begin(), all.end(), [&](const ColumnSpec& spec) { return spec.name == name; });
  if (found == all.end()) throw missing("{}: column \"{}\" is missing", form_->path(), name);
  return static_cast<std::size_t>(found - all.begin());
}

void TableReader::for_each_block(ThreadPool& pool, const Use& use) { form_->for_each_block(pool, use); }

void write_table_tsv(const std::string& path, OutputFile& out, ThreadPool& pool, const RowProgress& progress) {
  const SafetensorsFile file = open_table(path);
  if (file.version() == 1) {
    ColumnTable(file).write_tsv(out);
  } else {
    TableFile(file).write_tsv(out, pool, progress);
  }
}

}  // namespace matinee
