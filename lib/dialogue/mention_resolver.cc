#include "lib/dialogue/mention_resolver.h"

#include <algorithm>
#include <utility>

namespace matinee {
namespace {

void add(std::vector<std::string>& list, std::string_view name) {
  if (std::find(list.begin(), list.end(), name) == list.end()) list.emplace_back(name);
}

}  // namespace

TurnNames MentionResolver::names(std::span<const SystemAct> acts, std::string_view user_text) const {
  TurnNames names;
  names.genres = catalog_.genres();
  for (auto act = acts.rbegin(); act != acts.rend(); ++act) {
    if (act->movie >= 0) add(names.movies, catalog_.display_name(act->movie));
  }
  const std::vector<GenreMention> genres = genres_.find(user_text);
  // A word for a genre is not a misspelled name ("comdy" is not Cody), unless it is part of a longer name ("Scary
  // Movie").
  const auto is_genre = [&](const Mention& mention) {
    return std::any_of(genres.begin(), genres.end(), [&](const GenreMention& genre) {
      return (genre.exact || mention.errors > 0) && genre.begin <= mention.begin && mention.end <= genre.end;
    });
  };
  std::vector<Mention> kept;
  for (const Mention& mention : mentions_.find(user_text)) {
    if (is_genre(mention)) continue;
    const bool read_already = std::any_of(kept.begin(), kept.end(), [&](const Mention& better) {
      return better.kind == mention.kind && better.begin < mention.end && mention.begin < better.end;
    });
    if (!read_already) kept.push_back(mention);
  }
  for (const Mention& mention : kept) {
    const bool is_movie = mention.kind == MentionKind::kMovie;
    add(is_movie ? names.movies : names.people,
        is_movie ? catalog_.display_name(mention.id) : catalog_.person_display_name(mention.id));
  }
  std::vector<std::pair<std::size_t, std::string_view>> places;
  for (const Mention& mention : kept) {
    places.emplace_back(mention.begin, mention.kind == MentionKind::kMovie ? catalog_.display_name(mention.id)
                                                                           : catalog_.person_display_name(mention.id));
  }
  for (const GenreMention& genre : genres) {
    const bool in_name = std::any_of(kept.begin(), kept.end(), [&](const Mention& mention) {
      return mention.begin < genre.end && genre.begin < mention.end;
    });
    if (!in_name) places.emplace_back(genre.begin, catalog_.genres()[static_cast<std::size_t>(genre.genre)]);
  }
  std::stable_sort(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [place, name] : places) add(names.mentioned, name);
  return names;
}

}  // namespace matinee
