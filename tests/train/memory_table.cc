// Prints the memory table of docs/benchmarks.md: bytes to train an adapter and to chat, by family, size and format of
// the base, from the functions that the tools use for --max-host-mem.
#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/memory_budget.h"
#include "lib/model/decoder_session.h"
#include "lib/model/frozen_weights.h"
#include "lib/train/memory_plan.h"

namespace matinee {
namespace {

std::string llama(const char* type, int vocab, int hidden, int intermediate, int layers, int heads, int kv_heads,
                  const char* rest = "") {
  return fmt::format(
      R"({{"model_type":"{}","vocab_size":{},"hidden_size":{},"intermediate_size":{},"num_hidden_layers":{},)"
      R"("num_attention_heads":{},"num_key_value_heads":{},"max_position_embeddings":4096{}}})",
      type, vocab, hidden, intermediate, layers, heads, kv_heads, rest);
}

// Sizes from the models' own config.json.
std::vector<std::pair<const char*, std::string>> models() {
  const char* tied = R"(,"tie_word_embeddings":true)";
  return {
      {"TinyLlama 1.1B", llama("llama", 32000, 2048, 5632, 22, 32, 4)},
      {"LLaMA 7B, Alpaca", llama("llama", 32000, 4096, 11008, 32, 32, 32)},
      {"LLaMA 2 13B", llama("llama", 32000, 5120, 13824, 40, 40, 40)},
      {"Llama 3.2 1B", llama("llama", 128256, 2048, 8192, 16, 32, 8, tied)},
      {"Llama 3.1 8B", llama("llama", 128256, 4096, 14336, 32, 32, 8)},
      {"Mistral 7B", llama("mistral", 32000, 4096, 14336, 32, 32, 8)},
      {"Qwen2.5 0.5B", llama("qwen2", 151936, 896, 4864, 24, 14, 2, tied)},
      {"Qwen2.5 7B", llama("qwen2", 152064, 3584, 18944, 28, 28, 4)},
      {"Qwen3 0.6B", llama("qwen3", 151936, 1024, 3072, 28, 16, 8, R"(,"head_dim":128,"tie_word_embeddings":true)")},
      {"Qwen3 8B", llama("qwen3", 151936, 4096, 12288, 36, 32, 8, R"(,"head_dim":128)")},
      {"GPT-2 124M", R"({"model_type":"gpt2","vocab_size":50257,"n_embd":768,"n_layer":12,"n_head":12})"},
      {"GPT-2 XL 1.5B", R"({"model_type":"gpt2","vocab_size":50257,"n_embd":1600,"n_layer":48,"n_head":25})"},
      {"GPT-J 6B",
       R"({"model_type":"gptj","vocab_size":50400,"n_embd":4096,"n_layer":28,"n_head":16,"rotary_dim":64})"},
  };
}

void run() {
  fmt::print(
      "| model | parameters | train bf16 | train int8 | train NF4 | NF4, `--recompute` | chat bf16 | int8 | NF4 |\n");
  fmt::print("|---|---|---|---|---|---|---|---|---|\n");
  const auto gigabytes = [](std::uint64_t bytes) { return static_cast<double>(bytes) / 1e9; };
  for (const auto& [name, text] : models()) {
    const ModelConfig config = parse_model_config(text, name);
    LoraConfig lora;
    lora.resolve(config);
    fmt::print("| {} | {:.2f} G |", name, static_cast<double>(config.parameters()) / 1e9);
    for (const auto& [format, recompute] : {std::pair(WeightFormat::kBF16, false),
                                            {WeightFormat::kInt8, false},
                                            {WeightFormat::kNf4, false},
                                            {WeightFormat::kNf4, true}}) {
      const MemoryPlan plan =
          memory_to_train(config, &lora, format, {.max_tokens = 2048, .recompute = recompute, .moments_8bit = false});
      fmt::print(" {:.1f} |", gigabytes(plan.host_bytes()));
    }
    const std::int64_t cache = std::min<std::int64_t>(1024, config.max_position_embeddings);
    for (const WeightFormat format : {WeightFormat::kBF16, WeightFormat::kInt8, WeightFormat::kNf4}) {
      fmt::print(" {:.1f} |", gigabytes(FrozenWeights::bytes_of(config, format) +
                                        DecoderSession::bytes_of(config, cache) + kProgramMemory));
    }
    fmt::print("\n");
  }
}

}  // namespace
}  // namespace matinee

int main() {
  try {
    matinee::run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "memory_table: {}\n", error.what());
    return 1;
  }
  return 0;
}
