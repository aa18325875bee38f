// For scripts/compare-gguf: a base as a GGUF file without a tokenizer, and its logits.
//
//   gguf_model write BASE MIXTURE OUT   converts the base, with nothing merged in
//   gguf_model logits BASE [ADAPTER]    token ids (int32) on stdin; logits of every position (float32) on stdout
//   gguf_model greedy BASE N            token ids on stdin; the N most likely that follow (int32) on stdout
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/format_error.h"
#include "lib/base/parallel.h"
#include "lib/model/decoder_session.h"
#include "lib/model/frozen_weights.h"
#include "lib/model/merged_model.h"

namespace {

using namespace matinee;

std::vector<std::int32_t> ids_of_stdin() {
  std::vector<std::int32_t> ids(1 << 16);
  ids.resize(std::fread(ids.data(), sizeof(std::int32_t), ids.size(), stdin));
  if (ids.empty()) throw usage_error("no token ids on stdin");
  return ids;
}

void write(Context& context, const std::string& base, const std::string& mixture, const std::string& out) {
  const ModelConfig config = read_model_config(base);
  LoraConfig lora;
  lora.rank = 1;
  const LoraAdapter nothing(config, lora, 1);
  const LoraMerge merge(context, config, nothing);
  write_merged_gguf(base, config, merge, gguf_mixture(mixture), "test",
                    {{"tokenizer.ggml.model", GgufValue::text("no_vocab")}}, out);
}

// Prints the logits of every position, or the greedy text.
void run(Context& context, const std::string& base, const std::string& adapter_folder, std::size_t n_greedy) {
  const ModelConfig config = read_model_config(base);
  const FrozenWeights weights(base, config, WeightFormat::kF32);
  ModelWeights refs = weights.refs();
  std::optional<LoraAdapter> adapter;
  LoraWeights lora;
  if (!adapter_folder.empty()) {
    adapter.emplace(config, adapter_folder);
    adapter->attach_to(refs);
    lora = adapter->factors();
  }
  const std::vector<std::int32_t> ids = ids_of_stdin();
  DecoderSession session(context, config, refs, static_cast<std::int64_t>(ids.size() + n_greedy), MatmulPrecision::kF32,
                         adapter ? &lora : nullptr);
  std::vector<float> logits;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto id = std::span(ids).subspan(i, 1);
    const auto next = i == 0 ? session.restart(id) : session.append(id);
    logits.assign(next.begin(), next.end());
    if (n_greedy == 0) std::fwrite(logits.data(), sizeof(float), logits.size(), stdout);
  }
  for (std::size_t i = 0; i < n_greedy; ++i) {
    const auto best = static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    std::fwrite(&best, sizeof best, 1, stdout);
    const auto next = session.append(std::span(&best, 1));
    logits.assign(next.begin(), next.end());
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    ThreadPool pool(2);
    Context context(pool);
    if (words.size() == 4 && words[0] == "write") {
      write(context, words[1], words[2], words[3]);
    } else if ((words.size() == 2 || words.size() == 3) && words[0] == "logits") {
      run(context, words[1], words.size() == 3 ? words[2] : "", 0);
    } else if (words.size() == 3 && words[0] == "greedy") {
      run(context, words[1], "", std::stoul(words[2]));
    } else {
      throw usage_error("expected write BASE MIXTURE OUT, logits BASE [ADAPTER] or greedy BASE N");
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "gguf_model: {}\n", error.what());
    return 1;
  }
  return 0;
}
