#pragma once

// CUDA's entries of the table; defined in the operations' *_cuda.cu.

#include "kernels/ops.h"

namespace matinee {

void matmul_forward_cuda(Context& context, const MatmulArgs& args);
void matmul_backward_input_cuda(Context& context, const MatmulBackwardInputArgs& args);
void matmul_backward_weight_cuda(Context& context, const MatmulBackwardWeightArgs& args);
void lora_matmul_forward_cuda(Context& context, const LoraMatmulArgs& args);
void lora_matmul_backward_cuda(Context& context, const LoraMatmulBackwardArgs& args);
void rms_norm_forward_cuda(Context& context, const RmsNormArgs& args);
void rms_norm_backward_cuda(Context& context, const RmsNormBackwardArgs& args);
void layer_norm_forward_cuda(Context& context, const LayerNormArgs& args);
void layer_norm_backward_cuda(Context& context, const LayerNormBackwardArgs& args);
void rotary_forward_cuda(Context& context, const RotaryArgs& args);
void rotary_backward_cuda(Context& context, const RotaryArgs& args);
void attention_forward_cuda(Context& context, const AttentionArgs& args);
void attention_backward_cuda(Context& context, const AttentionBackwardArgs& args);
void attention_cached_cuda(Context& context, const CachedAttentionArgs& args);
void activation_forward_cuda(Context& context, const ActivationArgs& args);
void activation_backward_cuda(Context& context, const ActivationBackwardArgs& args);
void cross_entropy_cuda(Context& context, const CrossEntropyArgs& args);
void embedding_forward_cuda(Context& context, const EmbeddingArgs& args);
void embedding_backward_cuda(Context& context, const EmbeddingBackwardArgs& args);
void adamw_update_cuda(Context& context, const AdamWArgs& args);
void adamw8_update_cuda(Context& context, const AdamW8Args& args);
void squared_sum_cuda(Context& context, const SquaredSumArgs& args);
void add_inplace_cuda(Context& context, const AddArgs& args);
void cosine_topk_cuda(Context& context, const CosineTopkArgs& args);
void quantize_int8_cuda(Context& context, const QuantizeInt8Args& args);
void quantize_nf4_cuda(Context& context, const QuantizeNf4Args& args);
void quantize_absmax_cuda(Context& context, const QuantizeAbsmaxArgs& args);
void dequantize_cuda(Context& context, const DequantizeArgs& args);
void gather_rows_cuda(Context& context, const GatherRowsArgs& args);
void scatter_rows_cuda(Context& context, const ScatterRowsArgs& args);
void round_bf16_cuda(Context& context, const RoundBf16Args& args);
void dropout_rows_cuda(Context& context, const DropoutArgs& args);
void dora_norms_cuda(Context& context, const DoraNormsArgs& args);
void dora_scale_cuda(Context& context, const DoraScaleArgs& args);
void dora_backward_cuda(Context& context, const DoraBackwardArgs& args);

}  // namespace matinee
