#include "lib/model/base_format.h"

namespace matinee {

void BaseFormat::add(OptionSet& options) {
  options.choice("base-format", &name_, {"auto", "f32", "bf16", "int8", "nf4"},
                 "how the base's weights are held; auto: bf16 where the processor multiplies it; int8 takes half of "
                 "bf16's memory and nf4 (4 bits, as QLoRA) a third");
}

DType BaseFormat::dtype(const Context& context) const {
  if (name_ == "int8") return DType::kI8;
  if (name_ == "nf4") return DType::kU8;
  if (name_ == "f32") return DType::kF32;
  return name_ == "bf16" || context.multiplies_bf16() ? DType::kBF16 : DType::kF32;
}

MatmulPrecision BaseFormat::matmul_precision(const Context& context) const {
  // Without the instruction a bfloat16 product costs more than one in float32; only who asks for it gets it.
  if (is_quantized()) return context.multiplies_bf16() ? MatmulPrecision::kBF16 : MatmulPrecision::kF32;
  return dtype(context) == DType::kBF16 ? MatmulPrecision::kBF16 : MatmulPrecision::kF32;
}

const char* format_name(DType format) {
  switch (format) {
    case DType::kI8:
      return "int8";
    case DType::kU8:
      return "NF4";
    case DType::kF32:
      return "float32";
    default:
      return "bfloat16";
  }
}

DType unquantized_format(DType format) { return format == DType::kI8 || format == DType::kU8 ? DType::kBF16 : format; }

}  // namespace matinee
