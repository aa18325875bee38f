// The fields of config.json about rotary position embedding.
#pragma once

#include "lib/io/json_reader.h"
#include "lib/io/json_writer.h"
#include "lib/model/families.h"
#include "lib/model/model_config.h"

namespace matinee {

/// Reads what is rotated and how fast: the share of a head, rope_theta and rope_scaling, or all of them inside
/// rope_parameters as newer versions of transformers write them. With YaRN, max_position_embeddings becomes the scaled
/// length. Throws Error(kBadData) for a type or a parameter that the decoder does not compute.
void read_rotary(const JsonNode& root, const Family& family, ModelConfig& config);
/// Writes these fields.
void write_rotary(const ModelConfig& config, JsonWriter& json);

}  // namespace matinee
