#pragma once

#include <string>
#include <string_view>

#include "lib/text/byte_automaton.h"

namespace matinee {

/// The texts of another language with `prefix` before them and, optionally, `suffix` after them: what a reply's
/// tokens spell where a prompt template or a tokenizer puts a space around replies. `inner` must outlive it. Throws
/// Error(kInternal) for a suffix of more than one byte.
class MarginLanguage final : public ByteAutomaton {
 public:
  MarginLanguage(const ByteAutomaton& inner, std::string_view prefix, std::string_view suffix);

  State start() const override;
  bool advance(State& state, std::uint8_t byte) const override;
  bool may_end(const State& state) const override;
  void add_steps(const State& state, std::vector<Step>& steps) const override;

 private:
  const ByteAutomaton& inner_;
  std::string prefix_, suffix_;
};

}  // namespace matinee
