// adapter_config.json: PEFT's, and MLX's fields of the same name.
#pragma once

#include <string>

#include "lib/model/lora_config.h"

namespace matinee {

/// Parses PEFT's adapter_config.json. Throws Error(kBadData), naming the field, for anything that the decoder does not
/// support; fields that switch nothing on are ignored. `name` is for messages.
LoraConfig parse_lora_config(const std::string& json, const std::string& name);
/// The text of adapter_config.json; `model` is the adapter's base.
std::string lora_config_json(const LoraConfig& config, const ModelConfig& model);

/// Whether the text is the adapter_config.json of an adapter that MLX made (mlx_lm.lora).
bool is_mlx_config(const std::string& json);
/// Parses it: rank, scale and dropout. The adapted layers, which only the names of tensors say, are left out. Throws
/// as above, and for an adapter that is a whole model ("fine_tune_type": "full").
LoraConfig parse_mlx_config(const std::string& json, const std::string& name);

}  // namespace matinee
