// Measures how fast a checkpoint in the page cache is loaded into memory that the process already has. With fresh
// memory, a CPU's time would include the kernel's clearing of new pages, which may take longer than loading on virtual
// machines.
//   load_speed FOLDER FORMAT ROUNDS THREADS [DEVICE]
// Prints the median, minimum and maximum over the rounds, in GB of files per second, for each of these: copying from
// the mapped files, hashing alone, loading the weights without hashes and with them. They take turns, so that the state
// of the machine is the same for all.
#include <fmt/core.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "kernels/context.h"
#include "lib/base/memory_budget.h"
#include "lib/base/parallel.h"
#include "lib/model/base_format.h"
#include "lib/model/checkpoint_files.h"
#include "lib/model/checkpoint_hashes.h"
#include "lib/model/frozen_weights.h"

namespace matinee {
namespace {

using Clock = std::chrono::steady_clock;

struct Way {
  const char* name;
  std::function<void()> run;
  std::vector<double> seconds = {};
};

template <class Visit>
void visit_pieces(const std::string& folder, const ModelConfig& config, const Visit& visit) {
  constexpr std::size_t kPiece = std::size_t{4} << 20;
  for (const auto& file : open_checkpoint(folder, config)) {
    for (const SourceTensor& tensor : file->tensors()) {
      const auto bytes = file->data(tensor);
      for (std::size_t first = 0; first < bytes.size(); first += kPiece)
        visit(*file, tensor, first, bytes.subspan(first, std::min(kPiece, bytes.size() - first)));
      file->release(tensor);
    }
  }
}

void run(const std::string& folder, const std::string& format_name, int rounds, int threads,
         const std::string& device) {
  ThreadPool pool(threads);
  Context context(pool, resolve_device(device));
  const ModelConfig config = read_model_config(folder);
  const WeightFormat dtype = BaseFormat{format_name}.format(context);
  double bytes = 0;
  for (const auto& file : open_checkpoint(folder, config)) {
    for (const SourceTensor& tensor : file->tensors()) bytes += static_cast<double>(tensor.bytes());
  }
  const auto load = [&](CheckpointHashes* hashes) {
    const FrozenWeights weights(folder, config, dtype, {.context = &context, .hashes = hashes});
    context.allocator()->synchronize();
  };
  std::vector<Way> ways{
      {"copy",
       [&] {
         auto copy = DeviceBuffer<std::byte>::unset(context.allocator(), static_cast<std::size_t>(bytes));
         std::size_t done = 0;
         visit_pieces(folder, config, [&](const auto&, const auto&, std::size_t, std::span<const std::byte> piece) {
           copy.upload(piece, done);
           done += piece.size();
         });
         context.allocator()->synchronize();
       }},
      {"hashes",
       [&] {
         CheckpointHashes hashes;
         visit_pieces(folder, config,
                      [&](const auto& file, const auto& tensor, std::size_t first, std::span<const std::byte> piece) {
                        hashes.add(file, tensor, first, piece);
                      });
       }},
      {"weights", [&] { load(nullptr); }},
      {"weights, hashes", [&] {
         CheckpointHashes hashes;
         load(&hashes);
         if (hashes.of_files().empty()) throw std::runtime_error("no hashes were taken");
       }}};
  for (int round = -1; round < rounds; ++round) {  // the first round reads the files into the page cache
    for (Way& way : ways) {
      const auto begin = Clock::now();
      way.run();
      if (round >= 0) way.seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
    }
  }
  for (Way& way : ways) {
    std::sort(way.seconds.begin(), way.seconds.end());
    const auto rate = [&](double seconds) { return bytes / seconds * 1e-9; };
    fmt::print("{:16} {:5.2f} GB/s ({:.2f} to {:.2f})\n", way.name, rate(way.seconds[way.seconds.size() / 2]),
               rate(way.seconds.back()), rate(way.seconds.front()));
  }
  fmt::print("{:.2f} GB of files, {:.2f} GB of weights, host memory at most {:.2f} GB\n", bytes * 1e-9,
             static_cast<double>(FrozenWeights::bytes_of(config, dtype)) * 1e-9,
             static_cast<double>(peak_resident_memory()) * 1e-9);
}

}  // namespace
}  // namespace matinee

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    fmt::print(stderr, "usage: load_speed FOLDER FORMAT ROUNDS THREADS [DEVICE]\n");
    return 2;
  }
  // Keep freed pages for reuse; the first round allocates them.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
  try {
    matinee::run(argv[1], argv[2], std::stoi(argv[3]), std::stoi(argv[4]), argc == 6 ? argv[5] : "cpu");
  } catch (const std::exception& error) {
    fmt::print(stderr, "load_speed: {}\n", error.what());
    return 1;
  }
  return 0;
}
