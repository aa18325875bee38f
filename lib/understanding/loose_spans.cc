#include "lib/understanding/loose_spans.h"

#include "lib/dialogue/movie_facts.h"
#include "lib/dialogue/span_text.h"

namespace matinee {

LooseYears::LooseYears(const MovieCatalog& catalog) : LooseYears(newest_year(catalog)) {}

LooseYears::LooseYears(std::int32_t newest_movie) : newest(newest_movie) {
  recent = {newest - 8, kLastYear};
  old = {kFirstYear, newest - 40};
  not_recent = {kFirstYear, newest - 8};
  not_old = {newest - 20, kLastYear};
}

}  // namespace matinee
