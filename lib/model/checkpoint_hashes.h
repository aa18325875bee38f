#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lib/model/tensor_source.h"

namespace matinee {

/// Hashes each file of a checkpoint while CheckpointReader reads it, when its bytes are in the cache anyway. Reading a
/// large base a second time could take minutes, hashing a sample would miss a changed byte, and modification times
/// survive a copy. A file's hash covers the names, dtypes, shapes and bytes of the tensors that were read, in any
/// order. XXH3, 64 bits (https://xxhash.com): it detects corruption and swapped files, not a deliberate forgery.
class CheckpointHashes {
 public:
  CheckpointHashes();
  ~CheckpointHashes();
  CheckpointHashes(const CheckpointHashes&) = delete;
  CheckpointHashes& operator=(const CheckpointHashes&) = delete;

  /// Adds the bytes of a tensor from offset `first` on. A tensor must be added completely and in order, in pieces of
  /// any size; `first` = 0 starts a new one.
  void add(const TensorSource& file, const SourceTensor& tensor, std::size_t first, std::span<const std::byte> bytes);
  /// The name of each file, without its folder, and its hash; sorted by name.
  std::vector<std::pair<std::string, std::uint64_t>> of_files() const;

 private:
  struct State;
  std::map<std::string, std::map<std::string, std::uint64_t>> tensors_;  // file, tensor
  std::unique_ptr<State> state_;
};

}  // namespace matinee
