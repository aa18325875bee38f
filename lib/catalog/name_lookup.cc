#include "lib/catalog/name_lookup.h"

#include <utility>

namespace matinee {

NameLookup::NameLookup(std::int32_t rows, std::span<const std::int64_t> stored,
                       std::function<std::vector<std::int64_t>(ThreadPool&)> make_entries,
                       std::function<void(std::int32_t, const NameScan::Add&)> names_of, ThreadPool* pool)
    : rows_(rows),
      entries_(stored),
      make_entries_(std::move(make_entries)),
      names_of_(std::move(names_of)),
      pool_(pool) {
  if (pool_ == nullptr) pool_ = &own_pool_.emplace(1);
}

std::vector<std::int32_t> NameLookup::rows_with_key(std::string_view key) {
  if (!entries_.empty()) return NameKeys(entries_, rows_).rows(key);
  std::call_once(keys_made_, [&] { made_entries_ = make_entries_(*pool_); });
  return NameKeys(made_entries_, rows_).rows(key);
}

const NameScan& NameLookup::scan() {
  std::call_once(scan_made_, [&] { scan_.emplace(rows_, names_of_, *pool_); });
  return *scan_;
}

}  // namespace matinee
