#pragma once

#include <string>

#include "lib/model/lora_adapter.h"
#include "lib/model/model_config.h"

namespace matinee {

/// Writes the factors of an adapter as a GGUF file for llama.cpp (llama-cli --lora, Ollama's ADAPTER): tensors
/// "blk.3.attn_q.weight.lora_a" [rank, in] and ".lora_b" [out, rank] in float32, with the base's names and row order.
/// The file has one alpha; where a layer's scaling is not alpha / rank (rank and alpha patterns, rank-stabilized LoRA),
/// its lora_b is multiplied by what is missing. Throws Error(kBadData), naming it, for what such a file cannot hold:
/// magnitudes (DoRA), trained biases, whole layers and tokens. `name` becomes general.name.
void write_gguf_adapter(const ModelConfig& config, const LoraAdapter& adapter, const std::string& name,
                        const std::string& path);

}  // namespace matinee
