#pragma once

#include <string>
#include <string_view>

#include "lib/catalog/movie_catalog.h"

namespace matinee {

/// A text that is to name a movie, in the forms in which it is compared with titles.
struct TitleText {
  explicit TitleText(std::string_view text);

  std::string_view text;
  std::string folded;   ///< fold_name
  std::string joined;   ///< folded, without "and"
  std::string article;  ///< fold_title: without the article
  std::string key;      ///< title_key
};

/// How likely a text means a movie, in proportion to its votes. The factors are chosen by the queries of
/// tests/recommend/data/queries.tsv.
struct TitleCloseness {
  double factor = 0;   ///< 0: the movie has no title with this key
  bool exact = false;  ///< a title is written like this
};

TitleCloseness closeness(const TitleText& query, const MovieCatalog& catalog, MovieId movie);

/// 0 to 3 typing errors in a title of this many bytes.
int title_errors_allowed(std::size_t bytes);
/// The factor of a title that differs by typing errors.
double factor_of_errors(int errors);
/// The factor of a title that has all words of the text: at its start, in one place, or apart.
double factor_of_words(const TitleText& query, const MovieCatalog& catalog, MovieId movie);

}  // namespace matinee
