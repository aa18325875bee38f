#include "lib/vectors/co_likes.h"

#include <charconv>
#include <cstdlib>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "lib/base/format_error.h"
#include "lib/catalog/fold_name.h"

// co_likes.txt, put into the program by co_likes_data.S.
extern "C" {
extern const char matinee_co_likes_begin[], matinee_co_likes_end[];
}

namespace matinee {
namespace {

// The whole of `text` as a number of at least `low`, or -1.
std::int32_t number(std::string_view text, std::int32_t low) {
  std::int32_t value = -1;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size() && value >= low ? value : -1;
}

// The part before the first separator; `text` becomes the part after it.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text = end == text.npos ? std::string_view() : text.substr(end + 1);
  return part;
}

struct Line {
  std::string_view title;
  std::int32_t year = 0, likes = 0;
  std::vector<std::pair<std::int32_t, std::int32_t>> together;  // number of a later film, dialogues
};

// "The Shining (1980)", tab, likes, tab, "5 8:2".
Line parse(std::string_view text, const std::string& place) {
  Line line;
  std::string_view rest = text;
  const std::string_view film = take(rest, '\t');
  const std::size_t year = film.rfind(" (");
  if (year != film.npos && film.ends_with(')') && film.size() == year + 7) {
    line.title = film.substr(0, year);
    line.year = number(film.substr(year + 2, 4), 1000);
  }
  if (line.year <= 0)
    throw bad_data("{}: expected a film as \"TITLE (YEAR)\", found \"{}\"", place, film.substr(0, 60));
  const std::string_view likes = take(rest, '\t');
  line.likes = number(likes, 1);
  if (line.likes < 0) throw bad_data("{}: expected the number of likes, found \"{}\"", place, likes);
  while (!rest.empty()) {
    const std::string_view entry = take(rest, ' ');
    std::string_view count = entry;
    const std::int32_t other = number(take(count, ':'), 0), dialogues = count.empty() ? 1 : number(count, 1);
    if (other < 0 || dialogues < 0)
      throw bad_data("{}: expected the number of a film and a count as \"8\" or \"8:2\", found \"{}\"", place, entry);
    line.together.emplace_back(other, dialogues);
  }
  return line;
}

// Finds movies by title and year.
class Titles {
 public:
  explicit Titles(const MovieCatalog& catalog) : catalog_(catalog) {
    for (MovieId movie = 0; movie < catalog.size(); ++movie) {
      if (catalog.year(movie) == kUnknown) continue;
      const std::string title = fold_title(catalog.title(movie)), original = fold_title(catalog.original_title(movie));
      movies_[title].push_back(movie);
      if (original != title) movies_[original].push_back(movie);
    }
  }

  // The movie of the nearest year, then the one with the most votes; -1 if none is within a year.
  MovieId find(std::string_view title, std::int32_t year) const {
    const auto found = movies_.find(fold_title(title));
    if (found == movies_.end()) return -1;
    std::pair<std::int32_t, MovieId> best{2, -1};
    for (const MovieId movie : found->second) best = std::min(best, {std::abs(catalog_.year(movie) - year), movie});
    return best.second;
  }

 private:
  const MovieCatalog& catalog_;
  std::unordered_map<std::string, std::vector<MovieId>> movies_;
};

}  // namespace

std::string_view shipped_co_likes() {
  return {matinee_co_likes_begin, static_cast<std::size_t>(matinee_co_likes_end - matinee_co_likes_begin)};
}

CoLikes read_co_likes(std::string_view text, std::string_view place, const MovieCatalog& catalog) {
  const Titles titles(catalog);
  CoLikes result;
  result.likes.assign(static_cast<std::size_t>(catalog.size()), 0);
  std::vector<MovieId> movies;                                              // by line
  std::vector<std::tuple<std::int32_t, std::int32_t, std::int32_t>> pairs;  // two lines, dialogues
  for (std::int64_t at = 1; !text.empty(); ++at) {
    const std::string_view line_text = take(text, '\n');
    if (line_text.empty() || line_text.starts_with('#')) continue;
    const Line line = parse(line_text, fmt::format("{}:{}", place, at));
    for (const auto& [other, dialogues] : line.together)
      pairs.emplace_back(static_cast<std::int32_t>(movies.size()), other, dialogues);
    movies.push_back(titles.find(line.title, line.year));
    if (movies.back() >= 0) result.likes[static_cast<std::size_t>(movies.back())] += line.likes;
  }
  std::vector<std::vector<std::pair<std::int32_t, float>>> rows(result.likes.size());
  for (const auto& [first, second, dialogues] : pairs) {
    if (second >= static_cast<std::int32_t>(movies.size())) {
      throw bad_data("{}: expected numbers of films below {}, found {}", place, movies.size(), second);
    }
    const MovieId a = movies[static_cast<std::size_t>(first)], b = movies[static_cast<std::size_t>(second)];
    if (a < 0 || b < 0 || a == b) continue;
    rows[static_cast<std::size_t>(a)].emplace_back(b, static_cast<float>(dialogues));
    rows[static_cast<std::size_t>(b)].emplace_back(a, static_cast<float>(dialogues));
  }
  result.together.n_columns = catalog.size();
  for (auto& row : rows) result.together.add_row(row);
  return result;
}

}  // namespace matinee
