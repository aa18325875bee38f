#pragma once

#include <string>
#include <utility>

#include "kernels/context.h"
#include "kernels/matmul/matmul.h"
#include "lib/base/options.h"

namespace matinee {

/// How a base's weights are held in memory: the option --base-format. The linear layers of the blocks are held so;
/// norms are float32 always, embedding and head bfloat16 where the layers are quantized.
class BaseFormat {
 public:
  explicit BaseFormat(std::string name = "auto") : name_(std::move(name)) {}
  /// Adds --base-format auto|f32|bf16|int8|nf4 to a tool.
  void add(OptionSet& options);

  /// Decided for a device: `auto` is bfloat16 where it multiplies that, else float32.
  DType dtype(const Context& context) const;
  /// The precision that matrix products with such weights are computed in.
  MatmulPrecision matmul_precision(const Context& context) const;
  bool is_quantized() const { return name_ == "int8" || name_ == "nf4"; }

 private:
  std::string name_;
};

/// "float32", "bfloat16", "int8" or "NF4".
const char* format_name(DType format);
/// What embedding and head of a model are held in, whose layers are held in `format`.
DType unquantized_format(DType format);

}  // namespace matinee
