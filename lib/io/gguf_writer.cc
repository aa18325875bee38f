#include "lib/io/gguf_writer.h"

#include <algorithm>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr std::uint64_t kAlignment = 32;
constexpr std::size_t kNumbersOfThread = 4096;  // encoded by a thread at a time

std::uint64_t aligned(std::uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

GgufWriter::GgufWriter(const std::string& path, ThreadPool* pool) : file_(path), pool_(pool) {}

void GgufWriter::add(const std::string& key, GgufValue value) {
  const bool known = std::any_of(values_.begin(), values_.end(), [&](const auto& entry) { return entry.first == key; });
  if (begun_ || known)
    throw internal_error("{}: metadata \"{}\" is there already, or comes too late", file_.path(), key);
  values_.emplace_back(key, std::move(value));
}

void GgufWriter::declare(const std::string& name, GgufFormat format, std::vector<std::int64_t> shape) {
  if (begun_) throw internal_error("{}: tensor \"{}\" declared after the first write", file_.path(), name);
  std::uint64_t elements = 1;
  for (const std::int64_t extent : shape) elements *= static_cast<std::uint64_t>(extent);
  if (static_cast<std::uint64_t>(shape.back()) % gguf_block(format) != 0) {
    throw bad_data("tensor \"{}\": rows of {} do not divide into blocks of {}, as {} needs", name, shape.back(),
                   gguf_block(format), name_of(format));
  }
  const std::uint64_t offset = tensors_.empty() ? 0 : aligned(tensors_.back().offset + tensors_.back().bytes);
  tensors_.push_back({name, std::move(shape), format, offset, bytes_of(format, elements)});
}

void GgufWriter::text(const std::string& text) {
  number(static_cast<std::uint64_t>(text.size()));
  file_.write(text);
}

void GgufWriter::put(const GgufValue& value) {
  number(static_cast<std::uint32_t>(value.type_));
  const bool texts = value.type_ == GgufType::kString || value.element_ == GgufType::kString;
  if (value.type_ == GgufType::kArray) {
    number(static_cast<std::uint32_t>(value.element_));
    number(static_cast<std::uint64_t>(texts ? value.texts_.size() : value.numbers_.size() / 4));
  }
  for (const std::string& each : value.texts_) text(each);
  file_.write(std::span<const std::byte>(value.numbers_));
}

void GgufWriter::pad() {
  const std::uint64_t missing = aligned(file_.bytes_written()) - file_.bytes_written();
  file_.write(std::string(missing, '\0'));
}

void GgufWriter::begin() {
  begun_ = true;
  file_.write("GGUF");
  number(std::uint32_t{3});
  number(static_cast<std::uint64_t>(tensors_.size()));
  number(static_cast<std::uint64_t>(values_.size()));
  for (const auto& [key, value] : values_) {
    text(key);
    put(value);
  }
  for (const GgufTensor& tensor : tensors_) {
    text(tensor.name);
    number(static_cast<std::uint32_t>(tensor.shape.size()));
    for (auto extent = tensor.shape.rbegin(); extent != tensor.shape.rend(); ++extent) {
      number(static_cast<std::uint64_t>(*extent));
    }
    number(static_cast<std::uint32_t>(tensor.format));
    number(tensor.offset);
  }
  pad();
}

void GgufWriter::encode(GgufFormat format, std::span<const float> values) {
  const GgufCodec& codec = codec_of(format);
  piece_.resize(bytes_of(format, values.size()));
  const auto some = [&](std::size_t begin, std::size_t end, int) {
    codec.encode(values.data() + begin * codec.block, end - begin, piece_.data() + begin * codec.block_bytes);
  };
  const std::size_t blocks = values.size() / codec.block;
  pool_ == nullptr ? some(0, blocks, 0) : pool_->for_blocks(blocks, kNumbersOfThread / codec.block, some);
}

void GgufWriter::write(const std::string& name, std::span<const float> values) {
  if (!begun_) begin();
  if (current_ >= tensors_.size() || tensors_[current_].name != name) {
    throw internal_error("{}: tensor \"{}\" is not the next to be written", file_.path(), name);
  }
  const GgufTensor& tensor = tensors_[current_];
  if (values.size() % gguf_block(tensor.format) != 0) {
    throw internal_error("{}: tensor \"{}\": a piece of {} numbers is not of whole blocks", file_.path(), name,
                         values.size());
  }
  encode(tensor.format, values);
  if (piece_.size() > tensor.bytes - written_) {
    throw internal_error("{}: tensor \"{}\" is written beyond its size", file_.path(), name);
  }
  file_.write(std::span<const std::byte>(piece_));
  written_ += piece_.size();
  if (written_ < tensor.bytes) return;
  pad();
  ++current_;
  written_ = 0;
}

void GgufWriter::commit() {
  if (!begun_) begin();
  if (current_ != tensors_.size()) {
    throw internal_error("{}: tensor \"{}\" was declared and not written whole", file_.path(), tensors_[current_].name);
  }
  file_.commit();
}

}  // namespace matinee
