#include "lib/catalog/title_closeness.h"

#include <algorithm>
#include <array>

#include "lib/catalog/fold_name.h"
#include "lib/catalog/name_keys.h"
#include "lib/catalog/name_scan.h"
#include "lib/catalog/name_words.h"
#include "lib/catalog/title_parts.h"
#include "lib/catalog/title_query.h"

namespace matinee {
namespace {

constexpr double kSameTitle = 1;
constexpr double kLettersForDigits = 0.3;  // "seven" for "Se7en"
constexpr double kArticleLeftOut = 0.3;    // "godfather"
constexpr double kSameKey = 0.1;           // another way to write a number, "Fast & Furious" with articles
constexpr double kBeforePartOne = 0.5;     // "Dune" for "Dune: Part One"
constexpr double kStart = 0.03;            // "Lord of the Rings" for "The Lord of the Rings: The Two Towers"
constexpr double kPart = 0.02;             // "The Two Towers"
constexpr double kOriginal = 0.7;          // × for the original title
constexpr double kOtherTitle = 0.3;        // × for a title in another country
constexpr double kWordsAtStart = 0.1, kWordsInOnePlace = 0.05, kWordsApart = 0.01;
constexpr std::array<double, 4> kErrors{1, 0.1, 0.02, 0.005};

std::string without_and(const std::string& folded) {
  std::string text = folded;
  for (std::size_t at = text.find(" and "); at != text.npos; at = text.find(" and ", at)) text.erase(at, 4);
  return text;
}

double whole_title(const TitleText& query, std::string_view title) {
  const std::string folded = fold_name(title);
  if (folded == query.folded && (!folded.empty() || title == query.text)) return kSameTitle;
  if (!folded.empty() && without_and(folded) == query.joined) return kSameTitle;
  if (!folded.empty() && fold_title(title) == query.article) {
    if (folded.size() == query.folded.size()) return kSameTitle;  // "Godfather, The"
    if (query.folded == query.article) return kArticleLeftOut;
  }
  if (title_key(title) == query.key) return kSameKey;
  const std::string letters = digits_as_letters(folded);
  return !letters.empty() && title_key(letters) == query.key ? kLettersForDigits : 0;
}

double part_of_title(const TitleText& query, std::string_view title) {
  double best = 0;
  const std::string key = title_key(title);
  for (const TitlePart& part : title_parts(title)) {
    if (title_key(part.folded) != query.key) continue;
    const bool first = part.leads && key.size() == query.key.size() + 2 && key.ends_with(" 1");
    best = std::max(best, first ? kBeforePartOne : part.leads ? kStart : part.identifies ? kPart : 0);
  }
  return best;
}

}  // namespace

TitleText::TitleText(std::string_view title)
    : text(trimmed(title)),
      folded(fold_name(text)),
      joined(without_and(folded)),
      article(fold_title(text)),
      key(title_key(text)) {}

TitleCloseness closeness(const TitleText& query, const MovieCatalog& catalog, MovieId movie) {
  TitleCloseness result;
  const std::string_view title = catalog.title(movie), original = catalog.original_title(movie);
  for (const std::string_view each : {title, original}) {
    const double weight = each.data() == title.data() ? 1 : kOriginal;
    result.exact = result.exact || each == query.text;
    double factor = whole_title(query, each);
    if (factor == 0) factor = part_of_title(query, each);
    result.factor = std::max(result.factor, weight * factor);
    if (title == original) break;
  }
  if (result.factor >= kOtherTitle) return result;
  for (const std::string_view other : catalog.other_titles(movie))
    result.factor = std::max(result.factor, kOtherTitle * whole_title(query, other));
  return result;
}

int title_errors_allowed(std::size_t bytes) { return bytes < 4 ? 0 : bytes < 8 ? 1 : bytes < 16 ? 2 : 3; }

double factor_of_errors(int errors) {
  return kErrors[static_cast<std::size_t>(std::clamp(errors, 0, static_cast<int>(kErrors.size()) - 1))];
}

double factor_of_words(const TitleText& query, const MovieCatalog& catalog, MovieId movie) {
  double best = kWordsApart;
  for (const std::string_view title : {catalog.title(movie), catalog.original_title(movie)}) {
    const std::string key = title_key(title);
    if (has_phrase(key, query.key))
      best = std::max(best, key.starts_with(query.key) ? kWordsAtStart : kWordsInOnePlace);
  }
  return best;
}

}  // namespace matinee
