#!/usr/bin/env bash
# Every family through the tools: a small model from a config.json, an adapter on every linear layer (GPT-2's with DoRA
# and biases, GPT-J's with its head trained whole), a chat with both, the merged model, and the same with the base in
# int8 and NF4.
source "$(dirname "$0")/support.bash"
source tests/chain/small_catalog.bash

llama='"vocab_size":4096,"hidden_size":32,"intermediate_size":48,"num_hidden_layers":2,"num_attention_heads":2,
  "num_key_value_heads":1,"max_position_embeddings":512,"bos_token_id":0,"eos_token_id":1'
gpt='"vocab_size":4096,"n_embd":32,"n_layer":2,"n_head":2,"n_positions":512,"bos_token_id":0,"eos_token_id":1'
declare -A config=(
  [llama]="$llama,\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":8.0,\"low_freq_factor\":1.0,\"high_freq_factor\":4.0,\"original_max_position_embeddings\":64}"
  [mistral]="$llama,\"sliding_window\":24"
  [qwen2]="$llama,\"tie_word_embeddings\":true"
  [qwen3]="$llama,\"head_dim\":24"
  [gpt2]="$gpt"
  [gptj]="$gpt,\"rotary_dim\":8"
  [phi3]="$llama,\"partial_rotary_factor\":0.5,\"original_max_position_embeddings\":64,\"rope_scaling\":{\"type\":\"longrope\",\"short_factor\":[1,1.5,2,3],\"long_factor\":[1,2,4,8]}"
  [smollm3]="${llama/layers\":2/layers\":4},\"no_rope_layers\":[1,1,1,0]"
  [granite]="$llama,\"embedding_multiplier\":3,\"attention_multiplier\":0.3,\"residual_multiplier\":0.7,\"logits_scaling\":2"
  [gpt_neox]='"vocab_size":4096,"hidden_size":32,"intermediate_size":48,"num_hidden_layers":2,"num_attention_heads":2,
    "max_position_embeddings":512,"bos_token_id":0,"eos_token_id":1,"a_switch_of_tomorrow":2'
)
no_gguf=" gptj gpt_neox "
declare -A flags=([gpt2]="--dora --bias all" [gptj]="--modules-to-save lm_head --recompute" [qwen3]="--rslora --neftune-alpha 5"
  [mistral]="--target-pattern .*\.[01]\.self_attn\.[qv]_proj --rank-pattern v_proj=2" [qwen2]="--bias lora_only" [gpt_neox]="--dora --bias all" [phi3]="--recompute")
# An unknown field is refused with the option that goes on; what is written has the family's own fields only.
declare -A ignored=([gpt_neox]="--ignore-config a_switch_of_tomorrow")

for i in $(seq 1 60); do
  echo "{\"instruction\":\"Count from $i.\",\"input\":\"\",\"output\":\"$((i + 1)), $((i + 2)), $((i * 7 % 100))\"}"
done >"$work/lines.jsonl"

for family in llama mistral qwen2 qwen3 phi3 smollm3 granite gpt2 gpt_neox gptj; do
  mkdir -p "$work/$family"
  cp testdata/mini/tokenizer.json testdata/mini/tokenizer_config.json "$work/$family"
  echo "{\"model_type\":\"$family\",${config[$family]}}" >"$work/$family/config.json"
  tokenize --model "$work/$family" --seq-len 64 -o "$work/tokens.bin" "$work/lines.jsonl" || fail "$family: tokenize"
  full=(lora-train --full --config "$work/$family/config.json" --max-steps 3 --micro-batch-tokens 256
    -o "$work/$family/base" "$work/tokens.bin")
  if [[ -n ${ignored[$family]:-} ]]; then
    run "${full[@]}"
    [[ $status -eq 1 && $err == *"${ignored[$family]}"* ]] || fail "$family: an unknown field: $err"
  fi
  # shellcheck disable=SC2086  # the options must be split
  run "${full[@]}" ${ignored[$family]:-}
  expect_equal 0 "$status" "$family: lora-train --full: $err"
  # shellcheck disable=SC2086  # the flags must be split
  run lora-train --base "$work/$family/base" --rank 4 --max-steps 12 --learning-rate 0.01 --micro-batch-tokens 256 \
    ${flags[$family]:-} --metrics "$work/$family/metrics.jsonl" -o "$work/$family/adapter" "$work/tokens.bin"
  expect_equal 0 "$status" "$family: lora-train: $err"
  python3 - "$work/$family/metrics.jsonl" <<'PY' || fail "$family: nothing was learned"
import json, sys
losses = [json.loads(line)["loss"] for line in open(sys.argv[1])]
assert len(losses) == 12 and losses[-1] < losses[0] - 0.01, losses
PY
  reply=$(echo "a comedy from the nineties" |
    chat --base "$work/$family/base" --adapter "$work/$family/adapter" --movies "$work/movies.bin" 2>"$work/.err") ||
    fail "$family: chat: $(<"$work/.err")"
  [[ $(wc -l <<<"$reply") -eq 2 ]] || fail "$family: chat gave: $reply"

  # The merged model has the same family and the adapter's loss; GPT-J and GPT-NeoX have no GGUF files.
  merge=(lora-merge --base "$work/$family/base" --adapter "$work/$family/adapter" --tokens "$work/tokens.bin")
  for format in safetensors gguf-f16; do
    run "${merge[@]}" --format $format -o "$work/$family/merged.$format"
    if [[ $format == gguf-f16 && $no_gguf == *" $family "* ]]; then
      [[ $status -eq 1 && $err == *"GGUF files of this family"*"--format safetensors" ]] || fail "$family: $err"
    else
      [[ $status -eq 0 && $out == "loss before "* ]] || fail "$family: lora-merge --format $format: $out $err"
    fi
  done
  expect_same_bytes "$work/$family/base/config.json" "$work/$family/merged.safetensors/config.json" "$family: lora-merge"

  # Training on a quantized base, and a chat with it and the adapter.
  for format in int8 nf4; do
    # shellcheck disable=SC2086  # the flags must be split
    run lora-train --base "$work/$family/base" --base-format $format --rank 4 --max-steps 6 --learning-rate 0.01 \
      --micro-batch-tokens 256 ${flags[$family]:-} --metrics "$work/$family/$format.jsonl" -o "$work/$family/$format" \
      "$work/tokens.bin"
    expect_equal 0 "$status" "$family: lora-train --base-format $format: $err"
    losses=$(grep -o '"loss":[0-9.]*' "$work/$family/$format.jsonl" | cut -d: -f2)
    awk -v first="$(head -1 <<<"$losses")" -v last="$(tail -1 <<<"$losses")" 'BEGIN { exit !(last < first) }' ||
      fail "$family: --base-format $format does not learn: $losses"
    reply=$(echo "a comedy" | chat --base "$work/$family/base" --base-format $format --adapter "$work/$family/$format" \
      --movies "$work/movies.bin" 2>"$work/.err") || fail "$family: chat --base-format $format: $(<"$work/.err")"
    [[ $(wc -l <<<"$reply") -eq 2 ]] || fail "$family: chat --base-format $format gave: $reply"
  done
done

expect_error 2 "lora-train: target module \"q_proj\": expected some of c_attn, c_proj, c_fc, wte, lm_head" \
  lora-train --base "$work/gpt2/base" --targets q_proj -o "$work/a" "$work/tokens.bin"
expect_error 2 "lora-train: --rank-pattern: expected PATTERN=NUMBER with a number of at least 1, found \"c_attn=0\"" \
  lora-train --base "$work/gpt2/base" --rank-pattern c_attn=0 -o "$work/a" "$work/tokens.bin"
finish
