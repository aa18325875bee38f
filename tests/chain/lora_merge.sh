#!/usr/bin/env bash
# lora-merge as a user runs it. The merged model is the base with its adapter, with the base's files, and it appears
# whole or not at all. Inputs that do not match, need too much memory or change the loss are refused. Also a quantized
# base from training to decoding.
source "$(dirname "$0")/support.bash"
base=testdata/mini

for i in $(seq 1 200); do
  echo "{\"instruction\":\"Ask the user about $((i % 9)).\",\"input\":\"\",\"output\":\"Do you like $((i * 7 % 100)) more than $((i % 5))?\"}"
done >"$work/lines.jsonl"
tokenize --model $base --seq-len 64 -o "$work/tokens" "$work/lines.jsonl" || fail "tokenize"
head -40 "$work/lines.jsonl" | tokenize --model $base --seq-len 64 -o "$work/valid" - || fail "tokenize"
train() { lora-train --base $base --rank 4 --alpha 16 --learning-rate 0.003 --max-steps 40 --micro-batch-tokens 512 --progress none "$@" "$work/tokens"; }
train -o "$work/adapter" || fail "lora-train"

# Without a loss check, with one, and the same bytes at any number of threads.
merge=(lora-merge --base $base --adapter "$work/adapter")
run "${merge[@]}" --threads 1 -o "$work/one"
expect_equal "0||" "$status|$out|$err" "lora-merge"
run "${merge[@]}" --tokens "$work/valid" --threads 2 -o "$work/two/deep"
[[ $status -eq 0 && $out =~ ^loss\ before\ ([0-9.]+)\ after\ ([0-9.]+)$ ]] || fail "lora-merge --tokens: $out $err"
awk -v a="${BASH_REMATCH[1]}" -v b="${BASH_REMATCH[2]}" 'BEGIN { exit !(a > 0.01 && (a / b - 1) ^ 2 < 1e-6) }' || fail "losses: $out"
expect_same_bytes "$work/one/model.safetensors" "$work/two/deep/model.safetensors" "threads"
for file in config.json tokenizer.json tokenizer_config.json; do expect_same_bytes $base/$file "$work/one/$file" "lora-merge"; done
cmp -s $base/model.safetensors "$work/one/model.safetensors" && fail "the adapter changed nothing"
expect_equal "$(stat -c %s $base/model.safetensors)" "$(stat -c %s "$work/one/model.safetensors")" "size of the merged model"

# The loss in a format other than the usual one.
for format in f32 int8 nf4; do
  run "${merge[@]}" --tokens "$work/valid" --base-format $format --max-loss-difference 0.2 -o "$work/in-$format"
  [[ $status -eq 0 && $out =~ ^loss\ before\ ([0-9.]+)\ after\ ([0-9.]+)$ ]] || fail "lora-merge --base-format $format: $out $err"
  expect_same_bytes "$work/one/model.safetensors" "$work/in-$format/model.safetensors" "--base-format is for the loss only"
  echo "$out" >>"$work/losses"
done
expect_equal 3 "$(sort -u "$work/losses" | wc -l)" "losses in three formats"
run "${merge[@]}" --tokens "$work/valid" --base-format nf4 --format gguf-f16 -o "$work/nf4.gguf"
[[ $status -eq 0 && $out == "loss before "* ]] || fail "a GGUF file measured in NF4: $out $err"

# GGUF in its three formats; the loss of the written model is close to that of base and adapter.
for format in f16 bf16 q8_0; do
  run "${merge[@]}" --tokens "$work/valid" --format gguf-$format -o "$work/$format.gguf"
  [[ $status -eq 0 && $out == loss\ before* ]] || fail "gguf-$format: $out $err"
  expect_equal GGUF "$(head -c 4 "$work/$format.gguf")" "gguf-$format"
  # Not grep -q, which would exit before strings is done.
  [[ $(strings -n 20 "$work/$format.gguf" | grep -c "system_message is defined") -eq 1 ]] || fail "gguf-$format has no chat template"
done
[[ $(stat -c %s "$work/q8_0.gguf") -lt $(($(stat -c %s "$work/f16.gguf") * 6 / 10)) ]] || fail "Q8_0 is not smaller"

for format in q4_k_m q5_k_m q6_k q4_0; do
  run "${merge[@]}" --tokens "$work/valid" --max-loss-difference 0.3 --format gguf-$format -o "$work/$format.gguf"
  [[ $status -eq 0 && $out == loss\ before* ]] || fail "gguf-$format: $out $err"
done
[[ $(stat -c %s "$work/q4_k_m.gguf") -lt $(stat -c %s "$work/q5_k_m.gguf") && $(stat -c %s "$work/q6_k.gguf") -lt $(stat -c %s "$work/q8_0.gguf") ]] || fail "sizes of the mixtures"
"${merge[@]}" --threads 1 --format gguf-q4_k_m -o "$work/one-thread.gguf" || fail "gguf-q4_k_m with one thread"
expect_same_bytes "$work/one-thread.gguf" "$work/q4_k_m.gguf" "threads"

# The adapter alone, for llama.cpp.
run "${merge[@]}" --format gguf-lora -o "$work/lora.gguf"
expect_equal "0||" "$status|$out|$err" "gguf-lora"
[[ $(strings -n 10 "$work/lora.gguf" | grep -c 'blk\.0\.attn_q\.weight\.lora_[ab]') -eq 2 ]] || fail "tensors of gguf-lora"
expect_error 2 "lora-merge: --tokens: with --format gguf-lora nothing is merged, so no losses are compared" \
  "${merge[@]}" --tokens "$work/valid" --format gguf-lora -o "$work/no.gguf"

# An embedding that was trained whole and is tied in the base: the merged model has a head of its own.
train --modules-to-save embed_tokens -o "$work/whole" || fail "lora-train --modules-to-save"
for format in safetensors gguf-bf16; do
  run lora-merge --base $base --adapter "$work/whole" --tokens "$work/valid" --format $format -o "$work/untied-$format"
  [[ $status -eq 0 && $out == loss\ before* ]] || fail "an embedding trained whole, $format: $out $err"
done
grep -q '"tie_word_embeddings": *false' "$work/untied-safetensors/config.json" || fail "the merged model is still tied"
run lora-merge --base "$work/untied-safetensors" --adapter "$work/adapter" -o "$work/again"
expect_equal 0 "$status" "merging into a merged model: $err"

# Errors leave nothing behind.
expect_error 2 "lora-merge: $work/one: it exists already; name another or remove it" "${merge[@]}" -o "$work/one"
mkdir "$work/folder.gguf"
cp "$work/f16.gguf" "$work/file.gguf"
for output in folder.gguf file.gguf; do
  # Refused before any work: the base is not read.
  expect_error 2 "lora-merge: $work/$output: it exists already; name another or remove it" \
    lora-merge --base "$work/nowhere" --adapter "$work/adapter" --format gguf-f16 -o "$work/$output"
done
expect_same_bytes "$work/f16.gguf" "$work/file.gguf" "an existing output"
expect_equal "" "$(ls "$work/folder.gguf")" "files in an existing folder"
run lora-merge --base $base/ --adapter "$work/adapter" --format gguf-f16 -o "$work/slash.gguf"
expect_same_bytes "$work/f16.gguf" "$work/slash.gguf" "--base with a slash at the end"
expect_error 2 "lora-merge: --adapter is missing" lora-merge --base $base -o "$work/no"
run "${merge[@]}" --tokens "$work/valid" --max-loss-difference 0 --format gguf-q8_0 -o "$work/no.gguf"
[[ $status -eq 1 && $err == "lora-merge: the loss on $work/valid is "*"and --max-loss-difference allows 0.00 %" ]] || fail "a loss that differs: $err"
run "${merge[@]}" --tokens "$work/valid" --max-host-mem 8M -o "$work/no"
[[ $status -eq 1 && $err == "lora-merge: merging $base and measuring its loss needs "*"; --max-host-mem is 8.0 MiB" ]] || fail "memory: $err"
mkdir "$work/narrow"
sed 's/"intermediate_size": 640/"intermediate_size": 320/' $base/config.json >"$work/narrow/config.json"
cp $base/model.safetensors $base/tokenizer.json "$work/narrow"
run lora-merge --base "$work/narrow" --adapter "$work/adapter" -o "$work/no"
[[ $status -eq 1 && $err == *"is this the adapter of another base?" ]] || fail "another base: $err"
for nth in 1 2 3 5 8; do
  run env MATINEE_FAIL_WRITE=$nth "${merge[@]}" -o "$work/no"
  [[ $status -eq 1 && $err == *"No space left on device" ]] || fail "a full disk at write $nth: $err"
done
run env MATINEE_FAIL_WRITE=2 "${merge[@]}" --format gguf-f16 -o "$work/no.gguf"
[[ $status -eq 1 && $err == *"No space left on device" ]] || fail "a full disk, gguf: $err"
left=$(find "$work" -maxdepth 1 -name 'no*')
expect_equal "" "$left" "what refusals left behind"

# A quantized base: training lowers the loss, two threads give the bytes of one, and chat uses the unmerged adapter.
for format in int8 nf4; do
  for threads in 1 2; do
    train --base-format $format --valid "$work/valid" --threads $threads --metrics "$work/$format-$threads.jsonl" -o "$work/$format-$threads" || fail "lora-train --base-format $format"
  done
  expect_same_bytes "$work/$format-1/adapter_model.safetensors" "$work/$format-2/adapter_model.safetensors" "threads, $format"
  losses=$(grep -o '"loss":[0-9.]*' "$work/$format-1.jsonl" | cut -d: -f2)
  awk -v first="$(head -1 <<<"$losses")" -v last="$(tail -1 <<<"$losses")" 'BEGIN { exit !(last < first / 2) }' || fail "$format does not learn: $losses"
done
cmp -s "$work/int8-1/adapter_model.safetensors" "$work/nf4-1/adapter_model.safetensors" && fail "--base-format changes nothing"
expect_error 2 "lora-train: --full trains every weight; a quantized base cannot be trained, so leave --base-format out" \
  lora-train --full --base $base --base-format int8 -o "$work/no" "$work/tokens"
source tests/chain/small_catalog.bash
for format in f32 bf16 int8 nf4; do
  run chat --base $base --adapter "$work/int8-1" --base-format $format --movies "$work/movies.bin" --verbose
  word=$format
  case $format in f32) word=float32 ;; bf16) word=bfloat16 ;; nf4) word=NF4 ;; esac
  [[ $status -eq 0 && $err == *"prompts, $word)"* ]] || fail "chat --base-format $format: $err"
done
# The memory that decoding needs, including the cache, is checked before anything is loaded.
run chat --base $base --movies "$work/movies.bin" --base-format bf16 --max-host-mem 8M
[[ $status -eq 1 && $err == "chat: decoding with $base needs "*"; --max-host-mem is 8.0 MiB" ]] || fail "chat --max-host-mem: $err"
run chat --base $base --movies "$work/movies.bin" --base-format nf4 --max-host-mem 64M
[[ $status -eq 0 ]] || fail "chat --base-format nf4 --max-host-mem 64M: $err"
finish
