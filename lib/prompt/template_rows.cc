#include "lib/prompt/template_rows.h"

#include <algorithm>
#include <iterator>

namespace matinee {
namespace {

using Marks = std::string_view[];
constexpr Marks kChatmlMarks = {"<|im_start|>", "<|im_end|>"};
constexpr Marks kLlama3Marks = {"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"};
constexpr Marks kGemmaMarks = {"<start_of_turn>", "<end_of_turn>"};
constexpr Marks kPhiMarks = {"<|system|>", "<|user|>", "<|assistant|>", "<|end|>"};
constexpr Marks kGraniteMarks = {"<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>"};

constexpr TemplateRow chatml(std::string_view name, std::string_view summary, const char* default_system = nullptr) {
  return {.name = name,
          .summary = summary,
          .marks = kChatmlMarks,
          .system = "<|im_start|>system\n{system}<|im_end|>\n",
          .user = "<|im_start|>user\n{user}<|im_end|>\n",
          .opener = "<|im_start|>assistant\n",
          .reply = "{reply}",
          .end = "<|im_end|>",
          .after_reply = "\n",
          .default_system = default_system};
}

constexpr TemplateRow llama3(std::string_view name, std::string_view summary, std::string_view system,
                             const char* default_system = nullptr) {
  return {.name = name,
          .summary = summary,
          .marks = kLlama3Marks,
          .begin = "{bos}",
          .system = system,
          .user = "<|start_header_id|>user<|end_header_id|>\n\n{user|trim}<|eot_id|>",
          .opener = "<|start_header_id|>assistant<|end_header_id|>\n\n",
          .reply = "{reply|trim}",
          .end = "<|eot_id|>",
          .default_system = default_system};
}

constexpr TemplateRow kRows[] = {
    {.name = "plain",
     .summary = "for small models",
     .user = "### {user}\n###\n",
     .first_user = "### {system}\n{user}\n###\n",
     .reply = "{reply}",
     .instruction_is_system = true},
    // stanford_alpaca, train.py, PROMPT_DICT; word for word.
    {.name = "alpaca",
     .summary = "Stanford Alpaca",
     .user = "Below is an instruction that describes a task. Write a response that appropriately completes the "
             "request.\n\n### Instruction:\n{user}\n\n### Response:",
     .first_user = "Below is an instruction that describes a task, paired with an input that provides further "
                   "context. Write a response that appropriately completes the request.\n\n### Instruction:\n"
                   "{system}\n\n### Input:\n{user}\n\n### Response:",
     .reply = "{reply}",
     .several_exchanges = false,
     .instruction_is_system = true},
    chatml("chatml", "ChatML without a default system message"),
    chatml("qwen2", "Qwen2", "You are a helpful assistant."),
    chatml("qwen2.5", "Qwen2.5", "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."),
    chatml("smollm2", "SmolLM2", "You are a helpful AI assistant named SmolLM, trained by Hugging Face"),
    // [INST] is no token of Llama 2: its authors wrote it as text.
    {.name = "llama2",
     .summary = "Llama 2 Chat",
     .user = "{bos}[INST] {user|trim} [/INST]",
     .first_user = "{bos}[INST] <<SYS>>\n{system}\n<</SYS>>\n\n{user|rtrim} [/INST]",
     .reply = " {reply|trim} "},
    llama3("llama3", "Llama 3", "<|start_header_id|>system<|end_header_id|>\n\n{system|trim}<|eot_id|>"),
    llama3("llama3.1", "Llama 3.1, 3.2 and 3.3, with their first date",
           "<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul "
           "2024\n\n{system|trim}<|eot_id|>",
           ""),
    {.name = "mistral",
     .summary = "Mistral 7B Instruct 0.1 and 0.2",
     .begin = "{bos}",
     .user = " [INST] {user} [/INST]",
     .first_user = " [INST] {system}\n\n{user} [/INST]",
     .reply = " {reply}"},
    {.name = "mistral-2023",
     .summary = "Mistral and Mixtral Instruct as first published",
     .begin = "{bos}",
     .user = "[INST] {user} [/INST]",
     .first_user = "[INST] {system}\n\n{user} [/INST]",
     .reply = "{reply}"},
    {.name = "zephyr",
     .summary = "Zephyr, TinyLlama Chat",
     .system = "<|system|>\n{system}{eos}\n",
     .user = "<|user|>\n{user}{eos}\n",
     .opener = "<|assistant|>\n",
     .reply = "{reply}",
     .after_reply = "\n"},
    {.name = "gemma",
     .summary = "Gemma 1, 2 and 3",
     .marks = kGemmaMarks,
     .begin = "{bos}",
     .user = "<start_of_turn>user\n{user|trim}<end_of_turn>\n",
     .first_user = "<start_of_turn>user\n{system}\n\n{user|trim}<end_of_turn>\n",
     .opener = "<start_of_turn>model\n",
     .reply = "{reply|trim}",
     .end = "<end_of_turn>",
     .after_reply = "\n"},
    {.name = "phi3",
     .summary = "Phi-3 and Phi-3.5 mini",
     .marks = kPhiMarks,
     .system = "<|system|>\n{system}<|end|>\n",
     .user = "<|user|>\n{user}<|end|>\n",
     .opener = "<|assistant|>\n",
     .reply = "{reply}",
     .end = "<|end|>",
     .after_reply = "\n"},
    {.name = "phi4-mini",
     .summary = "Phi-4 mini",
     .marks = kPhiMarks,
     .system = "<|system|>{system}<|end|>",
     .user = "<|user|>{user}<|end|>",
     .opener = "<|assistant|>",
     .reply = "{reply}",
     .end = "<|end|>"},
    {.name = "granite",
     .summary = "Granite 3.0",
     .marks = kGraniteMarks,
     .system = "<|start_of_role|>system<|end_of_role|>{system}<|end_of_text|>\n",
     .user = "<|start_of_role|>user<|end_of_role|>{user}<|end_of_text|>\n",
     .opener = "<|start_of_role|>assistant<|end_of_role|>",
     .reply = "{reply}",
     .end = "<|end_of_text|>",
     .after_reply = "\n"},
    {.name = "olmo2",
     .summary = "OLMo 2 Instruct",
     .begin = "{bos}",
     .system = "<|system|>\n{system}\n",
     .user = "<|user|>\n{user}\n",
     .opener = "<|assistant|>\n",
     .reply = "{reply}",
     .after_reply = "\n"},
};

}  // namespace

std::span<const TemplateRow> template_rows() { return kRows; }

const TemplateRow* find_template_row(std::string_view name) {
  const auto found =
      std::find_if(std::begin(kRows), std::end(kRows), [&](const TemplateRow& row) { return row.name == name; });
  return found == std::end(kRows) ? nullptr : &*found;
}

std::string template_names() {
  std::string names;
  for (const TemplateRow& row : kRows) names.append(names.empty() ? "" : ", ").append(row.name);
  return names;
}

}  // namespace matinee
