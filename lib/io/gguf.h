// The reader of GGUF files.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/file.h"
#include "lib/io/gguf_formats.h"

namespace matinee {

/// Types of metadata values. The numbers are part of the file format.
enum class GgufType : std::uint32_t {
  kU8 = 0,
  kI8 = 1,
  kU16 = 2,
  kI16 = 3,
  kU32 = 4,
  kI32 = 5,
  kF32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kU64 = 10,
  kI64 = 11,
  kF64 = 12
};

/// A metadata value: a number, a boolean, a string or a list of these. Owns its data.
class GgufValue {
 public:
  static GgufValue u32(std::uint32_t value);
  static GgufValue f32(float value);
  static GgufValue boolean(bool value);
  static GgufValue text(std::string value);
  static GgufValue texts(std::vector<std::string> values);
  static GgufValue i32s(std::span<const std::int32_t> values);
  static GgufValue f32s(std::span<const float> values);

  GgufType type() const { return type_; }
  /// The type of the elements if type() is kArray; otherwise without meaning.
  GgufType element_type() const { return element_; }
  /// The value, converted. Throws Error(kBadData) if it has another type or is negative. as_unsigned takes integers of
  /// 32 and 64 bits and unsigned ones of 8 and 16; as_real takes F32 and F64; the others take exactly their type.
  std::uint64_t as_unsigned() const;
  double as_real() const;
  bool as_bool() const;
  const std::string& as_text() const;
  const std::vector<std::string>& as_texts() const;
  std::vector<std::int32_t> as_i32s() const;
  std::vector<float> as_f32s() const;

 private:
  friend class GgufFile;
  friend class GgufWriter;
  GgufType type_ = GgufType::kU32, element_ = GgufType::kU32;
  std::vector<std::byte> numbers_;  // little-endian, of type_, or of element_ in a list
  std::vector<std::string> texts_;
};

struct GgufTensor {
  std::string name;
  std::vector<std::int64_t> shape;  ///< row-major, the reverse of the order in the file
  GgufFormat format = GgufFormat::kF32;
  std::uint64_t offset = 0;  ///< bytes from the start of the data section
  std::uint64_t bytes = 0;
};

/// A memory-mapped GGUF file, version 2 or 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). Every rule is
/// checked on construction (magic, version, counts, lengths, types, shapes, alignment, overlaps, ends). A violation
/// throws Error(kBadData) with the path and the key or tensor. Types and formats not listed above and lists of lists
/// are refused in the same way. Spans and references are valid as long as this object. Throws like MappedFile, too.
class GgufFile {
 public:
  explicit GgufFile(const std::string& path);
  /// The same from bytes in memory, which are not owned and must outlive this; `name` is for messages.
  GgufFile(std::span<const std::byte> data, std::string name);

  const std::string& path() const { return name_; }
  const std::map<std::string, GgufValue, std::less<>>& metadata() const { return metadata_; }
  /// Throws Error(kMissing) with the file and the key if there is none.
  const GgufValue& get(std::string_view key) const;
  /// nullptr if there is none.
  const GgufValue* find(std::string_view key) const;
  /// In the order of the file.
  const std::vector<GgufTensor>& tensors() const { return tensors_; }
  /// Throws Error(kMissing) with the file and the tensor if there is none.
  const GgufTensor& tensor(std::string_view name) const;
  /// The encoded bytes of a tensor of this file.
  std::span<const std::byte> data(const GgufTensor& tensor) const { return data_.subspan(tensor.offset, tensor.bytes); }
  /// Lets the kernel drop the pages of a tensor, to bound the memory (see MappedFile::release).
  void release(const GgufTensor& tensor) const;

 private:
  void parse(std::span<const std::byte> all);
  void check_places(std::uint64_t alignment) const;

  MappedFile file_;
  std::string name_;
  std::span<const std::byte> data_;
  std::map<std::string, GgufValue, std::less<>> metadata_;
  std::vector<GgufTensor> tensors_;
};

}  // namespace matinee
