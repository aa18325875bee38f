#include "lib/model/gguf_model.h"

#include <algorithm>

#include "lib/base/format_error.h"
#include "lib/base/memory_budget.h"

namespace matinee {
namespace {

// In the order of Module.
constexpr std::array<const char*, kModules> kModuleNames{"attn_q",   "attn_k", "attn_v",  "attn_output",
                                                         "ffn_gate", "ffn_up", "ffn_down"};

// What llama.cpp calls a tensor.
std::string gguf_name_of(const WeightSpec& spec) {
  const std::string block = fmt::format("blk.{}.", spec.layer);
  switch (spec.role) {
    case WeightRole::kEmbedTokens:
      return "token_embd.weight";
    case WeightRole::kNorm:
      return "output_norm.weight";
    case WeightRole::kHead:
      return "output.weight";
    case WeightRole::kInputNorm:
      return block + "attn_norm.weight";
    case WeightRole::kPostAttentionNorm:
      return block + "ffn_norm.weight";
    case WeightRole::kLinear:
      return block + kModuleNames[index_of(spec.module)] + ".weight";
    default:
      throw internal_error("gguf_name_of: {}", spec.name);
  }
}

// The architecture llama of llama.cpp computes RMSNorm, a gated MLP, half-split rotation of whole heads and nothing
// else that we read; a window it would ignore.
void require_llama(const ModelConfig& config) {
  const auto refuse = [](const char* what) {
    throw bad_data(
        "{}: GGUF is written for models that llama.cpp's architecture llama computes; take --format safetensors", what);
  };
  if (config.model_type != "llama" && config.model_type != "mistral")
    refuse(("model_type " + config.model_type).c_str());
  if (config.qkv_bias || config.o_bias || config.mlp_bias || config.head_bias) refuse("biases");
  if (config.rope_scaling != RotaryScaling::kNone) refuse("rope_scaling");
  if (config.rotary_dim != 0 && config.rotary_dim != config.head_dim) refuse("partial_rotary_factor");
  if (config.sliding_window > 0 && config.sliding_window < config.max_position_embeddings) refuse("sliding_window");
  if (config.activation != Activation::kSilu) refuse("hidden_act");
}

// llama_ftype of llama.cpp.
std::uint32_t file_type(GgufFormat format) {
  switch (format) {
    case GgufFormat::kF16:
      return 1;
    case GgufFormat::kQ8_0:
      return 7;
    case GgufFormat::kBF16:
      return 32;
    default:
      return 0;
  }
}

}  // namespace

std::vector<GgufName> gguf_names(const ModelConfig& config) {
  require_llama(config);
  std::vector<GgufName> names;
  for (const WeightSpec& spec : weight_specs(config)) {
    const bool linear = spec.role == WeightRole::kLinear;
    const std::int64_t heads = linear && spec.module == Module::kQ   ? config.num_attention_heads
                               : linear && spec.module == Module::kK ? config.num_key_value_heads
                                                                     : 0;
    names.push_back({gguf_name_of(spec), spec, heads});
  }
  return names;
}

void add_gguf_config(GgufWriter& writer, const ModelConfig& config, GgufFormat format, const std::string& name) {
  const auto whole = [&](const char* key, std::int64_t value) {
    writer.add(key, GgufValue::u32(static_cast<std::uint32_t>(value)));
  };
  writer.add("general.architecture", GgufValue::text("llama"));
  writer.add("general.name", GgufValue::text(name));
  writer.add("general.file_type", GgufValue::u32(file_type(format)));
  writer.add("general.quantization_version", GgufValue::u32(2));
  whole("llama.block_count", config.num_hidden_layers);
  whole("llama.context_length", config.max_position_embeddings);
  whole("llama.embedding_length", config.hidden_size);
  whole("llama.feed_forward_length", config.intermediate_size);
  whole("llama.attention.head_count", config.num_attention_heads);
  whole("llama.attention.head_count_kv", config.num_key_value_heads);
  whole("llama.attention.key_length", config.head_dim);
  whole("llama.attention.value_length", config.head_dim);
  whole("llama.rope.dimension_count", config.head_dim);
  whole("llama.vocab_size", config.vocab_size);
  writer.add("llama.rope.freq_base", GgufValue::f32(static_cast<float>(config.rope_theta)));
  writer.add("llama.attention.layer_norm_rms_epsilon", GgufValue::f32(static_cast<float>(config.norm_eps)));
}

std::int64_t reordered_row(std::int64_t row, std::int64_t head_dim, bool to_gguf) {
  const std::int64_t head = row / head_dim, at = row % head_dim, half = head_dim / 2;
  return head * head_dim + (to_gguf ? at % 2 * half + at / 2 : at % half * 2 + at / half);
}

GgufWeights::GgufWeights(const std::string& path, const ModelConfig& config, DType dtype, std::uint64_t max_host_mem) {
  const GgufFile file(path);
  require_memory("loading " + path, FrozenWeights::bytes_of(config, dtype), max_host_mem);
  const auto names = gguf_names(config);
  tensors_.reserve(names.size());
  std::vector<WeightMemory> memory;
  std::vector<float> row;
  for (const GgufName& name : names) {
    const GgufTensor& tensor = file.tensor(name.gguf);
    if (tensor.shape != name.spec.shape) throw bad_data("{}: tensor \"{}\" is of another shape", path, name.gguf);
    Tensor& to = tensors_.emplace_back();
    const std::int64_t width = tensor.shape.back(), rows = tensor.shape.size() > 1 ? tensor.shape[0] : 1;
    const bool narrow = tensor.shape.size() > 1 && dtype == DType::kBF16;
    const auto elements = static_cast<std::size_t>(rows * width);
    narrow ? to.bf16_values.resize(elements) : to.f32_values.resize(elements);
    row.resize(static_cast<std::size_t>(width));
    const std::uint64_t row_bytes = bytes_of(tensor.format, static_cast<std::uint64_t>(width));
    for (std::int64_t r = 0; r < rows; ++r) {
      decode_gguf(tensor.format, file.data(tensor).subspan(static_cast<std::uint64_t>(r) * row_bytes, row_bytes), row);
      const std::int64_t at = name.heads > 0 ? reordered_row(r, config.head_dim, true) : r;
      for (std::size_t i = 0; i < row.size(); ++i) {
        const std::size_t place = static_cast<std::size_t>(at * width) + i;
        if (narrow) {
          to.bf16_values[place] = to_bf16(row[i]).bits;
        } else {
          to.f32_values[place] = row[i];
        }
      }
    }
    file.release(tensor);
    if (narrow) {
      memory.push_back({{to.bf16_values.data(), DType::kBF16}, nullptr});
    } else {
      memory.push_back({{to.f32_values.data(), DType::kF32}, nullptr});
    }
  }
  slots_ = slots_over(config, memory);
}

}  // namespace matinee
