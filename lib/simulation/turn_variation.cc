#include "lib/simulation/turn_variation.h"

#include <algorithm>
#include <array>
#include <string>

#include "lib/base/ascii.h"
#include "lib/simulation/typing_errors.h"

namespace matinee {
namespace {

constexpr std::array<std::string_view, 9> kOne{"comedy",  "drama",   "thriller",    "western", "musical",
                                               "mystery", "romance", "documentary", "horror"};
constexpr std::array<std::string_view, 9> kMany{"comedies",  "dramas",        "thrillers", "westerns", "musicals",
                                                "mysteries", "documentaries", "romances",  "cartoons"};
constexpr std::array<std::string_view, 5> kLike{"funny", "scary", "romantic", "dramatic", "animated"};
constexpr std::array<std::string_view, 8> kBefore{"action",  "crime",     "sci-fi", "war",
                                                  "fantasy", "adventure", "horror", "comedy"};

template <std::size_t N>
bool exchange(std::string& word, const std::array<std::string_view, N>& words, Random& random) {
  if (std::find(words.begin(), words.end(), to_lower(word)) == words.end()) return false;
  word = words[random.below(N)];
  return true;
}

// The turn with `piece` in place of the bytes from `begin` to `end`, and the labels behind moved.
void replace(LabelledTurn& turn, std::size_t begin, std::size_t end, const std::string& piece) {
  turn.text.replace(begin, end - begin, piece);
  const auto moved = [&](std::size_t at) { return at >= end ? at - (end - begin) + piece.size() : at; };
  for (LabelledTurn::Label& label : turn.labels) {
    label.begin = moved(label.begin);
    label.end = moved(label.end);
  }
}

// The unlabelled pieces between the labels, from the last to the first.
std::vector<std::pair<std::size_t, std::size_t>> pieces_between(const LabelledTurn& turn) {
  std::vector<std::pair<std::size_t, std::size_t>> pieces;
  std::size_t at = 0;
  for (const LabelledTurn::Label& label : turn.labels) {
    if (label.begin > at) pieces.emplace_back(at, label.begin);
    at = std::max(at, label.end);
  }
  if (at < turn.text.size()) pieces.emplace_back(at, turn.text.size());
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

}  // namespace

LabelledTurn varied(const LabelledTurn& original, Random& random) {
  LabelledTurn turn = original;
  for (std::size_t i = 0; i < turn.labels.size(); ++i) {
    const LabelledTurn::Label label = turn.labels[i];
    if (label.kind != "genre" || !random.chance(0.6)) continue;
    std::string word = turn.text.substr(label.begin, label.end - label.begin);
    if (exchange(word, kOne, random) || exchange(word, kMany, random) || exchange(word, kLike, random) ||
        exchange(word, kBefore, random)) {
      replace(turn, label.begin, label.end, word);
    }
  }
  const bool errors = random.chance(0.25), no_stops = random.chance(0.3), no_apostrophes = random.chance(0.3);
  for (const auto& [begin, end] : pieces_between(turn)) {
    std::string piece = turn.text.substr(begin, end - begin);
    if (no_stops) std::erase_if(piece, [](char c) { return c == '.' || c == '!' || c == ','; });
    if (no_apostrophes) std::erase(piece, '\'');
    if (errors && piece.size() > 12 && random.chance(0.5)) piece = mistype(piece, random);
    if (piece != turn.text.substr(begin, end - begin)) replace(turn, begin, end, piece);
  }
  return turn;
}

void vary_names(std::vector<Mark>& marks, Random& random) {
  for (Mark& mark : marks) {
    if (mark.kind != MarkKind::kName) continue;
    if (random.chance(0.08)) {
      mark.kind = MarkKind::kNotFound;
    } else if (random.chance(0.06)) {
      mark.person = mark.movie = std::max(mark.person, mark.movie);
    }
    if (random.chance(0.12)) mark.weak = true;
  }
}

}  // namespace matinee
