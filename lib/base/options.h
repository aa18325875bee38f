#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// The options of one tool. Each option is named, documented, bound to a field and given its range in one call, from
/// the function that belongs to the struct it fills; the help text, the parser and the default (the field's value at
/// that moment) all come from that call. Boost.ProgramOptions does the parsing and is seen by options.cc only.
///
/// `name` is "long" or "long,l" with a one-letter short form. `value` is the placeholder in the help ("FILE", "N").
class OptionSet {
 public:
  OptionSet();
  ~OptionSet();
  OptionSet(const OptionSet&) = delete;
  OptionSet& operator=(const OptionSet&) = delete;

  /// Starts a titled group in the help ("Training"); options added afterward belong to it.
  void group(std::string title);

  void flag(const char* name, bool* target, std::string help);
  void text(const char* name, std::string* target, const char* value, std::string help);
  /// Repeatable, and a comma separates several values in one.
  void list(const char* name, std::vector<std::string>* target, const char* value, std::string help);
  /// An integer within [low, high]; anything else is refused, "-1" for an unsigned one too.
  void integer(const char* name, int* target, std::int64_t low, std::int64_t high, std::string help);
  void integer(const char* name, std::int64_t* target, std::int64_t low, std::int64_t high, std::string help);
  void integer(const char* name, std::uint64_t* target, std::int64_t low, std::int64_t high, std::string help);
  /// A finite real within [low, high].
  void real(const char* name, double* target, double low, double high, std::string help);
  void real(const char* name, float* target, double low, double high, std::string help);
  /// One of the listed words.
  void choice(const char* name, std::string* target, std::vector<std::string> choices, std::string help);
  /// A size in bytes: 512M, 2G, 1.5G, 50% (of the memory of this machine), or a plain number.
  void size(const char* name, std::uint64_t* target, std::string help);
  /// An earlier name of the option added last: accepted, but not in the help.
  void alias(std::string old_name);
  /// The words that are not options. Without this call any such word is an error.
  void positional(std::vector<std::string>* target, const char* value, std::size_t at_least, std::size_t at_most);

  /// Parses; throws Error(kUsage). `help_wanted` and friends are tool.cc's business.
  void parse(int argc, const char* const* argv);
  /// The options as help text, groups in the order they were added, defaults in brackets.
  std::string help() const;
  /// True where the user gave the option `long_name` (so that a tool can tell a default from a wish).
  bool given(std::string_view long_name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// "512M" and the like to bytes. Throws Error(kUsage).
std::uint64_t parse_size(std::string_view text);
/// 1536 to "1.5 KiB".
std::string format_size(std::uint64_t bytes);

}  // namespace matinee
