#include "lib/serve/shown_answer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "lib/base/ascii.h"
#include "lib/base/list_members.h"
#include "lib/dialogue/movie_series.h"
#include "lib/wording/phrase_pattern.h"
#include "lib/wording/question_slot.h"
#include "lib/wording/wording.h"

namespace matinee {
namespace {

constexpr std::size_t kLongestName = 200;  // bytes of a display name
constexpr std::size_t kYear = 7;           // of " (1995)"
// Of what people write: a title without typing errors, whole but for an article.
constexpr double kSurely = 0.89;

// The movies that the acts are about, without what is offered.
std::vector<MovieId> told_by(std::span<const SystemAct> acts, const MovieCatalog& catalog) {
  std::vector<MovieId> told;
  for (const SystemAct& act : acts) {
    if (act.movie >= 0) told.push_back(act.movie);
    told.insert(told.end(), act.movies.begin(), act.movies.end());
    for (const Candidate& candidate : act.candidates) told.push_back(candidate.movie);
    if (act.kind == SystemActKind::kAnswer && act.fact == Fact::kSeries && act.movie >= 0) {
      const std::vector<MovieId> series = series_of(catalog, act.movie);
      told.insert(told.end(), series.begin(), series.end());
    }
  }
  return told;
}

// True for the acts that go before an offer; other acts are answers without one.
bool leaves_room_for_offer(const SystemAct& act) {
  return act.kind == SystemActKind::kRelax || act.kind == SystemActKind::kNotFound ||
         act.kind == SystemActKind::kBeyond || act.kind == SystemActKind::kEnglish ||
         act.kind == SystemActKind::kRestart;
}

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t count = 0;
  while (at + count < text.size() && is_digit(text[at + count])) ++count;
  return count;
}

// The movie whose display name ends at `end`, the longest one; -1 if there is none. `from`: names begin there at the
// earliest.
MovieId name_ending_at(std::string_view text, std::size_t from, std::size_t end, const MovieCatalog& catalog) {
  from = std::max(from, end > kLongestName ? end - kLongestName : 0);
  for (std::size_t begin = from; begin + kYear < end; ++begin) {
    const bool starts_word = begin == 0 || std::string_view(" \t\n\"'(*_").find(text[begin - 1]) != std::string::npos;
    if (!starts_word) continue;
    if (const auto movie = catalog.find_display_name(text.substr(begin, end - begin))) return *movie;
  }
  return -1;
}

std::string_view last_sentence(std::string_view text) {
  for (std::size_t i = text.size(); i > 2; --i) {
    if (text[i - 2] == ' ' && is_end_mark(text[i - 3])) return text.substr(i - 2 + 1);
  }
  return text;
}

}  // namespace

// By display names, which our own texts have. A text without any may name movies as people do.
std::vector<MovieId> AnswerText::named(std::string_view text, bool offer_expected) const {
  std::vector<MovieId> movies;
  std::size_t from = 0;
  for (std::size_t at = text.find('('); at != std::string_view::npos; at = text.find('(', at + 1)) {
    if (digits_at(text, at + 1) != 4 || at + 5 >= text.size() || text[at + 5] != ')') continue;
    std::size_t end = at + 6;
    if (text.substr(end).starts_with(" [tt")) {
      const std::size_t close = text.find(']', end);
      if (close != std::string_view::npos) {
        const MovieId movie = name_ending_at(text, from, close + 1, system_.catalog);
        if (movie >= 0) end = close + 1;
      }
    }
    const MovieId movie = name_ending_at(text, from, end, system_.catalog);
    if (movie < 0) continue;
    add_once(movies, movie);
    from = end;
  }
  if (!movies.empty() || !offer_expected) return movies;
  std::vector<Mention> mentions = system_.mentions.find(text);
  std::erase_if(mentions, [](const Mention& mention) {
    return mention.kind != MentionKind::kMovie || mention.weak || mention.errors > 0 || mention.score < kSurely;
  });
  std::stable_sort(mentions.begin(), mentions.end(),
                   [](const Mention& a, const Mention& b) { return a.begin < b.begin; });
  for (std::size_t i = 0; i < mentions.size(); ++i) {
    const bool again = i > 0 && mentions[i].begin < mentions[i - 1].end;  // another movie of the same title
    if (!again) add_once(movies, static_cast<MovieId>(mentions[i].id));
  }
  return movies;
}

std::optional<Slot> AnswerText::question(std::string_view text, bool offer_expected) const {
  const std::string_view sentence = last_sentence(text);
  if (const auto slot = slot_of_phrase(sentence, system_.phrasebook)) return slot;
  const bool may_be_another = offer_expected && sentence.ends_with('?') && named(sentence, true).empty();
  return may_be_another ? slot_of_question(sentence, system_.phrasebook) : std::nullopt;
}

ShownTurn AnswerText::read(std::string_view text, std::span<const SystemAct> acts, const DialogueState& state) const {
  const bool offer_expected = std::all_of(acts.begin(), acts.end(), leaves_room_for_offer);
  std::vector<MovieId> told = told_by(acts, system_.catalog);
  if (state.under_discussion >= 0) told.push_back(state.under_discussion);
  std::vector<MovieId> movies = named(text, offer_expected);
  std::erase_if(movies, [&](MovieId movie) { return holds(told, movie); });
  const PreferenceState known = with_earlier(state);
  const auto is_liked = [&](MovieId movie) { return holds(known.liked, movie); };
  const auto liked = std::count_if(movies.begin(), movies.end(), is_liked);
  const auto others = static_cast<std::ptrdiff_t>(movies.size()) - liked;
  // One offer and its reason. A list names no reasons.
  if (liked > 0 && (others == 1 || (others == 0 && !offer_expected))) std::erase_if(movies, is_liked);
  return {std::move(movies), question(text, offer_expected)};
}

ShownTurn shown_by(std::span<const SystemAct> acts) {
  ShownTurn shown;
  for (const SystemAct& act : acts) {
    if (act.kind == SystemActKind::kRecommend) shown.movies = {act.movie};
    if (act.kind == SystemActKind::kList) {
      for (std::size_t i = 0; i < std::min(act.candidates.size(), kListed); ++i)
        shown.movies.push_back(act.candidates[i].movie);
    }
    if (act.kind == SystemActKind::kAsk) shown.question = act.slot;
  }
  return shown;
}

}  // namespace matinee
