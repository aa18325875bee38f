#include "kernels/ops.h"

#include "kernels/context.h"
#include "kernels/cpu_ops.h"
#include "kernels/cuda_ops.h"
#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr Ops kCpuOps = {
    .matmul_forward = matmul_forward_cpu,
    .matmul_backward_input = matmul_backward_input_cpu,
    .matmul_backward_weight = matmul_backward_weight_cpu,
    .lora_matmul_forward = lora_matmul_forward_cpu,
    .lora_matmul_backward = lora_matmul_backward_cpu,
    .rms_norm_forward = rms_norm_forward_cpu,
    .rms_norm_backward = rms_norm_backward_cpu,
    .layer_norm_forward = layer_norm_forward_cpu,
    .layer_norm_backward = layer_norm_backward_cpu,
    .rotary_forward = rotary_forward_cpu,
    .rotary_backward = rotary_backward_cpu,
    .attention_forward = attention_forward_cpu,
    .attention_backward = attention_backward_cpu,
    .attention_cached = attention_cached_cpu,
    .activation_forward = activation_forward_cpu,
    .activation_backward = activation_backward_cpu,
    .cross_entropy = cross_entropy_cpu,
    .embedding_forward = embedding_forward_cpu,
    .embedding_backward = embedding_backward_cpu,
    .adamw_update = adamw_update_cpu,
    .adamw8_update = adamw8_update_cpu,
    .squared_sum = squared_sum_cpu,
    .add_inplace = add_inplace_cpu,
    .cosine_topk = cosine_topk_cpu,
    .quantize_int8 = quantize_int8_cpu,
    .quantize_nf4 = quantize_nf4_cpu,
    .quantize_absmax = quantize_absmax_cpu,
    .dequantize = dequantize_cpu,
    .gather_rows = gather_rows_cpu,
    .scatter_rows = scatter_rows_cpu,
    .dropout_rows = dropout_rows_cpu,
    .dora_norms = dora_norms_cpu,
    .dora_scale = dora_scale_cpu,
    .dora_backward = dora_backward_cpu,
};

#ifdef MATINEE_CUDA
const Ops kCudaOps = {
    .matmul_forward = matmul_forward_cuda,
    .matmul_backward_input = matmul_backward_input_cuda,
    .matmul_backward_weight = matmul_backward_weight_cuda,
    .lora_matmul_forward = lora_matmul_forward_cuda,
    .lora_matmul_backward = lora_matmul_backward_cuda,
    .rms_norm_forward = rms_norm_forward_cuda,
    .rms_norm_backward = rms_norm_backward_cuda,
    .layer_norm_forward = layer_norm_forward_cuda,
    .layer_norm_backward = layer_norm_backward_cuda,
    .rotary_forward = rotary_forward_cuda,
    .rotary_backward = rotary_backward_cuda,
    .attention_forward = attention_forward_cuda,
    .attention_backward = attention_backward_cuda,
    .attention_cached = attention_cached_cuda,
    .activation_forward = activation_forward_cuda,
    .activation_backward = activation_backward_cuda,
    .cross_entropy = cross_entropy_cuda,
    .embedding_forward = embedding_forward_cuda,
    .embedding_backward = embedding_backward_cuda,
    .adamw_update = adamw_update_cuda,
    .adamw8_update = adamw8_update_cuda,
    .squared_sum = squared_sum_cuda,
    .add_inplace = add_inplace_cuda,
    .cosine_topk = cosine_topk_cuda,
    .quantize_int8 = quantize_int8_cuda,
    .quantize_nf4 = quantize_nf4_cuda,
    .quantize_absmax = quantize_absmax_cuda,
    .dequantize = dequantize_cuda,
};
#else
const Ops kCudaOps = {};
#endif

}  // namespace

const Ops& ops_of(DeviceKind kind) { return kind == DeviceKind::kCuda ? kCudaOps : kCpuOps; }

const char* first_missing(const Ops& ops) {
#define MATINEE_CHECK_OP(name) \
  if (ops.name == nullptr) return #name;
  MATINEE_EACH_OP(MATINEE_CHECK_OP)
#undef MATINEE_CHECK_OP
  return nullptr;
}

Ops with_refusals(Ops ops) {
#define MATINEE_REFUSE_OP(name)                                                          \
  if (ops.name == nullptr) {                                                             \
    ops.name = [](Context& context, const auto&) {                                       \
      throw device_error("{} has no version for {}", #name, describe(context.device())); \
    };                                                                                   \
  }
  MATINEE_EACH_OP(MATINEE_REFUSE_OP)
#undef MATINEE_REFUSE_OP
  return ops;
}

}  // namespace matinee
