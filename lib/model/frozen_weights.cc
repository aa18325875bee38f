#include "lib/model/frozen_weights.h"

#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "lib/base/format_error.h"
#include "lib/base/memory_budget.h"
#include "lib/model/base_format.h"
#include "lib/model/checkpoint_reader.h"
#include "lib/model/finite_values.h"
#include "lib/model/lora_merge.h"

namespace matinee {
namespace {

// The format of a tensor that is not quantized.
WeightFormat plain_format(const WeightSpec& spec, WeightFormat format) {
  return spec.shape.size() == 1 ? WeightFormat::kF32 : unquantized_format(format);
}

std::uint64_t tensor_bytes(const WeightSpec& spec, WeightFormat format) {
  return is_quantized(spec, format) ? QuantizedMatrix::bytes(format, spec.shape[0], spec.shape[1])
                                    : static_cast<std::uint64_t>(spec.elements()) * size_of(plain_format(spec, format));
}

// Copies a tensor without a conversion on the host; false where its file stores another dtype.
bool fill_as_stored(const CheckpointReader& reader, const WeightSpec& spec, WeightTensor& tensor) {
  const auto copy = [&]<class T>(std::type_identity<T>, std::int64_t multiple) {
    if (!reader.is_stored_as(spec, DTypeOf<T>::value)) return false;
    reader.read_as<T>(
        spec, [&](std::size_t first, std::span<const T> values) { tensor.fill(first, values); }, multiple);
    return true;
  };
  if (tensor.format() == WeightFormat::kF32) return copy(std::type_identity<float>{}, 1);
  return copy(std::type_identity<bf16>{}, is_quantized(spec, tensor.format()) ? QuantizedTensor::kGroup : 1);
}

}  // namespace

bool is_quantized(const WeightSpec& spec, WeightFormat format) {
  return unquantized_format(format) != format && spec.role == WeightRole::kLinear && !spec.bias;
}

std::uint64_t FrozenWeights::bytes_of(const ModelConfig& config, WeightFormat format) {
  std::uint64_t bytes = 0;
  for (const WeightSpec& spec : weight_specs(config)) bytes += tensor_bytes(spec, format);
  return bytes;
}

std::uint64_t FrozenWeights::aside_bytes(const ModelConfig& config, WeightFormat format) {
  if (config.tie_word_embeddings) return 0;
  return static_cast<std::uint64_t>(config.vocab_size * config.hidden_size) * size_of(unquantized_format(format));
}

FrozenWeights::FrozenWeights(const std::string& base, const ModelConfig& config, WeightFormat format,
                             const FrozenWeightsOptions& options)
    : bytes_(bytes_of(config, format)) {
  const LoraMerge* merge = options.merge;
  const auto allocator = options.context != nullptr ? options.context->allocator() : host_allocator();
  const CheckpointReader reader(base, config, options.hashes);
  const std::string head = lm_head_path(config) + ".weight", embedding = embed_tokens_path(config) + ".weight";
  // A tied embedding or head that the adapter changes: from here on the two are separate tensors.
  const auto is_untied = [&](const std::string& name) {
    return merge != nullptr && merge->unties() && (name == head || name == embedding) && merge->changes(name);
  };
  for (const std::string& name : {embedding, head}) {
    if (is_untied(name))
      bytes_ +=
          static_cast<std::uint64_t>(config.vocab_size * config.hidden_size) * size_of(unquantized_format(format));
  }
  const bool table_aside = options.table_aside && !config.tie_word_embeddings;
  const std::uint64_t aside = table_aside ? aside_bytes(config, format) : 0;
  require_memory("loading " + base, allocator->is_host() ? bytes_ : aside, options.max_host_mem);
  Progress loading = options.progress("loading the model", bytes_, "bytes");
  std::vector<WeightRef> refs;
  std::vector<bf16> narrow;
  for (const WeightSpec& spec : reader.specs()) {
    if (is_quantized(spec, format)) {
      if (options.context == nullptr) throw internal_error("FrozenWeights: quantizing needs a context");
      tensors_.emplace_back(*options.context, format, spec.shape[0], spec.shape[1]);
    } else {
      tensors_.emplace_back(table_aside && spec.role == WeightRole::kEmbedTokens ? allocator->host_side() : allocator,
                            plain_format(spec, format), static_cast<std::size_t>(spec.elements()));
    }
    WeightTensor& tensor = tensors_.back();
    const bool merged = merge != nullptr && !is_untied(spec.name) && merge->changes(spec.name);
    if (merged || !fill_as_stored(reader, spec, tensor)) {
      reader.read(spec, [&](std::size_t first, std::span<float> values) {
        if (merged) {
          merge->apply(spec, first, values);
          with_context(fmt::format("{} with its adapter: tensor \"{}\"", base, spec.name),
                       [&] { require_finite(values, first, spec.shape); });
        }
        tensor.fill(first, values, narrow);
      });
    }
    refs.push_back({.view = tensor.finish()});
    loading.advance(tensor_bytes(spec, format));
  }
  refs_ = refs_over(config, refs);
  for (const std::string& name : {embedding, head}) {
    if (!is_untied(name)) continue;
    const WeightSpec& tied = *reader.spec_of(embedding);
    WeightSpec own = tied;
    own.name = name;
    WeightTensor& tensor =
        tensors_.emplace_back(allocator, unquantized_format(format), static_cast<std::size_t>(tied.elements()));
    reader.read(tied, [&](std::size_t first, std::span<float> values) {
      merge->apply(own, first, values);
      with_context(fmt::format("{} with its adapter: tensor \"{}\"", base, name),
                   [&] { require_finite(values, first, own.shape); });
      tensor.fill(first, values, narrow);
    });
    (name == head ? refs_.lm_head : refs_.embed_tokens).view = tensor.finish();
    loading.advance(static_cast<std::uint64_t>(tied.elements()) * size_of(unquantized_format(format)));
  }
}

}  // namespace matinee
