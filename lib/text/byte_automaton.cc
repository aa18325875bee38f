#include "lib/text/byte_automaton.h"

namespace matinee {

void ByteAutomaton::add_steps(const State& state, std::vector<Step>& steps) const {
  for (int byte = 0; byte < 256; ++byte) {
    State next = state;
    if (advance(next, static_cast<std::uint8_t>(byte))) steps.push_back({static_cast<std::uint8_t>(byte), next});
  }
}

bool ByteAutomaton::accepts(std::string_view text) const {
  State state = start();
  for (const char c : text)
    if (!advance(state, static_cast<std::uint8_t>(c))) return false;
  return may_end(state);
}

}  // namespace matinee
