#!/usr/bin/env bash
# Prompt templates as users meet them: they equal the Jinja that merged models carry and published chat templates
# (scripts/compare-templates); --template auto takes the base's; tools say where a template contradicts it; merged
# folders, GGUF files and Modelfiles carry the one that was trained.
source "$(dirname "$0")/support.bash"
python3 -c 'import jinja2' 2>/dev/null || skip "no python3-jinja2"
BUILD=$BUILD REAL_DATA=$REAL_DATA python3 scripts/compare-templates >"$work/compared" || fail "compare-templates: $(<"$work/compared")"

base=testdata/mini
echo '{"instruction":"Say hello.","input":"","output":"hello"}' >"$work/line"
tokenize --model $base --template alpaca --seq-len 128 -o "$work/tokens" "$work/line" || fail "tokenize"
lora-train --base $base --max-steps 1 --progress none -o "$work/adapter" "$work/tokens" || fail "lora-train"
merge=(lora-merge --base $base --adapter "$work/adapter")

# What GGUF file $1 has as its chat template.
gguf_template() {
  python3 - "$1" <<'PY'
import struct, sys
data = open(sys.argv[1], "rb").read()
at = data.find(b"tokenizer.chat_template")
if at >= 0:
    kind, length = struct.unpack_from("<IQ", data, at + len("tokenizer.chat_template"))
    sys.stdout.write(data[at + len("tokenizer.chat_template") + 12:][:length].decode())
PY
}

# The trained template, in a folder, in a GGUF file and in its Modelfile; another one if --template names it.
alpaca=$("$BUILD/tests/spell_templates" jinja alpaca)
run "${merge[@]}" -o "$work/merged"
expect_equal "0||$alpaca" "$status|$err|$(<"$work/merged/chat_template.jinja")" "a merged folder"
run "${merge[@]}" --format gguf-f16 -o "$work/m.gguf"
expect_equal "0||$alpaca" "$status|$err|$(gguf_template "$work/m.gguf")" "a GGUF file"
expect_equal 'FROM ./m.gguf' "$(head -1 "$work/m.Modelfile")" "its Modelfile"
expect_equal 'PARAMETER stop "<|eos|>"' "$(tail -1 "$work/m.Modelfile")" "its Modelfile"
run "${merge[@]}" --format gguf-f16 --template plain -o "$work/plain.gguf"
expect_equal "$("$BUILD/tests/spell_templates" jinja plain)" "$(gguf_template "$work/plain.gguf")" "--template plain"
touch "$work/taken.Modelfile"
expect_error 2 "lora-merge: $work/taken.Modelfile: it exists already; name another output or remove it" \
  "${merge[@]}" --format gguf-f16 -o "$work/taken.gguf"
[[ ! -e $work/taken.gguf ]] || fail "a GGUF file beside another one's Modelfile"

# A base's own wrong template is replaced everywhere.
own() { # own FOLDER JINJA: the mini base with a chat template of its own
  mkdir -p "$1" && cp $base/*.json $base/*.safetensors "$1"
  python3 - "$1" "$2" <<'PY'
import json, sys
path = sys.argv[1] + "/tokenizer_config.json"
config = json.load(open(path))
config["chat_template"] = sys.argv[2]
json.dump(config, open(path, "w"))
PY
}
own "$work/own" "{{ messages[0]['content'] }}"
run lora-merge --base "$work/own" --adapter "$work/adapter" -o "$work/replaced"
expect_equal "$alpaca" "$(<"$work/replaced/chat_template.jinja")" "a base's own template, in chat_template.jinja"
expect_equal "$alpaca" "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["chat_template"])' "$work/replaced/tokenizer_config.json")" "a base's own template, in tokenizer_config.json"

# An adapter of PEFT says nothing of a template: its folder's counts, then the base's, else a message.
python3 - "$work/adapter" "$work/peft" <<'PY'
import json, os, shutil, struct, sys
shutil.copytree(sys.argv[1], sys.argv[2])
path = sys.argv[2] + "/adapter_model.safetensors"
data = open(path, "rb").read()
size = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:8 + size])
header["__metadata__"] = {"format": "pt"}
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
open(path, "wb").write(struct.pack("<Q", len(text)) + text + data[8 + size:])
PY
none="neither the adapter nor the base has a chat template, so the merged model has none; --template NAME gives it one"
run lora-merge --base $base --adapter "$work/peft" --format gguf-f16 -o "$work/p1.gguf"
expect_equal "0|lora-merge: $none|" "$status|$err|$(gguf_template "$work/p1.gguf")" "no template anywhere"
expect_equal "# The model has no chat template." "$(tail -1 "$work/p1.Modelfile")" "a Modelfile without a template"
run lora-merge --base "$work/own" --adapter "$work/peft" --format gguf-f16 -o "$work/p2.gguf"
expect_equal "0||{{ messages[0]['content'] }}" "$status|$err|$(gguf_template "$work/p2.gguf")" "the base's template"
echo -n "{{ 'adapter' }}" >"$work/peft/chat_template.jinja"
run lora-merge --base "$work/own" --adapter "$work/peft" --format gguf-f16 -o "$work/p3.gguf"
expect_equal "0||{{ 'adapter' }}" "$status|$err|$(gguf_template "$work/p3.gguf")" "the adapter's template"

# auto and contradictions.
own "$work/alpaca" "$alpaca"
run tokenize --model "$work/alpaca" --template auto --show "$work/line"
[[ $status -eq 0 && $out == "Below is an instruction"*"### Response:[[hello<|eos|>]]" ]] || fail "--template auto: $out $err"
expect_equal "tokenize: template alpaca (Stanford Alpaca), that of $work/alpaca/tokenizer_config.json" "$err" "--template auto"
conflict="template plain is not that of the base, which was tuned with alpaca ($work/alpaca/tokenizer_config.json); --template auto takes the base's"
run tokenize --model "$work/alpaca" -o "$work/plain.tokens" "$work/line"
expect_equal "0|tokenize: $conflict" "$status|$err" "a template that contradicts the base's"
run lora-train --base "$work/alpaca" --max-steps 1 --progress none -o "$work/plain" "$work/plain.tokens"
[[ $status -eq 0 && $err == "lora-train: $work/plain.tokens: $conflict"* ]] || fail "lora-train: $err"
run lora-train --base "$work/alpaca" --max-steps 1 --progress none -o "$work/suits" "$work/tokens"
[[ $status -eq 0 && $err != *template* ]] || fail "lora-train with the base's template: $err"
run tokenize --model "$work/own" --template auto -o "$work/no" "$work/line"
[[ $status -eq 1 && $err == "tokenize: $work/own/tokenizer_config.json: the chat template is none of plain, "*"; name the one that suits with --template" ]] || fail "auto with an unknown template: $err"
finish
