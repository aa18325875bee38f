#include "lib/model/merged_model.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>

#include "lib/base/format_error.h"
#include "lib/base/half.h"
#include "lib/base/memory_budget.h"
#include "lib/model/checkpoint_reader.h"
#include "lib/model/gguf_model.h"

namespace matinee {
namespace {

constexpr std::size_t kCopy = std::size_t{4} << 20;  // bytes

void write_as(SafetensorsWriter& writer, const TensorInfo& tensor, std::span<const float> values,
              std::vector<std::uint16_t>& narrow) {
  if (tensor.dtype == DType::kF32) return writer.write(tensor.name, values);
  narrow.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    narrow[i] = tensor.dtype == DType::kF16 ? to_half(values[i]) : to_bf16(values[i]).bits;
  }
  writer.write(tensor.name, std::span<const std::uint16_t>(narrow));
}

void copy_tensor(const SafetensorsFile& file, const TensorInfo& tensor, SafetensorsWriter& writer) {
  auto bytes = file.data(tensor);
  if (bytes.empty()) writer.write(tensor.name, bytes);
  while (!bytes.empty()) {
    const auto some = bytes.first(std::min(bytes.size(), kCopy));
    writer.write(tensor.name, some);
    bytes = bytes.subspan(some.size());
  }
  file.release(tensor);
}

void write_file_merged(const CheckpointReader& reader, const SafetensorsFile& file, const LoraMerge& merge,
                       const std::string& path) {
  SafetensorsWriter writer(path, "", file.metadata());
  std::vector<const TensorInfo*> order;
  for (const TensorInfo& tensor : file.tensors()) order.push_back(&tensor);
  // The writer's own order, so that nothing has to wait in memory.
  std::stable_sort(order.begin(), order.end(),
                   [](const TensorInfo* a, const TensorInfo* b) { return size_of(a->dtype) > size_of(b->dtype); });
  for (const TensorInfo* tensor : order) writer.declare(tensor->name, tensor->dtype, tensor->shape);
  std::vector<std::uint16_t> narrow;
  std::vector<float> turned;
  for (const TensorInfo* tensor : order) {
    const WeightSpec* spec = reader.spec_of(tensor->name);
    if (spec == nullptr || !merge.changes(spec->name)) {
      copy_tensor(file, *tensor, writer);
      continue;
    }
    if (spec->transposed) turned.resize(static_cast<std::size_t>(spec->elements()));
    reader.read(*spec, [&](std::size_t first, std::span<float> values) {
      merge.apply(*spec, first, values);
      if (!spec->transposed) return write_as(writer, *tensor, values, narrow);
      const auto out = static_cast<std::size_t>(spec->shape[0]), in = static_cast<std::size_t>(spec->shape[1]);
      for (std::size_t at = 0; at < values.size(); ++at) turned[at % in * out + (first + at) / in] = values[at];
    });
    if (spec->transposed) write_as(writer, *tensor, turned, narrow);
  }
  writer.commit();
}

// Configuration and tokenizer; not weights in other formats that may lie there too.
void copy_companions(const std::string& from, const std::string& to) {
  constexpr std::array<const char*, 4> kEndings{".json", ".txt", ".model", ".jinja"};
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    const std::string name = entry.path().filename().string();
    const bool wanted =
        std::any_of(kEndings.begin(), kEndings.end(), [&](const char* end) { return name.ends_with(end); });
    if (wanted && entry.is_regular_file()) write_file(fmt::format("{}/{}", to, name), read_file(entry.path().string()));
  }
}

}  // namespace

void require_mergeable(const ModelConfig& config, const LoraMerge& merge) {
  if (!config.tie_word_embeddings) return;
  for (const std::string& path : {embed_tokens_path(config), lm_head_path(config)}) {
    if (!merge.changes(path + ".weight")) continue;
    throw bad_data("the adapter trained {} whole, but the base ties embedding and head, and merged they would differ",
                   path)
        .add_remedy("keep the adapter beside its base: chat --adapter");
  }
}

std::uint64_t merged_checkpoint_memory(const ModelConfig& config) {
  std::int64_t turned = 0;
  for (const WeightSpec& spec : weight_specs(config)) {
    if (spec.transposed) turned = std::max(turned, spec.elements());
  }
  // In float32 and as it is written.
  return static_cast<std::uint64_t>(6 * turned) + kProgramMemory;
}

void write_merged_checkpoint(const std::string& base, const ModelConfig& config, const LoraMerge& merge,
                             const std::string& output) {
  require_mergeable(config, merge);
  const CheckpointReader reader(base, config);
  for (const auto& file : reader.files()) {
    const std::string name = file->path().substr(file->path().rfind('/') + 1);
    write_file_merged(reader, *file, merge, fmt::format("{}/{}", output, name));
  }
  copy_companions(base, output);
}

void write_merged_gguf(const std::string& base, const ModelConfig& config, const LoraMerge& merge, GgufFormat format,
                       const std::string& name, const GgufMetadata& vocabulary, const std::string& output) {
  require_mergeable(config, merge);
  const CheckpointReader reader(base, config);
  const auto names = gguf_names(config);
  GgufWriter writer(output);
  add_gguf_config(writer, config, format, name);
  for (const auto& [key, value] : vocabulary) writer.add(key, value);
  for (const GgufName& tensor : names) {
    writer.declare(tensor.gguf, gguf_format_of(tensor.spec, format), tensor.spec.shape);
  }
  const std::vector<float> factors = gguf_rotary_factors(config);
  if (!factors.empty())
    writer.declare(kGgufRotaryFactors, GgufFormat::kF32, {static_cast<std::int64_t>(factors.size())});
  std::vector<float> sorted;
  for (const GgufName& tensor : names) {
    // Whole heads at a time, since rows change places within one.
    const std::int64_t multiple = tensor.heads > 0 ? config.head_dim : 1;
    reader.read(
        tensor.spec,
        [&](std::size_t first, std::span<float> values) {
          merge.apply(tensor.spec, first, values);
          if (tensor.heads == 0) return writer.write(tensor.gguf, values);
          const auto width = tensor.spec.shape.size() > 1 ? static_cast<std::size_t>(tensor.spec.shape[1]) : 1;
          sorted.clear();
          for (std::int64_t row = 0; row < static_cast<std::int64_t>(values.size() / width); ++row) {
            const auto from =
                values.subspan(static_cast<std::size_t>(reordered_row(row, config.head_dim, true)) * width);
            sorted.insert(sorted.end(), from.begin(), from.begin() + static_cast<std::ptrdiff_t>(width));
          }
          writer.write(tensor.gguf, sorted);
        },
        multiple);
  }
  if (!factors.empty()) writer.write(kGgufRotaryFactors, factors);
  writer.commit();
}

}  // namespace matinee
