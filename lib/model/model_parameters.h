#pragma once

#include <cstdint>
#include <string>

#include "lib/base/begin_progress.h"
#include "lib/base/dtype.h"
#include "lib/model/checkpoint_hashes.h"
#include "lib/model/model_config.h"
#include "lib/model/model_weights.h"
#include "lib/model/parameter_set.h"

namespace matinee {

/// Reads all weights of the base at this path as float32 parameters, to train every one. `parameters` must be
/// empty; `hashes`, where given, gets a hash of every tensor; `progress` shows the bytes in memory. Throws as
/// FrozenWeights.
void load_parameters(const std::string& base, const ModelConfig& config, ParameterSet& parameters,
                     CheckpointHashes* hashes = nullptr, const BeginProgress& progress = silent_progress);
/// Draws them instead: normal(0, 0.02), in projections into the residual stream smaller by 1/sqrt(2·layers) (Radford et
/// al. 2019, section 2.3); norms are 1, biases 0.
void initialize_parameters(const ModelConfig& config, std::uint64_t seed, ParameterSet& parameters);
/// The weights over such a set, with their gradients; valid as long as `parameters`.
ModelWeights refs_of(const ModelConfig& config, ParameterSet& parameters);
/// Writes config.json and model.safetensors into `folder`; `dtype` is F32 or BF16.
void save_model(const std::string& folder, const ModelConfig& config, const ParameterSet& parameters, DType dtype);

}  // namespace matinee
