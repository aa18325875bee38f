#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lib/io/safetensors.h"

namespace matinee {

/// A hash of each file of a checkpoint, taken of the bytes that CheckpointReader reads while they are in the cache
/// anyway: reading a large base once more before each start could cost minutes, sampling it would overlook a changed
/// byte, and times of change come along with a copy. A file's hash is that of its tensors' names, dtypes, shapes and
/// bytes, whichever order they lie in or are read in; a tensor that is not read changes nothing and is left out.
/// XXH3, 64 bits (https://xxhash.com): it finds accidents and exchanged files, not a forger.
class CheckpointHashes {
 public:
  CheckpointHashes();
  ~CheckpointHashes();
  CheckpointHashes(const CheckpointHashes&) = delete;
  CheckpointHashes& operator=(const CheckpointHashes&) = delete;

  /// The bytes of a tensor from `first` on; all of a tensor come in order, in pieces of any size. `first` = 0 begins
  /// anew.
  void add(const SafetensorsFile& file, const TensorInfo& tensor, std::size_t first, std::span<const std::byte> bytes);
  /// Name of each file, without its folder, and hash; by name.
  std::vector<std::pair<std::string, std::uint64_t>> of_files() const;

 private:
  struct State;
  std::map<std::string, std::map<std::string, std::uint64_t>> tensors_;  // file, tensor
  std::unique_ptr<State> state_;
};

}  // namespace matinee
