// libFuzzer target: any bytes as config.json are refused with an Error, or are a model whose tensors can be counted.
#include <cstdint>
#include <string_view>

#include "lib/base/error.h"
#include "lib/model/model_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matinee;
  try {
    const ModelConfig config = parse_model_config({reinterpret_cast<const char*>(data), size}, "config.json");
    if (config.hidden_size < 1 || config.q_size() < 1 || config.num_attention_heads % config.num_key_value_heads != 0) {
      __builtin_trap();
    }
    // What is written of it reads back.
    const ModelConfig again = parse_model_config(model_config_json(config, "float32"), "config.json");
    if (again.hidden_size != config.hidden_size || again.rope_theta != config.rope_theta) __builtin_trap();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) __builtin_trap();
  }
  return 0;
}
