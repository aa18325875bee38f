#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace matinee {

/// kAuto draws a bar where stderr is a terminal and nothing elsewhere; kPlain prints lines; kNone is silent.
enum class ProgressStyle { kAuto, kPlain, kNone };

/// Shows on stderr what a long run has done, its rate and, where the total is known, the time left. The display ends
/// with the object, in a line with the whole time. `advance` and `reach` are thread-safe.
class Progress {
 public:
  /// `total` 0 means unknown. `unit` is what is counted ("rows", "bytes", "conversations"); bytes are shown as MB or
  /// GB; "": nothing is counted, and only the time is shown. A bar appears after half a second.
  Progress(ProgressStyle style, std::string tool, std::string label, std::uint64_t total, std::string unit);
  Progress(Progress&&) noexcept;
  Progress& operator=(Progress&&) noexcept;
  ~Progress();

  void advance(std::uint64_t amount = 1);
  /// The same for a total so far, such as the place in a file; a smaller one than before changes nothing.
  void reach(std::uint64_t amount);
  /// The same with the total, where it was not known before.
  void reach(std::uint64_t amount, std::uint64_t total);
  /// Shows `text` (loss, tokens/s) beside the bar, or as the plain line.
  void status(std::string text);
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
