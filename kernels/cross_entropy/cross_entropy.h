#pragma once

#include <cstdint>

namespace matinee {

class Context;

/// Target of an unsupervised row, which has no loss and a gradient of zero.
inline constexpr std::int32_t kIgnoredTarget = -1;

/// Sums over rows of logits; several calls may add to the same one.
struct CrossEntropySums {
  double loss = 0;             ///< Σ ln Σ_v exp(logits[v]) - logits[target], nats, in the order of the rows
  std::int64_t n_counted = 0;  ///< rows with a target
  std::int64_t n_correct = 0;  ///< rows whose largest logit is the target (the smallest index wins a tie)
};

template <class T>
struct CrossEntropyArgsOf {
  std::int64_t n_rows = 0, vocab = 0;
  T* logits = nullptr;                    ///< [n_rows, vocab]; overwritten with the gradient if `with_gradient`
  const std::int32_t* targets = nullptr;  ///< [n_rows], in [0, vocab) or kIgnoredTarget
  bool with_gradient = true;
  float softcap = 0;     ///< positive: the logits are softcap·tanh(z / softcap), and the gradient is that of z
  float grad_scale = 1;  ///< the gradient is grad_scale·(softmax - one_hot): 1 / supervised tokens of the step
  CrossEntropySums* sums = nullptr;  ///< added to; in the context's memory
};
using CrossEntropyArgs = CrossEntropyArgsOf<float>;

/// Loss of next-token prediction and its gradient in one operation, so that a chunk of logits is the only large buffer.
/// Throws Error(kInternal) for wrong sizes, missing pointers or a target outside the vocabulary.
void cross_entropy(Context& context, const CrossEntropyArgs& args);

}  // namespace matinee
