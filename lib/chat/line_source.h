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
  /// The next line without its line end; kInterrupted if Ctrl-C was pressed instead. A terminal shows `prompt`.
  virtual Result next(const std::string& prompt, std::string& line) = 0;
};

/// Lines of stdin, each as soon as it is complete.
std::unique_ptr<LineSource> piped_lines();
/// Lines of UTF-8 with line editing and a history; keys are those of the user's ~/.editrc. Sets the process's locale
/// for characters to the user's or, where that is "C", to C.UTF-8.
std::unique_ptr<LineSource> terminal_lines();
/// Columns of the terminal on stdout now; 0 if they are unknown.
int terminal_columns();

/// From now on SIGINT is only counted, and interrupts terminal_lines().
void count_interrupts();
/// How many SIGINT there were since.
int interrupts();

}  // namespace matinee
