#include "lib/evaluation/tuple_form.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "lib/base/ascii.h"
#include "lib/base/random.h"

namespace matinee {
namespace {

constexpr std::size_t kShortestName = 2;

// Between the names of a prompt's input: `{"people":["Al Pacino"]}`, `1. Heat (1995) | by Michael Mann`.
constexpr std::string_view kSeparators = "|\n\",;()[]{}:";
constexpr std::array<std::string_view, 8> kBefore{"a ", "an ", "by ", "with ", "like ", "rated ", "around ", "and "};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

void add_names(std::string_view item, std::vector<std::string_view>& names) {
  item = trimmed(item);
  // The number of a candidate: "1. Heat".
  if (const std::size_t dot = item.find(". ");
      dot != item.npos && std::all_of(item.begin(), item.begin() + static_cast<std::ptrdiff_t>(dot), is_digit))
    item.remove_prefix(dot + 2);
  for (const std::string_view before : kBefore) {
    if (item.starts_with(before)) item.remove_prefix(before.size());
  }
  if (item.size() < kShortestName) return;
  names.push_back(item);
  if (const std::size_t both = item.find(" and "); both != item.npos) {
    add_names(item.substr(0, both), names);
    add_names(item.substr(both + 5), names);
  }
}

// The longest first.
std::vector<std::string_view> names_in(std::string_view input) {
  std::vector<std::string_view> names;
  for (std::size_t begin = 0; begin <= input.size();) {
    const std::size_t end = std::min(input.find_first_of(kSeparators, begin), input.size());
    add_names(input.substr(begin, end - begin), names);
    begin = end + 1;
  }
  std::stable_sort(names.begin(), names.end(), [](auto a, auto b) { return a.size() > b.size(); });
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string user_form(std::string_view input) {
  static constexpr std::string_view kUser = "\nuser: ";
  const std::size_t at = input.find(kUser);
  std::string form;
  for (const char c : input.substr(at == input.npos ? 0 : at + kUser.size())) {
    if (is_letter(c) || (c & 0x80) != 0) form += to_lower(c);
    if (c == ' ' && !form.ends_with(' ')) form += ' ';
  }
  return form;
}

std::string reply_form(std::string_view reply, std::string_view input) {
  const std::vector<std::string_view> names = names_in(input);
  std::string form;
  const auto begins_word = [&](std::size_t at) { return at == 0 || !is_letter(reply[at - 1]); };
  for (std::size_t at = 0; at < reply.size();) {
    const std::string_view rest = reply.substr(at);
    std::size_t taken = 0;
    if (begins_word(at)) {
      const auto name = std::find_if(names.begin(), names.end(), [&](auto each) { return rest.starts_with(each); });
      if (name != names.end()) taken = name->size();
      for (const std::string_view article : {"a ", "an "}) {
        if (taken == 0 && rest.starts_with(article)) taken = article.size() - 1;
      }
    }
    form += taken > 0 || is_digit(reply[at]) ? '_' : reply[at];
    at += std::max<std::size_t>(taken, 1);
  }
  return form;
}

}  // namespace

std::string form_of(const InstructionTuple& tuple) {
  return tuple.prompt.skill == Skill::kUnderstand ? user_form(tuple.prompt.input)
                                                  : reply_form(tuple.output, tuple.prompt.input);
}

std::uint64_t form_hash(const InstructionTuple& tuple) {
  std::uint64_t hash = hash64(form_of(tuple), hash64(name_of(tuple.prompt.skill)));
  // The finalizer of SplitMix64: the last letters change all bits.
  hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ hash >> 27) * 0x94d049bb133111ebULL;
  return hash ^ hash >> 31;
}

}  // namespace matinee
