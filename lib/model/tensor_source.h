#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/dtype.h"

namespace matinee {

/// One tensor of a file of weights, whatever the kind of the file.
struct SourceTensor {
  std::string name;                 ///< as Hugging Face calls it
  std::vector<std::int64_t> shape;  ///< row-major
  std::string format;               ///< as the file's kind calls it: "BF16", "Q4_1"
  std::optional<DType> dtype;       ///< of numbers that are stored one by one; none: coded in blocks
  std::uint64_t block = 1;          ///< numbers in a block
  std::uint64_t block_bytes = 0;    ///< its size; of one number if `dtype` is given
  /// The stored bytes are the tensor's numbers, row by row; else in another order.
  bool in_order = true;

  std::uint64_t elements() const;
  /// Bytes in the file.
  std::uint64_t bytes() const { return elements() / block * block_bytes; }
};

/// A memory-mapped file of weights: safetensors, GGUF or a PyTorch pickle. The constructors of its kinds check the
/// file. Spans and references are valid as long as this object.
class TensorSource {
 public:
  explicit TensorSource(std::string path) : path_(std::move(path)) {}
  virtual ~TensorSource() = default;
  TensorSource(const TensorSource&) = delete;
  TensorSource& operator=(const TensorSource&) = delete;

  const std::string& path() const { return path_; }
  /// The last part of the path.
  std::string file_name() const { return path_.substr(path_.rfind('/') + 1); }
  const std::vector<SourceTensor>& tensors() const { return tensors_; }
  /// nullptr if there is none.
  const SourceTensor* find(std::string_view name) const;
  /// The tensor, which must have this shape and hold numbers that `read` decodes. Throws Error(kMissing) or
  /// Error(kBadData) naming file, tensor, what was expected and what was found.
  const SourceTensor& require(std::string_view name, const std::vector<std::int64_t>& shape) const;

  /// Whether tensors are as the decoder has them: matrices of every family [out, in], and norms with their offset. Else
  /// they are as Hugging Face stores them (WeightSpec::transposed and offset).
  virtual bool in_decoder_layout() const { return false; }
  /// Texts that the file has about itself.
  virtual std::map<std::string, std::string> metadata() const { return {}; }
  /// The stored bytes of a tensor of this file.
  virtual std::span<const std::byte> data(const SourceTensor& tensor) const = 0;
  /// Those of elements [first, first + n), whole blocks of a tensor that is in order.
  std::span<const std::byte> data(const SourceTensor& tensor, std::size_t first, std::size_t n) const;
  /// Reads elements [first, first + to.size()) as float32, exactly. These are whole rows of a tensor that is coded in
  /// blocks.
  virtual void read(const SourceTensor& tensor, std::size_t first, std::span<float> to) const = 0;
  /// Lets the kernel drop the pages of a tensor, to bound the memory (see MappedFile::release).
  virtual void release(const SourceTensor& tensor) const = 0;

 protected:
  /// Called once by the constructors of the kinds.
  void set_tensors(std::vector<SourceTensor> tensors);
  /// The index of a tensor in tensors().
  std::size_t index_of(const SourceTensor& tensor) const { return static_cast<std::size_t>(&tensor - tensors_.data()); }

 private:
  std::string path_;
  std::vector<SourceTensor> tensors_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

}  // namespace matinee
