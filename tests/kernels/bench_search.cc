// Times cosine_topk on vectors from files, for scripts/bench-search, which runs it and FAISS in turn.
//   bench_search THREADS DIM ROWS QUERIES     (files of float32, whole vectors of DIM)
// Each line of stdin, "read" or "STORAGE N_QUERIES K IDS", is answered by a line "wall cpu", both in seconds: of
// reading all rows once, or of one search, whose ids are written to the file IDS as int32 [N_QUERIES, K].

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <iostream>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {
namespace {

std::span<const float> mapped(const char* path) {
  const int file = open(path, O_RDONLY);
  struct stat status {};
  if (file < 0 || fstat(file, &status) != 0 || status.st_size == 0) {
    fmt::print(stderr, "bench_search: cannot read {}\n", path);
    std::exit(1);
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  void* data = mmap(nullptr, size, PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0);
  if (data == MAP_FAILED) std::exit(1);
  return {static_cast<const float*>(data), size / sizeof(float)};
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// The answer to a line.
std::string timed(const std::function<void()>& body) {
  const double cpu = cpu_seconds();
  const auto begin = std::chrono::steady_clock::now();
  body();
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return fmt::format("{:.9f} {:.9f}\n", wall, cpu_seconds() - cpu);
}

void answer(const std::string& line) {
  fmt::print("{}", line);
  std::fflush(stdout);
}

class SearchBench {
 public:
  SearchBench(int threads, std::int64_t dim, const char* rows, const char* queries)
      : pool_(threads), context_(pool_), dim_(dim), rows_(mapped(rows)), queries_(mapped(queries)) {}

  void read() {
    std::vector<std::uint64_t> sums(rows_.size() / kPiece + 1);
    const std::string line = timed([&] {
      pool_.for_blocks(rows_.size() / 2, kPiece / 2, [&](std::size_t begin, std::size_t end, int) {
        const auto* words = reinterpret_cast<const std::uint64_t*>(rows_.data());
        std::uint64_t lane[32] = {};
        for (std::size_t i = begin; i + 32 <= end; i += 32) {
          for (std::size_t j = 0; j < 32; ++j) lane[j] += words[i + j];
        }
        sums[begin / kPiece] = std::accumulate(lane, lane + 32, std::uint64_t{0});
      });
    });
    if (std::accumulate(sums.begin(), sums.end(), std::uint64_t{0}) == 0) std::exit(1);
    answer(line);
  }

  void search(const std::string& storage, std::int64_t n_queries, std::int64_t k, const std::string& path) {
    const std::vector<float> weights(static_cast<std::size_t>(n_queries), 1.0f);
    ids_.resize(static_cast<std::size_t>(n_queries * k));
    scores_.resize(ids_.size());
    CosineTopkArgs args{.n_queries = n_queries,
                        .n_rows = static_cast<std::int64_t>(rows_.size()) / dim_,
                        .k = k,
                        .n_sets = 1,
                        .ids = ids_.data(),
                        .scores = scores_.data()};
    args.sets[0] = {.dim = dim_, .rows = rows_.data(), .queries = queries_.data(), .weights = weights.data()};
    if (storage == "bf16") {
      if (narrow_.empty()) {
        narrow_.reserve(rows_.size());
        for (const float value : rows_) narrow_.push_back(to_bf16(value));
      }
      args.storage = DType::kBF16;
      args.sets[0].rows = narrow_.data();
    } else if (storage == "int8") {
      if (codes_.empty()) {
        codes_.resize(rows_.size());
        scales_.resize(static_cast<std::size_t>(args.n_rows));
        quantize_int8(context_, {.n_rows = args.n_rows,
                                 .width = dim_,
                                 .x = rows_.data(),
                                 .codes = codes_.data(),
                                 .row_scales = scales_.data()});
      }
      args.storage = DType::kI8;
      args.sets[0].rows = codes_.data();
      args.sets[0].row_scales = scales_.data();
    }
    const std::string line = timed([&] { cosine_topk(context_, args); });
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (file == nullptr || std::fwrite(ids_.data(), sizeof ids_[0], ids_.size(), file) != ids_.size()) std::exit(1);
    std::fclose(file);
    answer(line);
  }

 private:
  static constexpr std::size_t kPiece = std::size_t{1} << 18;

  ThreadPool pool_;
  Context context_;
  std::int64_t dim_;
  std::span<const float> rows_, queries_;
  std::vector<bf16> narrow_;
  std::vector<std::int8_t> codes_;
  std::vector<float> scales_, scores_;
  std::vector<std::int32_t> ids_;
};

}  // namespace
}  // namespace matinee

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: bench_search THREADS DIM ROWS QUERIES\n");
    return 2;
  }
  matinee::SearchBench bench(std::atoi(argv[1]), std::atoll(argv[2]), argv[3], argv[4]);
  std::string storage, path;
  while (std::cin >> storage) {
    std::int64_t n_queries = 0, k = 0;
    if (storage == "read") {
      bench.read();
    } else if (std::cin >> n_queries >> k >> path) {
      bench.search(storage, n_queries, k, path);
    }
  }
}
