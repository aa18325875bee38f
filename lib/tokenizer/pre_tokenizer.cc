#include "lib/tokenizer/pre_tokenizer.h"

#include "lib/text/split_families.h"
#include "lib/text/split_pattern.h"
#include "lib/text/unicode.h"

namespace matinee {
namespace {

using Piece = PieceList::Piece;
using Kind = PreTokenizerStep::Kind;
using Behavior = PreTokenizerStep::Behavior;

struct Stretch {
  std::size_t begin;
  std::size_t end;
  bool match;
};

// Turns matches and the text between them into pieces according to the `behavior` of a Split step.
void apply_behavior(const std::vector<Stretch>& stretches, Behavior behavior, std::vector<Piece>& out) {
  const Stretch* previous = nullptr;
  for (const Stretch& stretch : stretches) {
    bool joins = false;
    if (previous != nullptr) {
      joins = (behavior == Behavior::kContiguous && stretch.match == previous->match) ||
              (behavior == Behavior::kMergedWithPrevious && stretch.match && !previous->match) ||
              (behavior == Behavior::kMergedWithNext && !stretch.match && previous->match);
    }
    if (joins) {
      out.back().end = stretch.end;
    } else if (behavior != Behavior::kRemoved || !stretch.match) {
      out.push_back({stretch.begin, stretch.end});
    }
    previous = &stretch;
  }
}

void split_by_family(std::string_view text, Piece piece, std::size_t (*piece_end)(std::string_view, std::size_t),
                     std::vector<Piece>& out) {
  const std::string_view view = text.substr(0, piece.end);
  for (std::size_t begin = piece.begin; begin < piece.end;) {
    const std::size_t end = piece_end(view, begin);
    out.push_back({begin, end});
    begin = end;
  }
}

void split_digits(std::string_view text, Piece piece, bool individual, std::vector<Piece>& out) {
  bool open = false, previous = false;
  for (std::size_t position = piece.begin; position < piece.end;) {
    std::size_t after = 0;
    const bool digit = character_class_at(text, position, after) == CharacterClass::kNumber;
    if (open && digit == previous && !(digit && individual)) {
      out.back().end = after;
    } else {
      out.push_back({position, after});
    }
    open = true;
    previous = digit;
    position = after;
  }
}

void split_by_pattern(std::string_view text, Piece piece, const SplitPattern& pattern, const PreTokenizerStep& step,
                      std::vector<Piece>& out) {
  std::vector<Stretch> stretches;
  const std::string_view view = text.substr(piece.begin, piece.end - piece.begin);
  std::size_t covered = 0;
  for (const SplitPattern::Match& match : pattern.matches(view)) {
    if (match.begin > covered) stretches.push_back({piece.begin + covered, piece.begin + match.begin, step.invert});
    stretches.push_back({piece.begin + match.begin, piece.begin + match.end, !step.invert});
    covered = match.end;
  }
  if (covered < view.size()) stretches.push_back({piece.begin + covered, piece.end, step.invert});
  apply_behavior(stretches, step.behavior, out);
}

// Rewrites the text: replaces each space by the mark and adds the prefix if the step has one.
void apply_metaspace(const PreTokenizerStep& step, TextStart start, PieceList& list, std::vector<Piece>& out) {
  using Prepend = PreTokenizerStep::Prepend;
  std::string rewritten;
  rewritten.reserve(list.text.size() + list.text.size() / 2 + 8);
  const std::string_view mark = step.replacement;
  for (std::size_t i = 0; i < list.pieces.size(); ++i) {
    const std::string_view piece = list[i];
    const std::size_t begin = rewritten.size();
    const bool prefix =
        (start != TextStart::kContinued || i > 0) &&
        (step.prepend == Prepend::kAlways ||
         (step.prepend == Prepend::kFirst && start == TextStart::kDocument && list.pieces[i].begin == 0));
    if (prefix && !piece.starts_with(' ') && !piece.starts_with(mark)) rewritten += mark;
    for (const char c : piece) {
      if (c == ' ') {
        rewritten += mark;
      } else {
        rewritten += c;
      }
    }
    if (!step.split) {
      out.push_back({begin, rewritten.size()});
      continue;
    }
    std::size_t open = begin;
    for (std::size_t found = rewritten.find(mark, begin); found != std::string::npos;
         found = rewritten.find(mark, found + mark.size())) {
      if (found > open) out.push_back({open, found});
      open = found;
    }
    if (open < rewritten.size()) out.push_back({open, rewritten.size()});
  }
  list.rewritten = std::move(rewritten);
  list.text = list.rewritten;
}

void add_prefix_spaces(TextStart start, PieceList& list) {
  std::string rewritten;
  rewritten.reserve(list.text.size() + list.pieces.size());
  for (std::size_t i = 0; i < list.pieces.size(); ++i) {
    const std::string_view piece = list[i];
    const std::size_t begin = rewritten.size();
    if (!piece.starts_with(' ') && (start != TextStart::kContinued || i > 0)) rewritten += ' ';
    rewritten += piece;
    list.pieces[i] = {begin, rewritten.size()};
  }
  list.rewritten = std::move(rewritten);
  list.text = list.rewritten;
}

// The family of a step whose matches are the pieces; such patterns leave nothing between matches.
const SplitFamily* family_of(const PreTokenizerStep& step) {
  const bool pieces = step.behavior == Behavior::kIsolated || (step.behavior == Behavior::kRemoved && step.invert);
  return step.kind == Kind::kSplit && pieces ? family_of_pattern(step.pattern) : nullptr;
}

}  // namespace

struct PreTokenizer::Impl {
  struct Step {
    PreTokenizerStep step;
    const SplitFamily* family;              // null where the step is no pattern coded by hand
    std::unique_ptr<SplitPattern> pattern;  // null where it is, or is no pattern
  };
  std::vector<Step> steps;
};

PreTokenizer::PreTokenizer(const std::vector<PreTokenizerStep>& steps) : impl_(std::make_unique<Impl>()) {
  for (const PreTokenizerStep& step : steps) {
    const SplitFamily* family = family_of(step);
    const bool by_pattern = step.kind == Kind::kSplit && family == nullptr;
    impl_->steps.push_back({step, family, by_pattern ? std::make_unique<SplitPattern>(step.pattern) : nullptr});
  }
}
PreTokenizer::PreTokenizer(PreTokenizer&&) noexcept = default;
PreTokenizer& PreTokenizer::operator=(PreTokenizer&&) noexcept = default;
PreTokenizer::~PreTokenizer() = default;

void PreTokenizer::split(std::string_view text, TextStart start, PieceList& list) const {
  list.text = text;
  list.pieces.clear();
  if (text.empty()) return;
  list.pieces.push_back({0, text.size()});
  std::vector<Piece> next;
  for (const auto& [step, family, pattern] : impl_->steps) {
    next.clear();
    switch (step.kind) {
      case Kind::kDigits:
        for (const Piece& piece : list.pieces) split_digits(list.text, piece, step.individual_digits, next);
        break;
      case Kind::kSplit:
        for (const Piece& piece : list.pieces) {
          if (family != nullptr) {
            split_by_family(list.text, piece, family->piece_end, next);
          } else {
            split_by_pattern(list.text, piece, *pattern, step, next);
          }
        }
        break;
      case Kind::kByteLevel:
        if (step.add_prefix_space) add_prefix_spaces(start, list);
        if (!step.use_regex) continue;
        for (const Piece& piece : list.pieces) split_by_family(list.text, piece, gpt2_piece_end, next);
        break;
      case Kind::kMetaspace: apply_metaspace(step, start, list, next); break;
    }
    list.pieces.swap(next);
  }
}

}  // namespace matinee
