#include "lib/model/gguf_source.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

std::optional<DType> dtype_of(GgufFormat format) {
  switch (format) {
    case GgufFormat::kF32: return DType::kF32;
    case GgufFormat::kF16: return DType::kF16;
    case GgufFormat::kBF16: return DType::kBF16;
    default: return std::nullopt;
  }
}

// Factors of the rotary frequencies, which are part of the configuration (gguf_config).
bool belongs_to_config(std::string_view name) {
  constexpr std::array<std::string_view, 3> kNames{kGgufRotaryFactors, kGgufShortFactors, kGgufLongFactors};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

}  // namespace

GgufSource::GgufSource(const std::string& path, const ModelConfig& config)
    : TensorSource(path), file_(path), head_dim_(config.head_dim) {
  std::map<std::string, GgufName> known;
  for (GgufName& name : gguf_names(config)) known.emplace(name.gguf, std::move(name));
  std::vector<SourceTensor> tensors;
  for (const GgufTensor& tensor : file_.tensors()) {
    const auto found = known.find(tensor.name);
    if (found == known.end()) {
      if (belongs_to_config(tensor.name)) continue;
      throw bad_data("{}: tensor \"{}\": the decoder has no place for it", path, tensor.name);
    }
    const std::uint64_t block = gguf_block(tensor.format);
    tensors.push_back({.name = found->second.spec.name,
                       .shape = tensor.shape,
                       .format = name_of(tensor.format),
                       .dtype = dtype_of(tensor.format),
                       .block = block,
                       .block_bytes = bytes_of(tensor.format, block),
                       .in_order = found->second.heads == 0});
    stored_.push_back({&tensor, found->second});
  }
  set_tensors(std::move(tensors));
}

std::span<const std::byte> GgufSource::data(const SourceTensor& tensor) const {
  return file_.data(*stored_[index_of(tensor)].tensor);
}

void GgufSource::read(const SourceTensor& tensor, std::size_t first, std::span<float> to) const {
  const GgufFormat format = stored_[index_of(tensor)].tensor->format;
  if (tensor.in_order) return decode_gguf(format, data(tensor, first, to.size()), to);
  const auto width = tensor.shape.size() > 1 ? static_cast<std::size_t>(tensor.shape[1]) : 1;
  for (std::size_t done = 0; done < to.size(); done += width) {
    const std::int64_t row = reordered_row(static_cast<std::int64_t>((first + done) / width), head_dim_, false);
    decode_gguf(format, data(tensor, static_cast<std::size_t>(row) * width, width), to.subspan(done, width));
  }
}

void GgufSource::release(const SourceTensor& tensor) const { file_.release(*stored_[index_of(tensor)].tensor); }

}  // namespace matinee
