#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/file.h"

namespace matinee {

/// Types of metadata values. They reach the disk: do not change the numbers.
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

/// Formats of tensors, those that we write and read. They reach the disk: do not change the numbers.
enum class GgufFormat : std::uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ8_0 = 8,  ///< blocks of 32: a float16 scale, then 32 int8
  kBF16 = 30
};
/// "F16" and so on.
const char* name_of(GgufFormat format);
/// Bytes of `n` numbers; n must be a multiple of gguf_block(format).
std::uint64_t bytes_of(GgufFormat format, std::uint64_t n);
/// 32 for Q8_0, else 1.
std::uint64_t gguf_block(GgufFormat format);

/// A metadata value: a number, a string, or a list of one of these.
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
  /// Of a list.
  GgufType element_type() const { return element_; }
  /// The value as that. Throws Error(kBadData) where it is of another kind or does not fit.
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
  std::vector<std::byte> numbers_;  // little-endian, of type_ or of element_
  std::vector<std::string> texts_;
};

struct GgufTensor {
  std::string name;
  std::vector<std::int64_t> shape;  ///< row-major, so the reverse of what the file says
  GgufFormat format = GgufFormat::kF32;
  std::uint64_t offset = 0;  ///< from the start of the data
  std::uint64_t bytes = 0;
};

/// A memory-mapped GGUF file, version 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). Every rule is
/// checked (magic, version, counts, lengths, types, shapes, alignment, overlaps, ends) and the broken one named with
/// the key or tensor: Error(kBadData).
class GgufFile {
 public:
  explicit GgufFile(const std::string& path);
  /// Same, from bytes already in memory (`data` must outlive this); `name` is for messages.
  GgufFile(std::span<const std::byte> data, std::string name);

  const std::string& path() const { return name_; }
  const std::map<std::string, GgufValue, std::less<>>& metadata() const { return metadata_; }
  /// Throws Error(kMissing) naming file and key.
  const GgufValue& get(std::string_view key) const;
  const GgufValue* find(std::string_view key) const;
  /// In the order of the file's list.
  const std::vector<GgufTensor>& tensors() const { return tensors_; }
  const GgufTensor& tensor(std::string_view name) const;
  std::span<const std::byte> data(const GgufTensor& tensor) const { return data_.subspan(tensor.offset, tensor.bytes); }
  /// Drops the pages of a tensor that was used.
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

/// Numbers to a tensor's bytes and back. `n` must be a multiple of gguf_block(format).
void encode_gguf(GgufFormat format, std::span<const float> values, std::vector<std::byte>& bytes);
/// `bytes` begin with a block.
void decode_gguf(GgufFormat format, std::span<const std::byte> bytes, std::span<float> values);

}  // namespace matinee
