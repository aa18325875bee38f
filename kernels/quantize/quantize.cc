#include "kernels/quantize/quantize.h"

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {

void quantize_int8(Context& context, const QuantizeInt8Args& args) {
  require(args.n_rows >= 0 && args.width >= 0, "quantize_int8", "sizes are not negative");
  if (args.n_rows == 0) return;
  require(args.row_scales != nullptr, "quantize_int8", "row_scales is given");
  require(args.width == 0 || (args.x != nullptr && args.codes != nullptr), "quantize_int8", "x and codes are given");
  context.ops().quantize_int8(context, args);
}

void quantize_nf4(Context& context, const QuantizeNf4Args& args) {
  require(args.n >= 0, "quantize_nf4", "n is not negative");
  if (args.n == 0) return;
  require(args.x != nullptr && args.codes != nullptr && args.absmax != nullptr, "quantize_nf4",
          "x, codes and absmax are given");
  context.ops().quantize_nf4(context, args);
}

void quantize_absmax(Context& context, const QuantizeAbsmaxArgs& args) {
  require(args.n_blocks >= 0, "quantize_absmax", "n_blocks is not negative");
  require(args.offset != nullptr, "quantize_absmax", "offset is given");
  if (args.n_blocks == 0) return context.allocator()->zero(args.offset, sizeof(float));
  require(args.absmax != nullptr && args.codes != nullptr && args.scales != nullptr, "quantize_absmax",
          "absmax, codes and scales are given");
  context.ops().quantize_absmax(context, args);
}

void dequantize(Context& context, const DequantizeArgs& args) {
  require(args.first >= 0 && args.n >= 0 && args.width >= 0, "dequantize", "sizes are not negative");
  if (args.n == 0) return;
  require(args.y != nullptr && args.weight.data != nullptr && args.width > 0, "dequantize", "weight and y are given");
  require(args.weight.format != WeightFormat::kInt8 || args.weight.row_scales != nullptr, "dequantize",
          "an int8 weight has its scales");
  require(args.weight.format != WeightFormat::kNf4 || args.weight.nf4 != nullptr, "dequantize",
          "an NF4 weight has its scales");
  context.ops().dequantize(context, args);
}

}  // namespace matinee
