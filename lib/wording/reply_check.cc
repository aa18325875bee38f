#include "lib/wording/reply_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/ascii.h"
#include "lib/catalog/common_words.h"
#include "lib/catalog/fold_name.h"
#include "lib/dialogue/genre_text.h"
#include "lib/dialogue/movie_facts.h"
#include "lib/dialogue/span_text.h"
#include "lib/dialogue/spoken_text.h"
#include "lib/wording/limit_wording.h"

namespace matinee {
namespace {

bool in_word(char c) { return is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80; }

// Capitalized words that are no names of the catalog.
constexpr std::array kOtherNames{"I", "Matinee", "English", "TV", "United States"};

// What is true of the act.
class Facts {
 public:
  Facts(const SystemAct& act, const PreferenceState& preferences, const MovieCatalog& catalog)
      : catalog_(catalog), preferences_(preferences) {
    if (act.movie >= 0) movie(act.movie);
    for (const MovieId compared : act.movies) movie(compared);
    for (const Candidate& candidate : act.candidates) {
      movie(candidate.movie);
      for (const Reason& reason : candidate.reasons) {
        if (reason.kind == Reason::Kind::kSimilar) name(catalog.display_name(reason.id));
        if (reason.kind == Reason::Kind::kYears) span(preferences.years);
      }
    }
    for (const std::string& unknown : act.unknown) name(clean_name(unknown));
    if (act.kind == SystemActKind::kRelax) wishes(act);
    // Questions and the help name genres as examples.
    all_genres_ = act.kind == SystemActKind::kAsk || act.kind == SystemActKind::kHelp ||
                  act.kind == SystemActKind::kGreet || act.kind == SystemActKind::kRestart;
    name("10");
    for (const char* other : kOtherNames) name(other);
    std::sort(names_.begin(), names_.end(),
              [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  }

  // The longest name at the beginning of `rest` that ends there with a word; 0 if there is none.
  std::size_t name_length(std::string_view rest) const {
    for (const std::string& name : names_) {
      if (!rest.starts_with(name)) continue;
      if (name.size() == rest.size() || !in_word(rest[name.size()]) || !in_word(name.back())) return name.size();
    }
    return 0;
  }
  // True if the word names a genre that nothing of the act has.
  bool is_false_genre(std::string_view word) const {
    bool claims = false;
    for (std::size_t genre = 0; genre < catalog_.genres().size(); ++genre) {
      const auto words = genre_claims(catalog_.genres()[genre]);
      if (std::find(words.begin(), words.end(), word) == words.end()) continue;
      if (all_genres_ || (genres_ >> genre & 1) != 0) return false;
      claims = true;
    }
    return claims;
  }

 private:
  void name(std::string_view text) {
    if (!text.empty()) names_.emplace_back(text);
  }
  void people(std::span<const PersonId> people) {
    for (const PersonId person : people) name(catalog_.person_name(person));
  }
  void length(std::int32_t minutes) {
    name(short_length(minutes));
    name(spoken_length(minutes));
    name(fmt::format("{} minutes", minutes));
  }
  void movie(MovieId movie) {
    name(catalog_.display_name(movie));
    name(catalog_.title(movie));
    people(catalog_.cast(movie));
    people(catalog_.directors(movie));
    people(catalog_.writers(movie));
    if (catalog_.year(movie) != kUnknown) name(std::to_string(catalog_.year(movie)));
    if (catalog_.runtime(movie) != kUnknown) length(catalog_.runtime(movie));
    if (catalog_.rating_tenths(movie) != kUnknown) name(rating_number(catalog_.rating_tenths(movie)));
    for (const Fact fact : {Fact::kAge, Fact::kSeries}) {
      if (const auto text = fact_text(catalog_, movie, fact)) name(*text);
    }
    genres_ |= catalog_.genre_mask(movie);
  }
  void genre(std::int32_t id) {
    if (id >= 0) genres_ |= std::uint32_t{1} << id;
  }
  void span(const std::optional<Span>& span) {
    if (!span) return;
    const std::string decade = years_text(*span);
    name(decade.substr(decade.find_first_of("0123456789")));
    for (const std::int32_t year : {span->low, span->high - 9}) name(fmt::format("{}s", year));
    for (const std::int32_t number : {span->low, span->high, (span->low + span->high) / 2}) {
      name(std::to_string(number));
      length(number);
    }
  }
  void wishes(const SystemAct& act) {
    for (const GenreId id : preferences_.genres) genre(id);
    for (const GenreId id : preferences_.not_genres) genre(id);
    people(preferences_.people);
    people(preferences_.not_people);
    span(preferences_.years);
    span(preferences_.not_years);
    span(preferences_.runtime);
    if (preferences_.min_rating) name(fmt::format("{}", *preferences_.min_rating / 10.0));
    if (preferences_.age) name(name_of(*preferences_.age));
    for (const BrokenWish& wish : act.broken) {
      if (wish.slot == Slot::kGenre) genre(wish.id);
      if (wish.slot == Slot::kPerson && wish.id >= 0) name(catalog_.person_name(wish.id));
    }
  }

  const MovieCatalog& catalog_;
  const PreferenceState& preferences_;
  std::vector<std::string> names_;
  std::uint32_t genres_ = 0;
  bool all_genres_ = false;
};

class Reader {
 public:
  Reader(std::string_view text, const Facts& facts) : text_(text), facts_(facts) {}

  std::vector<std::string> ungrounded() {
    bool begins = true;  // a sentence
    while (at_ < text_.size()) {
      // A name may begin with any character ("...And Justice for All").
      if (const std::size_t length = facts_.name_length(text_.substr(at_)); length > 0) {
        at_ += length;
        begins = std::string_view(".!?").find(text_[at_ - 1]) != std::string_view::npos;
      } else if (!in_word(text_[at_])) {
        begins = begins || std::string_view(".!?").find(text_[at_]) != std::string_view::npos;
        ++at_;
      } else {
        judge(word(), begins);
        begins = false;
      }
    }
    return std::move(found_);
  }

 private:
  std::string_view word() {
    std::size_t end = at_;
    const auto joins = [&](std::size_t i) {
      return (text_[i] == '-' || text_[i] == '\'') && i + 1 < text_.size() && in_word(text_[i + 1]);
    };
    while (end < text_.size() && (in_word(text_[end]) || joins(end))) ++end;
    const std::string_view word = text_.substr(at_, end - at_);
    at_ = end;
    return word;
  }

  void judge(std::string_view word, bool begins) {
    const std::string lower = to_lower(word);
    const bool number = std::any_of(word.begin(), word.end(), is_digit);
    const bool length = lower == "hour" || lower == "hours" || lower == "minutes";
    // A sentence may begin with any English word or contraction.
    const std::string folded = fold_name(lower);
    const bool is_word = begins && (lower.find('\'') != std::string::npos || is_english_word(folded) ||
                                    (folded.ends_with('s') && is_english_word(folded.substr(0, folded.size() - 1))));
    const bool name = std::any_of(word.begin(), word.end(), is_upper) && !is_word;
    if (number || name || length || facts_.is_false_genre(lower)) found_.emplace_back(word);
  }

  std::string_view text_;
  const Facts& facts_;
  std::size_t at_ = 0;
  std::vector<std::string> found_;
};

// The movies that the reply must name, and the forms of the fact that it must give, any one of them.
bool is_complete(std::string_view text, const SystemAct& act, const MovieCatalog& catalog) {
  const auto names = [&](MovieId movie) { return text.find(catalog.title(movie)) != std::string_view::npos; };
  switch (act.kind) {
    case SystemActKind::kRecommend:
    case SystemActKind::kPropose: return names(act.movie);
    case SystemActKind::kList:
      return std::all_of(act.candidates.begin(), act.candidates.end(),
                         [&](const Candidate& c) { return names(c.movie); });
    case SystemActKind::kCompare: return std::any_of(act.movies.begin(), act.movies.end(), names);
    case SystemActKind::kAnswer: {
      if (act.movie < 0) return true;
      const auto fact = fact_text(catalog, act.movie, act.fact);
      if (!fact) return true;
      std::vector<std::string> forms{*fact};
      if (act.fact == Fact::kRuntime)
        forms = {short_length(catalog.runtime(act.movie)), spoken_length(catalog.runtime(act.movie))};
      return std::any_of(forms.begin(), forms.end(),
                         [&](const std::string& form) { return text.find(form) != std::string_view::npos; });
    }
    default: return true;
  }
}

}  // namespace

ReplyCheck check_reply(std::string_view text, const SystemAct& act, const PreferenceState& preferences,
                       const MovieCatalog& catalog) {
  const Facts facts(act, preferences, catalog);
  return {Reader(text, facts).ungrounded(), is_complete(text, act, catalog)};
}

}  // namespace matinee
