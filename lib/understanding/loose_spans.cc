#include "lib/understanding/loose_spans.h"

#include <algorithm>

#include "lib/dialogue/span_text.h"

namespace matinee {

LooseYears::LooseYears(const MovieCatalog& catalog) {
  std::int32_t newest = 0;
  for (MovieId movie = 0; movie < catalog.size(); ++movie) newest = std::max(newest, catalog.year(movie));
  recent = {newest - 8, kLastYear};
  old = {kFirstYear, newest - 40};
  not_recent = {kFirstYear, newest - 8};
  not_old = {newest - 20, kLastYear};
}

}  // namespace matinee
