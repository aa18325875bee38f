#include "lib/model/merged_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "lib/base/format_error.h"
#include "lib/base/half.h"
#include "lib/base/memory_budget.h"
#include "lib/io/base_files.h"
#include "lib/io/json_writer.h"
#include "lib/io/safetensors.h"
#include "lib/model/checkpoint_reader.h"
#include "lib/model/finite_values.h"
#include "lib/model/gguf_model.h"

namespace matinee {
namespace {

constexpr std::size_t kCopy = std::size_t{4} << 20;       // bytes copied at a time
constexpr std::size_t kReordered = std::size_t{1} << 16;  // elements reordered at a time

// One tensor of an output file.
struct OutputTensor {
  std::string name;
  DType dtype;
  std::vector<std::int64_t> shape;
  const SourceTensor* copied = nullptr;  // whose bytes are written as they are; null: it is computed
  // The decoder's tensor that is written, and the base's tensor that it is made from. They differ for a head that was
  // tied and no longer is: it is made from the embedding.
  const WeightSpec* spec = nullptr;
  const WeightSpec* from = nullptr;

  std::uint64_t bytes() const {
    std::uint64_t product = size_of(dtype);
    for (const std::int64_t extent : shape) product *= static_cast<std::uint64_t>(extent);
    return product;
  }
};

// Throws where a merged value is not finite, or is not in float16. `values` are elements from `first` on.
void require_merged(const std::string& name, bool to_float16, std::size_t first, std::span<const float> values,
                    const std::vector<std::int64_t>& shape) {
  with_context(fmt::format("the merged tensor \"{}\"", name), [&] {
    require_finite(values, first, shape);
    if (!to_float16) return;
    constexpr float kBeyondHalf = 65520;  // and above become infinite
    const auto found = std::find_if(values.begin(), values.end(), [](float v) { return std::fabs(v) >= kBeyondHalf; });
    if (found == values.end()) return;
    throw bad_data("element {} is {}, which float16 does not hold",
                   index_text(first + static_cast<std::size_t>(found - values.begin()), shape),
                   static_cast<double>(*found))
        .add_remedy("take a base, or a --format, of bfloat16");
  });
}

void write_as(SafetensorsWriter& writer, const OutputTensor& tensor, std::size_t first, std::span<const float> values,
              std::vector<std::uint16_t>& narrow) {
  require_merged(tensor.name, tensor.dtype == DType::kF16, first, values, tensor.shape);
  if (tensor.dtype == DType::kF32) return writer.write(tensor.name, values);
  narrow.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    narrow[i] = tensor.dtype == DType::kF16 ? to_half(values[i]) : to_bf16(values[i]).bits;
  }
  writer.write(tensor.name, std::span<const std::uint16_t>(narrow));
}

void copy_tensor(const TensorSource& file, const SourceTensor& tensor, SafetensorsWriter& writer) {
  auto bytes = file.data(tensor);
  if (bytes.empty()) writer.write(tensor.name, bytes);
  while (!bytes.empty()) {
    const auto some = bytes.first(std::min(bytes.size(), kCopy));
    writer.write(tensor.name, some);
    bytes = bytes.subspan(some.size());
  }
  file.release(tensor);
}

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

  void write(const TensorSource& file, const std::string& path, const BeginProgress& progress) const {
    Metadata metadata = file.metadata();
    metadata.emplace("format", "pt");
    SafetensorsWriter writer(path, "", metadata);
    std::vector<OutputTensor> order = tensors_of(file);
    // The order in which the writer stores tensors, so that none has to be buffered.
    std::stable_sort(order.begin(), order.end(),
                     [](const OutputTensor& a, const OutputTensor& b) { return size_of(a.dtype) > size_of(b.dtype); });
    for (const OutputTensor& tensor : order) writer.declare(tensor.name, tensor.dtype, tensor.shape);
    std::uint64_t bytes = 0;
    for (const OutputTensor& tensor : order) bytes += tensor.bytes();
    Progress merging = progress("merging " + file.file_name(), bytes, "bytes");
    for (const OutputTensor& tensor : order) {
      tensor.copied != nullptr ? copy_tensor(file, *tensor.copied, writer) : write_merged(tensor, writer);
      merging.advance(tensor.bytes());
    }
    writer.commit();
  }

  /// What is written for a file: its tensors, and after the embedding a head that is no longer tied. Numbers that are
  /// coded in blocks become bfloat16.
  std::vector<OutputTensor> tensors_of(const TensorSource& file) const {
    std::vector<OutputTensor> tensors;
    for (const SourceTensor& tensor : file.tensors()) {
      const WeightSpec* spec = reader_.spec_of(tensor.name);
      OutputTensor output{tensor.name, tensor.dtype.value_or(DType::kBF16), tensor.shape, nullptr, spec, spec};
      if (untied_ && tensor.name == untied_->name) {
        // A stored copy of a tied head is ignored, since it need not equal the embedding.
        output.spec = &*untied_;
        output.from = reader_.spec_of(embedding_);
      } else if (is_copied(file, tensor, spec)) {
        output.copied = &tensor;
      } else if (spec == nullptr) {
        continue;  // the decoder does not read it, and its bytes are in another order
      }
      if (output.copied == nullptr) output.shape = output.spec->stored_shape();
      tensors.push_back(output);
      if (untied_ && spec != nullptr && spec->name == embedding_ && !is_stored(untied_->name)) {
        output.name = untied_->name;
        output.copied = nullptr;
        output.spec = &*untied_;
        tensors.push_back(output);
      }
    }
    return tensors;
  }

 private:
  bool is_stored(const std::string& name) const {
    return std::any_of(reader_.files().begin(), reader_.files().end(),
                       [&](const auto& file) { return file->find(name) != nullptr; });
  }

  bool is_copied(const TensorSource& file, const SourceTensor& tensor, const WeightSpec* spec) const {
    if (!tensor.dtype || !tensor.in_order) return false;
    if (spec == nullptr) return true;
    return !merge_.changes(spec->name) && !(file.in_decoder_layout() && (!spec->in_order() || spec->offset != 0));
  }

  void write_merged(const OutputTensor& tensor, SafetensorsWriter& writer) const {
    const WeightSpec& spec = *tensor.spec;
    std::vector<std::uint16_t> narrow;
    std::vector<float> whole(spec.in_order() ? 0 : static_cast<std::size_t>(spec.elements()));
    reader_.read(*tensor.from, [&](std::size_t first, std::span<float> values) {
      merge_.apply(spec, first, values);
      for (float& value : values) value -= spec.offset;
      if (spec.in_order()) return write_as(writer, tensor, first, values, narrow);
      std::copy(values.begin(), values.end(), whole.begin() + static_cast<std::ptrdiff_t>(first));
    });
    std::vector<float> piece;
    for (std::size_t stored = 0; stored < whole.size(); stored += piece.size()) {
      piece.resize(std::min(kReordered, whole.size() - stored));
      for (std::size_t i = 0; i < piece.size(); ++i) piece[i] = whole[spec.index_of_stored(stored + i)];
      write_as(writer, tensor, stored, piece, narrow);
    }
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
    // The index of a pickle's shards names files that the output does not have.
    if (name.ends_with(".bin.index.json")) continue;
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

// The file that is written for one of the base's: the same name, or that which transformers gives to safetensors.
std::string output_name(const TensorSource& file) {
  constexpr std::string_view kEnding = ".safetensors", kPickle = "pytorch_model", kPickleEnding = ".bin";
  std::string name = file.file_name();
  if (name.ends_with(kEnding)) return name;
  if (!name.starts_with(kPickle) || !name.ends_with(kPickleEnding)) return fmt::format("model{}", kEnding);
  name = name.substr(kPickle.size(), name.size() - kPickle.size() - kPickleEnding.size());
  return fmt::format("model{}{}", name, kEnding);
}

// The text of model.safetensors.index.json, with a head that is no longer tied.
std::string index_of(const FileMerger& merger) {
  std::uint64_t bytes = 0;
  std::map<std::string, std::string> places;
  for (const auto& file : merger.reader().files()) {
    for (const OutputTensor& tensor : merger.tensors_of(*file)) {
      bytes += tensor.bytes();
      places[tensor.name] = output_name(*file);
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

// torch_dtype of a configuration that is written for a GGUF file: that of the largest tensor.
std::string_view torch_dtype(const std::vector<OutputTensor>& tensors) {
  const auto largest = std::max_element(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
    return a.bytes() / size_of(a.dtype) < b.bytes() / size_of(b.dtype);
  });
  if (largest == tensors.end() || largest->dtype == DType::kBF16) return "bfloat16";
  return largest->dtype == DType::kF16 ? "float16" : "float32";
}

}  // namespace

ModelConfig merged_config(const ModelConfig& config, const LoraMerge& merge) {
  ModelConfig merged = config;
  merged.tie_word_embeddings = config.tie_word_embeddings && !merge.unties();
  return merged;
}

std::uint64_t merged_checkpoint_memory(const ModelConfig& config) {
  std::int64_t largest = 0;
  for (const WeightSpec& spec : weight_specs(config)) {
    if (!spec.in_order()) largest = std::max(largest, spec.elements());
  }
  // A tensor that is stored in another order is in memory in float32.
  return static_cast<std::uint64_t>(4 * largest) + kProgramMemory;
}

void write_merged_checkpoint(const std::string& base, const ModelConfig& config, const LoraMerge& merge,
                             const std::string& output, const BeginProgress& progress) {
  const FileMerger merger(base, config, merge);
  const auto& files = merger.reader().files();
  for (const auto& file : files) merger.write(*file, fmt::format("{}/{}", output, output_name(*file)), progress);
  if (gguf_of_base(base)) {
    const std::string_view dtype = torch_dtype(merger.tensors_of(*files.front()));
    return write_file(output + "/config.json", model_config_json(merged_config(config, merge), dtype));
  }
  copy_companions(base, output);
  const std::string index = output + "/model.safetensors.index.json";
  if (files.size() > 1 && (merger.unties() || !file_exists(index))) write_file(index, index_of(merger));
  if (merger.unties()) write_file(output + "/config.json", untied_config(read_file(base + "/config.json")));
}

void write_merged_gguf(const std::string& base, const ModelConfig& config, const LoraMerge& merge,
                       const GgufMixture& mixture, const std::string& name, const GgufMetadata& vocabulary,
                       const std::string& output, ThreadPool* pool, const BeginProgress& progress) {
  const CheckpointReader reader(base, config);
  const ModelConfig merged = merged_config(config, merge);
  const auto names = gguf_names(merged);
  const std::string head = lm_head_path(config) + ".weight";
  const WeightSpec embedding = *reader.spec_of(embed_tokens_path(config) + ".weight");
  GgufWriter writer(output, pool);
  add_gguf_config(writer, merged, mixture, name);
  for (const auto& [key, value] : vocabulary) writer.add(key, value);
  const auto bytes = [&](const GgufName& tensor) {
    return bytes_of(gguf_format_of(merged, tensor.spec, mixture), static_cast<std::uint64_t>(tensor.spec.elements()));
  };
  std::uint64_t all_bytes = 0;
  for (const GgufName& tensor : names) {
    writer.declare(tensor.gguf, gguf_format_of(merged, tensor.spec, mixture), tensor.spec.shape);
    all_bytes += bytes(tensor);
  }
  const std::vector<GgufFactors> all_factors = gguf_rotary_factors(config);
  for (const GgufFactors& factors : all_factors) {
    writer.declare(factors.name, GgufFormat::kF32, {static_cast<std::int64_t>(factors.values.size())});
  }
  Progress merging = progress("merging", all_bytes, "bytes");
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
          require_merged(tensor.spec.name, gguf_format_of(merged, tensor.spec, mixture) == GgufFormat::kF16, first,
                         values, tensor.spec.shape);
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
    merging.advance(bytes(tensor));
  }
  for (const GgufFactors& factors : all_factors) writer.write(factors.name, factors.values);
  writer.commit();
}

}  // namespace matinee
