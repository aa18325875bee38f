#pragma once

// The reference of each operation: float64, plain loops, never optimized. Same contract, same struct of arguments, but
// of double; WeightView::data is double too. Used by tests only.

#include "kernels/ops.h"

namespace matinee {

void matmul_forward_ref(const MatmulArgsOf<double>& args);
void matmul_backward_input_ref(const MatmulBackwardInputArgsOf<double>& args);
void matmul_backward_weight_ref(const MatmulBackwardWeightArgsOf<double>& args);
void lora_matmul_forward_ref(const LoraMatmulArgsOf<double>& args);
void lora_matmul_backward_ref(const LoraMatmulBackwardArgsOf<double>& args);
void rms_norm_forward_ref(const RmsNormArgsOf<double>& args);
void rms_norm_backward_ref(const RmsNormBackwardArgsOf<double>& args);
void layer_norm_forward_ref(const LayerNormArgsOf<double>& args);
void layer_norm_backward_ref(const LayerNormBackwardArgsOf<double>& args);
void rotary_forward_ref(const RotaryArgsOf<double>& args);
void rotary_backward_ref(const RotaryArgsOf<double>& args);
void attention_forward_ref(const AttentionArgsOf<double>& args);
void attention_backward_ref(const AttentionBackwardArgsOf<double>& args);
void attention_cached_ref(const CachedAttentionArgsOf<double>& args);
void activation_forward_ref(const ActivationArgsOf<double>& args);
void activation_backward_ref(const ActivationBackwardArgsOf<double>& args);
void cross_entropy_ref(const CrossEntropyArgsOf<double>& args);
void embedding_forward_ref(const EmbeddingArgsOf<double>& args);
void embedding_backward_ref(const EmbeddingBackwardArgsOf<double>& args);
void adamw_update_ref(const AdamWArgsOf<double>& args);
void adamw8_update_ref(const AdamW8ArgsOf<double>& args);
void squared_sum_ref(const SquaredSumArgsOf<double>& args);
void add_inplace_ref(const AddArgsOf<double>& args);
void cosine_topk_ref(const CosineTopkArgsOf<double>& args);
void quantize_int8_ref(const QuantizeInt8ArgsOf<double>& args);
void quantize_nf4_ref(const QuantizeNf4ArgsOf<double>& args);
void quantize_absmax_ref(const QuantizeAbsmaxArgsOf<double>& args);
void dequantize_ref(const DequantizeArgsOf<double>& args);
void gather_rows_ref(const GatherRowsArgsOf<double>& args);
void scatter_rows_ref(const ScatterRowsArgsOf<double>& args);
void round_bf16_ref(const RoundBf16ArgsOf<double>& args);
void dropout_rows_ref(const DropoutArgsOf<double>& args);
void dora_norms_ref(const DoraNormsArgsOf<double>& args);
void dora_scale_ref(const DoraScaleArgsOf<double>& args);
void dora_backward_ref(const DoraBackwardArgsOf<double>& args);
/// Elements [first, first + n) of x [rows, width] quantized to `format` (int8 or NF4) and back.
void dequantized_ref(WeightFormat format, std::int64_t rows, std::int64_t width, const double* x, std::int64_t first,
                     std::int64_t n, double* y);

}  // namespace matinee
