#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/catalog/catalog_report.h"
#include "lib/table/table_reader.h"

namespace matinee {

/// Where the passes over the tables count, and with which threads they read.
struct JoinContext {
  const CatalogOptions& options;
  CatalogReport& report;
  ThreadPool& pool;
};

/// One pass over a table of a catalog, whose rows have an id. Blocks are read by all threads; what was read is used in
/// the order of the table, so the result is the same with any number of threads.
class TablePass {
 public:
  /// Throws Error(kBadData) if the file is another table.
  TablePass(const std::string& path, const char* table, const char* id_column, JoinContext& context);

  /// Throws Error(kMissing) if there is none.
  std::size_t column(const char* name) const { return reader_.column(name); }
  std::optional<std::size_t> optional_column(std::string_view name) const;

  /// Calls `read(block, ids, part)` for each block from any thread, and then `use(ids, part)` for all blocks in order,
  /// in one thread at a time. ids has the number of each row's id, or kNoId. Rows with strange ids are counted in the
  /// report, and so are bad rows; Error(kBadData) if no id is usable.
  template <class Part>
  void run(const std::function<void(const TableBlock&, std::span<const std::uint32_t>, Part&)>& read,
           const std::function<void(std::span<const std::uint32_t>, Part&)>& use) {
    struct Waiting {
      Ids ids;
      Part part;
    };
    std::mutex mutex;
    std::map<std::size_t, Waiting> waiting;
    std::size_t next = 0;
    reader_.for_each_block(context_.pool, [&](std::size_t index, const TableBlock& block) {
      Waiting done{ids_of(block), {}};
      read(block, done.ids.numbers, done.part);
      if (context_.options.on_rows) context_.options.on_rows(block.rows());
      const std::lock_guard lock(mutex);
      waiting.emplace(index, std::move(done));
      for (; !waiting.empty() && waiting.begin()->first == next; ++next) {
        Waiting& first = waiting.begin()->second;
        count(first.ids);
        use(first.ids.numbers, first.part);
        waiting.erase(waiting.begin());
      }
    });
    finish();
  }

 private:
  struct Ids {
    std::vector<std::uint32_t> numbers;
    std::int64_t strange = 0;
    std::string first_strange;
  };
  Ids ids_of(const TableBlock& block) const;
  void count(const Ids& ids);
  void finish();

  std::string path_;
  const char* table_;
  const char* id_column_;
  JoinContext& context_;
  TableReader reader_;
  std::size_t id_ = 0;
  std::int64_t rows_ = 0, strange_ = 0;
  std::string first_strange_;
};

/// Whether a text is missing or empty.
inline bool is_null(std::string_view text) { return text.empty() || text == "\\N"; }

}  // namespace matinee
