#include "lib/model/checkpoint_hashes.h"

#include <xxh_x86dispatch.h>  // XXH3 for the processor at hand

#include <new>

#include "lib/base/format_error.h"

namespace matinee {

struct CheckpointHashes::State {
  XXH3_state_t* xxh = XXH3_createState();
  std::size_t bytes = 0;  // added so far of the current tensor

  State() {
    if (xxh == nullptr) throw std::bad_alloc();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { XXH3_freeState(xxh); }
};

CheckpointHashes::CheckpointHashes() : state_(std::make_unique<State>()) {}
CheckpointHashes::~CheckpointHashes() = default;

void CheckpointHashes::add(const TensorSource& file, const SourceTensor& tensor, std::size_t first,
                           std::span<const std::byte> bytes) {
  if (first == 0) {
    XXH3_64bits_reset(state_->xxh);
    state_->bytes = 0;
    std::string what = tensor.name + '\n' + tensor.format;
    for (const std::int64_t extent : tensor.shape) what += ' ' + std::to_string(extent);
    XXH3_64bits_update(state_->xxh, what.data(), what.size());
  }
  if (first != state_->bytes) {
    throw internal_error("{}: tensor \"{}\": bytes from {} on, expected those from {}", file.path(), tensor.name, first,
                         state_->bytes);
  }
  XXH3_64bits_update(state_->xxh, bytes.data(), bytes.size());
  state_->bytes += bytes.size();
  if (state_->bytes < tensor.bytes()) return;
  tensors_[file.file_name()][tensor.name] = XXH3_64bits_digest(state_->xxh);
}

std::vector<std::pair<std::string, std::uint64_t>> CheckpointHashes::of_files() const {
  std::vector<std::pair<std::string, std::uint64_t>> files;
  for (const auto& [name, tensors] : tensors_) {
    std::vector<std::uint64_t> hashes;
    for (const auto& [tensor, hash] : tensors) hashes.push_back(hash);
    files.emplace_back(name, XXH3_64bits(hashes.data(), hashes.size() * sizeof(std::uint64_t)));
  }
  return files;
}

}  // namespace matinee
