#!/usr/bin/env bash
# Bases whose tokenizer and table differ in size, through all tools: a table padded beyond the tokenizer (as all of Qwen
# is), and a [PAD] added to the tokenizer alone. Only a text that uses an id beyond the table is refused.
source "$(dirname "$0")/support.bash"
source tests/chain/small_catalog.bash

# testdata/mini with 4,160 rows. The 64 behind the tokenizer are large, so that a reply would be made of them.
mkdir "$work/padded" "$work/larger"
cp testdata/mini/*.json "$work/padded"
cp testdata/mini/*.json testdata/mini/model.safetensors "$work/larger"
python3 - "$work" <<'PY' || fail "the bases could not be made"
import json, struct, sys
folder = sys.argv[1]
with open("testdata/mini/model.safetensors", "rb") as file:
    header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    data = file.read()
metadata = header.pop("__metadata__", None)
table = "model.embed_tokens.weight"
assert header[table]["shape"] == [4096, 256] and header[table]["dtype"] == "BF16"
parts, at = {}, 0
for name, tensor in header.items():
    begin, end = tensor["data_offsets"]
    parts[name] = data[begin:end]
    if name == table:
        tensor["shape"] = [4160, 256]
        parts[name] += b"".join(struct.pack("<H", 0x4100 if (row * 7 + i) % 3 else 0xC100) for row in range(64) for i in range(256))
    tensor["data_offsets"] = [at, at + len(parts[name])]
    at += len(parts[name])
head = json.dumps({**({"__metadata__": metadata} if metadata else {}), **header}).encode()
head += b" " * (-len(head) % 8)
with open(folder + "/padded/model.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(head)) + head + b"".join(parts.values()))
config = json.load(open(folder + "/padded/config.json"))
config["vocab_size"] = 4160
json.dump(config, open(folder + "/padded/config.json", "w"))
tokenizer = json.load(open("testdata/mini/tokenizer.json"))
tokenizer["added_tokens"].append({"id": 4096, "content": "[PAD]", "single_word": False, "lstrip": False,
                                  "rstrip": False, "normalized": False, "special": False})
json.dump(tokenizer, open(folder + "/larger/tokenizer.json", "w"))
roles = json.load(open("testdata/mini/tokenizer_config.json"))
roles["pad_token"] = "[PAD]"
json.dump(roles, open(folder + "/larger/tokenizer_config.json", "w"))
PY

for i in $(seq 1 80); do
  echo "{\"instruction\":\"Ask the user about $((i % 9)).\",\"input\":\"\",\"output\":\"Do you like $((i * 7 % 100))?\"}"
done >"$work/lines.jsonl"
for base in padded larger; do
  run tokenize --model "$work/$base" --seq-len 64 -o "$work/$base.tokens" "$work/lines.jsonl"
  expect_equal "0|" "$status|$err" "$base: tokenize"
  run lora-train --base "$work/$base" --rank 4 --max-steps 4 --micro-batch-tokens 256 --progress none \
    --valid "$work/$base.tokens" -o "$work/$base.adapter" "$work/$base.tokens"
  expect_equal 0 "$status" "$base: lora-train: $err"
  merge=(lora-merge --base "$work/$base" --adapter "$work/$base.adapter" --tokens "$work/$base.tokens")
  for format in safetensors gguf-f16; do
    run "${merge[@]}" --format $format -o "$work/$base.$format"
    [[ $status -eq 0 && $out == "loss before "* ]] || fail "$base: lora-merge --format $format: $out $err"
  done
  reply=$(printf 'a comedy from the nineties\nwith [PAD]\n' |
    chat --base "$work/$base" --adapter "$work/$base.adapter" --movies "$work/movies.bin" 2>"$work/.err") ||
    fail "$base: chat: $(<"$work/.err")"
  expect_equal 3 "$(wc -l <<<"$reply")" "$base: lines of chat"
  run evaluate --base "$work/$base" --adapter "$work/$base.adapter" --movies "$work/movies.bin" --held-out 2 --training 0 --self-play 1
  [[ $status -eq 0 ]] || fail "$base: evaluate: $err"
done
expect_equal 4160 "$(grep -o '"vocab_size": *[0-9]*' "$work/padded.safetensors/config.json" | grep -o '[0-9]*$')" "rows of the merged model"

# A sample that uses the added token.
echo '{"instruction":"Say [PAD].","input":"","output":"No."}' >>"$work/lines.jsonl"
tokenize --model "$work/larger" --seq-len 64 -o "$work/used.tokens" "$work/lines.jsonl" || fail "tokenize"
refusal="$work/used.tokens: sample 80, token [0-9]*: the id 4096, but $work/larger has rows for 4096 tokens only; leave"
run lora-train --base "$work/larger" -o "$work/a" "$work/used.tokens"
[[ $status -eq 1 && $err =~ $refusal ]] || fail "lora-train with an id beyond the model: $err"
run lora-merge --base "$work/larger" --adapter "$work/larger.adapter" --tokens "$work/used.tokens" -o "$work/a"
[[ $status -eq 1 && $err =~ $refusal ]] || fail "lora-merge with an id beyond the model: $err"

# The real case: Qwen2's tokenizer (151,646 tokens) and a small model with Qwen2.5-0.5B's 151,936 rows.
if [[ -d $REAL_DATA/tokenizers/qwen2 ]]; then
  mkdir "$work/qwen"
  cp "$REAL_DATA"/tokenizers/qwen2/* "$work/qwen"
  chmod -R u+w "$work/qwen"
  echo '{"architectures":["Qwen2ForCausalLM"],"attention_dropout":0.0,"bos_token_id":151643,"eos_token_id":151645,
    "hidden_act":"silu","hidden_size":32,"initializer_range":0.02,"intermediate_size":48,"max_position_embeddings":32768,
    "max_window_layers":2,"model_type":"qwen2","num_attention_heads":2,"num_hidden_layers":2,"num_key_value_heads":1,
    "rms_norm_eps":1e-06,"rope_theta":1000000.0,"sliding_window":32768,"tie_word_embeddings":true,
    "torch_dtype":"bfloat16","use_cache":true,"use_sliding_window":false,"vocab_size":151936}' >"$work/qwen/config.json"
  tokenize --model "$work/qwen" --template chatml --seq-len 64 -o "$work/qwen.tokens" "$work/lines.jsonl" || fail "qwen: tokenize"
  run lora-train --full --config "$work/qwen/config.json" --max-steps 1 --micro-batch-tokens 64 --progress none -o "$work/qwen.base" "$work/qwen.tokens"
  expect_equal 0 "$status" "qwen: lora-train --full: $err"
  run lora-train --base "$work/qwen.base" --rank 4 --max-steps 2 --micro-batch-tokens 128 --progress none -o "$work/qwen.adapter" "$work/qwen.tokens"
  expect_equal 0 "$status" "qwen: lora-train: $err"
  for format in safetensors gguf-q8_0; do
    run lora-merge --base "$work/qwen.base" --adapter "$work/qwen.adapter" --tokens "$work/qwen.tokens" --format $format -o "$work/qwen.$format"
    [[ $status -eq 0 && $out == "loss before "* ]] || fail "qwen: lora-merge --format $format: $out $err"
  done
  reply=$(echo 'a comedy' | chat --base "$work/qwen.base" --adapter "$work/qwen.adapter" --movies "$work/movies.bin" 2>"$work/.err") ||
    fail "qwen: chat: $(<"$work/.err")"
  expect_equal 2 "$(wc -l <<<"$reply")" "qwen: lines of chat"
else
  echo "without REAL_DATA/tokenizers/qwen2: Qwen2's tokenizer is skipped"
fi
finish
