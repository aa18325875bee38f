#include "lib/model/lora_adapter.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/random.h"
#include "lib/io/json_writer.h"
#include "lib/io/safetensors.h"
#include "lib/io/text_reader.h"
#include "lib/model/float_tensor.h"

namespace matinee {
namespace {

constexpr const char* kConfigFile = "/adapter_config.json";
constexpr const char* kWeightsFile = "/adapter_model.safetensors";

std::string tensor_name(std::int64_t layer, Module module, const char* factor) {
  return "base_model.model." + module_path(layer, module) + "." + factor + ".weight";
}

// Fields of PEFT that change nothing in what the decoder computes, or are read below. Any other field must be off:
// null, false or empty.
constexpr std::array<std::string_view, 17> kHarmless{"peft_type",
                                                     "task_type",
                                                     "r",
                                                     "lora_alpha",
                                                     "lora_dropout",
                                                     "target_modules",
                                                     "use_rslora",
                                                     "bias",
                                                     "revision",
                                                     "inference_mode",
                                                     "auto_mapping",
                                                     "init_lora_weights",
                                                     "eva_config",
                                                     "base_model_name_or_path",
                                                     "qalora_group_size",
                                                     "megatron_core",
                                                     "peft_version"};
// Ways to begin that leave the base as it was. Others (PiSSA, OLoRA, LoftQ ...) change the base's weights too.
constexpr std::array<std::string_view, 5> kPlainBeginnings{"true", "false", "\"gaussian\"", "\"eva\"",
                                                           "\"orthogonal\""};

template <class Names>
bool is_among(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void refuse_unknown(simdjson::dom::object root) {
  constexpr std::array<std::string_view, 4> kOff{"null", "false", "{}", "[]"};
  for (const auto& [key, value] : root) {
    const std::string found = simdjson::minify(value);
    if (key == "init_lora_weights" ? !is_among(kPlainBeginnings, found)
                                   : !is_among(kHarmless, key) && !is_among(kOff, found)) {
      throw bad_data("{}: {} is not understood; the adapter would not compute what it was trained to", key, found);
    }
  }
}

LoraConfig parse_config(const std::string& path) {
  return with_context(path, [&] {
    simdjson::dom::parser parser;
    const simdjson::padded_string text(read_text(path));
    simdjson::dom::object root;
    if (parser.parse(text).get(root) != simdjson::SUCCESS)
      throw bad_data("expected a JSON object, as PEFT's adapter_config.json");
    std::string_view word;
    if (root["peft_type"].get(word) != simdjson::SUCCESS || word != "LORA") throw bad_data("peft_type: expected LORA");
    refuse_unknown(root);
    if (root["task_type"].get(word) == simdjson::SUCCESS && word != "CAUSAL_LM") {
      throw bad_data("task_type: expected CAUSAL_LM, found \"{}\"", word);
    }
    if (root["bias"].get(word) == simdjson::SUCCESS && word != "none")
      throw bad_data("bias: expected none, found \"{}\"", word);
    LoraConfig config;
    if (root["r"].get(config.rank) != simdjson::SUCCESS || config.rank < 1)
      throw bad_data("r: expected a whole number of at least 1");
    if (root["lora_alpha"].get(config.lora_alpha) != simdjson::SUCCESS) throw bad_data("lora_alpha: expected a number");
    if (root["lora_dropout"].get(config.lora_dropout) != simdjson::SUCCESS) config.lora_dropout = 0;
    if (root["use_rslora"].get(config.use_rslora) != simdjson::SUCCESS) config.use_rslora = false;
    if (root["base_model_name_or_path"].get(word) == simdjson::SUCCESS) config.base_model_name_or_path = word;
    simdjson::dom::array targets;
    if (root["target_modules"].get(targets) != simdjson::SUCCESS)
      throw bad_data("target_modules: expected a list of names");
    config.target_modules.clear();
    for (const auto target : targets) {
      if (target.get(word) != simdjson::SUCCESS) throw bad_data("target_modules: expected a list of names");
      config.target_modules.emplace_back(word);
    }
    return config;
  });
}

}  // namespace

float LoraConfig::scaling() const {
  const auto divisor = static_cast<double>(rank);
  return static_cast<float>(lora_alpha / (use_rslora ? std::sqrt(divisor) : divisor));
}

bool LoraConfig::targets(Module module) const {
  return std::find(target_modules.begin(), target_modules.end(), name_of(module)) != target_modules.end();
}

void LoraAdapter::add_parameters(const ModelConfig& model) {
  num_layers_ = model.num_hidden_layers;
  for (const std::string& target : config_.target_modules) {
    bool known = false;
    for (int m = 0; m < kModules; ++m) known = known || target == name_of(static_cast<Module>(m));
    if (!known) {
      throw bad_data(
          "target module \"{}\": expected some of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj",
          target);
    }
  }
  for (std::int64_t layer = 0; layer < num_layers_; ++layer) {
    for (int m = 0; m < kModules; ++m) {
      const auto module = static_cast<Module>(m);
      if (!config_.targets(module)) continue;
      const auto shape = module_shape(model, module);
      parameters_.add(tensor_name(layer, module, "lora_A"), {config_.rank, shape[1]}, true);
      parameters_.add(tensor_name(layer, module, "lora_B"), {shape[0], config_.rank}, true);
    }
  }
}

LoraAdapter::LoraAdapter(const ModelConfig& model, LoraConfig config, std::uint64_t seed) : config_(std::move(config)) {
  add_parameters(model);
  std::uint64_t index = 0;
  for (Parameter& parameter : parameters_.all()) {
    if (parameter.name.find("lora_A") != std::string::npos) {
      const double bound = 1 / std::sqrt(static_cast<double>(parameter.shape[1]));
      Random random(seed, "lora_A", index);
      for (float& value : parameter.value) value = static_cast<float>((2 * random.uniform() - 1) * bound);
    }
    ++index;
  }
}

LoraAdapter::LoraAdapter(const ModelConfig& model, const std::string& folder)
    : config_(parse_config(folder + kConfigFile)) {
  const std::string path = folder + kWeightsFile;
  with_context(folder + kConfigFile, [&] { add_parameters(model); });
  const SafetensorsFile file(path);
  metadata_ = file.metadata();
  for (Parameter& parameter : parameters_.all()) {
    try {
      read_floats(file, require_float_tensor(file, parameter.name, parameter.shape), 0, parameter.value);
    } catch (Error& error) {
      error.add_remedy("is this the adapter of another base?");
      throw;
    }
  }
  for (const TensorInfo& tensor : file.tensors()) {
    if (parameters_.find(tensor.name) == nullptr)
      throw bad_data("{}: tensor \"{}\" has no place in this base", path, tensor.name);
  }
}

LoraSlots LoraAdapter::slots() {
  LoraSlots slots{config_.rank, config_.scaling(), static_cast<float>(config_.lora_dropout), {}};
  slots.layers.resize(static_cast<std::size_t>(num_layers_));
  auto next = parameters_.all().begin();
  for (auto& layer : slots.layers) {
    for (int m = 0; m < kModules; ++m) {
      if (!config_.targets(static_cast<Module>(m))) continue;
      Parameter& a = *next++;
      Parameter& b = *next++;
      layer[static_cast<std::size_t>(m)] = {a.value.data(), b.value.data(), a.grad.data(), b.grad.data()};
    }
  }
  return slots;
}

void LoraAdapter::save(const std::string& folder, const std::map<std::string, std::string>& metadata) const {
  make_folders(folder);
  Metadata all = metadata;
  all["format"] = "pt";
  SafetensorsWriter writer(folder + kWeightsFile, "", std::move(all));
  for (const Parameter& parameter : parameters_.all()) writer.declare(parameter.name, DType::kF32, parameter.shape);
  for (const Parameter& parameter : parameters_.all())
    writer.write(parameter.name, std::span<const float>(parameter.value));
  writer.commit();

  std::string out;
  JsonWriter json(out);
  json.begin_object().field("peft_type", "LORA").field("task_type", "CAUSAL_LM").field("r", config_.rank);
  json.field("lora_alpha", config_.lora_alpha)
      .field("lora_dropout", config_.lora_dropout)
      .key("target_modules")
      .begin_array();
  for (const std::string& target : config_.target_modules) json.string(target);
  json.end_array().field("base_model_name_or_path", config_.base_model_name_or_path).field("bias", "none");
  json.field("fan_in_fan_out", false)
      .field("inference_mode", true)
      .field("init_lora_weights", true)
      .field("use_rslora", config_.use_rslora);
  json.field("use_dora", false).key("modules_to_save").null().key("rank_pattern").begin_object().end_object();
  json.key("alpha_pattern").begin_object().end_object().end_object();
  write_file(folder + kConfigFile, out + "\n");
}

void LoraAdapter::merge_into(FrozenWeights& weights) {
  const LoraSlots all = slots();
  for (std::size_t layer = 0; layer < all.layers.size(); ++layer) {
    for (int m = 0; m < kModules; ++m) {
      const LoraSlot& slot = all.layers[layer][static_cast<std::size_t>(m)];
      if (slot.lora_A == nullptr) continue;
      weights.merge(static_cast<std::int64_t>(layer), static_cast<Module>(m), slot.lora_A, slot.lora_B, all.rank,
                    all.scaling);
    }
  }
}

}  // namespace matinee
