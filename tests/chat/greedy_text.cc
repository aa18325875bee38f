// For scripts/compare-merge: what a base with an adapter beside it, in float32, says to prompts; JSON lines in and out.
//   greedy_text BASE ADAPTER TOKENS   {"instruction":…,"input":…} in; {"prompt","template","ids","out","end"} out
#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/io/json_writer.h"
#include "lib/model/decoder_session.h"
#include "lib/model/frozen_weights.h"
#include "lib/prompt/sample_encoder.h"

namespace matinee {
namespace {

void run(const std::string& base, const std::string& adapter_folder, std::size_t n_tokens) {
  ThreadPool pool(0);
  Context context(pool);
  const ModelConfig config = read_model_config(base);
  const FrozenWeights weights(base, config, WeightFormat::kF32);
  LoraAdapter adapter(config, adapter_folder);
  ModelWeights refs = weights.refs();
  adapter.attach_to(refs);
  const LoraWeights lora = adapter.factors();
  const Tokenizer tokenizer = Tokenizer::load(base);
  const auto found = adapter.metadata().find("matinee.template");
  const PromptTemplate prompt_template(found == adapter.metadata().end() ? "plain" : found->second);
  SampleEncoder encoder(tokenizer, prompt_template);
  DecoderSession session(context, config, refs, config.max_position_embeddings, MatmulPrecision::kF32, &lora);
  simdjson::dom::parser parser;
  for (std::string line; std::getline(std::cin, line);) {
    const simdjson::dom::element request = parser.parse(line);
    const std::string_view instruction = request["instruction"], input = request["input"];
    std::string prompt;
    for (const PromptPiece& piece : prompt_template.prompt(instruction, input)) prompt += piece.text;
    const auto ids = encoder.prompt(instruction, input);
    std::vector<std::int32_t> out;
    auto logits = session.restart(ids);
    while (out.size() < n_tokens) {
      out.push_back(static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
      if (out.back() == encoder.end_token_id()) break;
      logits = session.append(std::span(out).last(1));
    }
    std::string text;
    JsonWriter json(text);
    json.begin_object().field("prompt", prompt).field("template", prompt_template.name()).key("ids").begin_array();
    for (const std::int32_t id : ids) json.integer(id);
    json.end_array().key("out").begin_array();
    for (const std::int32_t id : out) json.integer(id);
    json.end_array().field("end", static_cast<std::int64_t>(encoder.end_token_id())).end_object();
    fmt::print("{}\n", text);
  }
}

}  // namespace
}  // namespace matinee

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  try {
    matinee::run(argv[1], argv[2], std::stoul(argv[3]));
  } catch (const std::exception& error) {
    fmt::print(stderr, "greedy_text: {}\n", error.what());
    return 1;
  }
  return 0;
}
