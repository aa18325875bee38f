#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <vector>

namespace matinee {

/// A language over bytes: which byte may come next, and where a text may end.
///
/// Contract: a state that `advance` led to with true is alive, that is, some bytes lead from it to a state that may
/// end. Under it no reply can get stuck in the middle. Methods are called from one thread.
class ByteAutomaton {
 public:
  /// A position in the language. Each automaton keeps a struct of its own in it, of at most 40 bytes and without
  /// padding; the last word is for MarginLanguage. Equal states accept equal continuations.
  struct State {
    std::array<std::uint32_t, 11> words{};

    template <class Position>
    static State of(const Position& position) {
      static_assert(sizeof(Position) < sizeof(words) && std::has_unique_object_representations_v<Position>);
      State state;
      std::memcpy(state.words.data(), &position, sizeof(Position));
      return state;
    }
    template <class Position>
    Position as() const {
      static_assert(sizeof(Position) < sizeof(words) && std::is_trivially_copyable_v<Position>);
      Position position;
      std::memcpy(static_cast<void*>(&position), words.data(), sizeof(Position));
      return position;
    }
    friend auto operator<=>(const State&, const State&) = default;
  };

  virtual ~ByteAutomaton() = default;
  virtual State start() const = 0;
  /// Moves over `byte` if it may come here; else gives false, and the state is undefined.
  virtual bool advance(State& state, std::uint8_t byte) const = 0;
  virtual bool may_end(const State& state) const = 0;

  /// A byte that may come next, and where it leads.
  struct Step {
    std::uint8_t byte;
    State state;
  };
  /// Appends all steps from `state` in any order, each byte once. Here: `advance` tried with every byte; a language
  /// that knows its steps is many times faster.
  virtual void add_steps(const State& state, std::vector<Step>& steps) const;

  /// True where all of `text` is in the language.
  bool accepts(std::string_view text) const;
};

}  // namespace matinee
