#pragma once

#include <string>
#include <utility>

#include "kernels/context.h"
#include "kernels/matmul/matmul.h"
#include "kernels/weight_view.h"
#include "lib/base/options.h"

namespace matinee {

/// The option --base-format: how a base's weights are held in memory. It applies to the linear layers of the blocks.
/// Norms are always float32; embedding and head are bfloat16 if the layers are quantized.
class BaseFormat {
 public:
  explicit BaseFormat(std::string name = "auto") : name_(std::move(name)) {}
  /// Adds --base-format auto|f32|bf16|int8|nf4 to a tool.
  void add(OptionSet& options);

  /// Resolves `auto` for a device: bfloat16 if it multiplies that natively, otherwise float32.
  WeightFormat format(const Context& context) const;
  /// The precision that matrix products with such weights are computed in.
  MatmulPrecision matmul_precision(const Context& context) const;
  bool is_quantized() const { return name_ == "int8" || name_ == "nf4"; }

 private:
  std::string name_;
};

/// The format of embedding and head in a model whose layers are held in `format`.
WeightFormat unquantized_format(WeightFormat format);

}  // namespace matinee
