#include "lib/vectors/co_likes.h"

#include <charconv>
#include <cstdlib>
#include <string>
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

// The movies of the lines' films, -1 where the catalog has none. Few titles are wanted and many are in the catalog, so
// the former are in a table in which the latter are looked up, each by one thread.
std::vector<MovieId> find_movies(const std::vector<Line>& lines, const MovieCatalog& catalog, ThreadPool& pool) {
  std::unordered_map<std::string, std::vector<std::size_t>> lines_of;  // by title
  for (std::size_t i = 0; i < lines.size(); ++i) lines_of[fold_title(lines[i].title)].push_back(i);
  constexpr std::size_t kBlock = 4096;
  using Found = std::pair<std::size_t, std::pair<std::int32_t, MovieId>>;  // line; years apart, movie
  std::vector<std::vector<Found>> found((static_cast<std::size_t>(catalog.size()) + kBlock - 1) / kBlock);
  pool.for_blocks(static_cast<std::size_t>(catalog.size()), kBlock, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t i = begin; i < end; ++i) {
      const auto movie = static_cast<MovieId>(i);
      if (catalog.year(movie) == kUnknown) continue;
      const auto look_up = [&](std::string_view title) {
        const auto at = lines_of.find(fold_title(title));
        if (at == lines_of.end()) return;
        for (const std::size_t line : at->second)
          found[begin / kBlock].push_back({line, {std::abs(catalog.year(movie) - lines[line].year), movie}});
      };
      look_up(catalog.title(movie));
      if (catalog.original_title(movie) != catalog.title(movie)) look_up(catalog.original_title(movie));
    }
  });
  // The movie of the nearest year, at most one apart; then the one with the most votes.
  std::vector<std::pair<std::int32_t, MovieId>> best(lines.size(), {2, -1});
  for (const std::vector<Found>& block : found) {
    for (const auto& [line, candidate] : block) best[line] = std::min(best[line], candidate);
  }
  std::vector<MovieId> movies;
  for (const auto& [apart, movie] : best) movies.push_back(movie);
  return movies;
}

}  // namespace

std::string_view shipped_co_likes() {
  return {matinee_co_likes_begin, static_cast<std::size_t>(matinee_co_likes_end - matinee_co_likes_begin)};
}

CoLikes read_co_likes(std::string_view text, std::string_view place, const MovieCatalog& catalog, ThreadPool& pool) {
  std::vector<Line> lines;
  for (std::int64_t at = 1; !text.empty(); ++at) {
    const std::string_view line = take(text, '\n');
    if (!line.empty() && !line.starts_with('#')) lines.push_back(parse(line, fmt::format("{}:{}", place, at)));
  }
  const std::vector<MovieId> movies = find_movies(lines, catalog, pool);
  CoLikes result;
  result.likes.assign(static_cast<std::size_t>(catalog.size()), 0);
  std::vector<std::vector<std::pair<std::int32_t, float>>> rows(result.likes.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const MovieId a = movies[i];
    if (a >= 0) {
      std::int32_t& likes = result.likes[static_cast<std::size_t>(a)];
      if (__builtin_add_overflow(likes, lines[i].likes, &likes))
        throw bad_data("{}: the likes of \"{}\" are more than 2147483647", place, lines[i].title);
    }
    for (const auto& [other, dialogues] : lines[i].together) {
      if (other >= static_cast<std::int32_t>(movies.size()))
        throw bad_data("{}: expected numbers of films below {}, found {}", place, movies.size(), other);
      const MovieId b = movies[static_cast<std::size_t>(other)];
      if (a < 0 || b < 0 || a == b) continue;
      rows[static_cast<std::size_t>(a)].emplace_back(b, static_cast<float>(dialogues));
      rows[static_cast<std::size_t>(b)].emplace_back(a, static_cast<float>(dialogues));
    }
  }
  result.together.n_columns = catalog.size();
  for (auto& row : rows) result.together.add_row(row);
  return result;
}

}  // namespace matinee
