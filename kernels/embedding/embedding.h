#pragma once

#include <cstdint>

#include "kernels/matmul/matmul.h"

namespace matinee {

/// y[t] = multiplier·table[ids[t]].
template <class T>
struct EmbeddingArgsOf {
  std::int64_t n_tokens = 0, vocab = 0, width = 0;
  const std::int32_t* ids = nullptr;  ///< [n_tokens], each in [0, vocab)
  WeightView table = {};              ///< [vocab, width], kF32 or kBF16
  float multiplier = 1;               ///< sqrt(hidden_size) in some families (Gemma)
  T* y = nullptr;                     ///< [n_tokens, width], overwritten
};
using EmbeddingArgs = EmbeddingArgsOf<float>;

/// grad_table[ids[t]] += multiplier·grad_y[t], for t in order.
template <class T>
struct EmbeddingBackwardArgsOf {
  std::int64_t n_tokens = 0, vocab = 0, width = 0;
  const std::int32_t* ids = nullptr;  ///< [n_tokens]
  const T* grad_y = nullptr;          ///< [n_tokens, width]
  float multiplier = 1;
  T* grad_table = nullptr;  ///< [vocab, width], added to
};
using EmbeddingBackwardArgs = EmbeddingBackwardArgsOf<float>;

/// Throws Error(kInternal) for wrong sizes, missing pointers or an id outside the table.
void embedding_forward(Context& context, const EmbeddingArgs& args);
void embedding_backward(Context& context, const EmbeddingBackwardArgs& args);

}  // namespace matinee
