#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// What a line of the user that begins with a slash asks for.
struct ChatCommand {
  enum class Kind : std::uint8_t {
    kNone,     ///< the line is no command
    kWhy,      ///< a turn: why the movie was recommended
    kMore,     ///< a turn: another recommendation
    kUndo,     ///< takes back the turn before
    kRestart,  ///< starts over
    kAside,    ///< shows something and is no turn: the other commands, unknown ones too
  };
  Kind kind = Kind::kNone;
  std::string word{};      ///< "/save"
  std::string argument{};  ///< what follows it
};

/// The command that the line is. A line that is blank or does not begin with a slash is none.
ChatCommand command_of(std::string_view line);

/// The lines of /help, of a chat that can save and quit or, over the network, cannot.
std::vector<std::string> help_lines(bool local = true);
/// The answer to a command that does not exist.
std::string unknown_command(std::string_view word);

inline constexpr const char* kNoMovieYet = "No movie has been mentioned yet.";
inline constexpr const char* kNothingRecommended = "Nothing has been recommended yet.";
inline constexpr const char* kTookBack = "Took back your last line. ";
inline constexpr const char* kNothingToTakeBack = "There is nothing to take back.";

}  // namespace matinee
