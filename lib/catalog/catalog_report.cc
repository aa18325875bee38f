#include "lib/catalog/catalog_report.h"

#include <fmt/format.h>

namespace matinee {

std::string CatalogReport::describe() const {
  std::string text = fmt::format("{} titles read, {} of the type, {} kept", titles_read, titles_of_type, kept);
  const auto add = [&](std::int64_t count, const char* what, const std::string& first = "") {
    if (count > 0) text += fmt::format("; {} {}", count, what);
    if (count > 0 && !first.empty()) text += ", the first: " + first;
  };
  add(adult, "adult titles left out");
  add(without_title, "left out because they have no title");
  add(twice, "rows left out because their title is there before");
  add(ratings_twice, "ratings left out because their title is rated before");
  add(people_twice, "rows left out because their person is there before");
  add(without_rating, "without rating");
  add(without_crew, "without director or writer");
  add(without_cast, "without cast");
  add(dangling_people, "references to people that name.basics lacks");
  add(people_without_name, "people without a name left out");
  add(ratings_without_title, "ratings without a title");
  add(crew_without_title, "crew rows without a title");
  add(principals_without_title, "principals without a title");
  add(rare_genres, "rare genres left out (a catalog has at most 32)", first_rare_genre);
  add(strange_ids, "rows left out because their id is not \"tt\" or \"nm\" and digits", first_strange_id);
  add(bad_rows, "bad rows skipped", first_bad);
  return text;
}

}  // namespace matinee
