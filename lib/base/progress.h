#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace matinee {

/// kAuto draws a bar where stderr is a terminal and nothing elsewhere; kPlain prints lines; kNone is silent.
enum class ProgressStyle { kAuto, kPlain, kNone };

/// Shows the progress of a long run on stderr. The display ends with the object. `advance` is thread-safe.
class Progress {
 public:
  /// `total` 0 means unknown. `unit` is what is counted ("rows", "bytes", "conversations").
  Progress(ProgressStyle style, std::string tool, std::string label, std::uint64_t total, std::string unit);
  Progress(Progress&&) noexcept;
  Progress& operator=(Progress&&) noexcept;
  ~Progress();

  void advance(std::uint64_t amount = 1);
  /// Shows `text` (loss, tokens/s) beside the bar, or as the plain line.
  void status(std::string text);
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
