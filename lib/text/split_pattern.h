#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// A split pattern of Oniguruma on PCRE2's JIT (oniguruma_pattern.h), with Unicode classes. Invalid UTF-8 matches
/// nothing. Const and thread-safe.
class SplitPattern {
 public:
  struct Match {
    std::size_t begin;
    std::size_t end;
  };

  /// Throws Error(kBadData) with PCRE2's reason for a pattern that it cannot run.
  explicit SplitPattern(const std::string& pattern);
  SplitPattern(SplitPattern&&) noexcept;
  SplitPattern& operator=(SplitPattern&&) noexcept;
  ~SplitPattern();

  /// Every match that is not empty, in order. Throws Error(kBadData) where PCRE2 reaches its limits.
  std::vector<Match> matches(std::string_view text) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
