#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string_view>

namespace matinee {

/// A language over bytes: which byte may come next, and where a text may end.
///
/// Contract: a state that `advance` led to with true is alive, that is, some bytes lead from it to a state that may
/// end. Under it no reply can get stuck in the middle. Methods are called from one thread.
class ByteAutomaton {
 public:
  /// A position in the language: plain numbers, what they mean is the automaton's own business (positions in tables,
  /// counters; a larger state is interned and its number put here). Equal states accept equal continuations.
  struct State {
    std::array<std::uint32_t, 8> words{};
    friend auto operator<=>(const State&, const State&) = default;
  };

  virtual ~ByteAutomaton() = default;
  virtual State start() const = 0;
  /// Moves over `byte` if it may come here; else gives false, and the state is undefined.
  virtual bool advance(State& state, std::uint8_t byte) const = 0;
  virtual bool may_end(const State& state) const = 0;

  /// True where all of `text` is in the language.
  bool accepts(std::string_view text) const;
};

}  // namespace matinee
