// lora-merge: merges an adapter into its base model.
#include <fmt/format.h>

#include <optional>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/tool.h"
#include "lib/io/base_files.h"
#include "lib/model/adapter_file.h"
#include "lib/prompt/base_template.h"
#include "lib/prompt/merged_template.h"
#include "lib/prompt/ollama_modelfile.h"
#include "lib/train/merge_run.h"
#include "lib/vocabulary/merged_tokenizer.h"

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
    {"lora-merge --base base --adapter adapter -o merged",
     "lora-merge --base base --adapter adapter --tokens valid.tokens --format gguf-q8_0 -o model.gguf",
     "lora-merge --base base --adapter adapter --format gguf-lora -o adapter.gguf"},
    "lora-train(1), chat(1), tokenize(1)"};

// The base's tokenizer; none for a folder without one.
std::optional<Tokenizer> tokenizer_of(const std::string& base) {
  try {
    return Tokenizer::load(base);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kMissing) throw;
    return std::nullopt;
  }
}

// The tokenizer as GGUF metadata, with the chat template and the token that ends its replies.
GgufMetadata vocabulary_of(const MergeRun& run, const MergedTemplate& merged, const Tokenizer& tokenizer) {
  GgufMetadata vocabulary = tokenizer_metadata(run.base, read_model_config(run.base, run.ignored).vocab_size);
  const auto set = [&](const char* key, GgufValue value) {
    std::erase_if(vocabulary, [&](const auto& each) { return each.first == key; });
    vocabulary.emplace_back(key, std::move(value));
  };
  if (!merged.jinja.empty()) set("tokenizer.chat_template", GgufValue::text(merged.jinja));
  const std::int32_t end = merged.row == nullptr ? -1 : PromptTemplate(merged.row->name).end_token_id(tokenizer);
  if (end >= 0 && end != tokenizer.eos_token_id())
    set("tokenizer.ggml.eot_token_id", GgufValue::u32(static_cast<std::uint32_t>(end)));
  return vocabulary;
}

// "m.Modelfile" for "m.gguf".
std::string modelfile_of(std::string gguf) {
  if (gguf.ends_with(".gguf")) gguf.resize(gguf.size() - std::string_view(".gguf").size());
  return gguf + ".Modelfile";
}

MergeLosses merge(const MergeRun& run, std::string prompt_template, const ToolContext& tool) {
  OutputFolder output(run.output);  // refuses an existing output before any work is done
  if (run.adapter_only()) return run_merge(run, {}, output, tool);
  const std::string modelfile = modelfile_of(run.output);
  if (run.to_gguf() && file_exists(modelfile))
    throw usage_error("{}: it exists already; name another output or remove it", modelfile);
  if (prompt_template.empty()) prompt_template = read_adapter_metadata(run.adapter)["matinee.template"];
  const MergedTemplate merged = merged_template(prompt_template, run.base, run.adapter, tool.notes());
  if (!run.to_gguf()) {
    if (gguf_of_base(run.base)) write_tokenizer_json(run.base, output.path());
    const std::optional<Tokenizer> tokenizer = tokenizer_of(run.base);
    write_template_files(merged, run.base, tokenizer ? &*tokenizer : nullptr, output.path());
    return run_merge(run, {}, output, tool);
  }
  const Tokenizer tokenizer = Tokenizer::load(run.base);
  const MergeLosses losses = run_merge(run, vocabulary_of(run, merged, tokenizer), output, tool);
  write_file(modelfile, ollama_modelfile(run.output.substr(run.output.rfind('/') + 1), merged, tokenizer));
  return losses;
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
                     "chat template that is written; default: the one the adapter was trained with, else that of its "
                     "folder or of the base");
        options.offer_words(template_choices());
      },
      [&](ToolContext& tool) {
        for (const auto& [name, value] :
             {std::pair("base", run.base), {"adapter", run.adapter}, {"output", run.output}}) {
          if (value.empty()) throw usage_error("--{} is missing", name);
        }
        if (run.adapter_only() && !run.tokens.empty()) {
          throw usage_error("--tokens: with --format gguf-lora nothing is merged, so no losses are compared");
        }
        const MergeLosses losses = merge(run, prompt_template, tool);
        OutputFile out("-");
        if (!run.tokens.empty()) {
          out.write(fmt::format("loss before {:.6f} after {:.6f}\n", losses.before, losses.after));
        }
        out.commit();
        return 0;
      });
}
