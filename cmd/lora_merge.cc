// lora-merge: a base and its adapter become one model.
#include <fmt/format.h>

#include "lib/base/format_error.h"
#include "lib/base/tool.h"
#include "lib/io/safetensors.h"
#include "lib/prompt/chat_template.h"
#include "lib/train/merge_run.h"
#include "lib/vocabulary/gguf_vocabulary.h"
#include "lib/vocabulary/tokenizer_files.h"

namespace {

using namespace matinee;

const ToolDescription kTool{
    "lora-merge",
    "merges an adapter into its base, to a Hugging Face folder or a GGUF file",
    "[options] --base DIR --adapter DIR -o PATH",
    "The result needs no adapter any more. It is written tensor by tensor, so memory holds a few MiB of the model, "
    "and\n"
    "appears whole or not at all. With --tokens the loss is measured with the adapter beside the base and again on "
    "what\n"
    "was written, both held as --base-format says; where they differ by more than --max-loss-difference nothing "
    "appears. That needs memory for the "
    "model.",
    {"lora-merge --base testdata/mini --adapter adapter -o merged",
     "lora-merge --base base --adapter adapter --tokens valid.tokens --format gguf-q8_0 -o model.gguf"},
    "lora-train(1), chat(1), tokenize(1)"};

// The template that the adapter was trained with: what its metadata says, or the wish.
std::string template_of(const std::string& adapter, const std::string& wish) {
  const SafetensorsFile file(adapter + "/adapter_model.safetensors");
  const auto found = file.metadata().find("matinee.template");
  return !wish.empty() || found == file.metadata().end() ? wish : found->second;
}

GgufMetadata vocabulary_of(const MergeRun& run, const std::string& wish) {
  const TokenizerFiles files = read_tokenizer_files(run.base);
  const SpecialTokens special = read_special_tokens(files.folder, files.definition);
  GgufMetadata vocabulary = with_context(
      files.file, [&] { return gguf_vocabulary(files.definition, special, read_model_config(run.base).vocab_size); });
  if (const std::string name = template_of(run.adapter, wish); !name.empty()) {
    vocabulary.emplace_back("tokenizer.chat_template", GgufValue::text(chat_template_of(PromptTemplate(name))));
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
                     "prompt template for a GGUF file; without it the one that the adapter names");
      },
      [&](ToolContext& tool) {
        for (const auto& [name, value] :
             {std::pair("base", run.base), {"adapter", run.adapter}, {"output", run.output}}) {
          if (value.empty()) throw usage_error("--{} is missing", name);
        }
        const MergeLosses losses =
            run_merge(run, run.to_gguf() ? vocabulary_of(run, prompt_template) : GgufMetadata{}, tool);
        OutputFile out("-");
        if (!run.tokens.empty()) {
          out.write(fmt::format("loss before {:.6f} after {:.6f}\n", losses.before, losses.after));
        }
        out.commit();
        return 0;
      });
}
