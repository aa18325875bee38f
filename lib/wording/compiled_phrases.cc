#include "lib/wording/compiled_phrases.h"

#include <algorithm>
#include <string_view>

namespace matinee {

CompiledPhrases::CompiledPhrases(const PhraseChoices& phrases, const Parts& parts) { root_ = add(phrases, parts); }

// Sequences of one choice follow each other, and so do the pieces of one sequence: those inside groups come first.
std::uint32_t CompiledPhrases::add(const PhraseChoices& phrases, const Parts& parts) {
  Choices choices{.some = false};
  std::vector<Sequence> sequences;
  for (const PhraseSequence& phrase : phrases) {
    Sequence sequence{};
    std::vector<Piece> pieces;
    for (const PhrasePiece& piece : phrase) {
      if (piece.kind == PhrasePiece::Kind::kText) {
        pieces.push_back({Piece::Kind::kText, static_cast<std::uint32_t>(texts_.size()),
                          static_cast<std::uint32_t>(piece.text.size())});
        texts_ += piece.text;
      } else if (piece.kind == PhrasePiece::Kind::kSlot) {
        const auto slot = std::find(slots_.begin(), slots_.end(), piece.text);
        pieces.push_back({Piece::Kind::kSlot, static_cast<std::uint32_t>(slot - slots_.begin()), 0});
        if (slot == slots_.end()) slots_.push_back(piece.text);
        sequence.always = false;
      } else {
        const bool part = piece.kind == PhrasePiece::Kind::kPart;
        const std::uint32_t inside = add(part ? parts.find(piece.text)->second : piece.alternatives, parts);
        pieces.push_back({Piece::Kind::kChoices, inside, 0});
        sequence.always = sequence.always && choices_[inside].some;
      }
    }
    sequence.first = static_cast<std::uint32_t>(pieces_.size());
    pieces_.insert(pieces_.end(), pieces.begin(), pieces.end());
    sequence.last = static_cast<std::uint32_t>(pieces_.size());
    choices.always = choices.always && sequence.always;
    choices.some = choices.some || sequence.always;
    sequences.push_back(sequence);
  }
  choices.first = static_cast<std::uint32_t>(sequences_.size());
  sequences_.insert(sequences_.end(), sequences.begin(), sequences.end());
  choices.last = static_cast<std::uint32_t>(sequences_.size());
  choices_.push_back(choices);
  return static_cast<std::uint32_t>(choices_.size() - 1);
}

// A sequence fits if all its slots are given. A group or part needs one phrase that fits.
bool CompiledPhrases::fits(const Sequence& sequence, const Values& values) const {
  if (sequence.always) return true;
  for (std::uint32_t i = sequence.first; i < sequence.last; ++i) {
    const Piece& piece = pieces_[i];
    if (piece.kind == Piece::Kind::kSlot && values[piece.number] == nullptr) return false;
    if (piece.kind == Piece::Kind::kChoices && !any_fits(choices_[piece.number], values)) return false;
  }
  return true;
}

bool CompiledPhrases::any_fits(const Choices& choices, const Values& values) const {
  if (choices.some) return true;
  for (std::uint32_t i = choices.first; i < choices.last; ++i) {
    if (fits(sequences_[i], values)) return true;
  }
  return false;
}

void CompiledPhrases::choose(const Choices& choices, const Values& values, Random& random, std::string& out) const {
  std::uint64_t fitting = choices.last - choices.first;
  if (!choices.always) {
    fitting = 0;
    for (std::uint32_t i = choices.first; i < choices.last; ++i) fitting += fits(sequences_[i], values) ? 1 : 0;
  }
  std::uint64_t skipped = random.below(fitting);
  const Sequence* chosen = &sequences_[choices.first];
  if (choices.always) {
    chosen += skipped;
  } else {
    while (!fits(*chosen, values) || skipped-- > 0) ++chosen;
  }
  for (std::uint32_t i = chosen->first; i < chosen->last; ++i) {
    const Piece& piece = pieces_[i];
    switch (piece.kind) {
      case Piece::Kind::kText: {
        const std::string_view text(texts_.data() + piece.number, piece.length);
        out += text.substr(ends_with_mark(out) && begins_with_mark(text) ? 1 : 0);
        break;
      }
      case Piece::Kind::kSlot: out += *values[piece.number]; break;
      case Piece::Kind::kChoices: choose(choices_[piece.number], values, random, out); break;
    }
  }
}

bool CompiledPhrases::expand(const PhraseSlots& slots, Random& random, std::string& out) const {
  thread_local Values values;
  values.assign(slots_.size(), nullptr);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (const auto slot = slots.find(slots_[i]); slot != slots.end()) values[i] = &slot->second;
  }
  if (!any_fits(choices_[root_], values)) return false;
  choose(choices_[root_], values, random, out);
  return true;
}

}  // namespace matinee
