#include "lib/catalog/title_index.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_map>

#include "lib/base/list_members.h"
#include "lib/catalog/common_words.h"
#include "lib/catalog/fold_name.h"
#include "lib/catalog/name_words.h"
#include "lib/catalog/title_parts.h"

namespace matinee {
namespace {

using Movies = std::vector<MovieId>;

constexpr std::size_t kSuggestions = 5;

int errors_allowed(std::size_t length) { return length < 4 ? 0 : length < 8 ? 1 : length < 16 ? 2 : 3; }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  return begin == text.npos ? std::string_view() : text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// Removes the year of "Heat (1995)" from the title and returns it.
std::int32_t take_year(std::string_view& title) {
  if (title.size() < 7 || title.back() != ')' || title[title.size() - 6] != '(') return kUnknown;
  std::int32_t year = 0;
  const char* begin = title.data() + title.size() - 5;
  if (std::from_chars(begin, begin + 4, year).ptr != begin + 4) return kUnknown;
  title = trimmed(title.substr(0, title.size() - 6));
  return year;
}

std::uint32_t trigram(std::string_view text, std::size_t i) {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])) << 16 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(text[i + 1])) << 8 |
         static_cast<unsigned char>(text[i + 2]);
}

// The words by which titles are compared: "godfather 2" of "The Godfather Part II".
std::string key_of(std::string_view folded) {
  std::string key;
  for (const std::string_view word : name_words(folded)) {
    if (!key.empty()) key += ' ';
    key += word;
  }
  return key;
}

std::string digits_of(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if ((c >= '0' && c <= '9') || c == ' ')
      digits += c == ' ' && (digits.empty() || digits.back() == ' ') ? "" : std::string(1, c);
  }
  while (!digits.empty() && digits.back() == ' ') digits.pop_back();
  return digits;
}

}  // namespace

std::optional<std::string_view> tconst_in(std::string_view text) {
  text = trimmed(text);
  if (const std::size_t at = text.find("imdb.com/"); at != text.npos) {
    const std::size_t title = text.find("/tt", at);
    if (title == text.npos) return {};
    text = text.substr(title + 1);
    text = text.substr(0, text.find_first_not_of("0123456789", 2));
  }
  const bool id = text.size() > 6 && text.starts_with("tt") && text.find_first_not_of("0123456789", 2) == text.npos;
  return id ? std::optional(text) : std::nullopt;
}

struct TitleIndex::Impl {
  explicit Impl(const MovieCatalog& movie_catalog) : catalog(movie_catalog) {
    for (MovieId movie = 0; movie < catalog.size(); ++movie) {
      for (const std::string_view title : {catalog.title(movie), catalog.original_title(movie)}) {
        add_once(exact[title], movie);
        const std::string name = fold_name(title);
        add_key(fold_title(title), movie);
        add_key(name, movie);  // with its article, which may be misspelled: "Teh Matrix"
        add_once(standard[key_of(name)], movie);
        if (const std::string letters = digits_as_letters(name); !letters.empty())
          add_once(standard[key_of(letters)], movie);
        for (const TitlePart& part : title_parts(title)) {
          if (part.identifies || part.leads) add_once(parts[key_of(part.folded)], movie);
        }
        for (const std::string_view word : name_words(name)) {
          if (!is_function_word(word)) add_once(with_word[std::string(word)], movie);
        }
      }
      for (const std::string_view title : catalog.other_titles(movie))
        add_once(others[key_of(fold_name(title))], movie);
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
    const std::string digits = digits_of(key);
    // One error changes at most three trigrams, a swap four.
    const int needed = std::max(1, static_cast<int>(padded.size()) - 2 - 4 * limit);
    std::vector<std::pair<int, std::uint32_t>> close;
    for (const auto& [number, hits] : shared) {
      if (hits < needed) continue;
      if (digits_of(*keys[number]) != digits) continue;  // another number is another film, no typing error
      const int distance = edit_distance(key, *keys[number], limit);
      if (distance <= limit) close.emplace_back(distance, number);
    }
    std::sort(close.begin(), close.end());
    if (close.size() > count) close.resize(count);
    return close;
  }

  // Titles that share words with `key`; those with the most and the rarest words first, then the best known.
  Movies with_words_of(const std::string& key) const {
    std::unordered_map<MovieId, double> scores;
    double whole = 0;
    for (const std::string_view word : name_words(key)) {
      const auto found = with_word.find(std::string(word));
      if (found == with_word.end()) continue;
      const double rarity =
          std::log(1 + static_cast<double>(catalog.size()) / static_cast<double>(found->second.size()));
      whole += rarity;
      for (const MovieId movie : found->second) scores[movie] += rarity;
    }
    std::vector<std::pair<double, MovieId>> order;
    for (const auto& [movie, score] : scores) {
      if (score > 0.6 * whole) order.emplace_back(-score, movie);
    }
    std::sort(order.begin(), order.end());
    Movies movies;
    for (std::size_t i = 0; i < std::min(order.size(), kSuggestions); ++i) movies.push_back(order[i].second);
    return movies;
  }

  const MovieCatalog& catalog;
  std::unordered_map<std::string_view, Movies> exact;
  std::unordered_map<std::string, Movies> standard, parts;  // by key_of
  std::unordered_map<std::string, Movies> others;           // titles in other countries, by key_of
  std::unordered_map<std::string, Movies> with_word;
  std::unordered_map<std::string, Movies> folded;
  std::vector<const std::string*> keys;
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> trigrams;
};

TitleIndex::TitleIndex(const MovieCatalog& catalog) : impl_(std::make_unique<Impl>(catalog)) {}
TitleIndex::~TitleIndex() = default;

TitleLookup TitleIndex::find(std::string_view title, std::int32_t year) const {
  title = trimmed(title);
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
  const auto movies_of = [](const auto& map, const auto& key) {
    const auto found = map.find(key);
    return found == map.end() ? Movies() : found->second;
  };
  const std::string key = fold_title(title), standard = key_of(fold_name(title));
  // "Ocean's 11" is also a way to write "Ocean's Eleven".
  Movies exact = movies_of(impl_->exact, title);
  if (!exact.empty() && !digits_of(standard).empty()) {
    for (const MovieId movie : movies_of(impl_->standard, standard)) add_once(exact, movie);
  }
  if (auto lookup = decide(TitleMatch::kExact, exact); !lookup.movies.empty()) return lookup;
  for (const Movies& movies : {movies_of(impl_->folded, key), movies_of(impl_->standard, standard),
                               movies_of(impl_->parts, standard), movies_of(impl_->others, standard)}) {
    if (auto lookup = decide(TitleMatch::kFolded, movies); !lookup.movies.empty()) return lookup;
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
  for (const MovieId movie : impl_->with_words_of(standard)) add_once(suggestions.movies, movie);
  if (suggestions.movies.size() > kSuggestions) suggestions.movies.resize(kSuggestions);
  return suggestions;
}

}  // namespace matinee
