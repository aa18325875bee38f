#include "lib/base/options.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "lib/base/format_error.h"
#include "lib/base/memory_budget.h"
#include "lib/base/words.h"

namespace matinee {
namespace {

namespace po = boost::program_options;

constexpr std::size_t kHelpWidth = 78;
constexpr std::size_t kHelpColumn = 30;

std::int64_t parse_integer(const std::string& text, std::int64_t low, std::int64_t high) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value);
  if (code != std::errc{} || stop != end || value < low || value > high) {
    if (high == INT64_MAX) throw usage_error("expected a whole number from {} on, found \"{}\"", low, text);
    throw usage_error("expected a whole number from {} to {}, found \"{}\"", low, high, text);
  }
  return value;
}

double parse_real(const std::string& text, double low, double high) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value);
  if (code != std::errc{} || stop != end || !std::isfinite(value) || !(value >= low && value <= high)) {
    throw usage_error("expected a number from {} to {}, found \"{}\"", low, high, text);
  }
  return value;
}

struct Option : OptionDescription {
  std::string default_text;
  std::optional<std::string> without_value;  // the value of the option where it is given without one
  std::function<void(const std::string&)> assign;
  std::vector<std::string> aliases;
};

}  // namespace

struct OptionSet::Impl {
  std::vector<std::pair<std::string, std::vector<Option>>> groups{{"Options", {}}};
  std::map<std::string, bool, std::less<>> given;
  std::vector<std::pair<std::string, std::string>> assigned;
  std::vector<std::string>* positional_target = nullptr;
  ValueHint positional;
  bool positional_is_last = false;
  std::size_t at_least = 0, at_most = 0;

  void add(const char* name, const char* value, std::string help, std::string default_text,
           std::function<void(const std::string&)> assign, bool is_list = false) {
    positional_is_last = false;
    const std::string_view names = name;
    const std::size_t comma = names.find(',');
    Option option;
    option.long_name = names.substr(0, comma);
    if (comma != std::string_view::npos) option.short_name = names.substr(comma + 1);
    option.value.placeholder = value;
    option.value.is_list = is_list;
    option.help = std::move(help);
    option.default_text = std::move(default_text);
    option.assign = std::move(assign);
    groups.back().second.push_back(std::move(option));
  }

  // The arguments, with the value of an optional text joined to it: the parser takes only "--name=value".
  std::vector<std::string> arguments(int argc, const char* const* argv) const {
    std::vector<std::string> all(argv + std::min(argc, 1), argv + argc);
    for (const auto& [title, options] : groups) {
      for (const Option& option : options) {
        if (!option.without_value) continue;
        const auto last = std::find(all.begin(), all.end(), "--");
        const auto found = std::find(all.begin(), last, "--" + option.long_name);
        if (last - found < 2 || found[1].starts_with('-')) continue;
        *found += "=" + found[1];
        all.erase(found + 1);
      }
    }
    return all;
  }

  // By its long name or an alias; null if there is none.
  Option* find(std::string_view name) {
    for (auto& [title, options] : groups) {
      for (Option& option : options) {
        if (option.long_name == name ||
            std::find(option.aliases.begin(), option.aliases.end(), name) != option.aliases.end())
          return &option;
      }
    }
    return nullptr;
  }

  void assign(Option& option, const std::string& text) {
    option.assign(text);
    given[option.long_name] = true;
    assigned.emplace_back(option.long_name, text);
  }

  ValueHint& last_value() { return positional_is_last ? positional : groups.back().second.back().value; }
};

OptionSet::OptionSet() : impl_(std::make_unique<Impl>()) {}
OptionSet::~OptionSet() = default;

void OptionSet::group(std::string title) {
  for (std::size_t i = 0; i < impl_->groups.size(); ++i) {
    if (impl_->groups[i].first == title) {
      std::rotate(impl_->groups.begin() + static_cast<std::ptrdiff_t>(i),
                  impl_->groups.begin() + static_cast<std::ptrdiff_t>(i) + 1, impl_->groups.end());
      return;
    }
  }
  impl_->groups.emplace_back(std::move(title), std::vector<Option>{});
}

void OptionSet::flag(const char* name, bool* target, std::string help) {
  impl_->add(name, "", std::move(help), "", [target](const std::string&) { *target = true; });
}

void OptionSet::text(const char* name, std::string* target, const char* value, std::string help) {
  impl_->add(name, value, std::move(help), *target, [target](const std::string& text) { *target = text; });
}

void OptionSet::optional_text(const char* name, std::string* target, const char* value, std::string without_value,
                              std::string help) {
  impl_->add(name, value, std::move(help), *target, [target](const std::string& text) { *target = text; });
  Option& option = impl_->groups.back().second.back();
  option.without_value = std::move(without_value);
  option.value.is_optional = true;
}

void OptionSet::list(const char* name, std::vector<std::string>* target, const char* value, std::string help) {
  // The first use replaces the default; later ones append.
  auto fresh = std::make_shared<bool>(true);
  impl_->add(
      name, value, std::move(help), joined(*target, ","),
      [target, fresh](const std::string& text) {
        if (*fresh) target->clear();
        *fresh = false;
        for (std::size_t begin = 0; begin <= text.size();) {
          const std::size_t end = std::min(text.find(',', begin), text.size());
          if (end > begin) target->push_back(text.substr(begin, end - begin));
          begin = end + 1;
        }
      },
      true);
}

#define MATINEE_INTEGER_OPTION(Type)                                                                                  \
  void OptionSet::integer(const char* name, Type* target, std::int64_t low, std::int64_t high, std::string help) {    \
    impl_->add(name, "N", std::move(help), fmt::format("{}", *target), [target, low, high](const std::string& text) { \
      *target = static_cast<Type>(parse_integer(text, low, high));                                                    \
    });                                                                                                               \
  }
MATINEE_INTEGER_OPTION(int)
MATINEE_INTEGER_OPTION(std::int64_t)
MATINEE_INTEGER_OPTION(std::uint64_t)
#undef MATINEE_INTEGER_OPTION

#define MATINEE_REAL_OPTION(Type)                                                                                     \
  void OptionSet::real(const char* name, Type* target, double low, double high, std::string help) {                   \
    impl_->add(name, "X", std::move(help), fmt::format("{}", *target), [target, low, high](const std::string& text) { \
      *target = static_cast<Type>(parse_real(text, low, high));                                                       \
    });                                                                                                               \
  }
MATINEE_REAL_OPTION(double)
MATINEE_REAL_OPTION(float)
#undef MATINEE_REAL_OPTION

void OptionSet::choice(const char* name, std::string* target, std::vector<std::string> choices, std::string help) {
  help += " (" + joined(choices, " | ") + ")";
  impl_->add(name, "WORD", std::move(help), *target, [target, choices](const std::string& text) {
    if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
      throw usage_error("expected one of {}, found \"{}\"", joined(choices, ", "), text);
    }
    *target = text;
  });
  offer_words(std::move(choices));
}

void OptionSet::size(const char* name, std::uint64_t* target, std::string help) {
  impl_->add(name, "SIZE", std::move(help), *target == 0 ? "" : format_size(*target),
             [target](const std::string& text) { *target = parse_size(text); });
}

void OptionSet::alias(std::string old_name) {
  impl_->groups.back().second.back().aliases.push_back(std::move(old_name));
}

void OptionSet::offer_words(std::vector<std::string> words) { impl_->last_value().words = std::move(words); }

void OptionSet::offer_suffixes(std::vector<std::string> suffixes) {
  impl_->last_value().suffixes = std::move(suffixes);
}

void OptionSet::positional(std::vector<std::string>* target, const char* value, std::size_t at_least,
                           std::size_t at_most) {
  impl_->positional_target = target;
  impl_->positional.placeholder = value;
  impl_->positional_is_last = true;
  impl_->at_least = at_least;
  impl_->at_most = at_most;
}

void OptionSet::parse(int argc, const char* const* argv) {
  po::options_description description;
  po::positional_options_description positions;
  for (const auto& [title, options] : impl_->groups) {
    for (const Option& option : options) {
      std::vector<std::string> spellings = option.aliases;
      spellings.push_back(option.short_name.empty() ? option.long_name : option.long_name + "," + option.short_name);
      for (const std::string& names : spellings) {
        if (option.value.placeholder.empty()) {
          description.add_options()(names.c_str(), new po::untyped_value(true), "");
        } else if (option.without_value) {
          auto* value = po::value<std::vector<std::string>>()->implicit_value({}, *option.without_value);
          description.add_options()(names.c_str(), value, "");
        } else {
          description.add_options()(names.c_str(), po::value<std::vector<std::string>>(), "");
        }
      }
    }
  }
  description.add_options()("matinee-positional", po::value<std::vector<std::string>>(), "");
  positions.add("matinee-positional", -1);

  po::parsed_options parsed(&description);
  try {
    // Abbreviations are off, so that a new option cannot change the meaning of an existing command line.
    parsed = po::command_line_parser(impl_->arguments(argc, argv))
                 .options(description)
                 .positional(positions)
                 .style(po::command_line_style::unix_style & ~po::command_line_style::allow_guessing)
                 .run();
  } catch (const po::error& error) {
    std::string message = error.what();
    if (!message.empty() && message.back() == '.') message.pop_back();
    throw usage_error("{}; try --help", message);
  }
  std::vector<std::string> words;
  for (const auto& item : parsed.options) {
    if (item.string_key == "matinee-positional" || item.position_key >= 0) {
      words.insert(words.end(), item.value.begin(), item.value.end());
      continue;
    }
    Option* const option = impl_->find(item.string_key);
    if (option == nullptr) continue;
    const bool is_flag = option->value.placeholder.empty();
    if (impl_->given[option->long_name] && !option->value.is_list && !is_flag)
      throw usage_error("--{}: given twice; give it once", option->long_name);
    with_context("--" + option->long_name, [&] {
      if (is_flag) impl_->assign(*option, "true");
      if (option->without_value && item.value.empty()) impl_->assign(*option, *option->without_value);
      for (const std::string& value : item.value) {
        if (!is_flag) impl_->assign(*option, value);
      }
    });
  }
  if (words.size() > impl_->at_most) {
    if (impl_->at_most == 0) throw usage_error("unexpected word \"{}\"; this tool takes options only", words.front());
    throw usage_error("expected at most {} {}, found {}", impl_->at_most, impl_->positional.placeholder, words.size());
  }
  if (words.size() < impl_->at_least) {
    throw usage_error("expected {} {}, found {}; try --help", impl_->at_least, impl_->positional.placeholder,
                      words.size());
  }
  if (impl_->positional_target != nullptr) *impl_->positional_target = std::move(words);
}

void OptionSet::assign(std::string_view name, const std::string& text) {
  Option* const option = impl_->find(name);
  if (option == nullptr) throw usage_error("no such option: --{}", name);
  if (option->value.placeholder.empty() && text != "true")
    throw usage_error("expected true or false, found \"{}\"", text);
  impl_->assign(*option, text);
}

bool OptionSet::has(std::string_view name) const { return impl_->find(name) != nullptr; }

bool OptionSet::is_flag(std::string_view name) const {
  const Option* const option = impl_->find(name);
  return option != nullptr && option->value.placeholder.empty();
}

const std::vector<std::pair<std::string, std::string>>& OptionSet::assigned() const { return impl_->assigned; }

std::string OptionSet::help() const {
  std::string out;
  for (const auto& [title, options] : impl_->groups) {
    if (options.empty()) continue;
    if (!out.empty()) out += '\n';
    out += title + ":\n";
    for (const Option& option : options) {
      std::string left = option.short_name.empty() ? "      --" : "  -" + option.short_name + ", --";
      left += option.long_name;
      const std::string& value = option.value.placeholder;
      if (!value.empty()) left += option.without_value ? " [" + value + "]" : " " + value;

      out += left;
      std::size_t column = left.size();
      if (column + 2 > kHelpColumn) {
        out += '\n';
        column = 0;
      }
      out.append(kHelpColumn - column, ' ');
      std::string text = option.help;
      if (!option.default_text.empty()) text += " [" + option.default_text + "]";
      append_wrapped(out, text, kHelpWidth, kHelpColumn);
      out += '\n';
    }
  }
  return out;
}

std::vector<OptionDescription> OptionSet::descriptions() const {
  std::vector<OptionDescription> all;
  for (const auto& [title, options] : impl_->groups) all.insert(all.end(), options.begin(), options.end());
  return all;
}

const ValueHint& OptionSet::positional_value() const { return impl_->positional; }

std::size_t OptionSet::most_positional() const { return impl_->at_most; }

bool OptionSet::given(std::string_view long_name) const {
  const auto found = impl_->given.find(long_name);
  return found != impl_->given.end() && found->second;
}

std::uint64_t parse_size(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value);
  std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  std::optional<double> factor;
  if (unit.empty()) factor = 1;
  if (unit == "%") factor = static_cast<double>(physical_memory()) / 100;
  if (!unit.empty() && (unit.size() == 1 || unit.substr(1) == "B" || unit.substr(1) == "iB")) {
    const std::size_t power = std::string_view("KMGT").find(static_cast<char>(unit[0] & ~0x20));
    if (power != std::string_view::npos) factor = std::exp2(10.0 * static_cast<double>(power + 1));
  }
  if (code != std::errc{} || !factor || !(value >= 0) || value * *factor >= 0x1p63) {
    throw usage_error("expected a size such as 512M, 2G or 50%, found \"{}\"", text);
  }
  return static_cast<std::uint64_t>(value * *factor);
}

std::string format_size(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit < 4; ++unit) value /= 1024;
  return fmt::format("{:.1f} {}iB", value, "BKMGT"[unit]);
}

}  // namespace matinee
