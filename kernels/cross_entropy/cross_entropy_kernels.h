#pragma once

// The inner kernel of cross_entropy_cpu.cc that exists per instruction set. Plain pointers only, nothing inline: files
// compiled for wider sets include this.

#include <cstdint>

namespace matinee {

/// One supervised row. Returns its loss; *correct becomes 1 if the target is the (first) largest logit, else 0.
using CrossEntropyRowFn = double (*)(float* logits, std::int64_t vocab, std::int64_t target, bool with_gradient,
                                     float grad_scale, float softcap, std::int64_t* correct);
double cross_entropy_row_avx2(float* logits, std::int64_t vocab, std::int64_t target, bool with_gradient,
                              float grad_scale, float softcap, std::int64_t* correct);
double cross_entropy_row_avx512(float* logits, std::int64_t vocab, std::int64_t target, bool with_gradient,
                                float grad_scale, float softcap, std::int64_t* correct);

}  // namespace matinee
