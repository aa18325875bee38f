#include "lib/catalog/unknown_titles.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "lib/catalog/common_words.h"
#include "lib/catalog/name_words.h"

namespace matinee {
namespace {

constexpr std::size_t kMaxRun = 8;  // words of a title in capitals

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

constexpr std::array<std::string_view, 8> kPersonCues{"with",     "by",       "starring", "stars",
                                                      "director", "directed", "actor",    "actress"};
constexpr std::array<std::string_view, 12> kTitleCues{"loved", "liked", "seen",    "watched", "saw",   "rewatched",
                                                      "hated", "love",  "enjoyed", "like",    "watch", "adored"};
constexpr std::array<std::string_view, 8> kCallingWords{"called", "named", "titled", "entitled",
                                                        "movie",  "film",  "about",  "to"};
// Before the name of a place or time.
constexpr std::array<std::string_view, 10> kPlaceWords{"in",   "at",   "to",    "near",   "on",
                                                       "into", "over", "since", "around", "visiting"};
// Words that people write with a capital and that are no names of movies.
constexpr std::array<std::string_view, 24> kCapitalized{
    "god",       "mom", "dad", "mum",   "tv",     "dvd", "cgi", "ok",     "okay", "lol",    "omg",      "english",
    "hollywood", "bye", "hi",  "hello", "thanks", "sci", "fi",  "romcom", "pg",   "bluray", "internet", "disney"};
// Small words inside titles.
constexpr std::array<std::string_view, 12> kInside{"of", "the", "and", "in", "on", "a",
                                                   "to", "for", "an",  "at", "de", "la"};

std::int32_t year_of(std::string_view word) {
  std::int32_t year = 0;
  if (word.size() != 4) return -1;
  const auto [end, code] = std::from_chars(word.data(), word.data() + 4, year);
  return code == std::errc{} && end == word.data() + 4 && year >= 1880 && year <= 2100 ? year : -1;
}

class Search {
 public:
  Search(std::string_view text, const std::vector<SentenceWord>& words,
         std::span<const std::pair<std::size_t, std::size_t>> known,
         const std::function<bool(std::string_view)>& is_given_name)
      : words_(words), taken_(known.begin(), known.end()), is_given_name_(is_given_name) {
    const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    const bool any_lower = std::any_of(text.begin(), text.end(), lower);
    // "I" alone is no sign of capitals.
    mixed_case_ = any_lower && std::any_of(words.begin(), words.end(), [&](const SentenceWord& word) {
                    return word.end - word.begin > 1 && upper(text[word.begin]);
                  });
    mixed_case_ = mixed_case_ &&
                  !(words.size() > 3 &&
                    std::all_of(words.begin(), words.end(), [](const SentenceWord& word) { return word.capital; }));
  }

  std::vector<UnknownTitle> titles() {
    find_quoted();
    find_dated();
    if (mixed_case_) find_capitalized();
    std::sort(found_.begin(), found_.end(),
              [](const UnknownTitle& a, const UnknownTitle& b) { return a.begin < b.begin; });
    return std::move(found_);
  }

 private:
  bool is_taken(std::size_t begin, std::size_t end) const {
    return std::any_of(taken_.begin(), taken_.end(),
                       [&](const auto& place) { return place.first < end && begin < place.second; });
  }

  // Words [begin, end).
  void add(std::size_t begin, std::size_t end) {
    const bool owner = !words_[end - 1].owner.empty() && begin + 1 == end;
    UnknownTitle title{words_[begin].begin, owner ? words_[end - 1].owner_end : words_[end - 1].end};
    if (is_taken(title.begin, title.end)) return;
    taken_.emplace_back(title.begin, title.end);
    if (end < words_.size() && words_[end].mark == '(') title.year = year_of(words_[end].folded);
    title.person =
        title.year < 0 && begin > 0 && words_[begin].mark == 0 && is_one_of(kPersonCues, words_[begin - 1].folded);
    found_.push_back(title);
  }

  // In a text with capitals, a title in quotation marks has one, or a cue before it.
  void find_quoted() {
    for (std::size_t begin = 0; begin < words_.size(); ++begin) {
      if (!words_[begin].quoted) continue;
      std::size_t end = begin + 1;
      while (end < words_.size() && words_[end].quoted) ++end;
      const bool cue = begin > 0 && (is_one_of(kTitleCues, words_[begin - 1].folded) ||
                                     is_one_of(kCallingWords, words_[begin - 1].folded));
      if (end - begin <= kMaxRun && (cue || words_[begin].capital)) add(begin, end);
      begin = end;
    }
  }

  // "parasite (2019)": the capitalized words before the year, or one to four words after a pause or a function word.
  void find_dated() {
    for (std::size_t at = 1; at < words_.size(); ++at) {
      if (words_[at].mark != '(' || year_of(words_[at].folded) < 0) continue;
      std::size_t begin = at - 1;
      while (begin > 0 && at - begin < kMaxRun && words_[begin].mark == 0 && belongs_before_year(begin - 1)) --begin;
      while (begin + 1 < at && mixed_case_ && !words_[begin].capital) ++begin;
      add(begin, at);
    }
  }

  bool belongs_before_year(std::size_t at) const {
    if (mixed_case_) return words_[at].capital || is_one_of(kInside, words_[at].folded);
    return !is_function_word(words_[at].folded);
  }

  bool is_name_word(const SentenceWord& word) const {
    return word.capital && !is_number(word.folded) && !is_one_of(kCapitalized, word.folded) &&
           !is_never_name(word.folded) && (word.name_like || word.first) && word.folded != "i";
  }

  void find_capitalized() {
    for (std::size_t begin = 0; begin < words_.size(); ++begin) {
      if (!is_name_word(words_[begin]) || (words_[begin].first && is_common_word(words_[begin].folded))) continue;
      std::size_t end = begin + 1, last = end;
      while (end < words_.size() && end - begin < kMaxRun && (words_[end].mark == 0 || words_[end].mark == '-')) {
        const SentenceWord& word = words_[end];
        if (is_taken(word.begin, word.end)) break;
        if (is_one_of(kInside, word.folded)) {
          ++end;
        } else if (is_name_word(word) || (word.capital && is_number(word.folded))) {
          last = ++end;
        } else {
          break;
        }
      }
      if (is_name_run(begin, last)) add(begin, last);
      begin = last - 1;
    }
  }

  bool is_name_run(std::size_t begin, std::size_t end) const {
    const SentenceWord& first = words_[begin];
    const bool in_place = begin > 0 && first.mark == 0 && is_one_of(kPlaceWords, words_[begin - 1].folded);
    if (in_place) return false;
    if (end == begin + 1) {
      if (first.first || first.shouted || first.folded.size() < 3 || first.mark == '-') return false;
      const std::string& word = first.owner.empty() ? first.folded : first.owner;
      if (is_never_name(word) || is_given_name_(word)) return false;
      return after_cue(begin) ? !is_function_word(word) : !is_english_form(word);
    }
    for (std::size_t at = begin; at < end; ++at) {
      if (!is_english_form(words_[at].folded) && !is_number(words_[at].folded)) return true;
    }
    return after_cue(begin);
  }

  bool after_cue(std::size_t at) const {
    return at > 0 && words_[at].mark == 0 && is_one_of(kTitleCues, words_[at - 1].folded);
  }

  const std::vector<SentenceWord>& words_;
  std::vector<std::pair<std::size_t, std::size_t>> taken_;
  const std::function<bool(std::string_view)>& is_given_name_;
  bool mixed_case_ = false;
  std::vector<UnknownTitle> found_;
};

}  // namespace

std::vector<UnknownTitle> unknown_titles(std::string_view text, const std::vector<SentenceWord>& words,
                                         std::span<const std::pair<std::size_t, std::size_t>> known,
                                         const std::function<bool(std::string_view)>& is_given_name) {
  return Search(text, words, known, is_given_name).titles();
}

}  // namespace matinee
