// For make bench-batch: measures how fast sequences are decoded together.
//   batch_speed BASE FORMAT THREADS [PAST]
// BASE is a folder or a GGUF file. Each sequence has a prompt of PAST tokens (100). Prints a line for each number of
// sequences: milliseconds of a step, tokens per second of all, and the ratio to those of a DecoderSession alone.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include "kernels/context.h"
#include "lib/base/parallel.h"
#include "lib/model/base_format.h"
#include "lib/model/loaded_model.h"

namespace matinee {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kWarmUp = 3, kLeastSteps = 10;
constexpr double kSeconds = 1;

// The median seconds of step().
template <class Step>
double median_seconds(const Step& step) {
  for (int i = 0; i < kWarmUp; ++i) step();
  std::vector<double> seconds;
  const auto end = Clock::now() + std::chrono::duration<double>(kSeconds);
  while (seconds.size() < kLeastSteps || Clock::now() < end) {
    const auto begin = Clock::now();
    step();
    seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

void run(const std::string& base, const std::string& format, int threads, std::int64_t past) {
  ThreadPool pool(threads);
  Context context(pool);
  const LoadedModel model(context, read_model_config(base),
                          {.base = base, .adapter = "", .base_format = BaseFormat{format}, .max_tokens = past + 1});
  std::vector<std::int32_t> prompt;
  for (std::int64_t t = 0; t < past; ++t)
    prompt.push_back(static_cast<std::int32_t>((t * 7919 + 13) % model.config().vocab_size));
  const std::vector<std::int32_t> token{prompt.front()};

  DecoderSession session = model.session(context);
  session.append(prompt);
  const double alone = median_seconds([&] {
    session.truncate(past);
    session.append(token);
  });
  fmt::print("{} {} with {} threads after {} tokens\n", base, format, threads, past);
  fmt::print("{:>9} {:>8} {:>9} {:>6}\n{:>9} {:>8.2f} {:>9.0f} {:>6}\n", "sequences", "ms/step", "tokens/s", "ratio",
             "session", 1e3 * alone, 1 / alone, "1.00");
  for (const int n : {1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32}) {
    DecoderBatch batch = model.batch(context, n);
    std::vector<SlotTokens> parts;
    for (int slot = 0; slot < n; ++slot) {
      for (std::span<const std::int32_t> rest = prompt; !rest.empty();) {
        const SlotTokens part{slot, rest.first(std::min(rest.size(), std::size_t{32})), false};
        batch.step({&part, 1});
        rest = rest.subspan(part.tokens.size());
      }
      parts.push_back({slot, token});
    }
    const double step = median_seconds([&] {
      for (int slot = 0; slot < n; ++slot) batch.truncate(slot, past);
      batch.step(parts);
    });
    fmt::print("{:>9} {:>8.2f} {:>9.0f} {:>6.2f}\n", n, 1e3 * step, n / step, n * alone / step);
  }
}

}  // namespace
}  // namespace matinee

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    fmt::print(stderr, "usage: batch_speed BASE FORMAT THREADS [PAST]\n");
    return 2;
  }
  try {
    matinee::run(argv[1], argv[2], std::stoi(argv[3]), argc == 5 ? std::stol(argv[4]) : 100);
  } catch (const std::exception& error) {
    fmt::print(stderr, "batch_speed: {}\n", error.what());
    return 1;
  }
  return 0;
}
