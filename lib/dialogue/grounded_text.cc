#include "lib/dialogue/grounded_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lib/dialogue/movie_facts.h"

namespace matinee {
namespace {

bool is_lower(std::uint8_t byte) { return byte >= 'a' && byte <= 'z'; }
bool begins_name(std::uint8_t byte) {
  return (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte >= 0x80;
}
bool is_punctuation(std::uint8_t byte) {
  return std::string_view(" ,.!?:;'\"()-&/").find(static_cast<char>(byte)) != std::string_view::npos;
}

// Words that claim something about a movie's fame.
constexpr std::array<std::string_view, 4> kPopularWords{"popular", "famous", "known", "loved"};
constexpr std::array<std::string_view, 4> kHiddenWords{"hidden", "gem", "lesser", "little"};

}  // namespace

// ---- What may be named ------------------------------------------------------------------------------------------

GroundsMaker::GroundsMaker(const MovieCatalog& catalog, const Phrasebook& phrasebook)
    : catalog_(catalog), sentence_words_(phrasebook.capital_words("s.")) {}

Grounds GroundsMaker::of(const SystemAct& act) const {
  Grounds grounds;
  grounds.names = sentence_words_;
  std::vector<MovieId> movies;
  const bool about_movies = act.kind == SystemActKind::kRecommend || act.kind == SystemActKind::kExplain ||
                            act.kind == SystemActKind::kAnswer;
  if (act.movie >= 0) movies.push_back(act.movie);
  for (const Candidate& candidate : act.candidates) movies.push_back(candidate.movie);
  std::uint32_t genres = 0;
  bool popular = false, hidden = false;
  for (const MovieId movie : movies) {
    grounds.names.emplace_back(catalog_.display_name(movie));
    if (!about_movies) continue;
    if (catalog_.year(movie) != kUnknown) grounds.names.push_back(fmt::format("{}", catalog_.year(movie)));
    if (catalog_.runtime(movie) != kUnknown) grounds.names.push_back(fmt::format("{}", catalog_.runtime(movie)));
    for (const auto people : {catalog_.cast(movie), catalog_.directors(movie), catalog_.writers(movie)}) {
      for (const PersonId person : people) grounds.names.emplace_back(catalog_.person_name(person));
    }
    genres |= catalog_.genre_mask(movie);
    popular = popular || popularity_of(catalog_, movie) == Popularity::kPopular;
    hidden = hidden || popularity_of(catalog_, movie) == Popularity::kHidden;
  }
  if (act.kind == SystemActKind::kRecommend) {
    for (const Candidate& candidate : act.candidates)
      grounds.required.emplace_back(catalog_.display_name(candidate.movie));
  }
  for (const Candidate& candidate : act.candidates) {
    for (const Reason& reason : candidate.reasons) {
      if (reason.kind == Reason::Kind::kSimilar) grounds.names.emplace_back(catalog_.display_name(reason.id));
    }
  }
  if (act.kind == SystemActKind::kAnswer) {
    if (const auto rating = fact_text(catalog_, act.movie, Fact::kRating)) grounds.names.push_back(*rating);
    grounds.names.emplace_back("10");
  }
  if (about_movies) {
    std::set<std::string> true_genres;
    for (std::size_t genre = 0; genre < catalog_.genres().size(); ++genre) {
      if ((genres >> genre) & 1u) true_genres.insert(lower_genre(catalog_.genres()[genre]));
    }
    // "film-noir" is written in one; its halves are no genres. A genre that is part of another word of the phrases
    // ("action") is forbidden like any where it is not true.
    for (const std::string& genre : catalog_.genres()) {
      if (!true_genres.contains(lower_genre(genre))) grounds.forbidden.push_back(lower_genre(genre));
    }
    const bool about_fame = act.kind != SystemActKind::kAnswer;
    for (const auto word : kPopularWords) {
      if (about_fame && !popular && !hidden) grounds.forbidden.emplace_back(word);
    }
    for (const auto word : kHiddenWords) {
      if (about_fame && !hidden) grounds.forbidden.emplace_back(word);
    }
    if (about_fame && !popular) grounds.forbidden.emplace_back("popular");
  }
  return grounds;
}

// ---- The automaton ----------------------------------------------------------------------------------------------

// A text may be read in several ways at once: behind "The " one may be inside "The Matrix (1999)" or behind the word
// "The". Words of the state: 0 flags (bit 0: a required name was written; bit 1: outside names, between words; bit 2:
// outside names, in a word), 1 the node of `forbidden` for the word under way (0: none matches), 2 to 7 nodes of
// `names`, ascending, 0 where fewer.
namespace {
constexpr std::uint32_t kWritten = 1, kBetween = 2, kInWord = 4;
constexpr std::size_t kFirstNode = 2;
}  // namespace

GroundedText::GroundedText(const Grounds& grounds) {
  for (const std::string& name : grounds.names) {
    if (!name.empty()) names_.add(name);
  }
  is_required_.assign(names_.size(), false);
  for (const std::string& name : grounds.required) {
    const std::uint32_t number = names_.add(name);
    is_required_.resize(names_.size(), false);
    is_required_[number] = true;
    demands_ = true;
  }
  for (const std::string& word : grounds.forbidden) {
    if (!word.empty()) forbidden_.add(word);
  }
}

ByteAutomaton::State GroundedText::start() const {
  State state;
  state.words[0] = kBetween;
  return state;
}

bool GroundedText::may_end(const State& state) const {
  bool written = (state.words[0] & kWritten) != 0, whole = (state.words[0] & kBetween) != 0;
  if ((state.words[0] & kInWord) != 0)
    whole = whole || state.words[1] == 0 || forbidden_.word_at(state.words[1]) == ByteTrie::kNone;
  for (std::size_t i = kFirstNode; i < state.words.size() && state.words[i] != 0; ++i) {
    const std::uint32_t word = names_.word_at(state.words[i]);
    if (word == ByteTrie::kNone) continue;
    whole = true;
    written = written || is_required_[word];
  }
  return whole && (written || !demands_);
}

bool GroundedText::advance(State& state, std::uint8_t byte) const {
  State next;
  next.words[0] = state.words[0] & kWritten;
  std::vector<std::uint32_t> nodes;
  const auto enter = [&](std::uint32_t node) {
    if (node != ByteTrie::kNone && std::find(nodes.begin(), nodes.end(), node) == nodes.end()) nodes.push_back(node);
  };
  const bool between = (state.words[0] & kBetween) != 0, in_word = (state.words[0] & kInWord) != 0;
  if (between) {
    enter(
        names_.child(names_.root(), byte));  // also names that begin with a small letter or a sign ("eXistenZ", "'71")
    if (is_lower(byte)) {
      const std::uint32_t node = forbidden_.child(forbidden_.root(), byte);
      next.words[0] |= kInWord;
      next.words[1] = node == ByteTrie::kNone ? 0 : node;
    } else if (is_punctuation(byte)) {
      next.words[0] |= kBetween;
    }
  }
  if (in_word) {
    const std::uint32_t node = state.words[1];
    const std::uint32_t deeper = node == 0 ? ByteTrie::kNone : forbidden_.child(node, byte);
    const bool forbidden_ends = node != 0 && forbidden_.word_at(node) != ByteTrie::kNone;
    if (is_lower(byte) || deeper != ByteTrie::kNone) {
      next.words[0] |= kInWord;
      next.words[1] = deeper == ByteTrie::kNone ? 0 : deeper;
    } else if (is_punctuation(byte) && !forbidden_ends) {
      next.words[0] |= kBetween;
    }
  }
  for (std::size_t i = kFirstNode; i < state.words.size() && state.words[i] != 0; ++i) {
    enter(names_.child(state.words[i], byte));
    const std::uint32_t word = names_.word_at(state.words[i]);
    if (word != ByteTrie::kNone && is_punctuation(byte)) {
      next.words[0] |= kBetween;
      if (is_required_[word]) next.words[0] |= kWritten;
    }
  }
  std::sort(nodes.begin(), nodes.end());
  // More readings than there is room for never come up with real names; the longest paths are kept.
  const std::size_t room = next.words.size() - kFirstNode;
  if (nodes.size() > room) nodes.erase(nodes.begin(), nodes.end() - static_cast<std::ptrdiff_t>(room));
  std::copy(nodes.begin(), nodes.end(), next.words.begin() + kFirstNode);
  state = next;
  return !nodes.empty() || (next.words[0] & (kBetween | kInWord)) != 0;
}

// ---- The judge --------------------------------------------------------------------------------------------------

std::vector<std::string> ungrounded_words(std::string_view text, const Grounds& grounds) {
  // Blank out the allowed names, longest first, where they stand as whole words; then no capital and no digit may be
  // left.
  std::vector<std::string> names = grounds.names;
  names.insert(names.end(), grounds.required.begin(), grounds.required.end());
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  std::string rest(text);
  const auto word_byte = [&](std::size_t i) {
    if (i >= rest.size()) return false;
    const auto byte = static_cast<std::uint8_t>(rest[i]);
    return is_lower(byte) || begins_name(byte);
  };
  for (const std::string& name : names) {
    for (std::size_t at = rest.find(name); !name.empty() && at != std::string::npos; at = rest.find(name, at + 1)) {
      if ((at > 0 && word_byte(at - 1)) || word_byte(at + name.size())) continue;
      std::fill_n(rest.begin() + static_cast<std::ptrdiff_t>(at), name.size(), ' ');
    }
  }
  std::vector<std::string> found;
  const std::set<std::string_view> forbidden(grounds.forbidden.begin(), grounds.forbidden.end());
  for (std::size_t i = 0; i < rest.size();) {
    if (!word_byte(i)) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (word_byte(end) || (end < rest.size() && rest[end] == '-' && word_byte(end + 1))) ++end;
    const std::string word = rest.substr(i, end - i);
    const bool name =
        std::any_of(word.begin(), word.end(), [](char c) { return begins_name(static_cast<std::uint8_t>(c)); });
    if (name || forbidden.contains(word)) found.push_back(word);
    i = end;
  }
  return found;
}

}  // namespace matinee
