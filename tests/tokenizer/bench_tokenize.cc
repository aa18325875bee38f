// bench_tokenize TOKENIZER FILE: how fast texts (in FILE, a zero byte between them) become ids. Prints a line of JSON:
// load_ms; mb_first and mb_again, MB/s with caches that are new and with those that have seen the texts, each for one
// thread and for two, the best of several passes. scripts/bench-tokenize runs it beside others.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/parallel.h"
#include "lib/tokenizer/tokenizer.h"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

}  // namespace

int main(int argc, char** argv) {
  using namespace matinee;
  if (argc != 3) {
    std::fprintf(stderr, "usage: bench_tokenize TOKENIZER FILE\n");
    return 2;
  }
  try {
    const auto loading = Clock::now();
    const Tokenizer tokenizer = Tokenizer::load(argv[1]);
    const double load_ms = 1000 * seconds_since(loading);
    const std::string all = read_file(argv[2]);
    std::vector<std::string_view> texts;
    for (std::size_t begin = 0; begin < all.size();) {
      const std::size_t end = std::min(all.find('\0', begin), all.size());
      texts.push_back(std::string_view(all).substr(begin, end - begin));
      begin = end + 1;
    }
    double first[2] = {}, again[2] = {};
    std::size_t ids_in_all = 0;
    for (int threads = 1; threads <= 2; ++threads) {
      const auto workers = static_cast<std::size_t>(threads);
      ThreadPool pool(threads);
      std::vector<PieceCache> caches;
      std::vector<std::vector<std::int32_t>> ids(workers);
      const auto pass = [&] {
        std::vector<std::size_t> counts(workers);
        const auto start = Clock::now();
        pool.for_blocks(texts.size(), 64, [&](std::size_t from, std::size_t to, int worker) {
          const auto mine = static_cast<std::size_t>(worker);
          for (std::size_t i = from; i < to; ++i) {
            ids[mine].clear();
            tokenizer.encode(texts[i], {}, caches[mine], ids[mine]);
            counts[mine] += ids[mine].size();
          }
        });
        const double rate = 1e-6 * static_cast<double>(all.size()) / seconds_since(start);
        ids_in_all = counts[0] + counts[workers - 1] * (workers - 1);
        return rate;
      };
      for (int round = 0; round < 4; ++round) {
        caches.assign(workers, {});
        first[threads - 1] = std::max(first[threads - 1], pass());
        for (int i = 0; i < 3; ++i) again[threads - 1] = std::max(again[threads - 1], pass());
      }
    }
    std::printf(
        "{\"load_ms\":%.1f,\"mb\":%.2f,\"mb_first\":[%.2f,%.2f],\"mb_again\":[%.2f,%.2f],\"texts\":%zu,\"ids\":%zu}\n",
        load_ms, 1e-6 * static_cast<double>(all.size()), first[0], first[1], again[0], again[1], texts.size(),
        ids_in_all);
  } catch (const Error& error) {
    std::fprintf(stderr, "bench_tokenize: %s\n", error.what());
    return 1;
  }
  return 0;
}
