#include "lib/dialogue/system_act.h"

#include <array>

namespace matinee {

const char* name_of(SystemActKind kind) {
  static constexpr std::array<const char*, kSystemActKinds> kNames{
      "greet",   "ask",     "ask_opinion", "recommend", "answer", "explain", "close", "help",    "list",
      "propose", "compare", "relax",       "not_found",   "beyond", "confirm", "wait",  "restart", "english"};
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace matinee
