// libFuzzer target: any bytes read as config.json, and after a zero byte as adapter_config.json, give an Error or a
// model whose tensors can be listed and whose written text reads back the same.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/error.h"
#include "lib/model/lora_config_file.h"
#include "lib/model/model_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matinee;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(all.find('\0'), all.size());
  try {
    const ModelConfig model = parse_model_config(all.substr(0, end), "config.json");
    if (model.num_hidden_layers > 32) return 0;
    if (model.parameters() <= 0 || model.q_size() < 1 || model.num_attention_heads % model.num_key_value_heads != 0) {
      __builtin_trap();
    }
    const std::string text = model_config_json(model, "float32");
    if (model_config_json(parse_model_config(text, "our own"), "float32") != text) __builtin_trap();
    if (end == all.size()) return 0;
    LoraConfig lora = parse_lora_config(std::string(all.substr(end + 1)), "adapter_config.json");
    lora.resolve(model);
    for (const LinearLayer& layer : linear_layers(model, 0)) {
      if (lora.targets(layer) && lora.rank_of(layer) < 1) __builtin_trap();
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) __builtin_trap();
  }
  return 0;
}
