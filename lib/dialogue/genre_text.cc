#include "lib/dialogue/genre_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/ascii.h"
#include "lib/dialogue/article.h"

namespace matinee {
namespace {

// Genres whose movies are not called "GENRE movie".
struct Noun {
  std::string_view genre, noun;
};
constexpr auto kNouns = std::to_array<Noun>({{"animation", "animated movie"},
                                             {"biography", "biopic"},
                                             {"comedy", "comedy"},
                                             {"documentary", "documentary"},
                                             {"drama", "drama"},
                                             {"film-noir", "film noir"},
                                             {"game-show", "game show"},
                                             {"history", "historical movie"},
                                             {"musical", "musical"},
                                             {"mystery", "mystery"},
                                             {"reality-tv", "reality show"},
                                             {"romance", "romance"},
                                             {"short", "short film"},
                                             {"sport", "sports movie"},
                                             {"talk-show", "talk show"},
                                             {"thriller", "thriller"},
                                             {"western", "western"}});

std::string noun_of(std::string_view genre) {
  const std::string word = to_lower(genre);
  const auto found = std::find_if(kNouns.begin(), kNouns.end(), [&](const Noun& noun) { return noun.genre == word; });
  return found == kNouns.end() ? word + " movie" : std::string(found->noun);
}

// What a movie of several genres is called after, the first that it has.
constexpr auto kHeads =
    std::to_array<std::string_view>({"documentary", "film-noir", "western", "musical", "comedy", "thriller", "drama"});
// The adjectives before that noun, or before "movie"; the first that fits.
struct Adjective {
  std::string_view genre, word;
};
constexpr auto kAdjectives = std::to_array<Adjective>({{"animation", "animated"},
                                                       {"sci-fi", "sci-fi"},
                                                       {"horror", "horror"},
                                                       {"fantasy", "fantasy"},
                                                       {"war", "war"},
                                                       {"romance", "romantic"},
                                                       {"crime", "crime"},
                                                       {"sport", "sports"},
                                                       {"family", "family"},
                                                       {"biography", "biographical"},
                                                       {"history", "historical"},
                                                       {"mystery", "mystery"},
                                                       {"action", "action"},
                                                       {"adventure", "adventure"}});

std::string plural(const std::string& word) {
  return word.ends_with('y') ? word.substr(0, word.size() - 1) + "ies" : word + "s";
}

}  // namespace

std::string a_genre(std::string_view genre) { return with_article(noun_of(genre)); }

std::string short_kind(std::span<const std::string> genres) {
  const auto has = [&](std::string_view wanted) {
    return std::any_of(genres.begin(), genres.end(), [&](const std::string& g) { return to_lower(g) == wanted; });
  };
  if (genres.empty()) return "movie";
  if (genres.size() == 1) return noun_of(genres[0]);
  const auto head = std::find_if(kHeads.begin(), kHeads.end(), has);
  const auto adjective =
      std::find_if(kAdjectives.begin(), kAdjectives.end(), [&](const Adjective& a) { return has(a.genre); });
  if (adjective == kAdjectives.end()) return noun_of(head == kHeads.end() ? genres[0] : *head);
  // Film noir takes no adjective, and a mystery without another noun is called one.
  if (head == kHeads.end()) return adjective->genre == "mystery" ? "mystery" : std::string(adjective->word) + " movie";
  return *head == "film-noir" ? noun_of(*head) : fmt::format("{} {}", adjective->word, noun_of(*head));
}

std::string full_kind(std::span<const std::string> genres) {
  if (genres.size() < 2) return short_kind(genres);
  std::string adjectives, nouns;
  for (const std::string& genre : genres) {
    const std::string word = to_lower(genre);
    const auto adjective =
        std::find_if(kAdjectives.begin(), kAdjectives.end(), [&](const Adjective& a) { return a.genre == word; });
    if (adjective != kAdjectives.end()) {
      adjectives += std::string(adjective->word) + " ";
    } else if (std::string noun = noun_of(genre); noun.ends_with(" movie")) {
      adjectives += noun.substr(0, noun.size() - 5);
    } else {
      nouns += (nouns.empty() ? "" : " ") + noun;
    }
  }
  return adjectives + (nouns.empty() ? "movie" : nouns);
}

std::string genre_plural(std::string_view genre) { return plural(noun_of(genre)); }

std::vector<std::string> genre_claims(std::string_view genre) {
  const std::string word = to_lower(genre), noun = noun_of(genre);
  std::vector<std::string> claims{word, plural(word)};
  for (std::size_t begin = 0; begin < noun.size();) {
    const std::size_t end = std::min(noun.find(' ', begin), noun.size());
    const std::string part = noun.substr(begin, end - begin);
    begin = end + 1;
    if (part == word || part == "movie" || part == "film" || part == "show") continue;
    claims.push_back(part);
    claims.push_back(plural(part));
  }
  for (const Adjective& adjective : kAdjectives) {
    if (adjective.genre == word && adjective.word != word && adjective.word != "sports")
      claims.emplace_back(adjective.word);
  }
  return claims;
}

}  // namespace matinee
