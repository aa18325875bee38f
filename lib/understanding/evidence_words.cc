#include "lib/understanding/evidence_words.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "lib/base/format_error.h"
#include "lib/catalog/genre_words.h"

extern "C" {
extern const char matinee_evidence_words_begin[], matinee_evidence_words_end[];
}

namespace matinee {
namespace {

constexpr std::array<std::string_view, 4> kEras{"new", "old", "newer", "older"};
constexpr std::array<std::string_view, 2> kLengths{"short", "long"};
constexpr std::array<std::string_view, 9> kRelatives{"funnier", "scarier",    "more romantic", "shorter", "longer",
                                                     "better",  "less known", "lighter",       "darker"};
constexpr std::array<std::string_view, 3> kSames{"director", "actor", "genre"};

template <std::size_t N>
std::int32_t number_in(const std::array<std::string_view, N>& names, std::string_view value) {
  const auto found = std::find(names.begin(), names.end(), value);
  if (found == names.end()) throw internal_error("evidence.txt: unknown value \"{}\"", value);
  return static_cast<std::int32_t>(found - names.begin());
}

template <class Enum>
std::int32_t number_of(std::optional<Enum> found, std::string_view value) {
  if (!found) throw internal_error("evidence.txt: unknown value \"{}\"", value);
  return static_cast<std::int32_t>(*found);
}

std::vector<std::string_view> pieces(std::string_view text, char separator) {
  std::vector<std::string_view> all;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    std::string_view piece = text.substr(begin, end - begin);
    while (piece.starts_with(' ')) piece.remove_prefix(1);
    if (!piece.empty()) all.push_back(piece);
    begin = end + 1;
  }
  return all;
}

Mark genre_mark(const GenrePhrase& phrase, const MovieCatalog& catalog) {
  Mark mark;
  for (const std::string_view name : phrase.genres) {
    if (const auto genre = catalog.genre_id(name)) mark.genres.push_back(*genre);
  }
  mark.kind = mark.genres.empty() ? MarkKind::kTheme : MarkKind::kGenre;
  if (mark.genres.empty()) mark.text = phrase.phrase;
  return mark;
}

// The mark of a section "[kind value]".
Mark section_mark(std::string_view kind, std::string_view value) {
  Mark mark;
  if (kind == "era") {
    mark.kind = MarkKind::kEra;
    mark.number = number_in(kEras, value);
  } else if (kind == "length") {
    mark.kind = MarkKind::kLength;
    mark.number = number_in(kLengths, value);
  } else if (kind == "popularity") {
    mark.kind = MarkKind::kPopularity;
    mark.number = static_cast<std::int32_t>(value == "popular" ? Popularity::kPopular : Popularity::kHidden);
  } else if (kind == "rating") {
    mark.kind = MarkKind::kRating;
    std::from_chars(value.data(), value.data() + value.size(), mark.number);
    mark.number *= 10;
  } else if (kind == "age") {
    mark.kind = MarkKind::kAge;
    mark.number = number_of(age_rating_from_name(value), value);
  } else if (kind == "sort") {
    mark.kind = MarkKind::kSort;
    mark.number = number_of(sort_order_from_name(value), value);
  } else if (kind == "relative") {
    mark.kind = MarkKind::kRelative;
    mark.number = number_in(kRelatives, value);
  } else if (kind == "same") {
    mark.kind = MarkKind::kSame;
    mark.number = number_in(kSames, value);
  } else if (kind == "beyond") {
    mark.kind = MarkKind::kBeyond;
    mark.number = number_of(beyond_from_name(value), value);
  } else if (kind == "series" || kind == "theme" || kind == "mood") {
    mark.kind = kind == "series" ? MarkKind::kSeries : kind == "theme" ? MarkKind::kTheme : MarkKind::kMood;
  } else {
    throw internal_error("evidence.txt: unknown kind \"{}\"", kind);
  }
  return mark;
}

}  // namespace

EvidenceWords::EvidenceWords(const MovieCatalog& catalog) {
  const auto add = [&](std::string_view phrase, const Mark& mark) {
    if (!phrases_.try_emplace(std::string(phrase), mark).second)
      throw internal_error("the words of users: \"{}\" stands there twice", phrase);
    std::size_t& longest = longest_[std::string(phrase.substr(0, phrase.find(' ')))];
    longest = std::max(longest, 1 + static_cast<std::size_t>(std::count(phrase.begin(), phrase.end(), ' ')));
  };
  for (const GenrePhrase& phrase : genre_phrases()) add(phrase.phrase, genre_mark(phrase, catalog));
  const std::string_view all(matinee_evidence_words_begin,
                             static_cast<std::size_t>(matinee_evidence_words_end - matinee_evidence_words_begin));
  Mark mark;
  for (const std::string_view line : pieces(all, '\n')) {
    if (line.starts_with('#')) continue;
    if (line.starts_with('[')) {
      const std::string_view head = line.substr(1, line.find(']') - 1);
      const std::size_t space = std::min(head.find(' '), head.size());
      mark = section_mark(head.substr(0, space), head.substr(std::min(space + 1, head.size())));
      continue;
    }
    for (const std::string_view phrase : pieces(line, ',')) {
      if (mark.kind == MarkKind::kTheme || mark.kind == MarkKind::kMood) mark.text = phrase;
      add(phrase, mark);
    }
  }
}

const Mark* EvidenceWords::match(const std::vector<SentenceWord>& words, std::size_t first, std::size_t& length) const {
  const auto longest = longest_.find(words[first].folded);
  if (longest == longest_.end()) return nullptr;
  std::string phrase;
  const Mark* best = nullptr;
  for (std::size_t count = 1; count <= longest->second && first + count <= words.size(); ++count) {
    if (count > 1) phrase += ' ';
    phrase += words[first + count - 1].folded;
    if (const auto found = phrases_.find(phrase); found != phrases_.end()) {
      best = &found->second;
      length = count;
    }
  }
  return best;
}

}  // namespace matinee
