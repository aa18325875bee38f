#include "lib/model/unread_fields.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "lib/base/format_error.h"
#include "lib/model/config_fields.h"

namespace matinee {
namespace {

// Fields that change what a forward pass computes, with the only value that the decoder supports. Where a family reads
// the field (Family::own_fields), any value is left to the code that reads it.
struct MustBe {
  const char* field;
  const char* json;
};
constexpr std::array<MustBe, 13> kMustBe{{{"partial_rotary_factor", "1.0"},
                                          {"embedding_multiplier", "1.0"},
                                          {"attention_multiplier", "null"},
                                          {"residual_multiplier", "1.0"},
                                          {"logits_scaling", "1.0"},
                                          {"full_attn_mod", "1"},
                                          {"interpolate_factor", "1"},
                                          {"rotary", "true"},
                                          {"is_causal", "true"},
                                          {"scale_attn_weights", "true"},
                                          {"scale_attn_by_inverse_layer_idx", "false"},
                                          {"add_cross_attention", "false"},
                                          {"is_encoder_decoder", "false"}}};

// Fields that are read for every family.
constexpr std::string_view kRead =
    "model_type vocab_size hidden_size n_embd intermediate_size n_inner num_hidden_layers n_layer num_attention_heads "
    "n_head num_key_value_heads head_dim max_position_embeddings n_positions rms_norm_eps layer_norm_epsilon "
    "layer_norm_eps hidden_act activation_function rotary_dim rope_theta rope_scaling rope_parameters attention_bias "
    "mlp_bias sliding_window use_sliding_window max_window_layers layer_types original_max_position_embeddings "
    "tie_word_embeddings";

// Fields that do not change a forward pass. Initialization, training and its dropouts (a base is frozen, or trained
// without dropout):
constexpr std::string_view kTraining =
    "initializer_range initializer_factor init_std dropout dropout_rate gradient_checkpointing neftune_noise_alpha "
    "fp16 bf16 fp32 max_sequence_length max_seq_len max_seq_length seq_len seq_length n_ctx model_max_length "
    "tokenizer_model_max_length tokenizer_padding_side pretraining_tp unsloth_fixed";
// How a program runs the model, and what it generates.
constexpr std::string_view kRunning =
    "use_cache cache_implementation reorder_and_upcast_attn attn_implementation use_flash_attention use_flash_attn "
    "use_bfloat16 dtype torch_dtype torchscript trust_remote_code return_dict use_return_dict output_attentions "
    "output_hidden_states output_past output_scores return_dict_in_generate chunk_size_feed_forward "
    "keys_to_ignore_at_inference num_logits_to_keep is_decoder tie_encoder_decoder max_length min_length "
    "max_new_tokens do_sample early_stopping num_beams num_beam_groups num_return_sequences temperature top_k top_p "
    "typical_p repetition_penalty length_penalty diversity_penalty no_repeat_ngram_size encoder_no_repeat_ngram_size "
    "remove_invalid_values";
// Where the model comes from, and heads for other tasks than the next token.
constexpr std::string_view kOrigin =
    "architectures auto_map name_or_path tokenizer_class is_llama_config n_special predict_special_tokens "
    "task_specific_params finetuning_task problem_type num_labels id2label label2id";
constexpr std::array<std::string_view, 3> kHarmlessBeginnings{"_", "summary_", "transformers.js"};
constexpr std::array<std::string_view, 5> kHarmlessEnds{"_token_id", "_pdrop", "_version", "_dropout", "_dropout_prob"};

bool is_harmless(std::string_view field) {
  const auto begins = [&](std::string_view beginning) { return field.starts_with(beginning); };
  const auto ends = [&](std::string_view end) { return field.ends_with(end); };
  return is_listed(kTraining, field) || is_listed(kRunning, field) || is_listed(kOrigin, field) ||
         std::any_of(kHarmlessBeginnings.begin(), kHarmlessBeginnings.end(), begins) ||
         std::any_of(kHarmlessEnds.begin(), kHarmlessEnds.end(), ends);
}

bool switches_nothing_on(const JsonNode& value) {
  return is_off(value) || is_listed("{} \"\" \"none\" \"None\"", value.text()) || equals(value, "0");
}

// Checkpoints whose weights are codes of another program: `quantization_config` of transformers, `quantization` of MLX,
// `compression_config` of older llm-compressor.
bool is_quantization(std::string_view field) {
  return is_listed("quantization_config quantization compression_config", field);
}

Error quantized_checkpoint(std::string_view field, const JsonNode& value) {
  const JsonNode method = value.is_object() ? value["quant_method"] : value;
  const bool named = method.is_string();
  const std::string name = named ? std::string(method.view()) : "another program";
  const bool eight =
      value.is_object() && (value.boolean_or("load_in_8bit", false) || name == "fp8" || equals(value["bits"], "8"));
  return bad_data("{}: the weights are quantized by {}, and the decoder reads weights of 16 or 32 bits", field, name)
      .add_remedy(fmt::format("take the 16-bit original of this model and --base-format {}, which quantizes it as it "
                              "is loaded",
                              eight ? "int8" : "nf4"));
}

std::vector<std::string_view> split(std::string_view names) {
  std::vector<std::string_view> parts;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(','), names.size());
    if (end > 0) parts.push_back(names.substr(0, end));
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return parts;
}

}  // namespace

void IgnoredFields::add(OptionSet& options) {
  options.text("ignore-config", &names, "FIELD[,FIELD]",
               "fields of the base's config.json that are not known and that you know to change nothing");
}

void require_known_fields(const JsonNode& root, const Family& family, const IgnoredFields& ignored) {
  std::vector<std::string_view> unused = split(ignored.names);
  for (const auto& [key, value] : root.fields()) {
    const auto named = std::find(unused.begin(), unused.end(), key);
    const bool is_ignored = named != unused.end();
    if (is_ignored) unused.erase(named);
    if (is_listed(kRead, key) || family.reads(key)) {
      if (is_ignored) throw usage_error("--ignore-config: {} is read; only unknown fields can be ignored", key);
      continue;
    }
    const auto* rule =
        std::find_if(kMustBe.begin(), kMustBe.end(), [field = key](const MustBe& must) { return field == must.field; });
    if (rule != kMustBe.end()) {
      if (value.is_null() || equals(value, rule->json)) continue;
      throw bad_data("{}: expected {}, found {}; the decoder does not compute this", key, rule->json, value.text());
    }
    if (is_ignored || is_harmless(key) || switches_nothing_on(value)) continue;
    if (is_quantization(key)) throw quantized_checkpoint(key, value);
    throw bad_data("{}: {} is not known, so the decoder cannot tell whether it changes the mathematics", key,
                   value.text())
        .add_remedy(fmt::format("where it does not, --ignore-config {}", key));
  }
  if (!unused.empty()) throw usage_error("--ignore-config: config.json has no field \"{}\"", unused.front());
}

}  // namespace matinee
