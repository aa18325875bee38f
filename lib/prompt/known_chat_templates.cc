#include "lib/prompt/known_chat_templates.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "lib/prompt/chat_template.h"
#include "lib/prompt/jinja_fingerprint.h"
#include "lib/prompt/prompt_template.h"

namespace matinee {
namespace {

struct KnownTemplate {
  std::uint64_t fingerprint;
  std::string_view row;
};

// scripts/compare-templates proves the rows and prints lines for new ones.
constexpr KnownTemplate kKnown[] = {
    {0x2257ef63c81e7110, "chatml"},        // SmolLM, OpenHermes
    {0x6bde5a7d5d9c66d2, "chatml"},        // Qwen3-Coder
    {0x05a7f9c88beb435b, "qwen2"},         // the tokenizer of Qwen2-7B
    {0xb505e87f32db1f05, "qwen2"},         // Qwen2-0.5B-Instruct
    {0x30600349a9465eff, "qwen2.5"},       // Qwen2.5-7B-Instruct
    {0x3cdd0bce8c770cc6, "smollm2"},       // SmolLM2-135M-Instruct
    {0xe7604a8de75d10cd, "llama2"},        // Llama-2-7b-chat-hf
    {0xe776884ae06d0b83, "llama2"},        // transformers' LlamaTokenizer
    {0x14daf3fed5212a01, "llama3"},        // Meta-Llama-3-8B-Instruct, as first published
    {0x32ef77a43dcc3054, "llama3"},        // Meta-Llama-3-8B-Instruct
    {0xce030dd85878761f, "llama3.1"},      // Llama-3.1-8B-Instruct, Llama-3.3-70B-Instruct
    {0x029d4b945ee98741, "llama3.1"},      // Llama-3.2-3B-Instruct
    {0xe1d871c2855888fb, "mistral"},       // Mistral-7B-Instruct-v0.2
    {0xd381beffde6e1813, "mistral-2023"},  // Mixtral-8x7B-Instruct-v0.1
    {0xbc200754d01e2268, "zephyr"},        // zephyr-7b-beta, TinyLlama-1.1B-Chat
    {0xcd5ae674d635644d, "gemma"},         // gemma-7b-it, gemma-2-2b-it
    {0xb8206f2eeccfa5f7, "gemma"},         // gemma-3-1b-it
    {0x6289a655d56f3ade, "phi3"},          // Phi-3-mini-4k-instruct
    {0x702e1cb4fb4fbb45, "phi3"},          // Phi-3.5-mini-instruct
    {0x447cf6cfbb212fba, "phi3"},          // Phi-3-vision-128k-instruct
    {0x65f828466f619f57, "phi4-mini"},     // Phi-4-mini-instruct
    {0xe4164775d3ef07f2, "granite"},       // granite-3.0-8b-instruct
    {0x9e7a39b9efb3ccb6, "granite"},       // granite-4.1
    {0xeeb22c8caed3537d, "olmo2"},         // OLMo-2-1124-7B-Instruct
};

}  // namespace

const TemplateRow* recognize_chat_template(std::string_view jinja) {
  const std::uint64_t fingerprint = jinja_fingerprint(jinja);
  const auto known = std::find_if(std::begin(kKnown), std::end(kKnown),
                                  [&](const KnownTemplate& each) { return each.fingerprint == fingerprint; });
  if (known != std::end(kKnown)) return find_template_row(known->row);
  for (const TemplateRow& row : template_rows())
    if (jinja_fingerprint(chat_template_of(PromptTemplate(row.name))) == fingerprint) return &row;
  return nullptr;
}

}  // namespace matinee
