#pragma once

#include <cstdint>
#include <string>

#include "lib/model/lora_config.h"
#include "lib/model/model_config.h"

namespace matinee {

/// A sentence where the base's head cannot tell the token that ends a reply from others, since its row is zero or equal
/// to another one's (a token that the base was never trained with), and `lora` trains no head; else "". Reads the head,
/// or the embedding that it is tied to, once. Throws as CheckpointReader.
std::string untrained_end_token(const std::string& base, const ModelConfig& config, const LoraConfig& lora,
                                std::int32_t end_token_id);

}  // namespace matinee
