#include "lib/text/byte_automaton.h"

namespace matinee {

bool ByteAutomaton::accepts(std::string_view text) const {
  State state = start();
  for (const char c : text)
    if (!advance(state, static_cast<std::uint8_t>(c))) return false;
  return may_end(state);
}

}  // namespace matinee
