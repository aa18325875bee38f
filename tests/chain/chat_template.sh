#!/usr/bin/env bash
# The chat template that lora-merge writes into a GGUF file, rendered by Jinja, formats conversations as PromptTemplate
# does (tests/prompt/prompt_template_test.cc).
source "$(dirname "$0")/support.bash"
python3 -c 'import jinja2' 2>/dev/null || skip "no python3-jinja2"
base=testdata/mini
echo '{"instruction":"Say hello.","input":"","output":"hello"}' | tokenize --model $base --seq-len 64 -o "$work/tokens" - || fail "tokenize"
lora-train --base $base --max-steps 1 --progress none -o "$work/adapter" "$work/tokens" || fail "lora-train"
printf '%s\n' '{"messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"hi {{ 1 }}"},{"role":"assistant","content":"hello"}]}' \
  '{"messages":[{"role":"user","content":"a \"word\""},{"role":"assistant","content":"fine"}]}' >"$work/chats.jsonl"
for template in plain alpaca chatml; do
  run lora-merge --base $base --adapter "$work/adapter" --format gguf-f16 --template $template -o "$work/$template.gguf"
  expect_equal 0 "$status" "lora-merge --template $template: $err"
  python3 - "$work/$template.gguf" $template "$work/chats.jsonl" <<'PY' || fail "the chat template $template"
import json, struct, sys
from jinja2.sandbox import ImmutableSandboxedEnvironment
data, name = open(sys.argv[1], "rb").read(), sys.argv[2]
at = data.index(b"tokenizer.chat_template") + len("tokenizer.chat_template")
kind, length = struct.unpack_from("<IQ", data, at)
assert kind == 8, kind
template = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True).from_string(data[at + 12:at + 12 + length].decode())
intro = "Below is an instruction that describes a task"
rest = " Write a response that appropriately completes the request.\n\n### Instruction:\n"
wanted = {"plain": ["### Be kind.\nhi {{ 1 }}\n###\nhello</s>", "### a \"word\"\n###\nfine</s>"],
          "alpaca": [intro + ", paired with an input that provides further context." + rest +
                     "Be kind.\n\n### Input:\nhi {{ 1 }}\n\n### Response:hello</s>",
                     intro + "." + rest + "a \"word\"\n\n### Response:fine</s>"],
          "chatml": ["<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nhi {{ 1 }}<|im_end|>\n<|im_start|>assistant\nhello<|im_end|>\n",
                     "<|im_start|>user\na \"word\"<|im_end|>\n<|im_start|>assistant\nfine<|im_end|>\n"]}[name]
for line, whole in zip(open(sys.argv[3]), wanted):
    messages = json.loads(line)["messages"]
    found = template.render(messages=messages, eos_token="</s>", add_generation_prompt=False)
    assert found == whole, (found, whole)
    # Without the reply it is the prompt for the model.
    prompt = template.render(messages=messages[:-1], eos_token="</s>", add_generation_prompt=True)
    assert whole.startswith(prompt) and whole[len(prompt):].startswith(messages[-1]["content"]), prompt
PY
done
finish
