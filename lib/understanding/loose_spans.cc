#include "lib/understanding/loose_spans.h"

#include <algorithm>

#include "lib/dialogue/span_text.h"

namespace matinee {

LooseYears::LooseYears(const MovieCatalog& catalog) {
  for (const bool voted : {true, false}) {
    for (MovieId movie = 0; movie < catalog.size() && (voted || newest == 0); ++movie) {
      if (!voted || catalog.votes(movie) != kUnknown) newest = std::max(newest, catalog.year(movie));
    }
  }
  recent = {newest - 8, kLastYear};
  old = {kFirstYear, newest - 40};
  not_recent = {kFirstYear, newest - 8};
  not_old = {newest - 20, kLastYear};
}

}  // namespace matinee
