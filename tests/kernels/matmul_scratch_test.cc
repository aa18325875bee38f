// Scratch memory of products whose weights are widened: one slab at a time, not the whole layer. The slabs must not
// change the bytes of the result.

#include <gtest/gtest.h>

#include <vector>

#include "kernels/context.h"
#include "kernels/matmul/direct_rows.h"
#include "kernels/matmul/matmul.h"
#include "kernels/quantize/quantize.h"
#include "kernels/quantize/quantized_matrix.h"
#include "lib/base/random.h"

namespace matinee {
namespace {

struct Shape {
  std::int64_t in, out;
};
// A layer, a head over a large vocabulary and a wide layer; the latter two are larger than a slab.
constexpr Shape kShapes[] = {{576, 1536}, {576, 16385}, {4096, 2050}};
// A slab of 8 MiB, or of wide rows two of oneDNN's blocks of the sum (767 · 4,096 floats); 1 MiB for each worker, and
// x.
constexpr std::size_t kMost = std::size_t{17} << 20;
constexpr WeightFormat kFormats[] = {WeightFormat::kF32, WeightFormat::kBF16, WeightFormat::kInt8, WeightFormat::kNf4};

std::vector<float> random_values(std::int64_t n, std::uint64_t seed) {
  Random random(seed, "matmul scratch");
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float& value : values) value = static_cast<float>(random.uniform() - 0.5);
  return values;
}

// The same matrix in every format.
class Weight {
 public:
  Weight(Context& context, const Shape& shape)
      : f32_(random_values(shape.out * shape.in, 1)),
        int8_(context.allocator(), WeightFormat::kInt8, shape.out, shape.in),
        nf4_(context.allocator(), WeightFormat::kNf4, shape.out, shape.in) {
    for (const float value : f32_) bf16_.push_back(to_bf16(value));
    for (QuantizedMatrix* matrix : {&int8_, &nf4_}) {
      matrix->set_rows(context, 0, shape.out, f32_.data());
      matrix->finish(context);
    }
  }
  WeightView view(WeightFormat format) const {
    switch (format) {
      case WeightFormat::kF32: return {f32_.data(), WeightFormat::kF32};
      case WeightFormat::kBF16: return {bf16_.data(), WeightFormat::kBF16};
      case WeightFormat::kInt8: return int8_.view();
      default: return nf4_.view();
    }
  }

 private:
  std::vector<float> f32_;
  std::vector<bf16> bf16_;
  QuantizedMatrix int8_, nf4_;
};

constexpr std::int64_t kRows = 97;  // more than direct_rows(), so that the weights are widened

struct Products {
  std::vector<float> y, grad_x;
  bool operator==(const Products&) const = default;
};
Products products(Context& context, const Shape& shape, const WeightView& weight, MatmulPrecision precision) {
  const std::vector<float> x = random_values(kRows * shape.in, 2), grad_y = random_values(kRows * shape.out, 3);
  Products results{std::vector<float>(grad_y.size()), std::vector<float>(x.size())};
  matmul_forward(context, {.n_rows = kRows,
                           .in = shape.in,
                           .out = shape.out,
                           .x = x.data(),
                           .weight = weight,
                           .y = results.y.data(),
                           .precision = precision});
  matmul_backward_input(context, {.n_rows = kRows,
                                  .in = shape.in,
                                  .out = shape.out,
                                  .grad_y = grad_y.data(),
                                  .weight = weight,
                                  .grad_x = results.grad_x.data(),
                                  .precision = precision});
  return results;
}

std::vector<IsaLevel> levels() {
  std::vector<IsaLevel> levels;
  for (const IsaLevel level : {IsaLevel::kAvx2, IsaLevel::kAvx512, IsaLevel::kAvx512Bf16}) {
    if (level <= isa_level()) levels.push_back(level);
  }
  return levels;
}

TEST(MatmulScratch, AProductWidensOneSlabOfItsWeight) {
  ThreadPool pool(2);
  Context making(pool);
  for (const Shape& shape : kShapes) {
    const Weight weight(making, shape);
    for (const IsaLevel level : levels()) {
      for (const WeightFormat format : kFormats) {
        for (const MatmulPrecision precision : {MatmulPrecision::kF32, MatmulPrecision::kBF16}) {
          Context context(pool, {}, level);
          products(context, shape, weight.view(format), precision);
          EXPECT_LE(context.scratch_bytes(), kMost)
              << shape.in << " to " << shape.out << ", " << name_of(format) << ", level " << static_cast<int>(level);
        }
      }
    }
  }
}

// The blocks of oneDNN's sums and the slabs have the same boundaries.
TEST(MatmulScratch, SlabsGiveTheBytesOfOneProduct) {
  ThreadPool pool(2), one(1);
  Context context(pool), alone(one);
  ASSERT_GT(kRows, direct_rows(context));
  for (const Shape& shape : kShapes) {
    const Weight weight(context, shape);
    for (const WeightFormat format : kFormats) {
      std::vector<float> widened(static_cast<std::size_t>(shape.out * shape.in));
      dequantize(context,
                 {.n = shape.out * shape.in, .width = shape.in, .weight = weight.view(format), .y = widened.data()});
      const Products whole = products(context, shape, {widened.data(), WeightFormat::kF32}, MatmulPrecision::kF32);
      EXPECT_TRUE(products(context, shape, weight.view(format), MatmulPrecision::kF32) == whole)
          << shape.in << " to " << shape.out << ", " << name_of(format);
      EXPECT_TRUE(products(alone, shape, weight.view(format), MatmulPrecision::kF32) == whole);
    }
  }
}

TEST(MatmulScratch, AWeightsGradientRoundsOneSlabOfEachFactor) {
  constexpr std::int64_t n_rows = 1024, in = 70, out = 8200;
  const std::vector<float> x = random_values(n_rows * in, 4), grad_y = random_values(n_rows * out, 5);
  std::vector<float> rounded_x = x, rounded_y = grad_y;
  for (std::vector<float>* values : {&rounded_x, &rounded_y})
    for (float& value : *values) value = to_float(to_bf16(value));
  ThreadPool pool(2);
  const auto gradient = [&](Context& context, const std::vector<float>& left, const std::vector<float>& right,
                            MatmulPrecision precision) {
    std::vector<float> sum(static_cast<std::size_t>(out * in));
    matmul_backward_weight(context, {.n_rows = n_rows,
                                     .in = in,
                                     .out = out,
                                     .grad_y = left.data(),
                                     .x = right.data(),
                                     .grad_weight = sum.data(),
                                     .precision = precision});
    return sum;
  };
  for (const IsaLevel level : levels()) {
    if (level == IsaLevel::kAvx512Bf16) continue;  // packs pairs instead
    Context context(pool, {}, level);
    const std::vector<float> found = gradient(context, grad_y, x, MatmulPrecision::kBF16);
    EXPECT_LE(context.scratch_bytes(), kMost);
    EXPECT_TRUE(found == gradient(context, rounded_y, rounded_x, MatmulPrecision::kF32));
  }
}

}  // namespace
}  // namespace matinee
