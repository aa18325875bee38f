#include "lib/chat/language_model.h"

#include <filesystem>
#include <utility>

#include "lib/base/format_error.h"
#include "lib/model/adapter_file.h"
#include "lib/prompt/base_template.h"

namespace matinee {
namespace {

// The template that the adapter was trained with, after a check that it belongs to the tokenizer; reads headers only.
PromptTemplate template_for(const LanguageModelOptions& options, const Tokenizer& tokenizer) {
  std::string name = options.prompt_template;
  if (!options.adapter.empty()) {
    const auto metadata = read_adapter_metadata(options.adapter);
    const auto fingerprint = metadata.find("matinee.tokenizer_sha");
    if (fingerprint != metadata.end() && fingerprint->second != tokenizer.fingerprint()) {
      throw bad_data("{}: trained with another tokenizer ({}) than that of {} ({}); give the base it was trained on",
                     options.adapter, fingerprint->second, options.base, tokenizer.fingerprint());
    }
    if (const auto trained = metadata.find("matinee.template"); trained != metadata.end()) name = trained->second;
  }
  const bool has_own = name == kAutoTemplate && !options.adapter.empty() && read_chat_template(options.adapter);
  return chosen_template(name, has_own ? options.adapter : options.base, options.note);
}

// The file or folder alone, also of "folder/".
std::string last_part(const std::string& path) {
  const std::filesystem::path normal = std::filesystem::path(path + "/").lexically_normal();
  return normal.parent_path().filename().string();
}

}  // namespace

void LanguageModelOptions::add(OptionSet& options) {
  options.text("base", &base, "PATH", "the base model: a Hugging Face folder or a GGUF file");
  options.offer_suffixes({".gguf"});
  options.text("adapter", &adapter, "DIR", "the adapter that lora-train made; without it the base answers alone");
  options.choice("template", &prompt_template, template_choices(),
                 "prompt format, where no adapter names its own; auto: that of the chat template");
  ignored.add(options);
  base_format.add(options);
  options.real("temperature", &sampler.temperature, 0, 10,
               "sampling temperature of replies; 0: always take the most probable token. Understanding always does");
  options.integer("top-k", &sampler.top_k, 0, INT32_MAX, "sample among this many most probable tokens; 0: all");
  options.real("top-p", &sampler.top_p, 1e-6, 1, "nucleus sampling: keep this probability mass");
}

LanguageModel::LanguageModel(Context& context, const LanguageModelOptions& options, int generators)
    : LanguageModel(context, read_model_config(options.base, options.ignored), options, generators) {}

LanguageModel::LanguageModel(Context& context, ModelConfig config, const LanguageModelOptions& options, int generators)
    : tokenizer_(Tokenizer::load(options.base, config.vocab_size)),
      template_(template_for(options, tokenizer_)),
      model_(context, std::move(config),
             {.base = options.base,
              .adapter = options.adapter,
              .base_format = options.base_format,
              .sessions = generators,
              .slots = options.slots,
              .max_host_mem = options.max_host_mem,
              .progress = options.progress}),
      trie_(tokenizer_),
      all_tokens_(matinee::all_tokens(tokenizer_)),
      description_(fmt::format("{}{} ({} prompts, {})", options.base,
                               options.adapter.empty() ? ", no adapter" : " + " + options.adapter, template_.name(),
                               name_of(model_.format()))),
      name_(last_part(options.base) + (options.adapter.empty() ? "" : " + " + last_part(options.adapter))) {}

}  // namespace matinee
