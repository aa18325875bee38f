#include "lib/understanding/turn_reading.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr std::array kStandingRoles{Role::kNone, Role::kLiked, Role::kDisliked, Role::kSeen};

std::string_view next_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

template <class T>
T known(std::optional<T> value, std::string_view word) {
  if (!value) throw bad_data("reading: unknown word \"{}\"", word);
  return *value;
}

}  // namespace

std::span<const Role> standing_roles() { return kStandingRoles; }

TurnContext::TurnContext(std::span<const SystemAct> last) : acts(last) {
  for (const SystemAct& act : last) {
    if (act.kind == SystemActKind::kList && !act.candidates.empty()) standing = act.candidates.front().movie;
    if (act.movie >= 0) standing = act.movie;
  }
}

std::string to_text(const TurnReading& reading, bool movie_stands) {
  std::string text = name_of(reading.act);
  if (reading.asks) text += fmt::format("/{}", name_of(*reading.asks));
  if (movie_stands) text += fmt::format(" 0 {}", name_of(reading.standing));
  for (std::size_t i = 0; i < reading.roles.size(); ++i)
    text += fmt::format(" {} {}", i + 1, name_of(reading.roles[i]));
  for (const Slot slot : reading.any) text += fmt::format(" any:{}", name_of(slot));
  for (const Slot slot : reading.drop) text += fmt::format(" drop:{}", name_of(slot));
  return text;
}

TurnReading parse_turn_reading(std::string_view text, std::size_t marks) {
  TurnReading reading;
  reading.roles.assign(marks, Role::kNone);
  const std::string_view act = next_word(text);
  const std::size_t slash = std::min(act.find('/'), act.size());
  reading.act = known(user_act_from_name(act.substr(0, slash)), act);
  if (slash < act.size()) reading.asks = known(fact_from_name(act.substr(slash + 1)), act);
  while (!text.empty()) {
    const std::string_view word = next_word(text);
    if (word.starts_with("any:")) {
      reading.any.push_back(known(slot_from_name(word.substr(4)), word));
    } else if (word.starts_with("drop:")) {
      reading.drop.push_back(known(slot_from_name(word.substr(5)), word));
    } else {
      std::size_t number = 0;
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
      if (error != std::errc() || end != word.data() + word.size() || number > marks)
        throw bad_data("reading: expected the number of a mark, found \"{}\"", word);
      const std::string_view role = next_word(text);
      (number == 0 ? reading.standing : reading.roles[number - 1]) = known(role_from_name(role), role);
    }
  }
  return reading;
}

}  // namespace matinee
