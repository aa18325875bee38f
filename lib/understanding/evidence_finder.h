#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "lib/catalog/mention_finder.h"
#include "lib/dialogue/system_act.h"
#include "lib/understanding/evidence_words.h"
#include "lib/understanding/genre_finder.h"
#include "lib/understanding/loose_spans.h"
#include "lib/understanding/mark.h"

namespace matinee {

/// Finds everything in a user's text that an update may hold. What is not found cannot be understood, and what is found
/// need not be meant: the language model decides.
class EvidenceFinder {
 public:
  /// All by reference; they must outlive this.
  EvidenceFinder(const MovieCatalog& catalog, const MentionFinder& mentions, const GenreFinder& genres);

  /// The marks of the text in its order, without overlaps; at most kMostMarks. `acts`: the system's last turn.
  std::vector<Mark> find(std::span<const SystemAct> acts, std::string_view text) const;
  /// The same with the names given: those of `names` stand in place of what the name finder makes of their places, and
  /// of what overlaps them.
  std::vector<Mark> find_beside(std::span<const Mark> names, std::span<const SystemAct> acts,
                                std::string_view text) const;

  static constexpr std::size_t kMostMarks = 16;

 private:
  std::vector<Mark> name_marks(std::span<const SystemAct> acts, std::string_view text) const;
  void add_word_marks(std::string_view text, std::vector<Mark>& marks) const;

  void resolve(Mark& mark) const;

  const MentionFinder& mentions_;
  const GenreFinder& genres_;
  const EvidenceWords words_;
  const LooseYears years_;
  std::optional<GenreId> for_children_;  // the genre that stands in for age ratings
};

}  // namespace matinee
