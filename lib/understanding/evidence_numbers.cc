#include "lib/understanding/evidence_numbers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "lib/base/ascii.h"
#include "lib/dialogue/span_text.h"

namespace matinee {
namespace {

using Names = std::pair<std::string_view, std::int32_t>;

constexpr std::array kNumberWords{Names{"one", 1},      Names{"two", 2},      Names{"three", 3},   Names{"four", 4},
                                  Names{"five", 5},     Names{"six", 6},      Names{"seven", 7},   Names{"eight", 8},
                                  Names{"nine", 9},     Names{"ten", 10},     Names{"eleven", 11}, Names{"twelve", 12},
                                  Names{"twenty", 20},  Names{"thirty", 30},  Names{"forty", 40},  Names{"fifty", 50},
                                  Names{"sixty", 60},   Names{"seventy", 70}, Names{"eighty", 80}, Names{"ninety", 90},
                                  Names{"hundred", 100}};
constexpr std::array kDecadeWords{Names{"twenties", 1920}, Names{"thirties", 1930}, Names{"forties", 1940},
                                  Names{"fifties", 1950},  Names{"sixties", 1960},  Names{"seventies", 1970},
                                  Names{"eighties", 1980}, Names{"nineties", 1990}, Names{"noughties", 2000},
                                  Names{"2000s", 2000}};
constexpr std::array kOrdinals{Names{"first", 1}, Names{"second", 2}, Names{"third", 3},  Names{"fourth", 4},
                               Names{"fifth", 5}, Names{"1st", 1},    Names{"2nd", 2},    Names{"3rd", 3},
                               Names{"4th", 4},   Names{"5th", 5},    Names{"former", 1}, Names{"latter", -1},
                               Names{"last", -1}};

template <std::size_t N>
std::optional<std::int32_t> find(const std::array<Names, N>& names, std::string_view word) {
  const auto found = std::find_if(names.begin(), names.end(), [&](const Names& name) { return name.first == word; });
  if (found == names.end()) return {};
  return found->second;
}

template <class... Words>
bool any_of(std::string_view word, const Words&... words) {
  return ((word == words) || ...);
}

class Scanner {
 public:
  Scanner(std::string_view text, const std::vector<SentenceWord>& words, std::int32_t newest)
      : text_(text), words_(words), newest_(newest) {}

  std::vector<Mark> scan() {
    while (at_ < words_.size()) {
      if (!years() && !runtime() && !age() && !rating() && !count() && !nth()) ++at_;
    }
    return std::move(marks_);
  }

 private:
  std::string_view word(std::size_t i) const {
    return i < words_.size() ? std::string_view(words_[i].folded) : std::string_view();
  }
  std::string_view written(std::size_t i) const {
    return i < words_.size() ? text_.substr(words_[i].begin, words_[i].end - words_[i].begin) : std::string_view();
  }
  std::string_view before(std::size_t back) const { return at_ >= back ? word(at_ - back) : std::string_view(); }

  template <class... Words>
  bool cued(std::size_t reach, const Words&... cues) const {
    for (std::size_t back = 1; back <= reach; ++back) {
      if (any_of(before(back), cues...)) return true;
    }
    return false;
  }

  // A number in digits or as one word.
  std::optional<std::int32_t> number(std::size_t i) const {
    const std::string_view raw = written(i);
    std::int32_t value = 0;
    const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
    if (error == std::errc() && end == raw.data() + raw.size() && value >= 0) return value;
    return find(kNumberWords, word(i));
  }

  // Of a year behind "newer than" and the like: whether it is the first or the last.
  Role bound_by_words() const {
    const std::size_t back = before(1) == "the" ? 2 : 1;
    if (before(back) != "than") return Role::kNone;
    const std::string_view compared = before(back + 1);
    const bool newer = any_of(compared, "newer", "later"), older = any_of(compared, "older", "earlier");
    if (!newer && !older) return Role::kNone;
    bool negated = false;
    for (std::size_t i = back + 2; i <= back + 3; ++i) {
      const std::string_view word = before(i);
      negated = negated || any_of(word, "no", "not", "nothing", "never", "none", "cant", "dont", "isnt", "shouldnt");
    }
    return newer == negated ? Role::kUntil : Role::kFrom;
  }

  // Of a number behind "under", "more than" and the like: the direction in which the number itself is left out.
  Role strict_by_words() const {
    const std::size_t back = any_of(before(1), "the", "a", "year") ? 2 : 1;
    if (any_of(before(back), "under", "below", "before", "pre")) return Role::kUntil;
    if (any_of(before(back), "over", "above", "after", "post", "exceeding", "exceed", "exceeds")) return Role::kFrom;
    if (before(back) != "than") return Role::kNone;
    const std::string_view compared = before(back + 1);
    if (any_of(compared, "less", "fewer", "shorter", "older", "earlier", "lower")) return Role::kUntil;
    const bool more = any_of(compared, "more", "longer", "newer", "later", "higher", "greater", "better");
    return more ? Role::kFrom : Role::kNone;
  }

  bool add(MarkKind kind, std::size_t count, Span span, std::int32_t value) {
    Mark mark;
    mark.kind = kind;
    mark.begin = words_[at_].begin;
    mark.end = words_[at_ + count - 1].end;
    mark.span = span;
    mark.number = value;
    if (kind == MarkKind::kYears || kind == MarkKind::kRuntime || kind == MarkKind::kRating)
      mark.strict = strict_by_words();
    if (kind == MarkKind::kYears) {
      // "80s or 90s": the second is an alternative.
      const bool alternative = before(1) == "or" && !marks_.empty() && marks_.back().kind == kind && at_ >= 2 &&
                               marks_.back().end == words_[at_ - 2].end;
      mark.bound = alternative ? Role::kOr : bound_by_words();
    }
    marks_.push_back(std::move(mark));
    at_ += count;
    return true;
  }

  // One year or decade.
  std::optional<Span> year(std::size_t i) const {
    std::string_view folded = word(i);
    if (const auto decade = find(kDecadeWords, folded)) return Span{*decade, *decade + 9};
    const bool plural = folded.ends_with('s');
    if (plural) folded.remove_suffix(1);
    if ((folded.size() != 4 && !(plural && folded.size() == 2)) ||
        !std::all_of(folded.begin(), folded.end(), is_digit)) {
      return {};
    }
    std::int32_t value = 0;
    std::from_chars(folded.data(), folded.data() + folded.size(), value);
    if (folded.size() == 2) value += value < 20 ? 2000 : 1900;
    if (value < 1870 || value > 2049 || (plural && value % 10 != 0)) return {};
    return Span{value, plural ? value + 9 : value};
  }

  bool years() {
    const auto first = year(at_);
    if (!first) return last_years();
    const bool dash =
        at_ + 1 < words_.size() && words_[at_ + 1].begin == words_[at_].end + 1 && text_[words_[at_].end] == '-';
    const std::size_t second_at = dash ? at_ + 1 : at_ + (word(at_ + 2) == "the" ? 3 : 2);
    const bool joined =
        any_of(word(at_ + 1), "to", "till", "until", "through") || (word(at_ + 1) == "and" && cued(2, "between"));
    if (dash || joined) {
      if (const auto second = year(second_at); second && second->high >= first->low)
        return add(MarkKind::kYears, second_at - at_ + 1, {first->low, second->high}, 0);
    }
    return add(MarkKind::kYears, 1, *first, 0);
  }

  // "the last 10 years", "older than 10 years"
  bool last_years() {
    if (const auto ago = number(at_);
        ago && word(at_ + 1) == "years" && before(1) == "than" && any_of(before(2), "older", "newer")) {
      return add(MarkKind::kYears, 2, {newest_ - *ago, newest_ - *ago}, 0);
    }
    const auto count = number(at_ + 1);
    if (!any_of(word(at_), "last", "past") || !count || word(at_ + 2) != "years") return false;
    return add(MarkKind::kYears, 3, {newest_ - *count, kLastYear}, 0);
  }

  bool minutes(std::size_t count, std::int32_t value) {
    return value >= 5 && value <= 1000 && add(MarkKind::kRuntime, count, {value, value}, 0);
  }

  // "1h30", "2h", "90min" in one word.
  bool compact_runtime() {
    const std::string_view raw = written(at_);
    const char* const end = raw.data() + raw.size();
    std::int32_t value = 0;
    const auto [rest, error] = std::from_chars(raw.data(), end, value);
    if (error != std::errc() || rest == end) return false;
    std::string unit = to_lower(std::string_view(rest, static_cast<std::size_t>(end - rest)));
    if (any_of(unit, "min", "mins", "m")) return minutes(1, value);
    if (any_of(unit, "h", "hr", "hrs", "hour", "hours")) return value <= 8 && minutes(1, value * 60);
    if (!unit.starts_with('h') || value > 8) return false;
    std::int32_t more = 0;
    const auto parsed = std::from_chars(unit.data() + 1, unit.data() + unit.size(), more);
    return parsed.ec == std::errc() && minutes(1, value * 60 + more);
  }

  static bool is_hours(std::string_view word) { return any_of(word, "hour", "hours", "hr", "hrs", "h"); }
  static bool is_minutes(std::string_view word) { return any_of(word, "minutes", "minute", "min", "mins"); }

  // What follows the word "hours" at `next`: "and a half", "and 20 minutes", "forty"; gives minutes and counts words.
  std::int32_t after_hours(std::size_t next, std::size_t& count) const {
    const std::size_t start = next;
    if (word(next) == "and") ++next;
    if (word(next) == "a" && word(next + 1) == "half") {
      count += next + 2 - start;
      return 30;
    }
    const auto more = number(next);
    if (!more || *more >= 60) return 0;
    const bool unit = is_minutes(word(next + 1));
    if (!unit && *more % 5 != 0) return 0;
    count += next + (unit ? 2 : 1) - start;
    return *more;
  }

  bool runtime() {
    if (compact_runtime()) return true;
    if (any_of(word(at_), "an", "hour") && is_hours(word(at_ + (word(at_) == "an" ? 1 : 0)))) {
      std::size_t count = word(at_) == "an" ? 2 : 1;
      const std::int32_t more = after_hours(at_ + count, count);
      return (word(at_) == "an" || more > 0) && minutes(count, 60 + more);
    }
    const auto value = number(at_);
    if (!value) return false;
    if (is_minutes(word(at_ + 1))) return minutes(2, *value);
    if (is_hours(word(at_ + 1))) {
      std::size_t count = 2;
      const std::int32_t more = after_hours(at_ + 2, count);
      return *value <= 8 && minutes(count, *value * 60 + more);
    }
    if (word(at_ + 1) == "and" && word(at_ + 2) == "a" && word(at_ + 3) == "half" && is_hours(word(at_ + 4)))
      return *value <= 8 && minutes(5, *value * 60 + 30);
    const bool bare = *value >= 45 && *value <= 300 &&
                      cued(3, "under", "below", "less", "than", "max", "maximum", "over", "longer", "shorter", "most",
                           "least", "exceed", "runs");
    return bare && minutes(1, *value);
  }

  // What to add to an age behind "under", "under the age of", "older than" and the like, which is not meant itself.
  std::int32_t beside_age() const {
    std::size_t back = 1;
    while (any_of(before(back), "age", "ages", "the", "of")) ++back;
    const std::string_view bound = before(back) == "than" ? before(back + 1) : before(back);
    if (any_of(bound, "under", "below", "younger")) return -1;
    return any_of(bound, "over", "above", "older") ? 1 : 0;
  }

  bool age() {
    auto value = number(at_);
    std::size_t count = 0;
    if (value && any_of(word(at_ + 1), "year", "years", "yr", "yrs") && any_of(word(at_ + 2), "old", "olds")) {
      count = 3;
    } else if (value && any_of(word(at_ + 1), "yo", "yos")) {
      count = 2;
    } else if (value && (cued(1, "age", "aged", "ages") || (before(1) == "of" && before(2) == "age"))) {
      count = 1;
    }
    if (count == 0 || *value > 18) return false;
    *value += beside_age();
    const AgeRating most = *value < 7    ? AgeRating::kG
                           : *value < 12 ? AgeRating::kPG
                           : *value < 17 ? AgeRating::kPG13
                                         : AgeRating::kR;
    return add(MarkKind::kAge, count, {}, static_cast<std::int32_t>(most));
  }

  bool rating() {
    const std::string_view raw = written(at_);
    double value = 0;
    const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
    if (error != std::errc() || end != raw.data() + raw.size()) {
      const auto worded = find(kNumberWords, word(at_));
      if (!worded) return false;
      value = *worded;
    }
    if (value < 1 || value > 10) return false;
    const std::size_t behind = words_[at_].end;
    const std::string_view next = behind < text_.size() ? text_.substr(behind, 3) : std::string_view();
    const bool marked =
        next.starts_with('+') || next.starts_with("/10") || word(at_ + 1) == "stars" ||
        (word(at_ + 1) == "out" && word(at_ + 2) == "of") ||
        (any_of(word(at_ + 1), "or", "and") && any_of(word(at_ + 2), "higher", "above", "better", "up"));
    const bool cue = cued(4, "rated", "rating", "ratings", "score", "scores", "scored", "imdb");
    const bool decimal = raw.find('.') != raw.npos && cued(3, "above", "over", "least", "than");
    if (!marked && !cue && !decimal) return false;
    return add(MarkKind::kRating, 1, {}, static_cast<std::int32_t>(std::lround(value * 10)));
  }

  static bool is_offer(std::string_view word) {
    return any_of(word, "movies", "films", "suggestions", "options", "recommendations", "titles", "ideas", "picks",
                  "choices", "flicks", "ones", "recs", "good", "more", "other", "others", "different", "great");
  }

  bool count() {
    auto value = number(at_);
    std::size_t length = 1;
    if (word(at_) == "couple" || (word(at_) == "a" && word(at_ + 1) == "couple")) {
      length = word(at_) == "a" ? 2 : 1;
      value = 2;
    } else if (any_of(word(at_), "few", "several") || (word(at_) == "a" && word(at_ + 1) == "few")) {
      length = word(at_) == "a" ? 2 : 1;
      value = 3;
    }
    if (!value || *value < 2 || *value > 20) return false;
    const bool asked = cued(3, "give", "show", "top", "recommend", "suggest", "name", "list", "want", "need");
    const std::size_t next = at_ + length + (word(at_ + length) == "of" ? 1 : 0);
    const bool unit = any_of(word(next), "kids", "year", "years", "people", "of", "hours", "times");
    const bool last = next >= words_.size();
    if (unit || !(is_offer(word(next)) || is_offer(word(next + 1)) || asked || (last && length > 1))) return false;
    return add(MarkKind::kCount, length, {}, std::min(*value, 10));
  }

  bool nth() {
    if (any_of(word(at_), "number", "no", "option", "nr")) {
      const auto value = number(at_ + 1);
      if (value && *value >= 1 && *value <= 10) return add(MarkKind::kNth, 2, {}, *value);
      return false;
    }
    const auto value = find(kOrdinals, word(at_));
    if (!value) return false;
    const bool one = any_of(word(at_ + 1), "one", "movie", "film", "option");
    const bool lone = at_ + 1 == words_.size() || cued(1, "the");
    if ((!one && !lone) || any_of(word(at_ + 1), "time", "night", "week", "year", "years", "few", "decade", "thing"))
      return false;
    return add(MarkKind::kNth, one ? 2 : 1, {}, *value);
  }

  std::string_view text_;
  const std::vector<SentenceWord>& words_;
  std::int32_t newest_;
  std::size_t at_ = 0;
  std::vector<Mark> marks_;
};

}  // namespace

std::vector<Mark> number_marks(std::string_view text, const std::vector<SentenceWord>& words, std::int32_t newest) {
  return Scanner(text, words, newest).scan();
}

}  // namespace matinee
