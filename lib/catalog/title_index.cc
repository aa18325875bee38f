#include "lib/catalog/title_index.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "lib/base/list_members.h"
#include "lib/catalog/common_words.h"
#include "lib/catalog/fold_name.h"
#include "lib/catalog/name_keys.h"
#include "lib/catalog/name_lookup.h"
#include "lib/catalog/name_words.h"
#include "lib/catalog/title_closeness.h"

namespace matinee {
namespace {

constexpr std::size_t kSuggestions = 5;
// In shorter texts, one error leaves too little to find within longer titles.
constexpr std::size_t kShortestWithin = 6;
// A movie whose title is less close than the best one's by more than this is not meant; with a year, or where one
// typing error fewer explains the text, that is certain.
constexpr double kFartherThan = 12, kFartherWithYear = 5, kFartherMisspelled = 4;

// So that among movies that few voted for, the closer title is meant.
constexpr double kVotesAdded = 100;

struct Candidate {
  MovieId movie;
  double factor;
  TitleMatch match;
};

// The words of a key, each once.
std::vector<std::string> words_of(const std::string& key) {
  std::vector<std::string> words;
  for (const std::string_view word : name_words(key)) {
    if (words.size() < 32) add_once(words, std::string(word));
  }
  return words;
}

// Calls `add` with the folded title and original title of a movie, and with their keys where these differ.
void add_titles(const MovieCatalog& catalog, MovieId movie, const NameScan::Add& add) {
  const std::string_view title = catalog.title(movie), original = catalog.original_title(movie);
  for (const std::string_view each : {title, original}) {
    const std::string folded = fold_name(each);
    if (folded.empty()) continue;
    add(folded);
    if (const std::string key = key_of_folded(folded); key != folded) add(key);
    if (title == original) break;
  }
}

}  // namespace

struct TitleIndex::Impl {
  Impl(const MovieCatalog& movie_catalog, ThreadPool* pool)
      : catalog(movie_catalog),
        titles(
            catalog.size(), stored_movie_keys(catalog),
            [this](ThreadPool& threads) { return movie_key_entries(catalog, threads); },
            [this](MovieId movie, const NameScan::Add& add) { add_titles(catalog, movie, add); }, pool) {}

  // Those of the year, or else of the years beside it.
  std::vector<Candidate> of_year(const std::vector<Candidate>& all, std::int32_t year) const {
    if (year == kUnknown) return all;
    std::vector<Candidate> kept;
    for (const std::int32_t off : {0, 1}) {
      std::copy_if(all.begin(), all.end(), std::back_inserter(kept), [&](const Candidate& each) {
        const std::int32_t its_year = catalog.year(each.movie);
        return its_year != kUnknown && std::abs(its_year - year) == off;
      });
      if (!kept.empty()) break;
    }
    return kept;
  }

  // The candidates of the year by votes times factor, without those that are far less close than the best.
  TitleLookup decide(const std::vector<Candidate>& all, std::int32_t year) const {
    std::vector<Candidate> kept = of_year(all, year);
    if (kept.empty()) return {};
    const auto strength = [&](const Candidate& each) {
      return each.factor * (kVotesAdded + std::max(0, catalog.votes(each.movie)));
    };
    std::stable_sort(kept.begin(), kept.end(), [&](const Candidate& a, const Candidate& b) {
      const double x = strength(a), y = strength(b);
      return x != y ? x > y : a.movie < b.movie;
    });
    TitleLookup lookup{kept.front().match, {}};
    const bool named = lookup.match == TitleMatch::kExact || lookup.match == TitleMatch::kFolded;
    const double farther = !named ? kFartherMisspelled : year == kUnknown ? kFartherThan : kFartherWithYear;
    const double least = kept.front().factor / farther;
    for (const Candidate& each : kept) {
      if (each.factor >= least) add_once(lookup.movies, each.movie);
    }
    return lookup;
  }

  std::vector<Candidate> with_key(const TitleText& text) {
    std::vector<Candidate> found;
    for (const MovieId movie : titles.rows_with_key(text.key)) {
      const TitleCloseness close = closeness(text, catalog, movie);
      if (close.factor > 0)
        found.push_back({movie, close.factor, close.exact ? TitleMatch::kExact : TitleMatch::kFolded});
    }
    return found;
  }

  std::vector<Candidate> misspelled_or_with_words(const TitleText& text) {
    std::vector<Candidate> found;
    const int limit = title_errors_allowed(text.article.size());
    if (limit > 0) {
      for (const auto& near : titles.scan().near({text.folded, text.key}, limit, titles.pool()))
        found.push_back({near.row, factor_of_errors(near.errors), TitleMatch::kFuzzy});
    }
    const std::vector<std::string> words = words_of(text.key);
    if (!std::all_of(words.begin(), words.end(), is_function_word)) {
      for (const auto& shared : titles.scan().with_words(words, titles.pool())) {
        if (std::popcount(shared.words) == static_cast<int>(words.size()))
          found.push_back({shared.row, factor_of_words(text, catalog, shared.row), TitleMatch::kWords});
      }
    }
    return found;
  }

  std::vector<Candidate> misspelled_within(const TitleText& text) {
    std::vector<Candidate> found;
    if (text.key.size() < kShortestWithin) return found;
    for (const auto& near : titles.scan().containing(text.key, title_errors_allowed(text.key.size()), titles.pool()))
      found.push_back({near.row, factor_of_errors(near.errors), TitleMatch::kFuzzy});
    return found;
  }

  // Near titles, then titles with the same words: those with the most and the rarest words first.
  std::vector<MovieId> suggestions(const TitleText& text) {
    std::vector<MovieId> movies;
    if (text.folded.empty()) return movies;
    const int errors = title_errors_allowed(text.folded.size()) + 1;
    for (const auto& near : titles.scan().near({text.folded, text.key}, errors, titles.pool()))
      add_once(movies, near.row);
    std::vector<std::string> words = words_of(text.key);
    std::erase_if(words, is_function_word);
    const auto shared = titles.scan().with_words(words, titles.pool());
    std::vector<double> rarity(words.size());
    double whole = 0;
    for (std::size_t i = 0; i < words.size(); ++i) {
      const auto count = std::count_if(shared.begin(), shared.end(), [&](const auto& s) { return s.words >> i & 1; });
      if (count > 0) rarity[i] = std::log(1 + static_cast<double>(catalog.size()) / static_cast<double>(count));
      whole += rarity[i];
    }
    std::vector<std::pair<double, MovieId>> order;
    for (const auto& each : shared) {
      double score = 0;
      for (std::size_t i = 0; i < words.size(); ++i) score += (each.words >> i & 1) != 0 ? rarity[i] : 0;
      if (score > 0.6 * whole) order.emplace_back(-score, each.row);
    }
    std::sort(order.begin(), order.end());
    for (const auto& [score, movie] : order) {
      if (movies.size() >= kSuggestions) break;
      add_once(movies, movie);
    }
    if (movies.size() > kSuggestions) movies.resize(kSuggestions);
    return movies;
  }

  const MovieCatalog& catalog;
  NameLookup titles;
};

TitleIndex::TitleIndex(const MovieCatalog& catalog, ThreadPool* pool) : impl_(std::make_unique<Impl>(catalog, pool)) {}
TitleIndex::~TitleIndex() = default;

TitleLookup TitleIndex::find(std::string_view title, std::int32_t year) const {
  Impl& index = *impl_;
  title = trimmed(title);
  if (const auto dated = title_with_year(title)) {
    title = dated->title;
    if (year == kUnknown) year = dated->year;
  }
  if (title.empty()) return {};
  const TitleText text(title);
  const std::vector<Candidate> named = index.with_key(text);
  if (auto found = index.decide(named, year); !found.movies.empty()) return found;
  const auto bare = year == kUnknown ? title_with_bare_year(title) : std::nullopt;
  std::optional<TitleText> undated;
  if (bare) {
    undated.emplace(bare->title);
    if (auto found = index.decide(index.with_key(*undated), bare->year); !found.movies.empty()) return found;
  }
  for (const bool within : {false, true}) {
    const auto look = [&](const TitleText& each) {
      return within ? index.misspelled_within(each) : index.misspelled_or_with_words(each);
    };
    if (auto found = index.decide(look(text), year); !found.movies.empty()) return found;
    if (!undated) continue;
    if (auto found = index.decide(look(*undated), bare->year); !found.movies.empty()) return found;
  }
  // The title in other years, or what resembles it.
  TitleLookup nearest = index.decide(undated ? index.with_key(*undated) : named, kUnknown);
  if (nearest.movies.empty()) nearest.movies = index.suggestions(undated ? *undated : text);
  if (nearest.movies.size() > kSuggestions) nearest.movies.resize(kSuggestions);
  nearest.match = TitleMatch::kNone;
  return nearest;
}

}  // namespace matinee
