#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/catalog/name_keys.h"
#include "lib/catalog/name_scan.h"

namespace matinee {

/// The names of a catalog's rows (movies or people), found by their keys or by a scan. What the catalog does not store
/// is made by the first search that needs it. One thread at a time, or from bodies of the pool.
class NameLookup {
 public:
  /// `stored` are the entries of NameKeys, or empty; `make_entries` then makes them. `names_of` is that of NameScan.
  /// `stored` and `pool` (null: one thread) must outlive this.
  NameLookup(std::int32_t rows, std::span<const std::int64_t> stored,
             std::function<std::vector<std::int64_t>(ThreadPool&)> make_entries,
             std::function<void(std::int32_t row, const NameScan::Add& add)> names_of, ThreadPool* pool);

  /// Rows that may have this key, ascending.
  std::vector<std::int32_t> rows_with_key(std::string_view key);
  const NameScan& scan();
  ThreadPool& pool() { return *pool_; }

 private:
  std::int32_t rows_;
  std::span<const std::int64_t> entries_;
  std::function<std::vector<std::int64_t>(ThreadPool&)> make_entries_;
  std::function<void(std::int32_t, const NameScan::Add&)> names_of_;
  ThreadPool* pool_;
  std::optional<ThreadPool> own_pool_;
  std::once_flag keys_made_, scan_made_;
  std::vector<std::int64_t> made_entries_;
  std::optional<NameScan> scan_;
};

}  // namespace matinee
