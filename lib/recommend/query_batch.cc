#include "lib/recommend/query_batch.h"

#include <utility>

#include "lib/base/error.h"

namespace matinee {
namespace {

constexpr std::size_t kMostQueries = 4096;

}  // namespace

QueryBatch::QueryBatch(MovieFinder& finder, const MovieCatalog& catalog, const Options& options,
                       std::function<void(std::string_view)> write, std::function<void(std::string_view)> note)
    : finder_(finder), catalog_(catalog), options_(options), write_(std::move(write)), note_(std::move(note)) {}

void QueryBatch::add(std::string_view query, const std::string& place) {
  ++read_;
  try {
    understood_.push_back(finder_.understand(query));
    texts_.emplace_back(query);
  } catch (Error& error) {
    if (error.code() != ErrorCode::kMissing && error.code() != ErrorCode::kBadData) throw;
    if (!place.empty()) error.add_context(place);
    note_(error.what());
    ++failed_;
  }
  if (texts_.size() == kMostQueries) answer();
}

void QueryBatch::answer() {
  const auto found = finder_.answer_all(understood_, options_.k);
  const auto format = options_.json ? to_json_line : to_tsv;
  for (std::size_t i = 0; i < texts_.size(); ++i)
    write_(format({texts_[i], understood_[i], found[i]}, catalog_, options_.explain));
  texts_.clear();
  understood_.clear();
}

}  // namespace matinee
