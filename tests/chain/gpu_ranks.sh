#!/usr/bin/env bash
# lora-train in two processes with a GPU each, on the emulated device with the emulated NCCL. The losses equal those of
# one process, and both ranks have the same bytes. Each rank selects its own device. Two ranks on one device, or a
# missing NCCL, use the hosts. A rank that dies ends the job; another number of ranks resumes from its checkpoint.
source "$(dirname "$0")/support.bash"
command -v mpirun >/dev/null || skip "mpirun is not installed"
program=$BUILD/emulated/lora-train
[[ $program == /* ]] || program=$PWD/$program
[[ -x $program ]] || skip "$program is not built"
ldd "$program" | grep -q libmpi || skip "lora-train was built without MPI"

for i in $(seq 1 60); do
  echo "{\"instruction\":\"Count from $i.\",\"input\":\"\",\"output\":\"$((i + 1)), $((i * 7 % 100))\"}"
done | tokenize --model testdata/mini --seq-len 32 -o "$work/tokens.bin" - || fail "tokenize"
# A base of three small layers with the mini base's tokenizer.
mkdir "$work/config" && cp testdata/mini/*.json "$work/config/"
sed -i -E 's/("hidden_size":) *[0-9]+/\1 32/; s/("intermediate_size":) *[0-9]+/\1 48/; s/("num_hidden_layers":) *[0-9]+/\1 3/;
  s/("num_attention_heads":) *[0-9]+/\1 2/; s/("num_key_value_heads":) *[0-9]+/\1 1/; s/("head_dim":) *[0-9]+/\1 16/' "$work/config/config.json"
run lora-train --full --config "$work/config/config.json" --max-steps 1 --micro-batch-tokens 64 -o "$work/base" "$work/tokens.bin"
expect_equal 0 "$status" "the base: $err"

options=(--base "$work/base" --rank 4 --micro-batch-tokens 64 --gradient-accumulation-steps 2 --learning-rate 0.01
         --threads 1 --progress none)
lead() { timeout 240 mpirun --allow-run-as-root --oversubscribe --bind-to none -n "$@"; }
losses() { sed -n 's/.*"step":\([0-9]*\),.*"loss":\([0-9.]*\),.*/\1 \2/p' "$1"; }
expect_near() {
  local worst
  worst=$(paste <(losses "$1") <(losses "$2") |
    awk '{ d = $2 - $4; if (d < 0) d = -d; if (d > worst) worst = d } END { print NR, (worst < 1e-6 ? "near" : worst) }')
  expect_equal "$3 near" "$worst" "losses of $1 and $2"
}
export MATINEE_EMULATION_DEVICES=2

plain=(--base-format f32 --max-steps 5)
more=(--base-format nf4 --max-steps 3 --adam-bits 8 --loraplus-lr-ratio 4 --recompute)
for variant in plain more; do
  declare -n these=$variant
  run "$program" --device cuda "${options[@]}" "${these[@]}" --metrics "$work/one-$variant" -o "$work/one" "$work/tokens.bin"
  expect_equal "0 " "$status $err" "one process, $variant"
  run lead 2 "$program" --device auto "${options[@]}" "${these[@]}" --metrics "$work/two-$variant" -o "$work/two-of-$variant" "$work/tokens.bin"
  expect_equal "0 lora-train: 2 ranks; gradients are summed by NCCL" "$status $err" "two ranks, $variant"
  expect_near "$work/one-$variant" "$work/two-$variant" "${these[3]}"
done

# Repeating the run gives the same bytes. Each update checks that all ranks hold the same values.
run lead 2 "$program" --device cuda "${options[@]}" "${plain[@]}" -o "$work/again" "$work/tokens.bin"
expect_same_bytes "$work/again/adapter_model.safetensors" "$work/two-of-plain/adapter_model.safetensors" "two runs of two ranks"

# Two ranks on one device, by name or because there is only one: not possible with NCCL, so the hosts sum.
run lead 2 "$program" --device cuda:1 "${options[@]}" "${plain[@]}" --metrics "$work/shared" -o "$work/two" "$work/tokens.bin"
expect_equal "0 lora-train: 2 ranks; gradients pass through the hosts: cuda:1 is used by two ranks of one machine" \
  "$status $err" "two ranks on one device"
expect_near "$work/one-plain" "$work/shared" 5
MATINEE_EMULATION_DEVICES=1 run lead 2 "$program" --device cuda "${options[@]}" --max-steps 1 -o "$work/two" "$work/tokens.bin"
[[ $status -eq 0 && $err == *"cuda:0 is used by two ranks of one machine" ]] || fail "two ranks and one device say: $err"

# Without the NCCL library.
mkdir "$work/bare" && cp "$program" "$work/bare/lora-train"
run lead 2 "$work/bare/lora-train" --device cuda "${options[@]}" --max-steps 1 -o "$work/two" "$work/tokens.bin"
[[ $status -eq 0 && $err == "lora-train: 2 ranks; gradients pass through the hosts: libemulated_nccl.so cannot be opened"* ]] ||
  fail "two ranks without NCCL say: $status $err"

# One rank on a GPU and one on the CPU.
run lead 1 "$program" --device cuda "${options[@]}" --max-steps 1 -o "$work/two" "$work/tokens.bin" : \
  -n 1 "$program" --device cpu "${options[@]}" --max-steps 1 -o "$work/two" "$work/tokens.bin"
[[ $status -ne 0 && $status -ne 124 && $err == *"rank 0 of 2 computes on cuda:0, but not every other rank on a device of that kind"* ]] ||
  fail "a rank with a GPU and one without say: $status $err"

# A rank is killed during the training; then three ranks resume.
slow=("${options[@]}" --base-format f32 --max-steps 400 --checkpoint-every 2)
lead 2 "$program" --device cuda "${slow[@]}" -o "$work/killed" "$work/tokens.bin" >/dev/null 2>"$work/.err" &
job=$!
for _ in $(seq 600); do
  [[ -e $work/killed/checkpoint.safetensors ]] && break
  sleep 0.1
done
kill -9 "$(pgrep -f "lora-train .*-o $work/killed" | tail -n 1)"
wait "$job"
status=$?
[[ $status -ne 0 && $status -ne 124 ]] || fail "a job whose rank was killed ends with status $status"
pgrep -f "lora-train .*-o $work/killed" >/dev/null && fail "ranks of a killed job go on"
[[ -e $work/killed/checkpoint.safetensors ]] || fail "a killed job leaves no checkpoint: $(<"$work/.err")"
MATINEE_EMULATION_DEVICES=3 run lead 3 "$program" --device cuda "${slow[@]}" --time-limit 0.03 --resume -o "$work/killed" "$work/tokens.bin"
expect_equal 0 "$status" "three ranks after two: $err"
[[ $err == *"continuing after step "*"lora-train: 3 ranks; gradients are summed by NCCL"* ]] || fail "three ranks after two say: $err"
finish
