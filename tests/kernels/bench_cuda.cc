// Times the CUDA operations on the shapes of an 8-billion-parameter LLaMA and of a large catalog, as a Markdown table:
// the median of many runs by the device's clock, after a warm-up. The device's limits (copying, a large bfloat16
// product) are measured in the same run, and every row shows its share of one of them.
// usage: bench_cuda [--small] [PART OF A NAME]
// --small: shapes that the emulation runs in seconds, to check that every row works; its times mean nothing.

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/context.h"
#include "kernels/cuda/device_timer.h"
#include "kernels/device_buffer.h"
#include "kernels/ops.h"
#include "kernels/quantize/quantized_matrix.h"
#include "lib/base/error.h"
#include "lib/base/random.h"

namespace matinee {
namespace {

using Floats = DeviceBuffer<float>;

// What limits an operation.
enum class Limit { kBytes, kOperations };

class CudaBench {
 public:
  CudaBench(bool small, std::string_view wanted)
      : small_(small), wanted_(wanted), context_(pool_, {DeviceKind::kCuda, 0}) {}

  void run() {
    measure_limits();
    fmt::print("| operation | median ms | TFLOP/s | GB/s | share of the limit |\n|---|---|---|---|---|\n");
    products();
    lora();
    attention();
    head();
    elementwise();
    optimizer();
    decoding();
    search();
  }

 private:
  std::int64_t size(std::int64_t full, std::int64_t small) const { return small_ ? small : full; }

  // Random values, repeated after 4M elements: only their distribution matters.
  Floats random(std::int64_t n, float low = -1, float high = 1) {
    return repeated<float>(n, 1,
                           [&](Random& random) { return low + (high - low) * static_cast<float>(random.uniform()); });
  }
  DeviceBuffer<bf16> random_bf16(std::int64_t n) {
    return repeated<bf16>(n, 2, [](Random& random) { return to_bf16(static_cast<float>(random.uniform()) - 0.5f); });
  }
  template <class T, class Draw>
  DeviceBuffer<T> repeated(std::int64_t n, std::uint64_t seed, const Draw& draw) {
    DeviceBuffer<T> buffer(context_.allocator(), static_cast<std::size_t>(n));
    Random random(seed, "bench");
    std::vector<T> block(static_cast<std::size_t>(std::min<std::int64_t>(n, 1 << 22)));
    for (T& value : block) value = draw(random);
    for (std::size_t at = 0; at < buffer.size(); at += block.size()) {
      buffer.upload(std::span<const T>(block).first(std::min(block.size(), buffer.size() - at)), at);
    }
    return buffer;
  }
  DeviceBuffer<std::int32_t> ints(std::int64_t n, const std::function<std::int64_t(std::int64_t)>& value) {
    std::vector<std::int32_t> values(static_cast<std::size_t>(n));
    for (std::int64_t i = 0; i < n; ++i) values[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(value(i));
    return {context_.allocator(), std::span<const std::int32_t>(values)};
  }
  QuantizedMatrix quantized(WeightFormat format, std::int64_t rows, std::int64_t width) {
    QuantizedMatrix matrix(context_.allocator(), format, rows, width);
    const std::int64_t piece = 64;
    const Floats values = random(std::min(rows, piece) * width);
    for (std::int64_t row = 0; row < rows; row += piece)
      matrix.set_rows(context_, row, std::min(piece, rows - row), values.data());
    matrix.finish(context_);
    return matrix;
  }

  double median_seconds(const std::function<void()>& body) {
    body();
    std::vector<double> seconds;
    double sum = 0;
    const std::size_t at_least = small_ ? 1 : 10;
    while (seconds.size() < at_least || (!small_ && sum < 0.3 && seconds.size() < 200)) {
      seconds.push_back(seconds_on_cuda(*context_.allocator(), body));
      sum += seconds.back();
    }
    std::sort(seconds.begin(), seconds.end());
    return seconds[seconds.size() / 2];
  }

  void measure_limits() {
    const std::int64_t n = size(1 << 29, 1 << 16);
    Floats from(context_.allocator(), static_cast<std::size_t>(n)),
        to(context_.allocator(), static_cast<std::size_t>(n));
    byte_limit_ = 8.0 * static_cast<double>(n) / median_seconds([&] {
                    context_.allocator()->copy(to.data(), from.data(), static_cast<std::size_t>(n) * sizeof(float));
                  });
    const std::int64_t edge = size(8192, 64);
    const Floats x = random(edge * edge);
    const DeviceBuffer<bf16> w = random_bf16(edge * edge);
    Floats y(context_.allocator(), static_cast<std::size_t>(edge * edge));
    operation_limit_ = 2.0 * std::pow(static_cast<double>(edge), 3) / median_seconds([&] {
                         matmul_forward(context_, {.n_rows = edge,
                                                   .in = edge,
                                                   .out = edge,
                                                   .x = x.data(),
                                                   .weight = {w.data(), WeightFormat::kBF16},
                                                   .y = y.data(),
                                                   .precision = MatmulPrecision::kBF16});
                       });
    fmt::print("{}; measured limits: copying {:.0f} GB/s (read and written), bf16 product of {}³ {:.0f} TFLOP/s\n\n",
               describe(context_.device()), byte_limit_ * 1e-9, edge, operation_limit_ * 1e-12);
  }

  void row(const std::string& name, Limit limit, double operations, double bytes, const std::function<void()>& body) {
    if (name.find(wanted_) == std::string::npos) return;
    const double seconds = median_seconds(body);
    const double share =
        limit == Limit::kBytes ? bytes / seconds / byte_limit_ : operations / seconds / operation_limit_;
    fmt::print("| {} | {:.4f} | {:.1f} | {:.0f} | {:.0f} % of {} |\n", name, seconds * 1e3,
               operations / seconds * 1e-12, bytes / seconds * 1e-9, share * 100,
               limit == Limit::kBytes ? "copying" : "the product");
    std::fflush(stdout);
  }

  void products() {
    const std::int64_t n = size(4096, 32), in = size(4096, 96), out = size(14336, 160);
    const Floats x = random(n * in), grad_y = random(n * out);
    const DeviceBuffer<bf16> w = random_bf16(out * in);
    const QuantizedMatrix int8 = quantized(WeightFormat::kInt8, out, in), nf4 = quantized(WeightFormat::kNf4, out, in);
    Floats y(context_.allocator(), static_cast<std::size_t>(n * out)),
        grad_x(context_.allocator(), static_cast<std::size_t>(n * in));
    const double operations = 2.0 * static_cast<double>(n) * static_cast<double>(in * out);
    for (const auto& [name, view] : {std::pair<const char*, WeightView>{"bf16", {w.data(), WeightFormat::kBF16}},
                                     {"int8", int8.view()},
                                     {"nf4", nf4.view()}}) {
      row(fmt::format("matmul_forward {}x{}x{} {}", n, in, out, name), Limit::kOperations, operations, 0, [&] {
        matmul_forward(context_, {.n_rows = n,
                                  .in = in,
                                  .out = out,
                                  .x = x.data(),
                                  .weight = view,
                                  .y = y.data(),
                                  .precision = MatmulPrecision::kBF16});
      });
      row(fmt::format("matmul_backward_input {}x{}x{} {}", n, in, out, name), Limit::kOperations, operations, 0, [&] {
        matmul_backward_input(context_, {.n_rows = n,
                                         .in = in,
                                         .out = out,
                                         .grad_y = grad_y.data(),
                                         .weight = view,
                                         .grad_x = grad_x.data(),
                                         .precision = MatmulPrecision::kBF16});
      });
    }
    Floats wide(context_.allocator(), static_cast<std::size_t>(in * out));
    row(fmt::format("dequantize {}x{} nf4", out, in), Limit::kBytes, 0, 4.5 * static_cast<double>(in * out),
        [&] { dequantize(context_, {.n = in * out, .width = in, .weight = nf4.view(), .y = wide.data()}); });
  }

  // One adapter, and three on one x as for q, k and v. Bytes of the forward pass: x read once for all xa, each y read
  // and written. Bytes of the backward pass: each grad_y and x read once, grad_x read and written.
  void lora() {
    const std::int64_t n = size(4096, 32), in = size(4096, 96), out = size(4096, 160);
    const Floats x = random(n * in), grad_y = random(n * out);
    DeviceBuffer<bf16> x_bf16(context_.allocator(), static_cast<std::size_t>(n * bf16_stride(in)));
    row(fmt::format("round_bf16 {}x{}", n, in), Limit::kBytes, 0, 6 * static_cast<double>(n * in),
        [&] { round_bf16(context_, {.n_rows = n, .width = in, .x = x.data(), .y = x_bf16.data()}); });
    const auto buffer = [&](std::int64_t elements) {
      return Floats(context_.allocator(), static_cast<std::size_t>(elements));
    };
    Floats grad_x = buffer(n * in);
    for (const std::int64_t rank : {16, 64}) {
      const Floats a = random(rank * in), b = random(out * rank);
      std::vector<Floats> kept;
      std::vector<LoraPart> forward;
      std::vector<LoraBackwardPart> backward;
      for (const std::uint64_t key : {1, 2, 3}) {
        for (const std::int64_t elements : {n * rank, n * out, rank * in, out * rank}) kept.push_back(buffer(elements));
        Floats* own = &kept[kept.size() - 4];
        const LoraDropout dropout{.drop_probability = 0.05f, .key = key};
        forward.push_back({.out = out,
                           .rank = rank,
                           .lora_A = a.data(),
                           .lora_B = b.data(),
                           .dropout = dropout,
                           .xa = own[0].data(),
                           .y = own[1].data()});
        backward.push_back({.out = out,
                            .rank = rank,
                            .grad_y = grad_y.data(),
                            .xa = own[0].data(),
                            .lora_A = a.data(),
                            .lora_B = b.data(),
                            .dropout = dropout,
                            .grad_A = own[2].data(),
                            .grad_B = own[3].data()});
      }
      for (const std::size_t parts : {1, 3}) {
        const auto name = [&](const char* operation) {
          return fmt::format("{} {}x{}x{} rank {}, {} on one x", operation, n, in, out, rank, parts);
        };
        const auto count = static_cast<double>(parts);
        const double operations = count * 2.0 * static_cast<double>(n * rank * (in + out));
        const double x_bytes = 4.0 * static_cast<double>(n * in), y_bytes = 4.0 * static_cast<double>(n * out);
        for (const bf16* rounded : {static_cast<const bf16*>(nullptr), static_cast<const bf16*>(x_bf16.data())}) {
          row(name("lora_matmul_forward") + (rounded == nullptr ? "" : ", rounded"), Limit::kBytes, operations,
              (rounded == nullptr ? 1.0 : 0.5) * x_bytes + 2 * count * y_bytes, [&] {
                lora_matmul_forward(context_, {.n_rows = n,
                                               .in = in,
                                               .x = x.data(),
                                               .x_bf16 = rounded,
                                               .parts = std::span<const LoraPart>(forward).first(parts),
                                               .precision = MatmulPrecision::kBF16});
              });
        }
        row(name("lora_matmul_backward"), Limit::kBytes, 2 * operations, 3 * x_bytes + count * y_bytes, [&] {
          lora_matmul_backward(context_, {.n_rows = n,
                                          .in = in,
                                          .x = x.data(),
                                          .parts = std::span<const LoraBackwardPart>(backward).first(parts),
                                          .grad_x = grad_x.data(),
                                          .precision = MatmulPrecision::kBF16});
        });
      }
    }
  }

  void attention() {
    const std::int64_t heads = size(32, 4), kv_heads = size(8, 2), head_dim = size(128, 32);
    for (const std::int64_t sample : {size(4096, 64), size(512, 16)}) {
      const std::int64_t n = size(4096, 64);
      const Floats q = random(n * heads * head_dim), k = random(n * kv_heads * head_dim),
                   v = random(n * kv_heads * head_dim), grad_out = random(n * heads * head_dim);
      const auto start = ints(n, [&](std::int64_t i) { return i / sample * sample; });
      const auto buffer = [&](std::int64_t elements) {
        return Floats(context_.allocator(), static_cast<std::size_t>(elements));
      };
      Floats out = buffer(n * heads * head_dim), logsumexp = buffer(n * heads), grad_q = buffer(n * heads * head_dim),
             grad_k = buffer(n * kv_heads * head_dim), grad_v = buffer(n * kv_heads * head_dim);
      const AttentionArgs args{.n_tokens = n,
                               .n_heads = heads,
                               .n_kv_heads = kv_heads,
                               .head_dim = head_dim,
                               .scale = 1 / std::sqrt(static_cast<float>(head_dim)),
                               .segment_start = start.data(),
                               .q = q.data(),
                               .k = k.data(),
                               .v = v.data(),
                               .out = out.data(),
                               .logsumexp = logsumexp.data()};
      const double operations = 2.0 * static_cast<double>(head_dim * heads * n) * static_cast<double>(sample);
      row(fmt::format("attention_forward {} tokens in samples of {}", n, sample), Limit::kOperations, operations, 0,
          [&] { attention_forward(context_, args); });
      row(fmt::format("attention_backward {} tokens in samples of {}", n, sample), Limit::kOperations, 2.5 * operations,
          0, [&] {
            attention_backward(context_, {.n_tokens = n,
                                          .n_heads = heads,
                                          .n_kv_heads = kv_heads,
                                          .head_dim = head_dim,
                                          .scale = args.scale,
                                          .segment_start = start.data(),
                                          .q = q.data(),
                                          .k = k.data(),
                                          .v = v.data(),
                                          .out = out.data(),
                                          .logsumexp = logsumexp.data(),
                                          .grad_out = grad_out.data(),
                                          .grad_q = grad_q.data(),
                                          .grad_k = grad_k.data(),
                                          .grad_v = grad_v.data()});
          });
    }
    const std::int64_t past = size(8192, 100);
    const Floats q = random(heads * head_dim), k = random(kv_heads * head_dim), v = random(kv_heads * head_dim);
    Floats k_cache = random(past * kv_heads * head_dim), v_cache = random(past * kv_heads * head_dim);
    const auto position = ints(1, [&](std::int64_t) { return past - 1; });
    Floats out(context_.allocator(), static_cast<std::size_t>(heads * head_dim));
    row(fmt::format("attention_cached 1 query over {} positions", past), Limit::kBytes, 0,
        8.0 * static_cast<double>(past * kv_heads * head_dim), [&] {
          attention_cached(context_, {.sequences = {{.n_queries = 1,
                                                     .n_heads = heads,
                                                     .n_kv_heads = kv_heads,
                                                     .head_dim = head_dim,
                                                     .max_tokens = past,
                                                     .first_position = position.data(),
                                                     .scale = 0.1f,
                                                     .q = q.data(),
                                                     .k = k.data(),
                                                     .v = v.data(),
                                                     .k_cache = k_cache.data(),
                                                     .v_cache = v_cache.data(),
                                                     .out = out.data()}}});
        });
  }

  void head() {
    const std::int64_t n = size(512, 8), vocab = size(128256, 300);
    Floats logits = random(n * vocab);
    const auto targets = ints(n, [&](std::int64_t i) { return i * 37 % vocab; });
    DeviceBuffer<CrossEntropySums> sums(context_.allocator(), 1);
    row(fmt::format("cross_entropy {}x{}", n, vocab), Limit::kBytes, 0, 12.0 * static_cast<double>(n * vocab), [&] {
      cross_entropy(
          context_,
          {.n_rows = n, .vocab = vocab, .logits = logits.data(), .targets = targets.data(), .sums = sums.data()});
    });
  }

  void elementwise() {
    const std::int64_t n = size(4096, 16), width = size(4096, 96), inner = size(14336, 160), elements = n * width;
    const auto bytes = static_cast<double>(4 * elements);
    const Floats x = random(elements), grad = random(elements), weight = random(width);
    Floats y(context_.allocator(), static_cast<std::size_t>(elements)),
        rstd(context_.allocator(), static_cast<std::size_t>(n));
    row(fmt::format("rms_norm_forward {}x{}", n, width), Limit::kBytes, 0, 2 * bytes, [&] {
      rms_norm_forward(
          context_,
          {.n_rows = n, .width = width, .x = x.data(), .weight = weight.data(), .y = y.data(), .rstd = rstd.data()});
    });
    row(fmt::format("rms_norm_backward {}x{}, accumulating", n, width), Limit::kBytes, 0, 4 * bytes, [&] {
      rms_norm_backward(context_, {.n_rows = n,
                                   .width = width,
                                   .grad_y = grad.data(),
                                   .x = x.data(),
                                   .weight = weight.data(),
                                   .rstd = rstd.data(),
                                   .grad_x = y.data(),
                                   .accumulate = true});
    });
    row(fmt::format("add_scaled {}x{}", n, width), Limit::kBytes, 0, 3 * bytes,
        [&] { add_scaled(context_, {.n = elements, .x = x.data(), .y = y.data()}); });
    const std::int64_t head_dim = size(128, 32), heads = width / head_dim;
    const auto positions = ints(n, [](std::int64_t i) { return i; });
    const Floats cosines = random(n * head_dim / 2), sines = random(n * head_dim / 2);
    row(fmt::format("rotary_forward {}x{}", n, width), Limit::kBytes, 0, 2 * bytes, [&] {
      rotary_forward(context_, {.n_tokens = n,
                                .n_heads = heads,
                                .head_dim = head_dim,
                                .rotary_dim = head_dim,
                                .positions = positions.data(),
                                .n_positions = n,
                                .cosines = cosines.data(),
                                .sines = sines.data(),
                                .x = y.data()});
    });
    const Floats gate = random(n * inner), up = random(n * inner);
    Floats gated(context_.allocator(), static_cast<std::size_t>(n * inner));
    row(fmt::format("activation_forward SwiGLU {}x{}", n, inner), Limit::kBytes, 0,
        12.0 * static_cast<double>(n * inner),
        [&] { activation_forward(context_, {.n = n * inner, .x = gate.data(), .up = up.data(), .y = gated.data()}); });
    const std::int64_t vocab = size(128256, 300);
    const DeviceBuffer<bf16> table = random_bf16(vocab * width);
    const auto ids = ints(n, [&](std::int64_t i) { return i * 31 % vocab; });
    row(fmt::format("embedding_forward {}x{}", n, width), Limit::kBytes, 0, 1.5 * bytes, [&] {
      embedding_forward(context_, {.n_tokens = n,
                                   .vocab = vocab,
                                   .width = width,
                                   .ids = ids.data(),
                                   .table = {table.data(), WeightFormat::kBF16},
                                   .y = y.data()});
    });
  }

  void optimizer() {
    const std::int64_t n = size(42'000'000, 5000);
    Floats param = random(n), m(context_.allocator(), static_cast<std::size_t>(n)),
           v(context_.allocator(), static_cast<std::size_t>(n));
    const Floats grad = random(n);
    row(fmt::format("adamw_update {}", n), Limit::kBytes, 0, 28.0 * static_cast<double>(n), [&] {
      adamw_update(
          context_,
          {.n = n, .param = param.data(), .grad = grad.data(), .m = m.data(), .v = v.data(), .learning_rate = 1e-4});
    });
    DeviceBuffer<double> sum(context_.allocator(), 1);
    row(fmt::format("squared_sum {}", n), Limit::kBytes, 0, 4.0 * static_cast<double>(n),
        [&] { squared_sum(context_, {.n = n, .x = grad.data(), .sum = sum.data()}); });
  }

  void decoding() {
    const std::int64_t in = size(4096, 96), out = size(14336, 160), layers = size(8, 1);
    const Floats x = random(in);
    Floats y(context_.allocator(), static_cast<std::size_t>(out));
    const auto weights = static_cast<double>(in * out);
    // Uses several matrices in turn, so that none is still in the cache.
    const auto product = [&](const char* name, double bytes_per_weight, const auto& views) {
      row(fmt::format("matmul_forward 1x{}x{} {}, {} matrices", in, out, name, layers), Limit::kBytes, 0,
          static_cast<double>(layers) * weights * bytes_per_weight, [&] {
            for (const WeightView& view : views) {
              matmul_forward(context_, {.n_rows = 1,
                                        .in = in,
                                        .out = out,
                                        .x = x.data(),
                                        .weight = view,
                                        .y = y.data(),
                                        .precision = MatmulPrecision::kBF16});
            }
          });
    };
    std::vector<DeviceBuffer<bf16>> wide;
    std::vector<QuantizedMatrix> int8, nf4;
    std::vector<WeightView> views[3];
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      wide.push_back(random_bf16(in * out));
      int8.push_back(quantized(WeightFormat::kInt8, out, in));
      nf4.push_back(quantized(WeightFormat::kNf4, out, in));
    }
    for (const auto& matrix : wide) views[0].push_back({matrix.data(), WeightFormat::kBF16});
    for (const auto& matrix : int8) views[1].push_back(matrix.view());
    for (const auto& matrix : nf4) views[2].push_back(matrix.view());
    product("bf16", 2, views[0]);
    product("int8", 1, views[1]);
    product("nf4", 0.5 + 1.0 / 64, views[2]);
  }

  void search() {
    const std::int64_t rows = size(10'000'000, 3000), dim = size(256, 64), k = size(100, 10);
    const DeviceBuffer<bf16> catalog = random_bf16(rows * dim);
    for (const std::int64_t n_queries : {size(1024, 64), std::int64_t{1}}) {
      const Floats queries = random(n_queries * dim), weights = random(n_queries, 1, 1);
      DeviceBuffer<std::int32_t> ids(context_.allocator(), static_cast<std::size_t>(n_queries * k));
      Floats scores(context_.allocator(), static_cast<std::size_t>(n_queries * k));
      CosineTopkArgs args{.n_queries = n_queries,
                          .n_rows = rows,
                          .k = k,
                          .n_sets = 1,
                          .sets = {},
                          .storage = DType::kBF16,
                          .ids = ids.data(),
                          .scores = scores.data()};
      args.sets[0] = {.dim = dim, .rows = catalog.data(), .queries = queries.data(), .weights = weights.data()};
      row(fmt::format("cosine_topk {} queries, {}x{} bf16, k={}", n_queries, rows, dim, k),
          n_queries == 1 ? Limit::kBytes : Limit::kOperations,
          2.0 * static_cast<double>(n_queries) * static_cast<double>(rows * dim), 2.0 * static_cast<double>(rows * dim),
          [&] { cosine_topk(context_, args); });
    }
  }

  bool small_;
  std::string_view wanted_;
  ThreadPool pool_{0};
  Context context_;
  double byte_limit_ = 1, operation_limit_ = 1;
};

}  // namespace
}  // namespace matinee

int main(int argc, char** argv) {
  bool small = false;
  std::string_view wanted;
  for (int i = 1; i < argc; ++i)
    (std::strcmp(argv[i], "--small") == 0 ? (void)(small = true) : (void)(wanted = argv[i]));
  try {
    matinee::resolve_device("cuda");
    matinee::CudaBench(small, wanted).run();
    return 0;
  } catch (const matinee::Error& error) {
    std::fprintf(stderr, "bench_cuda: %s\n", error.what());
    return 1;
  }
}
