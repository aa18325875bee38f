#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/options.h"
#include "lib/catalog/title_index.h"
#include "lib/chat/viewing_history.h"

namespace matinee {

/// What became of the rows of an export.
struct ImportReport {
  std::string service;       ///< "Letterboxd" or "IMDb"
  std::int64_t rows = 0;     ///< without the header; the sum of the next four
  std::int64_t matched = 0;  ///< found in the catalog
  std::int64_t unmatched = 0;
  std::int64_t unrated = 0;          ///< of IMDb's watchlist, without a rating: not seen yet
  std::int64_t damaged = 0;          ///< wrong number of fields, or no such rating
  std::int64_t written = 0;          ///< entries added to the history
  std::vector<std::string> missing;  ///< the first unmatched, "Heat (1995)"
};

/// Adds the movies of a CSV file that Letterboxd (watched.csv, ratings.csv, diary.csv, reviews.csv, likes/films.csv) or
/// IMDb (ratings, a watchlist with ratings) exported. Its columns tell which; that a Letterboxd file holds likes, only
/// its folder `likes` or its name does. Ratings of 7 of 10 and more are liked, of 4 and less disliked, all other movies
/// seen. A row changes an entry of the history only if it is not older, and `seen` never replaces an opinion.
/// IMDb's movies are found by tconst (by title and year, where none of the file's is in the catalog), Letterboxd's by
/// title and year ± 1.
/// `note` receives a line "FILE:LINE: ..." for each damaged row. Throws Error(kBadData) for a file of another kind, for
/// Letterboxd's watchlist and for CSV that cannot be read.
ImportReport import_viewings(const std::string& path, const MovieCatalog& catalog, const TitleIndex& titles,
                             ViewingHistory& history, const std::function<void(std::string_view)>& note);

/// The report in lines for the user.
std::string report_text(const ImportReport& report, const std::string& path, const std::string& history_path);

/// What a user keeps across sessions.
struct MemoryOptions {
  std::string memory;                ///< file of the viewing history; "": nothing is kept
  std::vector<std::string> imports;  ///< exports to add to it

  void add(OptionSet& options);
  /// Throws Error(kUsage) for exports without a history.
  void check() const;
};

/// Adds the exports to the history, with the movies of the catalog at `movies`. `write` receives the report of each
/// when it is done. Throws as import_viewings.
void import_files(const MemoryOptions& options, const std::string& movies,
                  const std::function<void(std::string_view)>& note,
                  const std::function<void(std::string_view)>& write);

}  // namespace matinee
