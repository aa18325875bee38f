#include "lib/io/safetensors.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "lib/base/format_error.h"
#include "lib/io/file_kind.h"
#include "lib/io/json_reader.h"
#include "lib/io/json_writer.h"
#include "lib/io/offsets.h"

namespace matinee {
namespace {

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the limit of the format
constexpr std::size_t kAlignment = 64;
constexpr const char* kVersion = "1";  // of what SafetensorsWriter writes

std::uint64_t multiply(std::uint64_t a, std::uint64_t b, const std::string& tensor) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) throw bad_data("tensor \"{}\": shape overflows 64 bits", tensor);
  return product;
}

std::uint64_t bytes_of(const TensorInfo& tensor) {
  std::uint64_t bytes = size_of(tensor.dtype);
  for (const std::int64_t extent : tensor.shape)
    bytes = multiply(bytes, static_cast<std::uint64_t>(extent), tensor.name);
  return bytes;
}

TensorInfo read_tensor(std::string_view name, const JsonNode& fields) {
  TensorInfo tensor;
  tensor.name = name;
  with_context("tensor \"" + tensor.name + "\"", [&] {
    if (!fields.is_object()) throw bad_data("expected an object");
    const auto list = [&](const char* key) {
      const JsonNode node = fields[key];
      if (!node.is_array()) throw bad_data("{} is missing or no list", key);
      return node.array();
    };
    const JsonNode dtype = fields["dtype"];
    if (!dtype.is_string()) throw bad_data("dtype is missing or no string");
    tensor.dtype = dtype_from_name(dtype.view());
    for (const JsonNode& extent : list("shape")) {
      tensor.shape.push_back(extent.integer());
      if (tensor.shape.back() < 0) throw bad_data("shape holds the negative number {}", tensor.shape.back());
    }
    std::vector<std::int64_t> ends;
    for (const JsonNode& offset : list("data_offsets")) ends.push_back(offset.integer());
    if (ends.size() != 2 || ends[0] < 0 || ends[0] > ends[1]) throw bad_data("data_offsets are not [begin, end]");
    tensor.offset = static_cast<std::uint64_t>(ends[0]);
    tensor.bytes = static_cast<std::uint64_t>(ends[1] - ends[0]);
  });
  if (const std::uint64_t needed = bytes_of(tensor); needed != tensor.bytes)
    throw bad_data("tensor \"{}\": dtype and shape need {} bytes, data_offsets span {}", tensor.name, needed,
                   tensor.bytes);
  return tensor;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::string& path) : file_(path), name_(path) {
  with_context(name_, [&] { parse(file_.bytes()); });
}

SafetensorsFile::SafetensorsFile(const std::string& path, std::string_view kind, std::string_view made_by, int newest)
    : file_(path), name_(path) {
  try {
    with_context(name_, [&] { parse(file_.bytes()); });
  } catch (Error& error) {
    throw error.add_remedy(fmt::format("{} makes a file of kind \"{}\"", made_by, kind));
  }
  require_kind(kind, made_by, newest);
}

SafetensorsFile::SafetensorsFile(std::span<const std::byte> data, std::string name) : name_(std::move(name)) {
  with_context(name_, [&] { parse(data); });
}

void SafetensorsFile::parse(std::span<const std::byte> all) {
  const std::string_view begin(reinterpret_cast<const char*>(all.data()), std::min(all.size(), kRecognizedBytes));
  const FileKind* kind = recognize_file(begin);
  std::string hint;
  if (kind != nullptr) {
    const std::string remedy = remedy_for(*kind, name_);
    hint = fmt::format("this is {}{}{}", kind->name, remedy.empty() ? "" : "; ", remedy);
  }
  const auto broken = [&](std::string message) {
    Error error(ErrorCode::kBadData, "not a safetensors file: " + std::move(message));
    if (!hint.empty()) error.add_remedy(hint);
    return error;
  };
  if (all.size() < 8) throw broken(fmt::format("expected at least 8 bytes, found {}", all.size()));
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, all.data(), 8);
  if (header_bytes > kMaxHeaderBytes)
    throw broken(fmt::format("header length {} is over {}", header_bytes, kMaxHeaderBytes));
  if (header_bytes > all.size() - 8) {
    throw broken(fmt::format("header length {} is more than the {} bytes that follow", header_bytes, all.size() - 8));
  }
  data_ = all.subspan(8 + header_bytes);

  JsonReader reader;
  JsonNode root;
  try {
    root = reader.parse({reinterpret_cast<const char*>(all.data()) + 8, header_bytes});
  } catch (Error& error) {
    throw broken(fmt::format("header: {}", error.what()));
  }
  if (!root.is_object()) throw broken("header is no JSON object");
  for (const auto& [key, value] : root.fields()) {
    if (key != "__metadata__") {
      tensors_.push_back(read_tensor(key, value));
      continue;
    }
    for (const auto& [name, text] : value.fields()) metadata_[std::string(name)] = text.string();
  }
  std::stable_sort(tensors_.begin(), tensors_.end(), [](const TensorInfo& a, const TensorInfo& b) {
    return std::pair(a.offset, a.offset + a.bytes) < std::pair(b.offset, b.offset + b.bytes);
  });
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const TensorInfo& tensor = tensors_[i];
    if (!index_.emplace(tensor.name, i).second) throw bad_data("tensor \"{}\" is there twice", tensor.name);
    if (tensor.offset < end) throw bad_data("tensor \"{}\" overlaps \"{}\"", tensor.name, tensors_[i - 1].name);
    if (tensor.offset > end) throw bad_data("hole of {} bytes before tensor \"{}\"", tensor.offset - end, tensor.name);
    end = tensor.offset + tensor.bytes;
    if (end > data_.size()) {
      throw bad_data("tensor \"{}\" ends at byte {} of {}: the file is cut off", tensor.name, end, data_.size())
          .add_remedy("fetch or make it again");
    }
  }
  if (end != data_.size()) throw bad_data("{} bytes after the last tensor", data_.size() - end);
}

const TensorInfo* SafetensorsFile::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

const TensorInfo& SafetensorsFile::get(std::string_view name) const {
  const TensorInfo* tensor = find(name);
  if (tensor == nullptr) throw missing("{}: tensor \"{}\" is missing", name_, name);
  return *tensor;
}

std::span<const std::byte> SafetensorsFile::data(const TensorInfo& tensor) const {
  return data_.subspan(tensor.offset, tensor.bytes);
}

std::span<const std::byte> SafetensorsFile::aligned_data(std::string_view name, DType dtype,
                                                         std::size_t alignment) const {
  const TensorInfo& tensor = get(name);
  if (tensor.dtype != dtype) {
    throw bad_data("{}: tensor \"{}\": expected dtype {}, found {}", name_, name, name_of(dtype),
                   name_of(tensor.dtype));
  }
  const auto raw = data(tensor);
  if (reinterpret_cast<std::uintptr_t>(raw.data()) % alignment == 0) return raw;
  const std::lock_guard lock(*copying_);
  auto& copy = copies_[tensor.offset];
  if (copy.empty() && !raw.empty()) {
    copy.resize((raw.size() + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t));
    std::memcpy(copy.data(), raw.data(), raw.size());
  }
  return std::as_bytes(std::span(copy)).first(raw.size());
}

int SafetensorsFile::version() const {
  const auto found = metadata_.find("matinee.version");
  return found != metadata_.end() && found->second.size() == 1 ? found->second[0] - '0' : 0;
}

void SafetensorsFile::require_kind(std::string_view kind, std::string_view made_by, int newest) const {
  const auto found = metadata_.find("matinee.kind");
  if (found == metadata_.end() || found->second != kind) {
    const std::string found_kind =
        found == metadata_.end() ? "a file that is not Matinee's" : "one of kind \"" + found->second + "\"";
    throw bad_data("{}: expected a file of kind \"{}\", found {}; {} makes it", name_, kind, found_kind, made_by);
  }
  if (version() >= 1 && version() <= newest) return;
  const auto found_version = metadata_.find("matinee.version");
  throw bad_data("{}: expected version {} of kind \"{}\", found {}; make it again with {}", name_, newest, kind,
                 found_version == metadata_.end() ? "none" : found_version->second, made_by);
}

void SafetensorsFile::release(const TensorInfo& tensor) const { release(tensor.name, 0, tensor.bytes); }

void SafetensorsFile::release(std::string_view name, std::size_t begin, std::size_t size) const {
  if (file_.bytes().empty()) return;
  file_.release(static_cast<std::size_t>(data(get(name)).data() - file_.bytes().data()) + begin, size);
}

SafetensorsWriter::SafetensorsWriter(const std::string& path, std::string_view kind, Metadata metadata)
    : file_(path), metadata_(std::move(metadata)) {
  if (!kind.empty()) {
    metadata_["matinee.kind"] = kind;
    metadata_["matinee.version"] = kVersion;
  }
}

void SafetensorsWriter::declare(std::string name, DType dtype, std::vector<std::int64_t> shape) {
  if (begun_) throw internal_error("{}: tensor \"{}\" declared after the first write", file_.path(), name);
  TensorInfo tensor{std::move(name), dtype, std::move(shape), 0, 0};
  tensor.bytes = bytes_of(tensor);
  tensors_.push_back(std::move(tensor));
}

std::string safetensors_header(const Metadata& metadata, std::span<TensorInfo> tensors, std::size_t least) {
  std::string header(sizeof(std::uint64_t), '\0');
  JsonWriter json(header);
  json.begin_object();
  if (!metadata.empty()) {
    json.key("__metadata__").begin_object();
    for (const auto& [name, value] : metadata) json.field(name, std::string_view(value));
    json.end_object();
  }
  std::uint64_t offset = 0;
  for (TensorInfo& tensor : tensors) {
    tensor.offset = offset;
    offset += tensor.bytes;
    json.key(tensor.name).begin_object().field("dtype", name_of(tensor.dtype)).key("shape").begin_array();
    for (const std::int64_t extent : tensor.shape) json.integer(extent);
    json.end_array().key("data_offsets").begin_array();
    json.unsigned_integer(tensor.offset).unsigned_integer(offset).end_array().end_object();
  }
  json.end_object();
  header.resize(std::max(least, (header.size() + kAlignment - 1) / kAlignment * kAlignment), ' ');
  const std::uint64_t size = header.size() - sizeof size;
  std::memcpy(header.data(), &size, sizeof size);
  return header;
}

void SafetensorsWriter::begin() {
  begun_ = true;
  // The format allows no padding between tensors. With wider elements first, every tensor still starts at a multiple of
  // its element size.
  std::stable_sort(tensors_.begin(), tensors_.end(),
                   [](const TensorInfo& a, const TensorInfo& b) { return size_of(a.dtype) > size_of(b.dtype); });
  file_.write(safetensors_header(metadata_, tensors_));
}

void SafetensorsWriter::write(std::string_view name, std::span<const std::byte> bytes) {
  if (!begun_) begin();
  advance();
  if (current_ < tensors_.size() && tensors_[current_].name == name) {
    append(bytes);
    return;
  }
  // An empty tensor is complete without a write, so `advance` may have passed it already.
  const std::size_t first = bytes.empty() ? 0 : std::min(current_, tensors_.size());
  const bool known = std::any_of(tensors_.begin() + static_cast<std::ptrdiff_t>(first), tensors_.end(),
                                 [&](const TensorInfo& tensor) { return tensor.name == name; });
  if (!known)
    throw internal_error("{}: tensor \"{}\" was not declared, or is written beyond its size", file_.path(), name);
  if (bytes.empty()) return;
  auto& waiting = waiting_[std::string(name)];
  waiting.insert(waiting.end(), bytes.begin(), bytes.end());
}

void SafetensorsWriter::append(std::span<const std::byte> bytes) {
  const TensorInfo& tensor = tensors_[current_];
  if (bytes.size() > tensor.bytes - written_) {
    throw internal_error("{}: tensor \"{}\" is written beyond its size", file_.path(), tensor.name);
  }
  file_.write(bytes);
  written_ += bytes.size();
}

// Moves past complete tensors and writes the buffered data of the tensors whose turn has come.
void SafetensorsWriter::advance() {
  while (current_ < tensors_.size()) {
    const auto waiting = waiting_.find(tensors_[current_].name);
    if (waiting != waiting_.end()) {
      append(waiting->second);
      waiting_.erase(waiting);
    }
    if (written_ != tensors_[current_].bytes) return;
    ++current_;
    written_ = 0;
  }
}

void SafetensorsWriter::commit() {
  if (!begun_) begin();
  advance();
  if (current_ != tensors_.size()) {
    throw internal_error("{}: tensor \"{}\" was declared and not written whole", file_.path(), tensors_[current_].name);
  }
  file_.commit();
}

StringColumn::StringColumn(const SafetensorsFile& file, const std::string& name)
    : StringColumn(file.view<std::int64_t>(name + ".offsets"), file.view<std::uint8_t>(name + ".bytes")) {
  const auto fail = [&] { throw bad_data("{}: column \"{}\": its offsets do not cut its bytes", file.path(), name); };
  if (!are_offsets(offsets_, static_cast<std::int64_t>(bytes_.size()))) fail();
}

StringColumn::StringColumn(std::span<const std::int64_t> offsets, std::span<const std::uint8_t> bytes)
    : offsets_(offsets), bytes_(bytes) {}

void StringColumnBuilder::add(std::string_view text) {
  bytes.insert(bytes.end(), text.begin(), text.end());
  offsets.push_back(static_cast<std::int64_t>(bytes.size()));
}

void StringColumnBuilder::declare(SafetensorsWriter& writer, const std::string& name) const {
  writer.declare(name + ".offsets", DType::kI64, {static_cast<std::int64_t>(offsets.size())});
  writer.declare(name + ".bytes", DType::kU8, {static_cast<std::int64_t>(bytes.size())});
}

void StringColumnBuilder::write(SafetensorsWriter& writer, const std::string& name) const {
  writer.write(name + ".offsets", std::span<const std::int64_t>(offsets));
  writer.write(name + ".bytes", std::span<const std::uint8_t>(bytes));
}

}  // namespace matinee
