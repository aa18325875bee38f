#include "lib/catalog/title_index.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "lib/catalog/fold_name.h"

namespace matinee {
namespace {

using Movies = std::vector<MovieId>;

int errors_allowed(std::size_t length) { return length < 4 ? 0 : length < 8 ? 1 : length < 16 ? 2 : 3; }

// Removes the year of "Heat (1995)" from the title and returns it.
std::int32_t take_year(std::string_view& title) {
  while (!title.empty() && title.back() == ' ') title.remove_suffix(1);
  if (title.size() < 7 || title.back() != ')' || title[title.size() - 6] != '(') return kUnknown;
  std::int32_t year = 0;
  const char* begin = title.data() + title.size() - 5;
  if (std::from_chars(begin, begin + 4, year).ptr != begin + 4) return kUnknown;
  title.remove_suffix(6);
  while (!title.empty() && title.back() == ' ') title.remove_suffix(1);
  return year;
}

void add_once(Movies& movies, MovieId movie) {
  if (std::find(movies.begin(), movies.end(), movie) == movies.end()) movies.push_back(movie);
}

std::uint32_t trigram(std::string_view text, std::size_t i) {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])) << 16 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(text[i + 1])) << 8 |
         static_cast<unsigned char>(text[i + 2]);
}

}  // namespace

struct TitleIndex::Impl {
  explicit Impl(const MovieCatalog& movie_catalog) : catalog(movie_catalog) {
    for (MovieId movie = 0; movie < catalog.size(); ++movie) {
      for (const std::string_view title : {catalog.title(movie), catalog.original_title(movie)}) {
        add_once(exact[title], movie);
        add_key(fold_title(title), movie);
        add_key(fold_name(title), movie);  // with its article, which may be misspelled: "Teh Matrix"
      }
    }
  }

  void add_key(const std::string& key, MovieId movie) {
    if (key.empty()) return;
    const auto [entry, fresh] = folded.try_emplace(key);
    add_once(entry->second, movie);
    if (!fresh) return;
    const auto number = static_cast<std::uint32_t>(keys.size());
    keys.push_back(&entry->first);
    const std::string padded = " " + key + " ";
    for (std::size_t i = 0; i + 3 <= padded.size(); ++i) trigrams[trigram(padded, i)].push_back(number);
  }

  // Folded titles within `limit` errors of `key`, nearest first, as (distance, key number).
  std::vector<std::pair<int, std::uint32_t>> nearest(const std::string& key, int limit, std::size_t count) const {
    std::unordered_map<std::uint32_t, int> shared;
    const std::string padded = " " + key + " ";
    for (std::size_t i = 0; i + 3 <= padded.size(); ++i) {
      const auto found = trigrams.find(trigram(padded, i));
      if (found == trigrams.end()) continue;
      for (const std::uint32_t number : found->second) ++shared[number];
    }
    // One error changes at most three trigrams, a swap four.
    const int needed = std::max(1, static_cast<int>(padded.size()) - 2 - 4 * limit);
    std::vector<std::pair<int, std::uint32_t>> close;
    for (const auto& [number, hits] : shared) {
      if (hits < needed) continue;
      const int distance = edit_distance(key, *keys[number], limit);
      if (distance <= limit) close.emplace_back(distance, number);
    }
    std::sort(close.begin(), close.end());
    if (close.size() > count) close.resize(count);
    return close;
  }

  const MovieCatalog& catalog;
  std::unordered_map<std::string_view, Movies> exact;
  std::unordered_map<std::string, Movies> folded;
  std::vector<const std::string*> keys;
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> trigrams;
};

TitleIndex::TitleIndex(const MovieCatalog& catalog) : impl_(std::make_unique<Impl>(catalog)) {}
TitleIndex::~TitleIndex() = default;

TitleLookup TitleIndex::find(std::string_view title, std::int32_t year) const {
  const std::int32_t written_year = take_year(title);
  if (year == kUnknown) year = written_year;
  const auto decide = [&](TitleMatch match, const Movies& movies) {
    TitleLookup lookup{match, {}};
    std::copy_if(movies.begin(), movies.end(), std::back_inserter(lookup.movies),
                 [&](MovieId movie) { return year == kUnknown || impl_->catalog.year(movie) == year; });
    // A year that is off by one is accepted: people misremember it.
    if (lookup.movies.empty()) {
      std::copy_if(movies.begin(), movies.end(), std::back_inserter(lookup.movies),
                   [&](MovieId movie) { return std::abs(impl_->catalog.year(movie) - year) <= 1; });
    }
    std::sort(lookup.movies.begin(), lookup.movies.end());
    return lookup;
  };
  if (const auto found = impl_->exact.find(title); found != impl_->exact.end()) {
    if (auto lookup = decide(TitleMatch::kExact, found->second); !lookup.movies.empty()) return lookup;
  }
  const std::string key = fold_title(title);
  if (const auto found = impl_->folded.find(key); found != impl_->folded.end()) {
    if (auto lookup = decide(TitleMatch::kFolded, found->second); !lookup.movies.empty()) return lookup;
  }
  const int limit = errors_allowed(key.size());
  const auto close = impl_->nearest(key, std::max(limit, 3), 16);
  Movies best;
  for (const auto& [distance, number] : close) {
    if (distance > limit || distance > close.front().first) break;
    for (const MovieId movie : impl_->folded.at(*impl_->keys[number])) add_once(best, movie);
  }
  if (auto lookup = decide(TitleMatch::kFuzzy, best); !lookup.movies.empty()) return lookup;
  TitleLookup suggestions;
  for (const auto& [distance, number] : close) {
    for (const MovieId movie : impl_->folded.at(*impl_->keys[number])) add_once(suggestions.movies, movie);
  }
  if (suggestions.movies.size() > 5) suggestions.movies.resize(5);
  return suggestions;
}

}  // namespace matinee
