#pragma once

#include <cstdint>

namespace matinee {

class Context;

/// Which elements of a head form the pairs that are rotated.
enum class RotaryStyle : std::uint8_t {
  kHalfSplit,    ///< (i, i + rotary_dim/2): LLaMA, NeoX
  kInterleaved,  ///< (2i, 2i + 1): GPT-J
};

/// Rotates pair i of each head of token t by the angle positions[t]·frequency[i], in place.
template <class T>
struct RotaryArgsOf {
  std::int64_t n_tokens = 0, n_heads = 0, head_dim = 0;
  std::int64_t rotary_dim = 0;  ///< even, at most head_dim; the rest of the head is unchanged
  RotaryStyle style = RotaryStyle::kHalfSplit;
  const std::int32_t* positions = nullptr;  ///< [n_tokens], each in [0, n_positions)
  std::int64_t n_positions = 0;             ///< rows of the two tables
  const T* cosines = nullptr;               ///< [n_positions, rotary_dim/2]
  const T* sines = nullptr;                 ///< [n_positions, rotary_dim/2]
  T* x = nullptr;                           ///< [n_tokens, n_heads, head_dim], in place
};
using RotaryArgs = RotaryArgsOf<float>;

/// backward: x holds the gradient of the rotated vectors and becomes that of the original ones, rotated by the negative
/// angle. Throws Error(kInternal) for wrong sizes or a position outside the tables. Su et al. 2021, "RoFormer",
/// arXiv:2104.09864.
void rotary_forward(Context& context, const RotaryArgs& args);
void rotary_backward(Context& context, const RotaryArgs& args);

/// Fills the two tables [n_positions, n_frequencies] with multiplier·cos and multiplier·sin of position·frequency[i],
/// computed in float64 and rounded once. `multiplier` is 1 except for YaRN's attention factor. The backward pass is
/// exact for any multiplier, as it applies the transposed matrix.
void fill_rotary_tables(const double* frequency, std::int64_t n_frequencies, std::int64_t n_positions,
                        double multiplier, float* cosines, float* sines);

}  // namespace matinee
