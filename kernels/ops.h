#pragma once

#include "kernels/activation/activation.h"
#include "kernels/adamw/adamw.h"
#include "kernels/adamw8/adamw8.h"
#include "kernels/add/add.h"
#include "kernels/attention/attention.h"
#include "kernels/cosine_topk/cosine_topk.h"
#include "kernels/cross_entropy/cross_entropy.h"
#include "kernels/device.h"
#include "kernels/dora/dora.h"
#include "kernels/dropout/dropout.h"
#include "kernels/embedding/embedding.h"
#include "kernels/layer_norm/layer_norm.h"
#include "kernels/lora_matmul/lora_matmul.h"
#include "kernels/matmul/matmul.h"
#include "kernels/quantize/quantize.h"
#include "kernels/rms_norm/rms_norm.h"
#include "kernels/rotary/rotary.h"
#include "kernels/round_bf16/round_bf16.h"
#include "kernels/rows/rows.h"

namespace matinee {

template <class Args>
using Op = void (*)(Context&, const Args&);

/// The operations of one backend. The functions in the operations' headers check their arguments and call these; nobody
/// else does. A missing entry is a null pointer; Context refuses a backend with one.
///
/// Every array in an operation's arguments lies in Context::allocator(): tensors of floats, ids, positions, targets,
/// filters, codes and scales, and the single numbers that an operation writes (CrossEntropyArgs::sums,
/// SquaredSumArgs::sum, QuantizeAbsmaxArgs::offset). Only the struct Nf4Scales, which WeightView points to, is the
/// host's; the arrays in it are not. The host may follow such a pointer only where DeviceAllocator::is_host() says so.
/// What depends on values in those arrays is checked there alone.
struct Ops {
  Op<MatmulArgs> matmul_forward = nullptr;
  Op<MatmulBackwardInputArgs> matmul_backward_input = nullptr;
  Op<MatmulBackwardWeightArgs> matmul_backward_weight = nullptr;
  Op<LoraMatmulArgs> lora_matmul_forward = nullptr;
  Op<LoraMatmulBackwardArgs> lora_matmul_backward = nullptr;
  Op<RmsNormArgs> rms_norm_forward = nullptr;
  Op<RmsNormBackwardArgs> rms_norm_backward = nullptr;
  Op<LayerNormArgs> layer_norm_forward = nullptr;
  Op<LayerNormBackwardArgs> layer_norm_backward = nullptr;
  Op<RotaryArgs> rotary_forward = nullptr;
  Op<RotaryArgs> rotary_backward = nullptr;
  Op<AttentionArgs> attention_forward = nullptr;
  Op<AttentionBackwardArgs> attention_backward = nullptr;
  Op<CachedAttentionArgs> attention_cached = nullptr;
  Op<ActivationArgs> activation_forward = nullptr;
  Op<ActivationBackwardArgs> activation_backward = nullptr;
  Op<CrossEntropyArgs> cross_entropy = nullptr;
  Op<EmbeddingArgs> embedding_forward = nullptr;
  Op<EmbeddingBackwardArgs> embedding_backward = nullptr;
  Op<AdamWArgs> adamw_update = nullptr;
  Op<AdamW8Args> adamw8_update = nullptr;
  Op<SquaredSumArgs> squared_sum = nullptr;
  Op<AddArgs> add_inplace = nullptr;
  Op<CosineTopkArgs> cosine_topk = nullptr;
  Op<QuantizeInt8Args> quantize_int8 = nullptr;
  Op<QuantizeNf4Args> quantize_nf4 = nullptr;
  Op<QuantizeAbsmaxArgs> quantize_absmax = nullptr;
  Op<DequantizeArgs> dequantize = nullptr;
  Op<GatherRowsArgs> gather_rows = nullptr;
  Op<ScatterRowsArgs> scatter_rows = nullptr;
  Op<RoundBf16Args> round_bf16 = nullptr;
  Op<DropoutArgs> dropout_rows = nullptr;
  Op<DoraNormsArgs> dora_norms = nullptr;
  Op<DoraScaleArgs> dora_scale = nullptr;
  Op<DoraBackwardArgs> dora_backward = nullptr;
};

/// X(name) for every entry of the table.
// clang-format off
#define MATINEE_EACH_OP(X) \
  X(matmul_forward) X(matmul_backward_input) X(matmul_backward_weight) X(lora_matmul_forward) \
  X(lora_matmul_backward) X(rms_norm_forward) X(rms_norm_backward) X(layer_norm_forward) X(layer_norm_backward) \
  X(rotary_forward) X(rotary_backward) X(attention_forward) X(attention_backward) X(attention_cached) \
  X(activation_forward) X(activation_backward) X(cross_entropy) X(embedding_forward) X(embedding_backward) \
  X(adamw_update) X(adamw8_update) X(squared_sum) X(add_inplace) X(cosine_topk) X(quantize_int8) \
  X(quantize_nf4) X(quantize_absmax) X(dequantize) X(gather_rows) X(scatter_rows) X(round_bf16) X(dropout_rows) \
  X(dora_norms) X(dora_scale) X(dora_backward)
// clang-format on

/// The table of a device kind.
const Ops& ops_of(DeviceKind kind);
/// The name of the first operation that `ops` lacks, or null if it has all.
const char* first_missing(const Ops& ops);
/// `ops` with functions in the place of what it lacks that throw Error(kDevice): "NAME has no version for DEVICE".
Ops with_refusals(Ops ops);

}  // namespace matinee
