#include "lib/catalog/misspelled_people.h"

#include <cmath>
#include <optional>

#include "lib/catalog/common_words.h"
#include "lib/catalog/fold_name.h"

namespace matinee {
namespace {

constexpr int kFewestLetters = 4;  // of the misspelled word

int errors_allowed(std::size_t letters) { return letters < 5 ? 1 : letters < 9 ? 2 : 3; }

bool may_be_misspelled(const SentenceWord& word, const NamePhrases& phrases) {
  return word.folded.size() >= kFewestLetters && word.owner.empty() && !is_english_form(word.folded) &&
         !is_never_name(word.folded) && phrases.words().exact(word.folded) == SpellingIndex::kNone;
}

// The first letters agree, or were swapped.
bool begins_alike(std::string_view a, std::string_view b) {
  return a[0] == b[0] || (a.size() > 1 && b.size() > 1 && a[0] == b[1] && a[1] == b[0]);
}

// Of the bearers of `right`, the one whose other name is nearest to `wrong`; the better known of two.
std::optional<MisspelledPerson> nearest(std::string_view right, bool right_is_given, std::string_view wrong,
                                        const NamePhrases& phrases) {
  std::optional<MisspelledPerson> best;
  for (const PersonId person : phrases.known_people(right)) {
    const std::string name = fold_name(phrases.catalog().person_name(person));
    const std::string_view given = std::string_view(name).substr(0, name.find(' '));
    const std::string_view surname = std::string_view(name).substr(name.rfind(' ') + 1);
    if ((right_is_given ? given : surname) != right) continue;
    const std::string_view other = right_is_given ? surname : given;
    if (!begins_alike(wrong, other)) continue;
    const int limit = errors_allowed(std::min(wrong.size(), other.size()));
    const int errors = edit_distance(wrong, other, limit);
    if (errors > limit) continue;
    const bool better =
        !best || errors < best->errors || (errors == best->errors && phrases.fame(person) > phrases.fame(best->id));
    if (better) best = MisspelledPerson{person, 0, 0, errors, 0.8 * std::pow(0.85, errors)};
  }
  return best;
}

}  // namespace

std::vector<MisspelledPerson> misspelled_people(const std::vector<SentenceWord>& words, const NamePhrases& phrases) {
  std::vector<MisspelledPerson> found;
  for (std::size_t at = 0; at + 1 < words.size(); ++at) {
    if (words[at + 1].mark != 0 && words[at + 1].mark != '-') continue;
    const std::string_view first = words[at].folded;
    const std::string_view second = words[at + 1].owner.empty() ? words[at + 1].folded : words[at + 1].owner;
    std::optional<MisspelledPerson> person;
    if (may_be_misspelled(words[at + 1], phrases)) person = nearest(first, true, second, phrases);
    if (!person && may_be_misspelled(words[at], phrases)) person = nearest(second, false, first, phrases);
    if (!person) continue;
    person->begin = at;
    person->end = at + 2;
    found.push_back(*person);
  }
  return found;
}

}  // namespace matinee
