#include "lib/understanding/understand_prompt.h"

#include <fmt/format.h>

#include "lib/base/ascii.h"

namespace matinee {
namespace {

// In lower case and in one line: a newline would look like the end of the turn, and a bracket like a mark.
void append_plain(std::string& to, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (text.substr(i, 3) == "\u2019" || text.substr(i, 3) == "\u2018") {
      to += '\'';
      i += 2;
    } else if (c == '\n' || c == '\r' || c == '\t') {
      to += ' ';
    } else if (c == '[' || c == ']') {
      to += c == '[' ? '(' : ')';
    } else {
      to += to_lower(c);
    }
  }
}

const char* kind_of_name(const Mark& mark) {
  if (mark.kind == MarkKind::kNotFound) return "unknown";
  return mark.person >= 0 && mark.movie >= 0 ? "name" : mark.person >= 0 ? "person" : "film";
}

// True for acts that only go before another one of the same turn.
bool goes_before(SystemActKind kind) {
  return kind == SystemActKind::kRelax || kind == SystemActKind::kNotFound || kind == SystemActKind::kBeyond;
}

}  // namespace

std::string acts_text(std::span<const SystemAct> acts) {
  std::string text;
  for (const SystemAct& act : acts) {
    if (goes_before(act.kind) && acts.size() > 1) continue;
    if (!text.empty()) text += ", ";
    text += name_of(act.kind);
    if (act.kind == SystemActKind::kAsk) text += fmt::format(" {}", name_of(act.slot));
  }
  return text;
}

SkillPrompt understand_prompt(std::span<const SystemAct> acts, std::string_view user_text,
                              std::span<const Mark> marks) {
  std::string input = fmt::format("system: {}\nuser: ", acts_text(acts));
  std::size_t at = 0;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const Mark& mark = marks[i];
    append_plain(input, user_text.substr(at, mark.begin - at));
    const bool name = mark.kind == MarkKind::kName || mark.kind == MarkKind::kNotFound;
    input += fmt::format("[{}", i + 1);
    if (name) input += fmt::format(" {}{}", kind_of_name(mark), mark.weak ? "?" : "");
    if (!name || mark.weak) {
      input += ' ';
      append_plain(input, user_text.substr(mark.begin, mark.end - mark.begin));
    }
    input += ']';
    at = mark.end;
  }
  append_plain(input, user_text.substr(at));
  return {Skill::kUnderstand, "Write down what the user wants.", std::move(input)};
}

}  // namespace matinee
