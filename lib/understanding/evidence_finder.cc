#include "lib/understanding/evidence_finder.h"

#include <algorithm>
#include <array>
#include <string>

#include "lib/base/ascii.h"
#include "lib/catalog/common_words.h"
#include "lib/dialogue/movie_facts.h"
#include "lib/understanding/evidence_numbers.h"

namespace matinee {
namespace {

bool overlap(const Mark& a, const Mark& b) { return a.begin < b.end && b.begin < a.end; }

bool meets_any(const Mark& mark, const std::vector<Mark>& marks) {
  return std::any_of(marks.begin(), marks.end(), [&](const Mark& other) { return overlap(mark, other); });
}

// Whether the words right before this place refuse what follows: "no horror", "hate westerns", "anything but a
// musical".
bool is_refused(std::string_view text, std::size_t begin) {
  constexpr std::array<std::string_view, 5> kBetween{"more ", "any ", "the ", "a ", "all "};
  constexpr std::array<std::string_view, 9> kRefusals{
      "no ", "hate ", "hates ", "without ", "except ", "except for ", "besides ", "anything but ", "everything but "};
  std::string before = " " + to_lower(text.substr(0, begin));
  for (const std::string_view word : kBetween) {
    if (before.ends_with(" " + std::string(word))) before.resize(before.size() - word.size());
  }
  return std::any_of(kRefusals.begin(), kRefusals.end(),
                     [&](std::string_view word) { return before.ends_with(" " + std::string(word)); });
}

bool can_be_refused(MarkKind kind) {
  return kind == MarkKind::kGenre || kind == MarkKind::kName || kind == MarkKind::kTheme || kind == MarkKind::kMood ||
         kind == MarkKind::kBeyond;
}

// "about penguins": the theme behind the word.
bool is_theme_cue(std::string_view word) { return word == "about" || word == "involving" || word == "featuring"; }

}  // namespace

EvidenceFinder::EvidenceFinder(const MovieCatalog& catalog, const MentionFinder& mentions, const GenreFinder& genres)
    : mentions_(mentions), genres_(genres), words_(catalog), years_(catalog) {
  if (!catalog_can_answer(catalog, Slot::kAge)) for_children_ = catalog.genre_id("Family");
}

// What loose words mean in this catalog.
void EvidenceFinder::resolve(Mark& mark) const {
  if (mark.kind == MarkKind::kEra) {
    const auto era = static_cast<Era>(mark.number);
    const bool is_new = era == Era::kNew || era == Era::kNewer;
    mark.span = is_new ? years_.recent : years_.old;
    mark.excluded = is_new ? years_.not_recent : years_.not_old;
  } else if (mark.kind == MarkKind::kSort) {
    mark.span = static_cast<SortOrder>(mark.number) == SortOrder::kOldest ? years_.old : years_.recent;
  } else if (mark.kind == MarkKind::kAge && for_children_ && static_cast<AgeRating>(mark.number) <= kForKids) {
    mark.genres = {*for_children_};
  }
}

// One mark for each place, with the best person and the best movie that it may name.
std::vector<Mark> EvidenceFinder::name_marks(std::span<const SystemAct> acts, std::string_view text) const {
  std::vector<Mark> marks;
  const std::vector<Mention> mentions = mentions_.find(text, {.expects_person = asks_about(acts, Slot::kPerson)});
  for (const Mention& mention : mentions) {
    const bool is_movie = mention.kind == MentionKind::kMovie;
    Mark mark;
    mark.kind = MarkKind::kName;
    mark.begin = mention.begin;
    mark.end = mention.end;
    mark.weak = mention.weak;
    (is_movie ? mark.movie : mark.person) = mention.id;
    const auto same = std::find_if(marks.begin(), marks.end(), [&](const Mark& other) { return overlap(mark, other); });
    if (same == marks.end()) {
      marks.push_back(std::move(mark));
    } else if (same->begin == mark.begin && same->end == mark.end) {
      // The other reading of the same place. A surer reading makes the place a name.
      if (is_movie && same->movie < 0) same->movie = mark.movie;
      if (!is_movie && same->person < 0) same->person = mark.person;
      same->weak = same->weak && mark.weak;
    }
  }
  for (const UnknownTitle& title : mentions_.find_unknown_titles(text, mentions)) {
    Mark mark;
    mark.kind = MarkKind::kNotFound;
    mark.begin = title.begin;
    mark.end = title.end;
    mark.text = text.substr(title.begin, title.end - title.begin);
    if (!meets_any(mark, marks)) marks.push_back(std::move(mark));
  }
  return marks;
}

void EvidenceFinder::add_word_marks(std::string_view text, std::vector<Mark>& marks) const {
  const std::vector<SentenceWord> words = sentence_words(text);
  std::vector<Mark> found = number_marks(text, words, years_.newest);
  const std::vector<GenreMention> genres = genres_.find(words);
  for (std::size_t i = 0; i < words.size();) {
    std::size_t length = 1;
    Mark mark;
    if (const Mark* known = words_.match(words, i, length); known != nullptr) {
      mark = *known;
    } else {
      const auto genre = std::find_if(genres.begin(), genres.end(),
                                      [&](const GenreMention& mention) { return mention.begin == words[i].begin; });
      const bool theme = i > 0 && is_theme_cue(words[i - 1].folded) && !is_function_word(words[i].folded) &&
                         !is_digit(words[i].folded.front());
      if (genre != genres.end()) {
        mark.genres = {genre->genre};
      } else if (theme) {
        mark.kind = MarkKind::kTheme;
        mark.text = words[i].folded;
      } else {
        ++i;
        continue;
      }
    }
    const bool can_exceed = mark.kind == MarkKind::kEra || mark.kind == MarkKind::kLength;
    mark.excess = can_exceed && (words[i].folded == "too" || (i > 0 && words[i - 1].folded == "too"));
    mark.begin = words[i].begin;
    mark.end = words[i + length - 1].end;
    found.push_back(std::move(mark));
    i += length;
  }
  // A name takes the words that it is made of, unless it may well be none: then the longer reading wins.
  for (Mark& mark : found) {
    const auto name = std::find_if(marks.begin(), marks.end(), [&](const Mark& other) { return overlap(mark, other); });
    if (name == marks.end()) {
      marks.push_back(std::move(mark));
    } else if (name->kind == MarkKind::kName && name->weak && name->end - name->begin <= mark.end - mark.begin) {
      *name = std::move(mark);
    }
  }
}

std::vector<Mark> EvidenceFinder::find_beside(std::span<const Mark> names, std::span<const SystemAct> acts,
                                              std::string_view text) const {
  std::vector<Mark> marks(names.begin(), names.end());
  for (Mark& mark : name_marks(acts, text)) {
    if (!meets_any(mark, marks)) marks.push_back(std::move(mark));
  }
  add_word_marks(text, marks);
  std::sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) { return a.begin < b.begin; });
  // Two marks that a name did not push out can overlap: the first stays.
  std::vector<Mark> apart;
  for (Mark& mark : marks) {
    if (apart.size() == kMostMarks || (!apart.empty() && apart.back().end > mark.begin)) continue;
    if (can_be_refused(mark.kind) && is_refused(text, mark.begin)) mark.bound = Role::kNot;
    resolve(mark);
    apart.push_back(std::move(mark));
  }
  return apart;
}

std::vector<Mark> EvidenceFinder::find(std::span<const SystemAct> acts, std::string_view text) const {
  return find_beside({}, acts, text);
}

}  // namespace matinee
