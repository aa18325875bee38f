#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/dtype.h"
#include "lib/base/file.h"

namespace matinee {

/// One tensor of a safetensors file: row-major, `bytes` = product of shape × size of dtype.
struct TensorInfo {
  std::string name;
  DType dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t offset;  ///< from the start of the data section
  std::uint64_t bytes;
};

using Metadata = std::map<std::string, std::string>;

/// A memory-mapped safetensors file (https://github.com/huggingface/safetensors, "Format"): 8 bytes of header length, a
/// JSON header, the data. The reader checks every rule (header length, JSON, duplicate names, dtype, shape product
/// overflow, holes, overlaps, end) and names the broken one and the tensor: Error(kBadData).
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::string& path);
  /// Same, from a mapping or bytes already in memory (`data` must outlive this); `name` is for messages.
  SafetensorsFile(std::span<const std::byte> data, std::string name);

  const std::string& path() const { return name_; }
  const Metadata& metadata() const { return metadata_; }
  /// Ordered by offset.
  const std::vector<TensorInfo>& tensors() const { return tensors_; }
  const TensorInfo* find(std::string_view name) const;
  /// Throws Error(kMissing) naming file and tensor.
  const TensorInfo& get(std::string_view name) const;
  std::span<const std::byte> data(const TensorInfo& tensor) const;
  /// A typed view; throws where the dtype differs or the data is misaligned for T.
  template <class T>
  std::span<const T> view(std::string_view name) const {
    const TensorInfo& tensor = checked(name, DTypeOf<T>::value, alignof(T));
    const auto raw = data(tensor);
    return {reinterpret_cast<const T*>(raw.data()), raw.size() / sizeof(T)};
  }
  /// Also refuses a file whose metadata "matinee.kind" is not `kind` ("catalog", "tokens", ...): says which kind it
  /// is, or that it is no file of ours, and what makes one; and an unknown "matinee.version".
  SafetensorsFile(const std::string& path, std::string_view kind, std::string_view made_by);
  /// Drops the pages of a tensor that was used (memory contract).
  void release(const TensorInfo& tensor) const;

 private:
  void parse(std::span<const std::byte> all);
  void require_kind(std::string_view kind, std::string_view made_by) const;
  const TensorInfo& checked(std::string_view name, DType dtype, std::size_t alignment) const;

  MappedFile file_;
  std::string name_;
  std::span<const std::byte> data_;
  Metadata metadata_;
  std::vector<TensorInfo> tensors_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

/// Writes one safetensors file, atomically: declare all tensors, then write each (in as many pieces as you like), then
/// commit. The file holds wider element types first, in the declared order within a width, so that every tensor is
/// aligned; a tensor written before its turn in that order waits in memory, so large ones are best written in it.
class SafetensorsWriter {
 public:
  /// `kind` goes to "matinee.kind" (empty: a file of another project's kind, such as an adapter, without our keys).
  SafetensorsWriter(const std::string& path, std::string_view kind, Metadata metadata = {});

  void declare(std::string name, DType dtype, std::vector<std::int64_t> shape);
  void write(std::string_view name, std::span<const std::byte> bytes);
  template <class T>
  void write(std::string_view name, std::span<const T> values) {
    write(name, std::as_bytes(values));
  }
  /// Throws where a declared tensor was not written whole.
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

/// A string column is two tensors: NAME.offsets (I64, rows + 1) and NAME.bytes (U8).
class StringColumn {
 public:
  StringColumn() = default;
  StringColumn(const SafetensorsFile& file, const std::string& name);
  StringColumn(std::span<const std::int64_t> offsets, std::span<const std::uint8_t> bytes);

  std::size_t size() const { return offsets_.empty() ? 0 : offsets_.size() - 1; }
  std::string_view operator[](std::size_t row) const {
    return {reinterpret_cast<const char*>(bytes_.data()) + offsets_[row],
            static_cast<std::size_t>(offsets_[row + 1] - offsets_[row])};
  }

 private:
  std::span<const std::int64_t> offsets_;
  std::span<const std::uint8_t> bytes_;
};

/// Collects a string column for writing.
struct StringColumnBuilder {
  std::vector<std::int64_t> offsets{0};
  std::vector<std::uint8_t> bytes;

  void add(std::string_view text);
  void declare(SafetensorsWriter& writer, const std::string& name) const;
  void write(SafetensorsWriter& writer, const std::string& name) const;
};

}  // namespace matinee
