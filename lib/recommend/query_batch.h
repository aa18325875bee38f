#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/recommend/movie_finder.h"

namespace matinee {

/// Queries that are answered together, in their order, as texts. A query without an answer is reported and does not
/// stop the others.
class QueryBatch {
 public:
  struct Options {
    std::int32_t k = 10;
    bool json = false;     ///< lines of JSON instead of a table
    bool explain = false;  ///< adds parts and reasons
  };

  /// `write` gets the results, `note` the messages about queries without an answer. `finder` and `catalog` must outlive
  /// this.
  QueryBatch(MovieFinder& finder, const MovieCatalog& catalog, const Options& options,
             std::function<void(std::string_view)> write, std::function<void(std::string_view)> note);

  /// `place` ("NAME:LINE" or empty) begins a message about the query. Answers when there are many queries.
  void add(std::string_view query, const std::string& place);
  /// Writes the answers to all queries that were added since the last call.
  void answer();

  std::uint64_t read() const { return read_; }
  std::uint64_t failed() const { return failed_; }

 private:
  MovieFinder& finder_;
  const MovieCatalog& catalog_;
  Options options_;
  std::function<void(std::string_view)> write_, note_;
  std::vector<std::string> texts_;
  std::vector<MovieQuery> understood_;
  std::uint64_t read_ = 0, failed_ = 0;
};

}  // namespace matinee
