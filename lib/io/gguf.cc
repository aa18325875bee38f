#include "lib/io/gguf.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <set>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr std::uint32_t kOldest = 2, kNewest = 3;  // the same format; version 1 has counts of 32 bits
constexpr std::uint64_t kDefaultAlignment = 32;
constexpr std::uint64_t kMaxText = std::uint64_t{1} << 26;
constexpr std::uint32_t kMaxDimensions = 4;  // GGML_MAX_DIMS
static_assert(std::endian::native == std::endian::little, "the format is little-endian");

std::size_t size_of(GgufType type) {
  switch (type) {
    case GgufType::kU8:
    case GgufType::kI8:
    case GgufType::kBool: return 1;
    case GgufType::kU16:
    case GgufType::kI16: return 2;
    case GgufType::kU32:
    case GgufType::kI32:
    case GgufType::kF32: return 4;
    case GgufType::kU64:
    case GgufType::kI64:
    case GgufType::kF64: return 8;
    default: return 0;
  }
}

template <class T>
T number_at(std::span<const std::byte> bytes, std::size_t index = 0) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

// Reads values one after another. At the end of the file, the error says which value (`what`) is cut off.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : all_(bytes), left_(bytes) {}

  template <class T>
  T number(const char* what) {
    return number_at<T>(take(sizeof(T), what));
  }
  std::span<const std::byte> take(std::uint64_t n, const char* what) {
    if (n > left_.size()) {
      throw bad_data("the file ends inside {} (byte {}): it needs {} bytes, {} follow", what, offset(), n,
                     left_.size());
    }
    const auto taken = left_.first(n);
    left_ = left_.subspan(n);
    return taken;
  }
  std::string text(const char* what) {
    const auto length = number<std::uint64_t>(what);
    if (length > kMaxText)
      throw bad_data("{} (byte {}) has a length of {}; the limit is {}", what, offset(), length, kMaxText);
    const auto bytes = take(length, what);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::uint64_t offset() const { return all_.size() - left_.size(); }
  std::uint64_t left() const { return left_.size(); }

 private:
  std::span<const std::byte> all_, left_;
};

GgufType checked_type(std::uint32_t type) {
  if (type > static_cast<std::uint32_t>(GgufType::kF64)) throw bad_data("there is no value type {}", type);
  return static_cast<GgufType>(type);
}

GgufTensor read_tensor(Cursor& cursor) {
  GgufTensor tensor;
  tensor.name = cursor.text("a tensor's name");
  return with_context("tensor \"" + tensor.name + "\"", [&] {
    const auto dimensions = cursor.number<std::uint32_t>("the number of dimensions");
    if (dimensions > kMaxDimensions)
      throw bad_data("{} dimensions; the format has {} at most", dimensions, kMaxDimensions);
    std::uint64_t elements = 1;
    for (std::uint32_t d = 0; d < dimensions; ++d) {
      const auto extent = cursor.number<std::uint64_t>("the shape");
      // These limits keep the size in bytes within 64 bits.
      if (extent > (std::uint64_t{1} << 40) || __builtin_mul_overflow(elements, extent, &elements) ||
          elements > (std::uint64_t{1} << 60)) {
        throw bad_data("its shape overflows");
      }
      tensor.shape.insert(tensor.shape.begin(), static_cast<std::int64_t>(extent));
    }
    tensor.format = gguf_format_from_number(cursor.number<std::uint32_t>("the format"));
    const std::uint64_t row = tensor.shape.empty() ? 1 : static_cast<std::uint64_t>(tensor.shape.back());
    if (row % gguf_block(tensor.format) != 0) {
      throw bad_data("rows of {} do not divide into blocks of {} ({})", row, gguf_block(tensor.format),
                     name_of(tensor.format));
    }
    tensor.bytes = bytes_of(tensor.format, elements);
    tensor.offset = cursor.number<std::uint64_t>("the offset");
    return tensor;
  });
}

}  // namespace

namespace {

template <class T>
std::vector<std::byte> bytes_of(const T& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

GgufValue GgufValue::u32(std::uint32_t value) {
  GgufValue result;
  result.numbers_ = bytes_of(value);
  return result;
}

GgufValue GgufValue::f32(float value) {
  GgufValue result;
  result.type_ = GgufType::kF32;
  result.numbers_ = bytes_of(value);
  return result;
}

GgufValue GgufValue::boolean(bool value) {
  GgufValue result;
  result.type_ = GgufType::kBool;
  result.numbers_ = {static_cast<std::byte>(value)};
  return result;
}

GgufValue GgufValue::text(std::string value) {
  GgufValue result;
  result.type_ = GgufType::kString;
  result.texts_.push_back(std::move(value));
  return result;
}

GgufValue GgufValue::texts(std::vector<std::string> values) {
  GgufValue result;
  result.type_ = GgufType::kArray;
  result.element_ = GgufType::kString;
  result.texts_ = std::move(values);
  return result;
}

GgufValue GgufValue::i32s(std::span<const std::int32_t> values) {
  GgufValue result;
  result.type_ = GgufType::kArray;
  result.element_ = GgufType::kI32;
  const auto bytes = std::as_bytes(values);
  result.numbers_.assign(bytes.begin(), bytes.end());
  return result;
}

GgufValue GgufValue::f32s(std::span<const float> values) {
  GgufValue result;
  result.type_ = GgufType::kArray;
  result.element_ = GgufType::kF32;
  const auto bytes = std::as_bytes(values);
  result.numbers_.assign(bytes.begin(), bytes.end());
  return result;
}

std::uint64_t GgufValue::as_unsigned() const {
  std::int64_t value = -1;
  switch (type_) {
    case GgufType::kU8: return number_at<std::uint8_t>(numbers_);
    case GgufType::kU16: return number_at<std::uint16_t>(numbers_);
    case GgufType::kU32: return number_at<std::uint32_t>(numbers_);
    case GgufType::kU64: return number_at<std::uint64_t>(numbers_);
    case GgufType::kI32: value = number_at<std::int32_t>(numbers_); break;
    case GgufType::kI64: value = number_at<std::int64_t>(numbers_); break;
    default: break;
  }
  if (value < 0) throw bad_data("expected a whole number that is not negative");
  return static_cast<std::uint64_t>(value);
}

double GgufValue::as_real() const {
  if (type_ == GgufType::kF32) return static_cast<double>(number_at<float>(numbers_));
  if (type_ == GgufType::kF64) return number_at<double>(numbers_);
  throw bad_data("expected a real number");
}

bool GgufValue::as_bool() const {
  if (type_ != GgufType::kBool) throw bad_data("expected true or false");
  return numbers_[0] != std::byte{0};
}

const std::string& GgufValue::as_text() const {
  if (type_ != GgufType::kString) throw bad_data("expected a text");
  return texts_.front();
}

const std::vector<std::string>& GgufValue::as_texts() const {
  if (type_ != GgufType::kArray || element_ != GgufType::kString) throw bad_data("expected a list of texts");
  return texts_;
}

std::vector<std::int32_t> GgufValue::as_i32s() const {
  if (type_ != GgufType::kArray || element_ != GgufType::kI32) throw bad_data("expected a list of int32");
  std::vector<std::int32_t> values(numbers_.size() / 4);
  if (!values.empty()) std::memcpy(values.data(), numbers_.data(), numbers_.size());
  return values;
}

std::vector<float> GgufValue::as_f32s() const {
  if (type_ != GgufType::kArray || element_ != GgufType::kF32) throw bad_data("expected a list of float32");
  std::vector<float> values(numbers_.size() / 4);
  if (!values.empty()) std::memcpy(values.data(), numbers_.data(), numbers_.size());
  return values;
}

GgufFile::GgufFile(const std::string& path) : file_(path), name_(path) {
  with_context(name_, [&] { parse(file_.bytes()); });
}

GgufFile::GgufFile(std::span<const std::byte> data, std::string name) : name_(std::move(name)) {
  with_context(name_, [&] { parse(data); });
}

void GgufFile::parse(std::span<const std::byte> all) {
  Cursor cursor(all);
  const auto magic = cursor.take(4, "the magic");
  if (std::memcmp(magic.data(), "GGUF", 4) != 0) throw bad_data("not a GGUF file: it does not begin with GGUF");
  if (const auto version = cursor.number<std::uint32_t>("the version"); version < kOldest || version > kNewest) {
    throw bad_data("expected version {} or {} of GGUF, found {}{}", kOldest, kNewest, version,
                   version % 0x10000 == 0 ? ": the file is big-endian" : "");
  }
  const auto n_tensors = cursor.number<std::uint64_t>("the number of tensors");
  const auto n_values = cursor.number<std::uint64_t>("the number of metadata values");
  // A metadata value takes at least 13 bytes and a tensor 24, so a corrupt count is found before the loops.
  if (n_values > cursor.left() / 13) throw bad_data("{} metadata values do not fit into the file", n_values);
  if (n_tensors > cursor.left() / 24) throw bad_data("{} tensors do not fit into the file", n_tensors);
  for (std::uint64_t i = 0; i < n_values; ++i) {
    const std::string key = cursor.text("a key");
    with_context("metadata \"" + key + "\"", [&] {
      GgufValue value;
      value.type_ = checked_type(cursor.number<std::uint32_t>("the type"));
      std::uint64_t count = 1;
      GgufType element = value.type_;
      if (value.type_ == GgufType::kArray) {
        element = value.element_ = checked_type(cursor.number<std::uint32_t>("the type of a list"));
        count = cursor.number<std::uint64_t>("the length of a list");
        if (element == GgufType::kArray) throw bad_data("a list of lists is not understood");
      }
      if (element == GgufType::kString) {
        if (count > cursor.left() / 8) throw bad_data("{} texts do not fit into the file", count);
        for (std::uint64_t t = 0; t < count; ++t) value.texts_.push_back(cursor.text("a text"));
      } else {
        if (count > cursor.left()) throw bad_data("{} numbers do not fit into the file", count);
        const auto numbers = cursor.take(count * size_of(element), "a value");
        value.numbers_.assign(numbers.begin(), numbers.end());
      }
      if (!metadata_.emplace(key, std::move(value)).second) throw bad_data("it is there twice");
    });
  }
  std::uint64_t alignment = kDefaultAlignment;
  if (const GgufValue* value = find("general.alignment"); value != nullptr) {
    alignment = with_context("metadata \"general.alignment\"", [&] { return value->as_unsigned(); });
    if (!std::has_single_bit(alignment) || alignment > (1U << 20)) {
      throw bad_data("metadata \"general.alignment\": expected a power of 2 up to {}, found {}", 1U << 20, alignment);
    }
  }
  std::set<std::string> names;
  for (std::uint64_t i = 0; i < n_tensors; ++i) {
    tensors_.push_back(read_tensor(cursor));
    if (!names.insert(tensors_.back().name).second)
      throw bad_data("tensor \"{}\" is there twice", tensors_.back().name);
  }
  const std::uint64_t begin = (cursor.offset() + alignment - 1) / alignment * alignment;
  data_ = all.subspan(std::min<std::uint64_t>(begin, all.size()));
  check_places(alignment);
}

void GgufFile::check_places(std::uint64_t alignment) const {
  std::vector<const GgufTensor*> order;
  for (const GgufTensor& tensor : tensors_) {
    if (tensor.offset % alignment != 0) {
      throw bad_data("tensor \"{}\": offset {} is no multiple of {}", tensor.name, tensor.offset, alignment);
    }
    if (tensor.offset > data_.size() || tensor.bytes > data_.size() - tensor.offset) {
      throw bad_data("tensor \"{}\" of {} bytes at {} is beyond the {} bytes of data: the file is cut off", tensor.name,
                     tensor.bytes, tensor.offset, data_.size());
    }
    order.push_back(&tensor);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const GgufTensor* a, const GgufTensor* b) { return a->offset < b->offset; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (order[i]->offset < order[i - 1]->offset + order[i - 1]->bytes) {
      throw bad_data("tensor \"{}\" overlaps \"{}\"", order[i]->name, order[i - 1]->name);
    }
  }
}

const GgufValue* GgufFile::find(std::string_view key) const {
  const auto found = metadata_.find(key);
  return found == metadata_.end() ? nullptr : &found->second;
}

const GgufValue& GgufFile::get(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) throw missing("{}: metadata \"{}\" is missing", name_, key);
  return *value;
}

const GgufTensor& GgufFile::tensor(std::string_view name) const {
  for (const GgufTensor& tensor : tensors_) {
    if (tensor.name == name) return tensor;
  }
  throw missing("{}: tensor \"{}\" is missing", name_, name);
}

void GgufFile::release(const GgufTensor& tensor) const {
  if (file_.bytes().empty()) return;
  file_.release(static_cast<std::size_t>(data(tensor).data() - file_.bytes().data()), tensor.bytes);
}

}  // namespace matinee
