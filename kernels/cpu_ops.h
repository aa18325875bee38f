#pragma once

// The CPU's entries of the table; defined in the operations' *_cpu.cc.

#include "kernels/ops.h"

namespace matinee {

void matmul_forward_cpu(Context& context, const MatmulArgs& args);
void matmul_backward_input_cpu(Context& context, const MatmulBackwardInputArgs& args);
void matmul_backward_weight_cpu(Context& context, const MatmulBackwardWeightArgs& args);
void lora_matmul_forward_cpu(Context& context, const LoraMatmulArgs& args);
void lora_matmul_backward_cpu(Context& context, const LoraMatmulBackwardArgs& args);
void rms_norm_forward_cpu(Context& context, const RmsNormArgs& args);
void rms_norm_backward_cpu(Context& context, const RmsNormBackwardArgs& args);
void layer_norm_forward_cpu(Context& context, const LayerNormArgs& args);
void layer_norm_backward_cpu(Context& context, const LayerNormBackwardArgs& args);
void rotary_forward_cpu(Context& context, const RotaryArgs& args);
void rotary_backward_cpu(Context& context, const RotaryArgs& args);
void attention_forward_cpu(Context& context, const AttentionArgs& args);
void attention_backward_cpu(Context& context, const AttentionBackwardArgs& args);
void attention_cached_cpu(Context& context, const CachedAttentionArgs& args);
void activation_forward_cpu(Context& context, const ActivationArgs& args);
void activation_backward_cpu(Context& context, const ActivationBackwardArgs& args);
void cross_entropy_cpu(Context& context, const CrossEntropyArgs& args);
void embedding_forward_cpu(Context& context, const EmbeddingArgs& args);
void embedding_backward_cpu(Context& context, const EmbeddingBackwardArgs& args);
void adamw_update_cpu(Context& context, const AdamWArgs& args);
void adamw8_update_cpu(Context& context, const AdamW8Args& args);
void squared_sum_cpu(Context& context, const SquaredSumArgs& args);
void add_inplace_cpu(Context& context, const AddArgs& args);
void cosine_topk_cpu(Context& context, const CosineTopkArgs& args);
void quantize_int8_cpu(Context& context, const QuantizeInt8Args& args);
void quantize_nf4_cpu(Context& context, const QuantizeNf4Args& args);
void quantize_absmax_cpu(Context& context, const QuantizeAbsmaxArgs& args);
void dequantize_cpu(Context& context, const DequantizeArgs& args);
void gather_rows_cpu(Context& context, const GatherRowsArgs& args);
void scatter_rows_cpu(Context& context, const ScatterRowsArgs& args);
void round_bf16_cpu(Context& context, const RoundBf16Args& args);
void dropout_rows_cpu(Context& context, const DropoutArgs& args);
void dora_norms_cpu(Context& context, const DoraNormsArgs& args);
void dora_scale_cpu(Context& context, const DoraScaleArgs& args);
void dora_backward_cpu(Context& context, const DoraBackwardArgs& args);

}  // namespace matinee
