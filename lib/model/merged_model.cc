#include "lib/model/merged_model.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "lib/base/format_error.h"
#include "lib/base/half.h"
#include "lib/base/memory_budget.h"
#include "lib/io/json_writer.h"
#include "lib/model/checkpoint_reader.h"
#include "lib/model/gguf_model.h"

namespace matinee {
namespace {

constexpr std::size_t kCopy = std::size_t{4} << 20;  // bytes copied at a time

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

// The decoder's tensor that is written, and the base's tensor that it is made from. They differ for a head that was
// tied and no longer is: it is made from the embedding.
struct Source {
  const WeightSpec* spec = nullptr;  // null: copied
  const WeightSpec* from = nullptr;
};

class FileMerger {
 public:
  FileMerger(const std::string& base, const ModelConfig& config, const LoraMerge& merge)
      : reader_(base, config), merge_(merge), embedding_(embed_tokens_path(config) + ".weight") {
    if (merged_config(config, merge).tie_word_embeddings == config.tie_word_embeddings) return;
    untied_ = *reader_.spec_of(embedding_);
    untied_->name = lm_head_path(config) + ".weight";
  }

  const CheckpointReader& reader() const { return reader_; }
  bool unties() const { return untied_.has_value(); }

  void write(const SafetensorsFile& file, const std::string& path) const {
    SafetensorsWriter writer(path, "", file.metadata());
    std::vector<TensorInfo> order = tensors_of(file);
    // The order in which the writer stores tensors, so that none has to be buffered.
    std::stable_sort(order.begin(), order.end(),
                     [](const TensorInfo& a, const TensorInfo& b) { return size_of(a.dtype) > size_of(b.dtype); });
    for (const TensorInfo& tensor : order) writer.declare(tensor.name, tensor.dtype, tensor.shape);
    for (const TensorInfo& tensor : order) {
      const Source source = source_of(tensor.name);
      source.spec == nullptr ? copy_tensor(file, tensor, writer) : write_merged(tensor, source, writer);
    }
    writer.commit();
  }

  /// The file's tensors, and after the embedding a head that is no longer tied.
  std::vector<TensorInfo> tensors_of(const SafetensorsFile& file) const {
    std::vector<TensorInfo> tensors = file.tensors();
    if (!untied_ || file.find(untied_->name) != nullptr) return tensors;
    const auto embedding = std::find_if(tensors.begin(), tensors.end(), [&](const TensorInfo& tensor) {
      const WeightSpec* spec = reader_.spec_of(tensor.name);
      return spec != nullptr && spec->name == embedding_;
    });
    if (embedding == tensors.end() || stored_elsewhere(untied_->name)) return tensors;
    tensors.push_back(*embedding);
    tensors.back().name = untied_->name;
    return tensors;
  }

 private:
  bool stored_elsewhere(const std::string& name) const {
    return std::any_of(reader_.files().begin(), reader_.files().end(),
                       [&](const auto& file) { return file->find(name) != nullptr; });
  }

  Source source_of(const std::string& name) const {
    // A stored copy of a tied head is ignored, since it need not equal the embedding.
    if (untied_ && name == untied_->name) return {&*untied_, reader_.spec_of(embedding_)};
    const WeightSpec* spec = reader_.spec_of(name);
    return spec != nullptr && merge_.changes(spec->name) ? Source{spec, spec} : Source{};
  }

  void write_merged(const TensorInfo& tensor, const Source& source, SafetensorsWriter& writer) const {
    const WeightSpec& spec = *source.spec;
    std::vector<std::uint16_t> narrow;
    std::vector<float> transposed(spec.transposed ? static_cast<std::size_t>(spec.elements()) : 0);
    reader_.read(*source.from, [&](std::size_t first, std::span<float> values) {
      merge_.apply(spec, first, values);
      if (!spec.transposed) return write_as(writer, tensor, values, narrow);
      const auto out = static_cast<std::size_t>(spec.shape[0]), in = static_cast<std::size_t>(spec.shape[1]);
      for (std::size_t at = 0; at < values.size(); ++at) transposed[at % in * out + (first + at) / in] = values[at];
    });
    if (spec.transposed) write_as(writer, tensor, transposed, narrow);
  }

  CheckpointReader reader_;
  const LoraMerge& merge_;
  std::string embedding_;
  std::optional<WeightSpec> untied_;  // the head, if it is no longer tied to the embedding
};

// Copies configuration and tokenizer, but no weights in other formats, and no file that the caller has written already.
void copy_companions(const std::string& from, const std::string& to) {
  constexpr std::array<const char*, 4> kEndings{".json", ".txt", ".model", ".jinja"};
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    const std::string name = entry.path().filename().string();
    const bool wanted =
        std::any_of(kEndings.begin(), kEndings.end(), [&](const char* end) { return name.ends_with(end); });
    const std::string copy = fmt::format("{}/{}", to, name);
    if (wanted && entry.is_regular_file() && !file_exists(copy)) write_file(copy, read_file(entry.path().string()));
  }
}

// The base's config.json with one field changed; the others are copied as text.
std::string untied_config(std::string text) {
  constexpr std::string_view key = "\"tie_word_embeddings\"";
  const std::size_t at = text.find(key);
  if (at == std::string::npos) {
    return text.insert(text.find('{') + 1, fmt::format("{}: false,", key));
  }
  const std::size_t value = text.find_first_not_of(" \t\r\n:", at + key.size());
  return text.replace(value, std::string_view("true").size(), "false");
}

std::string name_of(const SafetensorsFile& file) { return file.path().substr(file.path().rfind('/') + 1); }

// The text of model.safetensors.index.json, with a head that is no longer tied.
std::string index_of(const FileMerger& merger) {
  std::uint64_t bytes = 0;
  std::map<std::string, std::string> places;
  for (const auto& file : merger.reader().files()) {
    for (const TensorInfo& tensor : merger.tensors_of(*file)) {
      bytes += tensor.bytes;
      places[tensor.name] = name_of(*file);
    }
  }
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("metadata").begin_object().field("total_size", static_cast<std::int64_t>(bytes)).end_object();
  json.key("weight_map").begin_object();
  for (const auto& [tensor, file] : places) json.field(tensor, file);
  json.end_object().end_object();
  return out + "\n";
}

}  // namespace

ModelConfig merged_config(const ModelConfig& config, const LoraMerge& merge) {
  ModelConfig merged = config;
  for (const std::string& path : {embed_tokens_path(config), lm_head_path(config)}) {
    if (merge.changes(path + ".weight")) merged.tie_word_embeddings = false;
  }
  return merged;
}

std::uint64_t merged_checkpoint_memory(const ModelConfig& config) {
  std::int64_t largest = 0;
  for (const WeightSpec& spec : weight_specs(config)) {
    if (spec.transposed) largest = std::max(largest, spec.elements());
  }
  // A transposed tensor is in memory in float32 and in the dtype of the file.
  return static_cast<std::uint64_t>(6 * largest) + kProgramMemory;
}

void write_merged_checkpoint(const std::string& base, const ModelConfig& config, const LoraMerge& merge,
                             const std::string& output) {
  const FileMerger merger(base, config, merge);
  for (const auto& file : merger.reader().files()) merger.write(*file, fmt::format("{}/{}", output, name_of(*file)));
  copy_companions(base, output);
  if (!merger.unties()) return;
  write_file(output + "/config.json", untied_config(read_file(base + "/config.json")));
  if (file_exists(output + "/model.safetensors.index.json")) {
    write_file(output + "/model.safetensors.index.json", index_of(merger));
  }
}

void write_merged_gguf(const std::string& base, const ModelConfig& config, const LoraMerge& merge,
                       const GgufMixture& mixture, const std::string& name, const GgufMetadata& vocabulary,
                       const std::string& output, ThreadPool* pool) {
  const CheckpointReader reader(base, config);
  const ModelConfig merged = merged_config(config, merge);
  const auto names = gguf_names(merged);
  const std::string head = lm_head_path(config) + ".weight";
  const WeightSpec embedding = *reader.spec_of(embed_tokens_path(config) + ".weight");
  GgufWriter writer(output, pool);
  add_gguf_config(writer, merged, mixture, name);
  for (const auto& [key, value] : vocabulary) writer.add(key, value);
  for (const GgufName& tensor : names) {
    writer.declare(tensor.gguf, gguf_format_of(merged, tensor.spec, mixture), tensor.spec.shape);
  }
  const std::vector<float> factors = gguf_rotary_factors(config);
  if (!factors.empty())
    writer.declare(kGgufRotaryFactors, GgufFormat::kF32, {static_cast<std::int64_t>(factors.size())});
  std::vector<float> sorted;
  for (const GgufName& tensor : names) {
    // Whole heads at a time, since rows are reordered within a head.
    const std::int64_t multiple = tensor.heads > 0 ? config.head_dim : 1;
    // A head that is no longer tied is made from the embedding, if it was not trained itself.
    const bool is_untied = config.tie_word_embeddings && tensor.spec.name == head;
    reader.read(
        is_untied ? embedding : tensor.spec,
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
