// Compares every code and scale with those of bitsandbytes. scripts/compare-quantize wrote testdata/quantize, and sets
// MATINEE_QUANTIZE_GOLDENS to compare larger matrices.

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/context.h"
#include "kernels/ops.h"
#include "lib/base/parallel.h"
#include "lib/io/safetensors.h"

namespace matinee {
namespace {

const SafetensorsFile& goldens() {
  const char* other = std::getenv("MATINEE_QUANTIZE_GOLDENS");
  static const SafetensorsFile file(other == nullptr ? "testdata/quantize/goldens.safetensors" : other);
  return file;
}

Context& context() {
  static ThreadPool pool(2);
  static Context context(pool);
  return context;
}

template <class T>
void expect_equal(const std::vector<T>& found, const std::string& name) {
  const auto wanted = goldens().view<T>(name);
  ASSERT_EQ(found.size(), wanted.size()) << name;
  for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], wanted[i]) << name << "[" << i << "]";
}

template <class T>
std::vector<T> vector_of(std::int64_t size) {
  return std::vector<T>(static_cast<std::size_t>(size));
}

const char* const kKinds[] = {"normal", "odd", "uniform"};

TEST(QuantizedGoldens, CodeBooksAreThePublishedOnes) {
  expect_equal(std::vector<float>(kNf4Values, kNf4Values + 16), "nf4_values");
  expect_equal(std::vector<float>(dynamic_8bit_values(), dynamic_8bit_values() + 256), "dynamic_map");
}

TEST(QuantizedGoldens, Int8) {
  for (const std::string kind : kKinds) {
    const std::string name = "int8_" + kind;
    const auto& shape = goldens().get(name + ".x").shape;
    auto codes = vector_of<std::int8_t>(shape[0] * shape[1]);
    auto scales = vector_of<float>(shape[0]);
    quantize_int8(context(), {.n_rows = shape[0],
                              .width = shape[1],
                              .x = goldens().view<float>(name + ".x").data(),
                              .codes = codes.data(),
                              .row_scales = scales.data()});
    expect_equal(codes, name + ".codes");
    const auto absmax = goldens().view<float>(name + ".absmax");
    for (std::size_t row = 0; row < scales.size(); ++row) EXPECT_EQ(scales[row], absmax[row] / 127.0f) << row;
  }
}

TEST(QuantizedGoldens, Nf4) {
  for (const std::string kind : kKinds) {
    const std::string name = "nf4_" + kind;
    const auto& shape = goldens().get(name + ".x").shape;
    const std::int64_t n = shape[0] * shape[1], blocks = nf4_blocks(n);
    auto codes = vector_of<std::uint8_t>((n + 1) / 2), absmax_codes = vector_of<std::uint8_t>(blocks);
    auto absmax = vector_of<float>(blocks), scales = vector_of<float>(absmax_blocks(blocks)), y = vector_of<float>(n);
    std::vector<float> offset(1);
    quantize_nf4(
        context(),
        {.n = n, .x = goldens().view<float>(name + ".x").data(), .codes = codes.data(), .absmax = absmax.data()});
    expect_equal(codes, name + ".codes");
    expect_equal(absmax, name + ".absmax");
    quantize_absmax(context(), {.n_blocks = blocks,
                                .absmax = absmax.data(),
                                .codes = absmax_codes.data(),
                                .scales = scales.data(),
                                .offset = offset.data()});
    expect_equal(absmax_codes, name + ".absmax_codes");
    expect_equal(scales, name + ".scales");
    expect_equal(offset, name + ".offset");
    const Nf4Scales nf4{absmax_codes.data(), scales.data(), offset[0]};
    dequantize(context(), {.first = 0,
                           .n = n,
                           .width = shape[1],
                           .weight = {.data = codes.data(), .format = WeightFormat::kNf4, .nf4 = &nf4},
                           .y = y.data()});
    expect_equal(y, name + ".values");
  }
}

}  // namespace
}  // namespace matinee
