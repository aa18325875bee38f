#include "lib/model/lora_adapter.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/random.h"
#include "lib/io/json_writer.h"
#include "lib/io/safetensors.h"
#include "lib/io/text_reader.h"

namespace matinee {
namespace {

constexpr const char* kConfigFile = "/adapter_config.json";
constexpr const char* kWeightsFile = "/adapter_model.safetensors";

std::string tensor_name(std::int64_t layer, Module module, const char* factor) {
  return "base_model.model." + module_path(layer, module) + "." + factor + ".weight";
}

// PEFT's switches that change the mathematics; all must be off.
constexpr std::array<const char*, 5> kMustBeOff{"use_dora", "use_rslora", "fan_in_fan_out", "lora_bias", "use_qalora"};
constexpr std::array<const char*, 4> kMustBeEmpty{"modules_to_save", "rank_pattern", "alpha_pattern",
                                                  "layers_to_transform"};

LoraConfig parse_config(const std::string& path) {
  return with_context(path, [&] {
    simdjson::dom::parser parser;
    const simdjson::padded_string text(read_text(path));
    simdjson::dom::object root;
    if (parser.parse(text).get(root) != simdjson::SUCCESS)
      throw bad_data("expected a JSON object, as PEFT's adapter_config.json");
    std::string_view word;
    if (root["peft_type"].get(word) != simdjson::SUCCESS || word != "LORA") throw bad_data("peft_type: expected LORA");
    for (const char* name : kMustBeOff) {
      bool on = false;
      if (root[name].get(on) == simdjson::SUCCESS && on) throw bad_data("{}: this is not supported", name);
    }
    for (const char* name : kMustBeEmpty) {
      simdjson::dom::element value;
      if (root[name].get(value) != simdjson::SUCCESS || value.is_null()) continue;
      const std::string found = simdjson::minify(value);
      if (found != "{}" && found != "[]") throw bad_data("{}: {} is not supported", name, found);
    }
    if (root["bias"].get(word) == simdjson::SUCCESS && word != "none")
      throw bad_data("bias: expected none, found \"{}\"", word);
    LoraConfig config;
    if (root["r"].get(config.rank) != simdjson::SUCCESS || config.rank < 1)
      throw bad_data("r: expected a whole number of at least 1");
    if (root["lora_alpha"].get(config.lora_alpha) != simdjson::SUCCESS) throw bad_data("lora_alpha: expected a number");
    if (root["lora_dropout"].get(config.lora_dropout) != simdjson::SUCCESS) config.lora_dropout = 0;
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
    const TensorInfo& tensor = file.get(parameter.name);
    if (tensor.shape != parameter.shape) {
      throw bad_data("{}: tensor \"{}\": expected shape [{}, {}]; is this the adapter of another base?", path,
                     parameter.name, parameter.shape[0], parameter.shape[1]);
    }
    if (tensor.dtype == DType::kBF16) {
      const auto values = file.view<bf16>(parameter.name);
      std::transform(values.begin(), values.end(), parameter.value.begin(), [](bf16 value) { return to_float(value); });
    } else {
      const auto values = file.view<float>(parameter.name);
      std::copy(values.begin(), values.end(), parameter.value.begin());
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
      .field("use_rslora", false);
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
