#include "lib/wording/question_slot.h"

#include <array>

#include "lib/catalog/fold_name.h"
#include "lib/wording/phrase_language.h"

namespace matinee {
namespace {

// Words that show what a question is about, as fold_name() writes them, each between two spaces.
constexpr std::array<std::string_view, kAskableSlots> kWords{
    " genre genres kind sort type funny scary romantic comedy drama thriller horror romance action ",
    " years decade decades old new older newer recent classic period made ",
    " long length runtime minutes running short shorter longer brief epic ",
    " popular famous known gem gems hidden hit hits obscure big ",
    " actor actors actress actresses director directors star direct anyone who whose ",
    " children kids family age rated watching "};

}  // namespace

std::optional<Slot> slot_of_phrase(std::string_view text, const Phrasebook& phrasebook) {
  for (int i = 0; i < kAskableSlots; ++i) {
    if (can_say(phrasebook, {std::string("s.ask.") + name_of(static_cast<Slot>(i)), {}}, text))
      return static_cast<Slot>(i);
  }
  return {};
}

std::optional<Slot> slot_of_question(std::string_view text, const Phrasebook& phrasebook) {
  if (const auto slot = slot_of_phrase(text, phrasebook)) return slot;
  std::optional<Slot> best;
  int most = 0;
  const std::string folded = fold_name(text);
  for (int i = 0; i < kAskableSlots; ++i) {
    int count = 0;
    for (std::size_t begin = 0; begin < folded.size();) {
      const std::size_t end = std::min(folded.find(' ', begin), folded.size());
      const std::string word = " " + folded.substr(begin, end - begin) + " ";
      count += kWords[static_cast<std::size_t>(i)].find(word) != std::string_view::npos ? 1 : 0;
      begin = end + 1;
    }
    if (count > most) {
      most = count;
      best = static_cast<Slot>(i);
    }
  }
  return best;
}

}  // namespace matinee
