#include "lib/prompt/chat_template.h"

namespace matinee {
namespace {

// A system message is the instruction of the first turn, and the user's its input.
constexpr const char* kPlain =
    "{%- set ns = namespace(system='') -%}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' -%}{%- set ns.system = message['content'] -%}"
    "{%- elif message['role'] == 'user' -%}"
    "{{- '### ' + (ns.system + '\\n' if ns.system else '') + message['content'] + '\\n###\\n' -}}"
    "{%- set ns.system = '' -%}"
    "{%- else -%}{{- message['content'] + eos_token -}}{%- endif -%}"
    "{%- endfor -%}";

constexpr const char* kAlpaca =
    "{%- set ns = namespace(system='') -%}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' -%}{%- set ns.system = message['content'] -%}"
    "{%- elif message['role'] == 'user' -%}"
    "{%- if ns.system -%}"
    "{{- 'Below is an instruction that describes a task, paired with an input that provides further context. "
    "Write a response that appropriately completes the request.\\n\\n### Instruction:\\n' + ns.system + "
    "'\\n\\n### Input:\\n' + message['content'] + '\\n\\n### Response:' -}}"
    "{%- else -%}"
    "{{- 'Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request.\\n\\n### Instruction:\\n' + message['content'] + "
    "'\\n\\n### Response:' -}}"
    "{%- endif -%}{%- set ns.system = '' -%}"
    "{%- else -%}{{- message['content'] + eos_token -}}{%- endif -%}"
    "{%- endfor -%}";

constexpr const char* kChatml =
    "{%- for message in messages -%}"
    "{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}";

}  // namespace

std::string chat_template_of(const PromptTemplate& prompt_template) {
  if (prompt_template.name() == "plain") return kPlain;
  return prompt_template.name() == "alpaca" ? kAlpaca : kChatml;
}

}  // namespace matinee
