// lora-merge: merges an adapter into its base model.
#include <fmt/format.h>

#include "lib/base/format_error.h"
#include "lib/base/tool.h"
#include "lib/prompt/chat_template.h"
#include "lib/train/merge_run.h"
#include "lib/vocabulary/gguf_vocabulary.h"
#include "lib/vocabulary/tokenizer_files.h"

namespace {

using namespace matinee;

const ToolDescription kTool{
    "lora-merge",
    "merges an adapter into its base model and writes a Hugging Face folder or a GGUF file",
    "[options] --base DIR --adapter DIR -o PATH",
    R"(The merged model needs no adapter. It is written tensor by tensor, with a few MiB of it in memory at a time, and
       it appears complete or not at all; an existing output is refused. With --tokens, the loss of the base with its
       adapter is compared with the loss of the merged model, both in --base-format, and nothing is written if they
       differ by more than --max-loss-difference. The comparison needs enough memory for the whole model. gguf-q4_k_m,
       gguf-q5_k_m and gguf-q6_k are llama.cpp's mixtures, byte for byte as llama-quantize makes them. gguf-lora merges
       nothing: it is the adapter as llama.cpp's --lora and Ollama's ADAPTER read it, beside a GGUF file of the base.)",
    {"lora-merge --base testdata/mini --adapter adapter -o merged",
     "lora-merge --base base --adapter adapter --tokens valid.tokens --format gguf-q8_0 -o model.gguf",
     "lora-merge --base base --adapter adapter --format gguf-lora -o adapter.gguf"},
    "lora-train(1), chat(1), tokenize(1)"};

// The tokenizer as GGUF metadata, with the chat template of `prompt_template`. If that is empty, the template that the
// adapter was trained with is used.
GgufMetadata vocabulary_of(const MergeRun& run, std::string prompt_template) {
  const TokenizerFiles files = read_tokenizer_files(run.base);
  GgufMetadata vocabulary = with_context(files.file, [&] {
    return gguf_vocabulary(files.definition, files.special, read_model_config(run.base, run.ignored).vocab_size);
  });
  if (prompt_template.empty()) prompt_template = read_adapter_metadata(run.adapter)["matinee.template"];
  if (!prompt_template.empty()) {
    vocabulary.emplace_back("tokenizer.chat_template",
                            GgufValue::text(chat_template_of(PromptTemplate(prompt_template))));
  }
  return vocabulary;
}

}  // namespace

int main(int argc, char** argv) {
  MergeRun run;
  std::string prompt_template;
  return run_tool(
      argc, argv, kTool, kThreads | kDevice | kMaxHostMem,
      [&](OptionSet& options) {
        run.add(options);
        options.text("template", &prompt_template, "NAME",
                     "prompt template of a GGUF file; default: the one the adapter was trained with");
      },
      [&](ToolContext& tool) {
        for (const auto& [name, value] :
             {std::pair("base", run.base), {"adapter", run.adapter}, {"output", run.output}}) {
          if (value.empty()) throw usage_error("--{} is missing", name);
        }
        if (run.adapter_only() && !run.tokens.empty()) {
          throw usage_error("--tokens: with --format gguf-lora nothing is merged, so no losses are compared");
        }
        OutputFolder output(run.output);  // refuses an existing output before any work is done
        const GgufMetadata vocabulary =
            run.to_gguf() && !run.adapter_only() ? vocabulary_of(run, prompt_template) : GgufMetadata{};
        const MergeLosses losses = run_merge(run, vocabulary, output, tool);
        OutputFile out("-");
        if (!run.tokens.empty()) {
          out.write(fmt::format("loss before {:.6f} after {:.6f}\n", losses.before, losses.after));
        }
        out.commit();
        return 0;
      });
}
