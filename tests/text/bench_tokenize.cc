// bench_tokenize TOKENIZER FILE: how fast texts (in FILE, a zero byte between them) become ids. Prints a line of JSON:
// load_ms, and mb_per_s for one thread and for two, each the best of several passes. scripts/bench-tokenize runs it
// beside others.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/parallel.h"
#include "lib/text/tokenizer.h"

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
    std::printf("{\"load_ms\":%.1f,\"texts\":%zu,\"mb\":%.2f,\"mb_per_s\":[", load_ms, texts.size(),
                1e-6 * static_cast<double>(all.size()));
    for (int threads = 1; threads <= 2; ++threads) {
      ThreadPool pool(threads);
      double best = 1e9;
      std::size_t ids_in_all = 0;
      for (int pass = 0; pass < 5; ++pass) {
        std::vector<std::size_t> counts(static_cast<std::size_t>(threads));
        const auto start = Clock::now();
        std::vector<PieceCache> caches(static_cast<std::size_t>(threads));
        pool.for_blocks(texts.size(), 64, [&](std::size_t from, std::size_t to, int worker) {
          std::vector<std::int32_t> ids;
          for (std::size_t i = from; i < to; ++i) {
            ids.clear();
            tokenizer.encode(texts[i], {}, caches[static_cast<std::size_t>(worker)], ids);
            counts[static_cast<std::size_t>(worker)] += ids.size();
          }
        });
        best = std::min(best, seconds_since(start));
        ids_in_all = 0;
        for (const std::size_t count : counts) ids_in_all += count;
      }
      std::printf("%s%.2f", threads == 1 ? "" : ",", 1e-6 * static_cast<double>(all.size()) / best);
      if (threads == 2) std::printf("],\"ids\":%zu}\n", ids_in_all);
    }
  } catch (const Error& error) {
    std::fprintf(stderr, "bench_tokenize: %s\n", error.what());
    return 1;
  }
  return 0;
}
