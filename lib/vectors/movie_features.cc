#include "lib/vectors/movie_features.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lib/catalog/fold_name.h"

namespace matinee {
namespace {

using Entries = std::vector<std::pair<std::int32_t, float>>;

// Stop words, sorted.
constexpr std::array<std::string_view, 24> kEmptyWords{"a",  "an",  "and",  "as", "at",  "by", "der",  "die",
                                                       "el", "for", "from", "i",  "in",  "it", "la",   "le",
                                                       "my", "of",  "on",   "s",  "the", "to", "with", "you"};

// Bumps with centers low, low + step, ..., high. A bump below 1 % is dropped.
class Bumps {
 public:
  Bumps(double low, double high, double step, double width)
      : low_(low),
        step_(step),
        width_(width),
        count_(static_cast<std::int32_t>(std::lround((high - low) / step)) + 1) {}

  std::int32_t count() const { return count_; }
  void describe(double value, Entries& entries) const {
    const double clamped = std::clamp(value, low_, low_ + step_ * (count_ - 1));
    // Beyond 3.04 widths a bump is below 1 %.
    const auto first = static_cast<std::int32_t>(std::max(0.0, std::ceil((clamped - low_ - 3.04 * width_) / step_)));
    const auto last = static_cast<std::int32_t>(std::floor((clamped - low_ + 3.04 * width_) / step_));
    for (std::int32_t i = first; i <= std::min(last, count_ - 1); ++i) {
      const double distance = (clamped - (low_ + step_ * i)) / width_;
      const double bump = std::exp(-0.5 * distance * distance);
      if (bump > 0.01) entries.emplace_back(i, static_cast<float>(bump));
    }
  }

 private:
  double low_, step_, width_;
  std::int32_t count_;
};

template <class Describe>
SparseRows rows_of(const MovieCatalog& catalog, std::int32_t n_columns, ThreadPool& pool, const Describe& describe) {
  return rows_by_blocks(catalog.size(), n_columns, pool, [&](MovieId begin, MovieId end, SparseRows& block) {
    Entries entries;
    for (MovieId movie = begin; movie < end; ++movie) {
      entries.clear();
      describe(movie, entries);
      block.add_row(entries);
    }
  });
}

template <class Value>
SparseRows bumps_of(const MovieCatalog& catalog, const Bumps& bumps, ThreadPool& pool, const Value& value) {
  SparseRows result = rows_of(catalog, bumps.count(), pool, [&](MovieId movie, Entries& entries) {
    const double known = value(movie);
    if (known >= 0) bumps.describe(known, entries);
  });
  scale_rows_to_unit(result, pool);
  return result;
}

// The words of the titles of some consecutive movies.
struct TitleWords {
  std::string text;                                            // the folded titles
  std::vector<std::pair<std::uint32_t, std::uint32_t>> words;  // begin and length in `text`
  std::vector<std::uint32_t> ends;                             // of each movie's words
};

TitleWords words_of(const MovieCatalog& catalog, MovieId begin, MovieId end) {
  TitleWords result;
  for (MovieId movie = begin; movie < end; ++movie) {
    const std::string folded = fold_name(catalog.title(movie));
    for (std::size_t at = 0; at < folded.size();) {
      const std::size_t stop = std::min(folded.find(' ', at), folded.size());
      const std::string_view word = std::string_view(folded).substr(at, stop - at);
      if (!word.empty() && !std::binary_search(kEmptyWords.begin(), kEmptyWords.end(), word))
        result.words.emplace_back(static_cast<std::uint32_t>(result.text.size() + at),
                                  static_cast<std::uint32_t>(word.size()));
      at = stop + 1;
    }
    result.text += folded;
    result.ends.push_back(static_cast<std::uint32_t>(result.words.size()));
  }
  return result;
}

// Words are numbered in the order in which they appear.
SparseRows word_rows(const MovieCatalog& catalog, ThreadPool& pool) {
  constexpr std::size_t kBlock = 4096;
  const auto size = static_cast<std::size_t>(catalog.size());
  std::vector<TitleWords> blocks((size + kBlock - 1) / kBlock);
  pool.for_blocks(size, kBlock, [&](std::size_t begin, std::size_t end, int) {
    blocks[begin / kBlock] = words_of(catalog, static_cast<MovieId>(begin), static_cast<MovieId>(end));
  });
  std::unordered_map<std::string_view, std::int32_t> numbers;
  SparseRows result;
  std::vector<std::int32_t> found;
  for (const TitleWords& block : blocks) {
    std::uint32_t at = 0;
    for (const std::uint32_t end : block.ends) {
      found.clear();
      for (; at < end; ++at) {
        const std::string_view word(block.text.data() + block.words[at].first, block.words[at].second);
        found.push_back(numbers.try_emplace(word, static_cast<std::int32_t>(numbers.size())).first->second);
      }
      std::sort(found.begin(), found.end());
      found.erase(std::unique(found.begin(), found.end()), found.end());
      for (const std::int32_t word : found) result.add(word, 1.0f);
      result.end_row();
    }
  }
  result.n_columns = static_cast<std::int32_t>(numbers.size());
  return result;
}

// `width` in the range of the catalog's votes.
Bumps vote_bumps(const MovieCatalog& catalog, double width) {
  double low = 1e9, high = 0;
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    if (catalog.votes(movie) <= 0) continue;
    const double votes = std::log10(static_cast<double>(catalog.votes(movie)));
    low = std::min(low, votes);
    high = std::max(high, votes);
  }
  if (high - low < 0.1) {
    low = std::min(low, high);
    high = low + 0.1;
  }
  const double step = (high - low) / 13;
  return {low, high, step, width * (high - low)};
}

}  // namespace

MovieFeatures movie_features(const MovieCatalog& catalog, ThreadPool& pool) {
  MovieFeatures features;
  features.genres =
      rows_of(catalog, static_cast<std::int32_t>(catalog.genres().size()), pool, [&](MovieId movie, Entries& entries) {
        for (const std::int32_t genre : catalog.genres_of(movie)) entries.emplace_back(genre, 1.0f);
      });
  const auto log_votes = [&](MovieId movie) {
    return catalog.votes(movie) > 0 ? std::log10(static_cast<double>(catalog.votes(movie))) : -1.0;
  };
  features.votes = bumps_of(catalog, vote_bumps(catalog, 1.2 / 13), pool, log_votes);
  features.fame = bumps_of(catalog, vote_bumps(catalog, 0.34), pool, log_votes);
  features.years = bumps_of(catalog, Bumps(1910, 2025, 5, 5), pool, [&](MovieId movie) { return catalog.year(movie); });
  features.ratings = bumps_of(catalog, Bumps(1, 9.5, 0.5, 0.7), pool, [&](MovieId movie) {
    return catalog.rating_tenths(movie) > 0 ? catalog.rating_tenths(movie) / 10.0 : -1.0;
  });
  features.runtimes = bumps_of(catalog, Bumps(60, 225, 15, 15), pool,
                               [&](MovieId movie) { return catalog.runtime(movie) > 0 ? catalog.runtime(movie) : -1; });
  features.words = word_rows(catalog, pool);

  const std::int32_t people = catalog.people_count();
  features.cast = rows_of(catalog, people, pool, [&](MovieId movie, Entries& entries) {
    double place = 1;
    for (const PersonId person : catalog.cast(movie)) {
      // A person who is billed twice counts once, by the better position.
      const bool again = std::any_of(entries.begin(), entries.end(), [&](const auto& e) { return e.first == person; });
      if (!again) entries.emplace_back(person, static_cast<float>(1 / std::sqrt(place)));
      ++place;
    }
  });
  features.crew = rows_of(catalog, people, pool, [&](MovieId movie, Entries& entries) {
    for (const PersonId person : catalog.directors(movie)) entries.emplace_back(person, 1.0f);
    const std::size_t directors = entries.size();
    std::int32_t writers = 0;
    for (const PersonId person : catalog.writers(movie)) {
      if (++writers > 4) break;
      const auto end = entries.begin() + static_cast<std::ptrdiff_t>(directors);
      const bool directs = std::any_of(entries.begin(), end, [&](const auto& e) { return e.first == person; });
      if (!directs) entries.emplace_back(person, 0.5f);
    }
  });
  return features;
}

}  // namespace matinee
