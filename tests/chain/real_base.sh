#!/usr/bin/env bash
# A published model through the chain: SmolLM2-135M-Instruct as `scripts/get-base smollm2` fetches it (GGUF, Q4_1), named
# by BASE_FILE or in build/bases. Its own chat template, a short training on chat messages, a second one from that
# adapter on a ShareGPT file, the chat, and merges. Skipped where the file is missing, since nothing is fetched here.
source "$(dirname "$0")/support.bash"
base=${BASE_FILE:-$BUILD/bases/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf}
[[ -f $base ]] || skip "no $base; scripts/get-base smollm2 fetches it"
source tests/chain/small_catalog.bash

for i in 1 2 3 4 5 6; do
  echo '{"messages":[{"role":"user","content":"I want film '$i', don'\''t I?"},{"role":"assistant","content":"It’s film '$i'."}]}'
done >"$work/messages.jsonl"
sed -E 's/"messages"/"conversations"/; s/"role":"user","content"/"from":"human","value"/; s/"role":"assistant","content"/"from":"gpt","value"/' \
  "$work/messages.jsonl" >"$work/sharegpt.jsonl"
grep -q '"from":"gpt","value":"It’s film 6."' "$work/sharegpt.jsonl" || fail "the ShareGPT lines are wrong"

run tokenize --model "$base" --template auto --seq-len 64 -o "$work/messages.tokens" "$work/messages.jsonl"
expect_equal 0 "$status" "tokenize: $err"
run tokenize --model "$base" --template auto --seq-len 64 -o "$work/sharegpt.tokens" "$work/sharegpt.jsonl"
expect_equal 0 "$status" "tokenize ShareGPT: $err"
# The tokens without the hash of the tokenizer's file.
ids() { bin2tsv "$1" | grep -v '^# matinee.tokenizer_sha'; }
[[ $(ids "$work/messages.tokens") == "$(ids "$work/sharegpt.tokens")" ]] ||
  fail "messages and ShareGPT give different tokens"

loss() { sed -nE 's/.*"step":'"$2"',.*"loss":([0-9.]+).*/\1/p' "$1"; }
below() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a + 0 < b + 0) }'; }
train=(lora-train --base "$base" --rank 4 --micro-batch-tokens 256 --max-steps 3 --schedule constant --warmup-steps 0
  --learning-rate 0.003 --progress none)
run "${train[@]}" --metrics "$work/first.jsonl" -o "$work/first" "$work/messages.tokens"
expect_equal 0 "$status" "lora-train: $err"
run lora-train --base "$base" --adapter "$work/first" --micro-batch-tokens 256 --max-steps 2 --progress none \
  --metrics "$work/second.jsonl" -o "$work/second" "$work/sharegpt.tokens"
expect_equal 0 "$status" "lora-train --adapter: $err"
below "$(loss "$work/first.jsonl" 3)" "$(loss "$work/first.jsonl" 1)" || fail "the loss did not fall: $(<"$work/first.jsonl")"
below "$(loss "$work/second.jsonl" 1)" "$(loss "$work/first.jsonl" 2)" || fail "the second run did not begin at the first's adapter"

reply=$(echo 'a comedy from the nineties' | chat --base "$base" --adapter "$work/second" --movies "$work/movies.bin" 2>"$work/.err")
[[ $reply == *"(19"*")"* ]] || fail "chat: $reply $(<"$work/.err")"

merge=(lora-merge --base "$base" --adapter "$work/second" --tokens "$work/sharegpt.tokens")
for format in gguf-q8_0 safetensors; do
  run "${merge[@]}" --format $format -o "$work/merged.$format"
  [[ $status -eq 0 && $out == "loss before "* ]] || fail "lora-merge --format $format: $out $err"
done
# The merged folder is a base like any other, with the template that was trained.
for merged in "$work/merged.gguf-q8_0" "$work/merged.safetensors"; do
  run tokenize --model "$merged" --template auto --seq-len 64 -o "$work/again.tokens" "$work/messages.jsonl"
  expect_equal 0 "$status" "tokenize --model $merged: $err"
  [[ $(ids "$work/again.tokens") == "$(ids "$work/messages.tokens")" ]] ||
    fail "$merged: other tokens than those of its base"
done
finish
