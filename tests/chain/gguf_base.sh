#!/usr/bin/env bash
# A GGUF file as the base of every tool: tokenize, lora-train (with --full and --plan), chat, and lora-merge to GGUF and to
# a Hugging Face folder.
source "$(dirname "$0")/support.bash"
source tests/chain/small_catalog.bash

run lora-merge --base testdata/mini --adapter testdata/adapter --format gguf-q8_0 -o "$work/base.gguf"
expect_equal 0 "$status" "a base as GGUF: $err"
mkdir "$work/folder"
cp "$work/base.gguf" "$work/folder/any name.gguf"
cp "$work/base.gguf" "$work/blob" # without an ending, as in Ollama's store

for i in $(seq 1 40); do
  echo "{\"instruction\":\"Ask the user about $((i % 9)).\",\"input\":\"\",\"output\":\"Do you like $((i * 7 % 100))?\"}"
done >"$work/lines.jsonl"
# The tokens, without the fingerprint of the tokenizer's file.
tokens() { bin2tsv "$1" | grep -v tokenizer_sha | md5sum; }
run tokenize --model testdata/mini --seq-len 64 -o "$work/hf.tokens" "$work/lines.jsonl"
for base in base.gguf folder blob; do
  run tokenize --model "$work/$base" --seq-len 64 -o "$work/$base.tokens" "$work/lines.jsonl"
  expect_equal "0|" "$status|$err" "$base: tokenize"
  expect_equal "$(tokens "$work/hf.tokens")" "$(tokens "$work/$base.tokens")" "$base: tokens"
done

train=(lora-train --base "$work/base.gguf" --rank 4 --max-steps 4 --micro-batch-tokens 256 --progress none)
run "${train[@]}" --plan "$work/base.gguf.tokens" -o "$work/never"
expect_equal 0 "$status" "--plan: $err"
for format in auto int8 nf4; do
  run "${train[@]}" --base-format $format -o "$work/adapter.$format" "$work/base.gguf.tokens"
  expect_equal 0 "$status" "lora-train --base-format $format: $err"
done
run "${train[@]}" -o "$work/adapter.auto" --resume "$work/base.gguf.tokens"
expect_equal 0 "$status" "--resume: $err"
[[ $err == *"already finished"* ]] || fail "--resume does not recognize the run: $err"
run lora-train --full --base "$work/base.gguf" --max-steps 2 --micro-batch-tokens 256 --progress none -o "$work/full" \
  "$work/base.gguf.tokens"
expect_equal 0 "$status" "--full: $err"
run tokenize --model "$work/full" --seq-len 64 -o "$work/full.tokens" "$work/lines.jsonl"
expect_equal "$(tokens "$work/hf.tokens")" "$(tokens "$work/full.tokens")" "the tokenizer of a whole model: $err"

merge=(lora-merge --base "$work/base.gguf" --adapter "$work/adapter.auto")
for format in safetensors gguf-f16; do
  run "${merge[@]}" --tokens "$work/base.gguf.tokens" --format $format -o "$work/merged.$format"
  [[ $status -eq 0 && $out == "loss before "* ]] || fail "lora-merge --format $format: $out $err"
done
for file in config.json model.safetensors tokenizer.json tokenizer_config.json; do
  [[ -s $work/merged.safetensors/$file ]] || fail "the merged folder has no $file"
done
reply() {
  printf 'a comedy from the nineties\nwith Al Pacino\n' |
    chat --movies "$work/movies.bin" --temperature 0 "$@" 2>"$work/.err" || fail "chat $*: $(cat "$work/.err")"
}
beside=$(reply --base "$work/base.gguf" --adapter "$work/adapter.auto" --base-format f32)
[[ -n $beside ]] || fail "chat says nothing"
expect_equal "$beside" "$(reply --base "$work/merged.gguf-f16" --base-format f32)" "the merged model's replies"
finish
