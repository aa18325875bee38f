#include "lib/simulation/typing_errors.h"

#include <array>
#include <utility>
#include <vector>

#include "lib/base/ascii.h"

namespace matinee {
namespace {

constexpr std::array<std::string_view, 3> kRows{"qwertyuiop", "asdfghjkl", "zxcvbnm"};

char neighbor(char c, Random& random) {
  for (const std::string_view row : kRows) {
    const std::size_t at = row.find(c);
    if (at == std::string_view::npos) continue;
    if (at == 0) return row[1];
    if (at + 1 == row.size()) return row[at - 1];
    return row[at + (random.chance(0.5) ? 1 : std::size_t(-1))];
  }
  return c;
}

}  // namespace

std::string mistype(std::string_view text, Random& random) {
  // Places inside long words. First letters are rarely wrong.
  std::vector<std::size_t> places;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (end < text.size() && is_letter(text[end])) ++end;
    for (std::size_t i = begin + 1; i + 1 < end && end - begin >= 5; ++i) places.push_back(i);
    begin = end + 1;
  }
  std::string out(text);
  if (places.empty()) return out;
  const std::size_t at = random.pick(places);
  switch (random.below(4)) {
    case 0: std::swap(out[at], out[at + 1]); break;
    case 1: out.erase(at, 1); break;
    case 2: out.insert(at, 1, out[at]); break;
    default: out[at] = neighbor(out[at], random); break;
  }
  return out;
}

}  // namespace matinee
