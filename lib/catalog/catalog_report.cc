#include "lib/catalog/catalog_report.h"

#include <fmt/format.h>

#include <string_view>

#include "lib/base/amounts.h"

namespace matinee {

std::string CatalogReport::describe() const {
  std::string text = fmt::format("{}, {} of the type, {} kept", format_count(titles_read, "title read", "titles read"),
                                 titles_of_type, kept);
  const auto add = [&](std::int64_t count, std::string_view one, std::string_view many, const std::string& first = "") {
    if (count > 0) text += "; " + format_count(count, one, many);
    if (count > 0 && !first.empty()) text += ", the first: " + first;
  };
  const auto add_same = [&](std::int64_t count, std::string_view what) { add(count, what, what); };
  add(adult, "adult title left out", "adult titles left out");
  add(without_title, "left out because it has no title", "left out because they have no title");
  add(twice, "row left out because its title is there before", "rows left out because their title is there before");
  add(ratings_twice, "rating left out because its title is rated before",
      "ratings left out because their title is rated before");
  add(people_twice, "row left out because its person is there before",
      "rows left out because their person is there before");
  add_same(without_rating, "without rating");
  add_same(without_crew, "without director or writer");
  add_same(without_cast, "without cast");
  add(dangling_people, "reference to a person that name.basics lacks", "references to people that name.basics lacks");
  add(people_without_name, "person without a name left out", "people without a name left out");
  add(ratings_without_title, "rating without a title", "ratings without a title");
  add(crew_without_title, "crew row without a title", "crew rows without a title");
  add(principals_without_title, "principal without a title", "principals without a title");
  add(rare_genres, "rare genre left out (a catalog has at most 32)", "rare genres left out (a catalog has at most 32)",
      first_rare_genre);
  add(strange_ids, "row left out because its id is not \"tt\" or \"nm\" and digits",
      "rows left out because their id is not \"tt\" or \"nm\" and digits", first_strange_id);
  add(bad_rows, "bad row skipped", "bad rows skipped", first_bad);
  return text;
}

}  // namespace matinee
