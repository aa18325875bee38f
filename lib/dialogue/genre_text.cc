#include "lib/dialogue/genre_text.h"

#include <algorithm>
#include <array>

#include "lib/base/ascii.h"

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

std::string plural(const std::string& word) {
  return word.ends_with('y') ? word.substr(0, word.size() - 1) + "ies" : word + "s";
}

}  // namespace

std::string a_genre(std::string_view genre) {
  std::string noun = noun_of(genre);
  const bool vowel = std::string_view("aeiou").find(noun[0]) != std::string_view::npos;
  return (vowel ? "an " : "a ") + std::move(noun);
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
  return claims;
}

}  // namespace matinee
