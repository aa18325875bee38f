#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace matinee {

/// A split pattern implemented by hand. A new family is a new row of the table in split_families.cc.
struct SplitFamily {
  std::string_view name;     ///< "gpt2", "smollm", "llama3", "qwen2"
  std::string_view pattern;  ///< as its tokenizer.json spells it, or what its steps come to
  /// End of the piece that the pattern finds at `begin` < text.size(): every byte belongs to a piece.
  std::size_t (*piece_end)(std::string_view text, std::size_t begin);
  /// Writes the ends of the pieces from `begin` on, as many as fit into `ends`; returns their number. `readable` bytes
  /// may be read from text.data() on; padding after the text is ignored but allows reads of whole vectors.
  std::size_t (*cut)(std::string_view text, std::size_t readable, std::size_t begin, std::span<std::size_t> ends);
};

/// All known families.
std::span<const SplitFamily> split_families();
/// nullptr if there is none of this pattern.
const SplitFamily* family_of_pattern(std::string_view pattern);
/// Throws Error(kInternal) for an unknown name.
const SplitFamily& family_named(std::string_view name);

/// GPT-2's own, which ByteLevel uses too.
std::size_t gpt2_piece_end(std::string_view text, std::size_t begin);

}  // namespace matinee
