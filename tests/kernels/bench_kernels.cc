// Times the cases of kernels/*/*_cases.cc that are for timing only, and oneDNN's bfloat16 product next to ours, and
// prints a Markdown table. The shares are relative to limits that are measured in the same run.
//   bench_kernels [THREADS] [WORD in the name]
//   bench_kernels THREADS --limits               only the limits, as JSON: operations and bytes a second

#include <fmt/core.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <numeric>
#include <oneapi/dnnl/dnnl.hpp>
#include <string_view>

#include "kernels/case.h"
#include "kernels/context.h"
#include "lib/base/random.h"

namespace matinee {
namespace {

struct Timing {
  double median = 0, spread = 0;  // seconds; the spread is between the quartiles
};

// At least a second or 20 repeats, after one to warm up.
Timing time_of(const std::function<void()>& body) {
  using Clock = std::chrono::steady_clock;
  body();
  std::vector<double> seconds;
  const auto begin = Clock::now();
  while (seconds.size() < 20 ||
         (std::chrono::duration<double>(Clock::now() - begin).count() < 1 && seconds.size() < 2000)) {
    const auto start = Clock::now();
    body();
    seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    if (std::chrono::duration<double>(Clock::now() - begin).count() > 5) break;
  }
  std::sort(seconds.begin(), seconds.end());
  return {seconds[seconds.size() / 2], seconds[seconds.size() * 3 / 4] - seconds[seconds.size() / 4]};
}

std::vector<float> random_values(std::int64_t size, float low, float high) {
  Random random(1, "bench");
  std::vector<float> values(static_cast<std::size_t>(size));
  for (float& value : values) value = low + (high - low) * static_cast<float>(random.uniform());
  return values;
}

struct Limits {
  double f32 = 0, bf16 = 0, bytes = 0;  // per second, all threads together
};

// Bytes per second that all threads together read sequentially from memory outside the caches. The median of rounds
// over a second or more, as a virtual machine shares its memory with others.
double measure_read_bandwidth(ThreadPool& pool) {
  constexpr std::size_t kWords = std::size_t{64} << 20, kPiece = std::size_t{1} << 17;
  const std::vector<std::uint64_t> words(kWords, 1);
  std::vector<std::uint64_t> sums(kWords / kPiece);
  const Timing timing = time_of([&] {
    pool.for_blocks(kWords, kPiece, [&](std::size_t begin, std::size_t end, int) {
      // Independent sums hide the latency of the additions.
      std::array<std::uint64_t, 32> lane{};
      for (std::size_t i = begin; i < end; i += lane.size()) {
        for (std::size_t j = 0; j < lane.size(); ++j) lane[j] += words[i + j];
      }
      sums[begin / kPiece] = std::accumulate(lane.begin(), lane.end(), std::uint64_t{0});
    });
  });
  if (std::accumulate(sums.begin(), sums.end(), std::uint64_t{0}) != kWords) std::abort();
  return static_cast<double>(kWords * sizeof words[0]) / timing.median;
}

// Operations: products that fit the first-level cache, so that only the multiply-adds limit the speed. Bytes:
// sequential reads.
Limits measure_limits(Context& context) {
  Limits limits;
  for (const MatmulPrecision precision : {MatmulPrecision::kF32, MatmulPrecision::kBF16}) {
    const std::int64_t n = 96, in = 256, out = 64, copies = context.pool().threads();
    const std::vector<float> x = random_values(n * in, -1, 1), w = random_values(out * in, -1, 1);
    std::vector<std::vector<float>> y(static_cast<std::size_t>(copies), std::vector<float>(n * out));
    ThreadPool single(1);
    std::vector<std::unique_ptr<Context>> contexts;
    for (std::int64_t i = 0; i < copies; ++i) contexts.push_back(std::make_unique<Context>(single));
    const Timing timing = time_of([&] {
      context.pool().for_blocks(static_cast<std::size_t>(copies), 1, [&](std::size_t i, std::size_t, int) {
        for (int repeat = 0; repeat < 50; ++repeat) {
          matmul_forward(*contexts[i], {.n_rows = n,
                                        .in = in,
                                        .out = out,
                                        .x = x.data(),
                                        .weight = weight_view(w.data()),
                                        .y = y[i].data(),
                                        .precision = precision});
        }
      });
    });
    const double rate = 100.0 * static_cast<double>(n * in * out * copies) / timing.median;
    (precision == MatmulPrecision::kF32 ? limits.f32 : limits.bf16) = rate;
  }
  limits.bytes = measure_read_bandwidth(context.pool());
  return limits;
}

void print_row(const std::string& name, const Timing& timing, double operations, double bytes, double operation_limit,
               double byte_limit) {
  const double rate = operations / timing.median, moved = bytes / timing.median;
  const double share = 100 * std::max(rate / operation_limit, moved / byte_limit);
  fmt::print("| {} | {:.3f} | {:.3f} | {:.1f} | {:.1f} | {:.0f} % of {} |\n", name, timing.median * 1e3,
             timing.spread * 1e3, rate * 1e-9, moved * 1e-9, share,
             rate / operation_limit > moved / byte_limit ? "operations" : "bytes");
  std::fflush(stdout);
}

void run_case(Context& context, const KernelCase& c, const Limits& limits) {
  std::vector<std::vector<float>> tensors;
  std::vector<float*> data;
  for (const CaseTensor& tensor : c.tensors) {
    tensors.push_back(random_values(tensor.role == Role::kOutput ? 0 : tensor.size, tensor.low, tensor.high));
    tensors.back().resize(static_cast<std::size_t>(tensor.size));
  }
  for (std::vector<float>& tensor : tensors) data.push_back(tensor.data());
  const bool bf16_product = c.name.find("precision=bf16") != std::string::npos;
  print_row(c.name, time_of([&] { c.run(context, data.data()); }), c.operations, c.bytes,
            bf16_product ? limits.bf16 : limits.f32, limits.bytes);
}

// oneDNN's product: x is rounded in each call, as in ours; the weight is in oneDNN's preferred layout. It uses as many
// OpenMP threads as we use.
void run_onednn(std::int64_t n, std::int64_t in, std::int64_t out, int threads, const Limits& limits) {
  using dnnl::memory;
  using Type = memory::data_type;
  using Tag = memory::format_tag;
  omp_set_num_threads(threads);
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  std::vector<float> x = random_values(n * in, -1, 1), w = random_values(out * in, -1, 1);
  std::vector<float> y(static_cast<std::size_t>(n * out));
  const memory::desc x_wide({n, in}, Type::f32, Tag::ab), x_narrow({n, in}, Type::bf16, Tag::ab);
  const memory::desc w_wide({in, out}, Type::f32, Tag::ba), w_any({in, out}, Type::bf16, Tag::any);
  const memory::desc y_wide({n, out}, Type::f32, Tag::ab);
  const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(x_narrow, w_any, y_wide), engine);
  memory x_memory(x_wide, engine, x.data()), w_memory(w_wide, engine, w.data()), y_memory(y_wide, engine, y.data());
  memory x_packed(x_narrow, engine), w_packed(description.weights_desc(), engine);
  dnnl::reorder(w_memory, w_packed).execute(stream, w_memory, w_packed);
  dnnl::reorder round(x_memory, x_packed);
  dnnl::matmul multiply(description);
  const auto body = [&] {
    round.execute(stream, x_memory, x_packed);
    multiply.execute(stream, {{DNNL_ARG_SRC, x_packed}, {DNNL_ARG_WEIGHTS, w_packed}, {DNNL_ARG_DST, y_memory}});
    stream.wait();
  };
  print_row(fmt::format("(oneDNN, weight repacked beforehand) n_rows={} in={} out={} bf16", n, in, out), time_of(body),
            2.0 * static_cast<double>(n * in * out), 4.0 * static_cast<double>(n * (in + out)), limits.bf16,
            limits.bytes);
}

void run(int threads, std::string_view wanted) {
  ThreadPool pool(threads);
  Context context(pool);
  const Limits limits = measure_limits(context);
  if (wanted == "--limits") {
    fmt::print("{{\"f32_operations\":{:.0f},\"bf16_operations\":{:.0f},\"read_bytes\":{:.0f}}}\n", limits.f32,
               limits.bf16, limits.bytes);
    return;
  }
  const dnnl_version_t* version = dnnl_version();
  fmt::print(
      "{}, {} threads; measured limits: {:.0f} GFLOP/s float32, {:.0f} GFLOP/s bfloat16, {:.1f} GB/s; oneDNN "
      "{}.{}.{}\n\n",
      describe(context.device()), pool.threads(), limits.f32 * 1e-9, limits.bf16 * 1e-9, limits.bytes * 1e-9,
      version->major, version->minor, version->patch);
  fmt::print("| case | median ms | spread ms | GFLOP/s | GB/s | share of the limit |\n|---|---|---|---|---|---|\n");
#define MATINEE_LIST(name, n) name##_cases,
  for (const auto list : {MATINEE_CASES(MATINEE_LIST)}) {
    for (const KernelCase& c : list()) {
      if (!c.reference && c.name.find(wanted) != std::string::npos) run_case(context, c, limits);
    }
  }
  if (context.isa() < IsaLevel::kAvx512Bf16 ||
      std::string_view("oneDNN matmul_forward").find(wanted) == std::string_view::npos)
    return;
  for (const auto& [n, in, out] :
       {std::array<std::int64_t, 3>{4096, 256, 256}, {4096, 256, 688}, {4096, 688, 256}, {4096, 256, 4096}}) {
    run_onednn(n, in, out, pool.threads(), limits);
  }
}

}  // namespace
}  // namespace matinee

int main(int argc, char** argv) { matinee::run(argc > 1 ? std::atoi(argv[1]) : 0, argc > 2 ? argv[2] : ""); }
