#include "lib/base/completion.h"

#include <fmt/format.h>

#include "lib/base/format_error.h"
#include "lib/base/words.h"

extern "C" {
extern const char matinee_completion_bash_begin[], matinee_completion_bash_end[];
}

namespace matinee {
namespace {

enum class PathKind { kNone, kFile, kFolder };

// Completion of files offers folders, too. Placeholders tell what is a path, and so do suffixes.
PathKind path_kind(const ValueHint& value) {
  if (!value.suffixes.empty()) return PathKind::kFile;
  constexpr std::pair<std::string_view, PathKind> kPlaceholders[] = {
      {"FILE", PathKind::kFile},       {"FILES", PathKind::kFile}, {"TOKENS", PathKind::kFile},
      {"MOVIES.BIN", PathKind::kFile}, {"PATH", PathKind::kFile},  {"DIR", PathKind::kFolder},
      {"FOLDER", PathKind::kFolder},
  };
  for (const auto& [placeholder, kind] : kPlaceholders) {
    if (value.placeholder == placeholder) return kind;
  }
  return PathKind::kNone;
}

// The first clause of the help, without the words that a value can be: menus have one line for each option.
std::string brief(const OptionDescription& option) {
  std::string_view help = option.help;
  help = help.substr(0, help.find(fmt::format(" ({})", joined(option.value.words, " | "))));
  return std::string(help.substr(0, std::min(help.find("; "), help.find(". "))));
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// In single quotes, for either shell.
std::string quoted(const std::string& text) { return "'" + replaced(text, "'", R"('\'')") + "'"; }

// ---- bash
// ------------------------------------------------------------------------------------------------------------

// "files|,|.csv|": what the value is, how its list is separated, and the words or suffixes.
std::string bash_value(const ValueHint& value) {
  const char* separator = value.is_list ? "," : "";
  if (!value.words.empty()) return fmt::format("words|{}|{}", separator, joined(value.words, " "));
  switch (path_kind(value)) {
    case PathKind::kNone:
      return fmt::format("{}|{}|",
                         value.placeholder.empty() ? "flag"
                         : value.is_optional       ? "optional"
                                                   : "any",
                         separator);
    case PathKind::kFolder: return fmt::format("folders|{}|", separator);
    case PathKind::kFile: return fmt::format("files|{}|{}", separator, joined(value.suffixes, " "));
  }
  return "";
}

std::string bash_script(std::string_view tool, const OptionSet& options) {
  std::string text = fmt::format("# bash completion of {0}, printed by `{0} --completion bash`.\n", tool);
  text.append(matinee_completion_bash_begin, matinee_completion_bash_end);
  text += fmt::format("\n_matinee_{}() {{\n  _matinee_complete {} \\\n", replaced(std::string(tool), "-", "_"),
                      quoted(bash_value(options.positional_value())));
  for (const OptionDescription& option : options.descriptions()) {
    const std::string short_name = option.short_name.empty() ? "" : "-" + option.short_name;
    text += fmt::format("    {} \\\n", quoted(fmt::format("--{}|{}|{}|{}", option.long_name, short_name,
                                                          bash_value(option.value), brief(option))));
  }
  text += fmt::format("    --\n}}\ncomplete -F _matinee_{} {}\n", replaced(std::string(tool), "-", "_"), tool);
  return text;
}

// ---- zsh
// -------------------------------------------------------------------------------------------------------------

// Text in a specification of _arguments, where brackets and colons have a meaning.
std::string escaped(std::string text) {
  for (const std::string_view special : {"\\", "[", "]", ":"})
    text = replaced(text, special, fmt::format("\\{}", special));
  return text;
}

std::string zsh_files(const ValueHint& value) {
  if (path_kind(value) == PathKind::kFolder) return "_files -/";
  if (value.suffixes.empty()) return "_files";
  // Alone in parentheses it would be a qualifier.
  const std::string endings = joined(value.suffixes, "|");
  return fmt::format("_files -g \"*{}\"", value.suffixes.size() == 1 ? endings : "(" + endings + ")");
}

// ":PLACEHOLDER:ACTION"
std::string zsh_value(const ValueHint& value) {
  if (value.placeholder.empty()) return "";
  std::string action;
  if (!value.words.empty()) {
    action = value.is_list ? fmt::format("_sequence compadd - {}", joined(value.words, " "))
                           : fmt::format("({})", joined(value.words, " "));
  } else if (path_kind(value) != PathKind::kNone) {
    action = value.is_list ? "_sequence " + zsh_files(value) : zsh_files(value);
  }
  return fmt::format("{}:{}:{}", value.is_optional ? ":" : "", escaped(value.placeholder),
                     replaced(action, ":", "\\:"));
}

std::string zsh_option(const OptionDescription& option) {
  const std::string help = quoted(fmt::format("[{}]{}", escaped(brief(option)), zsh_value(option.value)));
  const bool takes_value = !option.value.placeholder.empty();
  const std::string long_form = fmt::format("--{}{}", option.long_name, takes_value ? "=" : "");
  const std::string repeated = option.value.is_list ? "*" : "";
  if (option.short_name.empty()) return fmt::format("'{}'{}{}", repeated, long_form, help);
  const std::string exclusive =
      option.value.is_list ? "*" : fmt::format("(-{} --{})", option.short_name, option.long_name);
  return fmt::format("'{}'{{-{}{},{}}}{}", exclusive, option.short_name, takes_value ? "+" : "", long_form, help);
}

std::string zsh_script(std::string_view tool, const OptionSet& options) {
  std::string text = fmt::format("#compdef {0}\n# zsh completion of {0}, printed by `{0} --completion zsh`.\n\n", tool);
  text += fmt::format("_{}() {{\n  _arguments -s -S \\\n", tool);
  for (const OptionDescription& option : options.descriptions()) text += fmt::format("    {} \\\n", zsh_option(option));
  if (options.most_positional() > 0) {
    const char* which = options.most_positional() == 1 ? "1" : "*";
    text += fmt::format("    {} \\\n", quoted(fmt::format("{}{}", which, zsh_value(options.positional_value()))));
  }
  // As a file in $fpath it is the function itself; sourced, it declares it.
  text += fmt::format(
      "    && return\n}}\n\nif [[ $funcstack[1] == _{0} ]]; then _{0} \"$@\"; else compdef _{0} {0}; fi\n", tool);
  return text;
}

}  // namespace

std::string completion_script(std::string_view shell, std::string_view tool, const OptionSet& options) {
  if (shell == "bash") return bash_script(tool, options);
  if (shell == "zsh") return zsh_script(tool, options);
  throw usage_error("--completion: expected bash or zsh, found \"{}\"", shell);
}

}  // namespace matinee
