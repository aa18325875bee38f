// The reader of PyTorch's checkpoints (pytorch_model.bin, adapter_model.bin), which executes nothing of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/base/dtype.h"
#include "lib/base/file.h"
#include "lib/io/pickle_machine.h"

namespace matinee {

/// One tensor of a checkpoint. Element (i, j, ...) is at i·strides[0] + j·strides[1] + ... of `data`.
struct TorchTensorInfo {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  ///< in elements; those of a contiguous tensor whose axes may be in another order
  bool in_order = true;               ///< the axes are in order: the elements of `data` are those of the tensor
  std::span<const std::byte> data;    ///< may begin at any address
};

/// A memory-mapped file that torch.save wrote for a dict of tensors: a zip archive with a pickle "data.pkl" and the
/// storages as entries (since PyTorch 1.6), or the older sequence of pickles and storages. Storages may be shared by
/// tensors. Every rule is checked on construction; a violation throws Error(kBadData) with the path, and the tensor
/// where one is at fault: what the pickle may use (PickleMachine), a view beyond its storage, with gaps or with
/// repeated elements, big-endian numbers, a value that is no tensor. Spans are valid as long as this object. Throws
/// like MappedFile, too.
class TorchCheckpoint {
 public:
  explicit TorchCheckpoint(const std::string& path);
  /// The same from bytes in memory, which are not owned and must outlive this; `name` is for messages.
  TorchCheckpoint(std::span<const std::byte> data, std::string name);

  const std::string& path() const { return name_; }
  /// In the order of the pickle.
  const std::vector<TorchTensorInfo>& tensors() const { return tensors_; }
  /// Lets the kernel drop the pages of a tensor, to bound the memory (see MappedFile::release).
  void release(const TorchTensorInfo& tensor) const;

 private:
  void parse(std::span<const std::byte> all);
  void read_archive(std::span<const std::byte> all);
  void read_old_format(std::span<const std::byte> all);

  MappedFile file_;
  std::string name_;
  std::vector<TorchTensorInfo> tensors_;
};

}  // namespace matinee
