#pragma once

// The list of operations. From it come the table of functions (kernels/ops.h), the declarations of the CPU's, CUDA's
// and the reference's versions (kernels/cpu_ops.h, cuda_ops.h, reference.h), the check for missing entries, and the
// lists of cases that the conformance test and the benchmark run.

#include "kernels/activation/activation.h"
#include "kernels/adamw/adamw.h"
#include "kernels/adamw8/adamw8.h"
#include "kernels/add/add.h"
#include "kernels/attention/attention.h"
#include "kernels/cosine_topk/cosine_topk.h"
#include "kernels/cross_entropy/cross_entropy.h"
#include "kernels/dora/dora.h"
#include "kernels/dropout/dropout.h"
#include "kernels/embedding/embedding.h"
#include "kernels/gather_rows/gather_rows.h"
#include "kernels/layer_norm/layer_norm.h"
#include "kernels/lora_matmul/lora_matmul.h"
#include "kernels/matmul/matmul.h"
#include "kernels/quantize/quantize.h"
#include "kernels/rms_norm/rms_norm.h"
#include "kernels/rotary/rotary.h"
#include "kernels/round_bf16/round_bf16.h"
#include "kernels/softcap/softcap.h"

// clang-format off

/// X(name, Args): NAME(Context&, const Args&) checks its arguments and calls NAME_cpu or NAME_cuda, which have the same
/// parameters. NAME_ref(const ArgsOf<double>&) is the float64 reference.
#define MATINEE_OPS(X) \
  X(matmul_forward, MatmulArgs) \
  X(matmul_backward_input, MatmulBackwardInputArgs) \
  X(matmul_backward_weight, MatmulBackwardWeightArgs) \
  X(lora_matmul_forward, LoraMatmulArgs) \
  X(lora_matmul_backward, LoraMatmulBackwardArgs) \
  X(rms_norm_forward, RmsNormArgs) \
  X(rms_norm_backward, RmsNormBackwardArgs) \
  X(layer_norm_forward, LayerNormArgs) \
  X(layer_norm_backward, LayerNormBackwardArgs) \
  X(rotary_forward, RotaryArgs) \
  X(rotary_backward, RotaryArgs) \
  X(attention_forward, AttentionArgs) \
  X(attention_backward, AttentionBackwardArgs) \
  X(attention_cached, CachedAttentionArgs) \
  X(activation_forward, ActivationArgs) \
  X(activation_backward, ActivationBackwardArgs) \
  X(softcap, SoftcapArgs) \
  X(cross_entropy, CrossEntropyArgs) \
  X(embedding_forward, EmbeddingArgs) \
  X(embedding_backward, EmbeddingBackwardArgs) \
  X(adamw_update, AdamWArgs) \
  X(adamw8_update, AdamW8Args) \
  X(squared_sum, SquaredSumArgs) \
  X(add_scaled, AddArgs) \
  X(cosine_topk, CosineTopkArgs) \
  X(quantize_int8, QuantizeInt8Args) \
  X(quantize_nf4, QuantizeNf4Args) \
  X(quantize_absmax, QuantizeAbsmaxArgs) \
  X(dequantize, DequantizeArgs) \
  X(gather_rows, GatherRowsArgs) \
  X(scatter_rows, ScatterRowsArgs) \
  X(round_bf16, RoundBf16Args) \
  X(dropout_rows, DropoutArgs) \
  X(dora_norms, DoraNormsArgs) \
  X(dora_scale, DoraScaleArgs) \
  X(dora_backward, DoraBackwardArgs)

/// X(name, n): NAME_cases() lists the cases of one or several operations (kernels/case.h), n or more of which have a
/// reference. cosine_topk has a test of its own.
#define MATINEE_CASES(X) \
  X(matmul, 400) \
  X(lora_matmul, 160) \
  X(rms_norm, 72) \
  X(layer_norm, 70) \
  X(rotary, 32) \
  X(attention, 150) \
  X(activation, 100) \
  X(softcap, 8) \
  X(cross_entropy, 22) \
  X(embedding, 20) \
  X(adamw, 20) \
  X(add, 6) \
  X(cosine_topk, 0) \
  X(quantize, 40) \
  X(gather_rows, 16) \
  X(round_bf16, 7) \
  X(dropout, 18) \
  X(dora, 40)

// clang-format on
