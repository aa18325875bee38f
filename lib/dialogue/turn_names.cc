#include "lib/dialogue/turn_names.h"

#include <algorithm>

namespace matinee {
namespace {

void add(std::vector<std::string>& list, std::string_view name) {
  if (std::find(list.begin(), list.end(), name) == list.end()) list.emplace_back(name);
}

}  // namespace

TurnNames names_in_turn(const MovieCatalog& catalog, const MentionFinder& finder, std::span<const SystemAct> acts,
                        std::string_view user_text) {
  TurnNames names;
  names.genres = catalog.genres();
  for (auto act = acts.rbegin(); act != acts.rend(); ++act) {
    if (act->movie >= 0) add(names.movies, catalog.display_name(act->movie));
  }
  std::vector<Mention> kept;
  for (const Mention& mention : finder.find(user_text)) {
    const bool read_already = std::any_of(kept.begin(), kept.end(), [&](const Mention& better) {
      return better.kind == mention.kind && better.begin < mention.end && mention.begin < better.end;
    });
    if (!read_already) kept.push_back(mention);
  }
  for (const Mention& mention : kept) {
    const bool is_movie = mention.kind == MentionKind::kMovie;
    add(is_movie ? names.movies : names.people,
        is_movie ? catalog.display_name(mention.id) : catalog.person_display_name(mention.id));
  }
  std::stable_sort(kept.begin(), kept.end(), [](const Mention& a, const Mention& b) { return a.begin < b.begin; });
  for (const Mention& mention : kept) {
    add(names.mentioned, mention.kind == MentionKind::kMovie ? catalog.display_name(mention.id)
                                                             : catalog.person_display_name(mention.id));
  }
  return names;
}

}  // namespace matinee
