#pragma once

// CUDA's entries of the table; defined in the operations' *_cuda.cu.

#include "kernels/ops.h"

namespace matinee {

__attribute__((weak)) void matmul_forward_cuda(Context& context, const MatmulArgs& args);
__attribute__((weak)) void matmul_backward_input_cuda(Context& context, const MatmulBackwardInputArgs& args);
__attribute__((weak)) void matmul_backward_weight_cuda(Context& context, const MatmulBackwardWeightArgs& args);
__attribute__((weak)) void lora_matmul_forward_cuda(Context& context, const LoraMatmulArgs& args);
__attribute__((weak)) void lora_matmul_backward_cuda(Context& context, const LoraMatmulBackwardArgs& args);
__attribute__((weak)) void rms_norm_forward_cuda(Context& context, const RmsNormArgs& args);
__attribute__((weak)) void rms_norm_backward_cuda(Context& context, const RmsNormBackwardArgs& args);
__attribute__((weak)) void layer_norm_forward_cuda(Context& context, const LayerNormArgs& args);
__attribute__((weak)) void layer_norm_backward_cuda(Context& context, const LayerNormBackwardArgs& args);
__attribute__((weak)) void rotary_forward_cuda(Context& context, const RotaryArgs& args);
__attribute__((weak)) void rotary_backward_cuda(Context& context, const RotaryArgs& args);
__attribute__((weak)) void attention_forward_cuda(Context& context, const AttentionArgs& args);
__attribute__((weak)) void attention_backward_cuda(Context& context, const AttentionBackwardArgs& args);
__attribute__((weak)) void attention_cached_cuda(Context& context, const CachedAttentionArgs& args);
__attribute__((weak)) void activation_forward_cuda(Context& context, const ActivationArgs& args);
__attribute__((weak)) void activation_backward_cuda(Context& context, const ActivationBackwardArgs& args);
__attribute__((weak)) void cross_entropy_cuda(Context& context, const CrossEntropyArgs& args);
__attribute__((weak)) void embedding_forward_cuda(Context& context, const EmbeddingArgs& args);
__attribute__((weak)) void embedding_backward_cuda(Context& context, const EmbeddingBackwardArgs& args);
__attribute__((weak)) void adamw_update_cuda(Context& context, const AdamWArgs& args);
__attribute__((weak)) void adamw8_update_cuda(Context& context, const AdamW8Args& args);
__attribute__((weak)) void squared_sum_cuda(Context& context, const SquaredSumArgs& args);
__attribute__((weak)) void add_inplace_cuda(Context& context, const AddArgs& args);
__attribute__((weak)) void cosine_topk_cuda(Context& context, const CosineTopkArgs& args);
__attribute__((weak)) void quantize_int8_cuda(Context& context, const QuantizeInt8Args& args);
__attribute__((weak)) void quantize_nf4_cuda(Context& context, const QuantizeNf4Args& args);
__attribute__((weak)) void quantize_absmax_cuda(Context& context, const QuantizeAbsmaxArgs& args);
__attribute__((weak)) void dequantize_cuda(Context& context, const DequantizeArgs& args);
__attribute__((weak)) void gather_rows_cuda(Context& context, const GatherRowsArgs& args);
__attribute__((weak)) void scatter_rows_cuda(Context& context, const ScatterRowsArgs& args);
__attribute__((weak)) void dropout_rows_cuda(Context& context, const DropoutArgs& args);
__attribute__((weak)) void dora_norms_cuda(Context& context, const DoraNormsArgs& args);
__attribute__((weak)) void dora_scale_cuda(Context& context, const DoraScaleArgs& args);
__attribute__((weak)) void dora_backward_cuda(Context& context, const DoraBackwardArgs& args);

}  // namespace matinee
