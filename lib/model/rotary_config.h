// The fields of config.json about rotary position embedding.
#pragma once

#include "lib/io/json_reader.h"
#include "lib/io/json_writer.h"
#include "lib/model/model_config.h"

namespace matinee {

/// Reads rope_theta and rope_scaling, or both inside rope_parameters as newer versions of transformers write them.
/// Throws Error(kBadData) for a type or a parameter that the decoder does not compute.
void read_rotary(const JsonNode& root, ModelConfig& config);
/// Writes rope_scaling, where there is any.
void write_rotary_scaling(const ModelConfig& config, JsonWriter& json);

}  // namespace matinee
