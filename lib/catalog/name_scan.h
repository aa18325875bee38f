#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/parallel.h"

namespace matinee {

/// Folded names of rows (movies or people), of which those that resemble a text are found by looking at all: for what
/// NameKeys does not find.
class NameScan {
 public:
  using Add = std::function<void(std::string_view folded)>;
  /// `names_of` calls `add` with each folded name of a row. It is called from threads of the pool.
  NameScan(std::int32_t rows, const std::function<void(std::int32_t row, const Add& add)>& names_of, ThreadPool& pool);

  struct Near {
    std::int32_t row;
    int errors;
  };
  /// Rows with a name within `limit` typing errors of one of `forms`, by number of errors, then by row; each once.
  /// Numbers have to be the same.
  std::vector<Near> near(const std::vector<std::string>& forms, int limit, ThreadPool& pool) const;
  /// Rows that have `key` within a name, from the start of a word to the end of one, with at most `limit` typing errors
  /// and the same numbers; ordered as above.
  std::vector<Near> containing(const std::string& key, int limit, ThreadPool& pool) const;

  struct Shared {
    std::int32_t row;
    std::uint32_t words;  ///< bit i: a name has the i-th word
  };
  /// Rows whose names have some of the words (at most 32), ascending, each once.
  std::vector<Shared> with_words(const std::vector<std::string>& words, ThreadPool& pool) const;

 private:
  std::string_view text(std::size_t entry) const {
    return std::string_view(bytes_).substr(begins_[entry], begins_[entry + 1] - begins_[entry]);
  }
  template <class Found, class Look>
  std::vector<Found> scan(ThreadPool& pool, const Look& look) const;

  std::string bytes_;
  std::vector<std::size_t> begins_;     // of each name, and the end of the last
  std::vector<std::int32_t> rows_;      // by name
  std::vector<std::uint64_t> letters_;  // the bytes that occur in each name, as bits
};

/// Whether `phrase` is one or more whole words of `folded` in a row.
bool has_phrase(std::string_view folded, std::string_view phrase);

/// The numbers among the words of a folded name, separated by spaces: "2 1995".
std::string numbers_of(std::string_view folded);

}  // namespace matinee
