#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace matinee {

/// What completion offers for a value on a command line.
struct ValueHint {
  std::string placeholder;            ///< "FILE", "N"; empty for a flag
  std::vector<std::string> words;     ///< the words that it can be; others may be accepted, too
  std::vector<std::string> suffixes;  ///< how names of files end that it can be (".bin"); empty: any
  bool is_list = false;               ///< several values with commas between them
  bool is_optional = false;           ///< the option is complete without it
};

/// One option as --help and completion show it.
struct OptionDescription {
  std::string long_name, short_name;  ///< "output", "o"; the short one may be empty
  std::string help;
  ValueHint value;
};

/// The options of one tool. One call per option gives its name, help text, range and the variable that `parse` sets.
/// The value of the variable at that call is the default shown in the help. By convention, a struct of options has a
/// member function `add` that makes these calls. Only options.cc uses Boost.ProgramOptions, which does the parsing.
///
/// `name` is "long" or "long,l" with a one-letter short form. `value` is the placeholder in the help ("FILE", "N").
/// `target` is not owned and must outlive `parse`. Values that do not fit are usage errors of `parse`.
class OptionSet {
 public:
  OptionSet();
  ~OptionSet();
  OptionSet(const OptionSet&) = delete;
  OptionSet& operator=(const OptionSet&) = delete;

  /// Starts a titled group in the help ("Training"); options added afterward belong to it. A title that exists already
  /// continues that group, which moves to the end.
  void group(std::string title);

  /// An option without a value; sets *target to true.
  void flag(const char* name, bool* target, std::string help);
  void text(const char* name, std::string* target, const char* value, std::string help);
  /// A text that may be left out: `--name` alone sets *target to `without_value`. An argument after the option that is
  /// no option is its value.
  void optional_text(const char* name, std::string* target, const char* value, std::string without_value,
                     std::string help);
  /// A list of words: the option can be repeated, and commas separate words. The first use replaces the default.
  void list(const char* name, std::vector<std::string>* target, const char* value, std::string help);
  /// An integer in [low, high], in decimal.
  void integer(const char* name, int* target, std::int64_t low, std::int64_t high, std::string help);
  void integer(const char* name, std::int64_t* target, std::int64_t low, std::int64_t high, std::string help);
  void integer(const char* name, std::uint64_t* target, std::int64_t low, std::int64_t high, std::string help);
  /// A finite number in [low, high].
  void real(const char* name, double* target, double low, double high, std::string help);
  void real(const char* name, float* target, double low, double high, std::string help);
  /// One of the listed words.
  void choice(const char* name, std::string* target, std::vector<std::string> choices, std::string help);
  /// A size in bytes, as parse_size reads it.
  void size(const char* name, std::uint64_t* target, std::string help);
  /// An old name of the option added last. It is accepted but does not appear in the help.
  void alias(std::string old_name);
  /// Words that completion offers for the value of the option or of the positional words added last.
  void offer_words(std::vector<std::string> words);
  /// How the names of files end that completion offers there.
  void offer_suffixes(std::vector<std::string> suffixes);
  /// The words that are not options, `at_least` to `at_most` of them. Without this call any such word is an error.
  void positional(std::vector<std::string>* target, const char* value, std::size_t at_least, std::size_t at_most);

  /// Parses the command line (argv[0] is skipped) and sets the targets. Throws Error(kUsage), also for an option other
  /// than a list or a flag that is given twice. --help and --version are handled by run_tool.
  void parse(int argc, const char* const* argv);
  /// The help text of the options, in the order of the groups, with the defaults in brackets.
  std::string help() const;
  /// Every option of the help, in its order.
  std::vector<OptionDescription> descriptions() const;
  /// The words that are not options, and how many there can be.
  const ValueHint& positional_value() const;
  std::size_t most_positional() const;
  /// Whether the option `long_name` was on the command line, to tell a default from the same value given explicitly.
  bool given(std::string_view long_name) const;

  /// Sets one option, as `parse` does. A flag takes "true". The message of an Error(kUsage) does not begin with the
  /// name.
  void assign(std::string_view name, const std::string& text);
  /// Whether there is an option with this long name or alias.
  bool has(std::string_view name) const;
  bool is_flag(std::string_view name) const;
  /// The options that `parse` and `assign` have set, with their texts, in order. A list may be there several times.
  const std::vector<std::pair<std::string, std::string>>& assigned() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Bytes of "512M", "1.5G", "50%" (of the physical memory) or a plain number. K, M, G and T are powers of 1024, also
/// with B or iB appended. Throws Error(kUsage).
std::uint64_t parse_size(std::string_view text);
/// A number of bytes for display: "1.5 KiB" for 1536.
std::string format_size(std::uint64_t bytes);

}  // namespace matinee
