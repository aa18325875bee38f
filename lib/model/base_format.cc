#include "lib/model/base_format.h"

namespace matinee {

void BaseFormat::add(OptionSet& options) {
  options.choice("base-format", &name_, {"auto", "f32", "bf16", "int8", "nf4"},
                 "how the base's weights are held; auto: bf16 where the processor multiplies it; int8 takes half of "
                 "bf16's memory and nf4 (4 bits, as QLoRA) a third");
}

WeightFormat BaseFormat::format(const Context& context) const {
  if (name_ == "int8") return WeightFormat::kInt8;
  if (name_ == "nf4") return WeightFormat::kNf4;
  if (name_ == "f32") return WeightFormat::kF32;
  return name_ == "bf16" || context.multiplies_bf16() ? WeightFormat::kBF16 : WeightFormat::kF32;
}

MatmulPrecision BaseFormat::matmul_precision(const Context& context) const {
  // Without native bfloat16 such a product is slower than one in float32, so it is used only if asked for.
  if (is_quantized()) return context.multiplies_bf16() ? MatmulPrecision::kBF16 : MatmulPrecision::kF32;
  return format(context) == WeightFormat::kBF16 ? MatmulPrecision::kBF16 : MatmulPrecision::kF32;
}

WeightFormat unquantized_format(WeightFormat format) {
  return format == WeightFormat::kInt8 || format == WeightFormat::kNf4 ? WeightFormat::kBF16 : format;
}

}  // namespace matinee
