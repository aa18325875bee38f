// The reader and the writer of safetensors files, and the string columns that are stored in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/dtype.h"
#include "lib/base/file.h"

namespace matinee {

/// One tensor of a safetensors file.
struct TensorInfo {
  std::string name;
  DType dtype;
  std::vector<std::int64_t> shape;  ///< row-major
  std::uint64_t offset;             ///< bytes from the start of the data section
  std::uint64_t bytes;              ///< product of shape × size of dtype
};

/// The texts under "__metadata__" by their keys.
using Metadata = std::map<std::string, std::string>;

/// A memory-mapped safetensors file (https://github.com/huggingface/safetensors, "Format"): 8 bytes of header length, a
/// JSON header, the data. Every rule is checked on construction (header length, JSON, duplicate names, dtype, overflow
/// of shapes, holes, overlaps, end). A violation throws Error(kBadData) with the path and the tensor. Spans and
/// references are valid as long as this object. Throws like MappedFile, too.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::string& path);
  /// The same from bytes in memory, which are not owned and must outlive this; `name` is for messages.
  SafetensorsFile(std::span<const std::byte> data, std::string name);

  const std::string& path() const { return name_; }
  const Metadata& metadata() const { return metadata_; }
  /// Ordered by offset.
  const std::vector<TensorInfo>& tensors() const { return tensors_; }
  /// nullptr if there is none.
  const TensorInfo* find(std::string_view name) const;
  /// Throws Error(kMissing) with the file and the tensor if there is none.
  const TensorInfo& get(std::string_view name) const;
  /// The bytes of a tensor of this file.
  std::span<const std::byte> data(const TensorInfo& tensor) const;
  /// The elements of a tensor: those of the file, or a copy in memory where they are not aligned for T, which the
  /// format does not ask for. Throws Error(kMissing) if there is none, Error(kBadData) if the dtype differs.
  template <class T>
  std::span<const T> view(std::string_view name) const {
    const auto raw = aligned_data(name, DTypeOf<T>::value, alignof(T));
    return {reinterpret_cast<const T*>(raw.data()), raw.size() / sizeof(T)};
  }
  /// Also requires the metadata "matinee.kind" to be `kind` ("catalog", "tokens", ...) and "matinee.version" to be 1 to
  /// `newest`; else throws Error(kBadData). The message says what was found, and that the tool `made_by` makes such a
  /// file.
  SafetensorsFile(const std::string& path, std::string_view kind, std::string_view made_by, int newest = 1);
  /// The number in "matinee.version"; 0 where there is none.
  int version() const;
  /// Lets the kernel drop the pages of a tensor, to bound the memory (see MappedFile::release).
  void release(const TensorInfo& tensor) const;
  /// The same of a part of the tensor `name`, in bytes.
  void release(std::string_view name, std::size_t begin, std::size_t size) const;

 private:
  void parse(std::span<const std::byte> all);
  void require_kind(std::string_view kind, std::string_view made_by, int newest) const;
  std::span<const std::byte> aligned_data(std::string_view name, DType dtype, std::size_t alignment) const;

  MappedFile file_;
  std::string name_;
  std::span<const std::byte> data_;
  Metadata metadata_;
  std::vector<TensorInfo> tensors_;
  std::map<std::string, std::size_t, std::less<>> index_;
  // Tensors by their offsets. Any thread may be the first to ask for one.
  mutable std::map<std::uint64_t, std::vector<std::max_align_t>> copies_;
  mutable std::unique_ptr<std::mutex> copying_ = std::make_unique<std::mutex>();
};

/// The beginning of a safetensors file: the length of the header and the header, padded with spaces to a multiple of 64
/// bytes and to `least` bytes. Sets the offsets of the tensors, in their order.
std::string safetensors_header(const Metadata& metadata, std::span<TensorInfo> tensors, std::size_t least = 0);

/// Writes one safetensors file atomically: declare all tensors, write each in one or more pieces, then commit. The file
/// has tensors of wider element types first, so that every tensor is aligned, and otherwise the declared order. A
/// tensor that is written before its turn is buffered in memory, so write large tensors in this order. Throws like
/// OutputFile, and Error(kInternal) for a call that breaks this contract.
class SafetensorsWriter {
 public:
  /// `kind` becomes the metadata "matinee.kind". If it is empty, "matinee.kind" and "matinee.version" are left out, for
  /// files of other projects' formats, such as adapters.
  SafetensorsWriter(const std::string& path, std::string_view kind, Metadata metadata = {});

  /// All calls come before the first `write`. Throws Error(kBadData) if the size overflows 64 bits.
  void declare(std::string name, DType dtype, std::vector<std::int64_t> shape);
  /// The next bytes of the declared tensor `name`.
  void write(std::string_view name, std::span<const std::byte> bytes);
  template <class T>
  void write(std::string_view name, std::span<const T> values) {
    write(name, std::as_bytes(values));
  }
  /// Makes the file appear. Throws Error(kInternal) if a declared tensor was not written completely.
  void commit();

 private:
  void begin();
  void append(std::span<const std::byte> bytes);
  void advance();

  OutputFile file_;
  Metadata metadata_;
  std::vector<TensorInfo> tensors_;
  std::size_t current_ = 0;
  std::uint64_t written_ = 0;
  bool begun_ = false;
  std::map<std::string, std::vector<std::byte>, std::less<>> waiting_;
};

/// A view of a string column, which is stored as two tensors: NAME.offsets (I64, rows + 1) and NAME.bytes (U8). The
/// file or the spans must outlive it.
class StringColumn {
 public:
  StringColumn() = default;
  /// Throws like SafetensorsFile::view, and Error(kBadData) if the offsets are not ascending from 0 to the number of
  /// bytes.
  StringColumn(const SafetensorsFile& file, const std::string& name);
  /// The offsets are not checked.
  StringColumn(std::span<const std::int64_t> offsets, std::span<const std::uint8_t> bytes);

  /// The number of rows.
  std::size_t size() const { return offsets_.empty() ? 0 : offsets_.size() - 1; }
  std::string_view operator[](std::size_t row) const {
    return {reinterpret_cast<const char*>(bytes_.data()) + offsets_[row],
            static_cast<std::size_t>(offsets_[row + 1] - offsets_[row])};
  }

 private:
  std::span<const std::int64_t> offsets_;
  std::span<const std::uint8_t> bytes_;
};

/// Collects the rows of a string column in memory, to write it with SafetensorsWriter.
struct StringColumnBuilder {
  std::vector<std::int64_t> offsets{0};
  std::vector<std::uint8_t> bytes;

  void add(std::string_view text);
  void declare(SafetensorsWriter& writer, const std::string& name) const;
  void write(SafetensorsWriter& writer, const std::string& name) const;
};

}  // namespace matinee
