#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "lib/evaluation/compared_turn.h"
#include "lib/simulation/simulated_user.h"

namespace matinee {

/// A turn of the system in self-play, and the user's answer to it.
struct PlayedTurn {
  std::vector<std::string> acts;  ///< names
  std::string text;
  double seconds = 0;  ///< from the user's line to the end of the text; of the opening too
  bool has_answer = false;
  ComparedTurn answer;       ///< with has_answer
  bool understood = true;    ///< the whole update of the answer is what the user meant
  std::vector<Slot> broken;  ///< wishes that are stored after the answer and that the target does not meet
  bool leaves = false;       ///< the user's answer is a goodbye
};

/// How a conversation of self-play ended.
enum class Ending : std::uint8_t {
  kAccepted,           ///< the user took a fitting movie, and everything was understood
  kAcceptedAnyway,     ///< the same, though something was misread
  kRuledOutByReading,  ///< the stored wishes exclude the target, from a turn on that was misread
  kRuledOutByUser,     ///< the stored wishes exclude the target, from a turn on that was understood
  kClosedEarly,        ///< the system ended the conversation; the user did not
  kLeft,               ///< the user left
  kOutOfTurnsMisread,  ///< no fitting movie in time; something was misread
  kOutOfTurns,         ///< no fitting movie in time; everything was understood
};
inline constexpr int kEndings = 8;
/// "accepted; everything understood".
const char* name_of(Ending ending);

struct PlayedConversation {
  std::uint64_t index = 0;
  Persona persona = Persona::kTerse;
  std::string target;  ///< its name
  std::string wishes;  ///< what the user wants, said or not: "genres: Comedy; years: 1990s"
  std::vector<PlayedTurn> turns;
  bool satisfied = false;
  bool closed = false;  ///< the system ended it

  Ending ending() const;
  /// The first turn, from 1, whose answer was misread; 0 if none.
  int first_misread() const;
  /// The turn, from 1, from whose answer on the stored wishes exclude the target until the end; 0 if they do not.
  int ruled_out_since() const;
};

}  // namespace matinee
