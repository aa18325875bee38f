#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace matinee {

/// Where the user's lines come from.
class LineSource {
 public:
  enum class Result : std::uint8_t { kLine, kInterrupted, kEnd };
  virtual ~LineSource() = default;
  /// The next line without its line end; kInterrupted if Ctrl-C was pressed instead.
  virtual Result next(std::string& line) = 0;
};

/// Lines of stdin, each as soon as it is complete.
std::unique_ptr<LineSource> piped_lines();
/// A prompt with line editing and a history; keys are those of the user's ~/.editrc.
std::unique_ptr<LineSource> terminal_lines();

/// From now on SIGINT is only counted, and interrupts terminal_lines().
void count_interrupts();
/// How many SIGINT there were since.
int interrupts();

}  // namespace matinee
