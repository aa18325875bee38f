#include <algorithm>
#include <cmath>

#include "kernels/reference.h"

namespace matinee {

void cross_entropy_ref(const CrossEntropyArgsOf<double>& args) {
  for (std::int64_t row = 0; row < args.n_rows; ++row) {
    double* logits = args.logits + row * args.vocab;
    const std::int32_t target = args.targets[row];
    if (target == kIgnoredTarget) {
      if (args.with_gradient) std::fill_n(logits, args.vocab, 0.0);
      continue;
    }
    const double* largest = std::max_element(logits, logits + args.vocab);  // the first of equal ones
    const double top = *largest;
    args.sums->n_correct += largest - logits == target;
    ++args.sums->n_counted;
    double sum = 0;
    for (std::int64_t v = 0; v < args.vocab; ++v) sum += std::exp(logits[v] - top);
    args.sums->loss += top + std::log(sum) - logits[target];
    if (!args.with_gradient) continue;
    for (std::int64_t v = 0; v < args.vocab; ++v) {
      const double p = std::exp(logits[v] - top) / sum;
      const double capped = args.softcap > 0 ? logits[v] / static_cast<double>(args.softcap) : 0;
      logits[v] = static_cast<double>(args.grad_scale) * (v == target ? p - 1 : p) * (1 - capped * capped);
    }
  }
}

}  // namespace matinee
