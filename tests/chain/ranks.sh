#!/usr/bin/env bash
# lora-train in two processes with mpirun: the losses equal those of one process; a rank that dies ends the job and
# leaves the checkpoint; another number of ranks resumes from it.
source "$(dirname "$0")/support.bash"
command -v mpirun >/dev/null || skip "mpirun is not installed"
ldd "$(command -v lora-train)" | grep -q libmpi || skip "lora-train was built without MPI"

for i in $(seq 1 200); do
  echo "{\"instruction\":\"Count from $i.\",\"input\":\"\",\"output\":\"$((i + 1)), $((i + 2)), $((i * 7 % 100))\"}"
done | tokenize --model testdata/mini --seq-len 64 -o "$work/tokens.bin" - || fail "tokenize"
options=(--base testdata/mini --base-format f32 --rank 4 --micro-batch-tokens 256 --gradient-accumulation-steps 2
         --threads 1 --progress none)
lead() { mpirun --allow-run-as-root --oversubscribe --bind-to none -n "$@"; }
losses() { sed -n 's/.*"step":\([0-9]*\),.*"loss":\([0-9.]*\),.*/\1 \2/p' "$1"; }

run lora-train "${options[@]}" --max-steps 12 --metrics "$work/one.jsonl" -o "$work/one" "$work/tokens.bin"
expect_equal 0 "$status" "one process: $err"
run lead 2 lora-train "${options[@]}" --max-steps 12 --metrics "$work/two.jsonl" -o "$work/two" "$work/tokens.bin"
expect_equal 0 "$status" "two ranks: $err"
[[ $err == "lora-train: 2 ranks" ]] || fail "two ranks say: $err"
expect_equal "$(ls "$work/one")" "$(ls "$work/two")" "files of two ranks"
worst=$(paste <(losses "$work/one.jsonl") <(losses "$work/two.jsonl") |
  awk '{ d = $2 - $4; if (d < 0) d = -d; if (d > worst) worst = d } END { print NR, (worst < 1e-6 ? "near" : worst) }')
expect_equal "12 near" "$worst" "losses of one process and of two ranks"

# A rank is killed during the training.
slow=("${options[@]}" --max-steps 400 --checkpoint-every 3)
lead 2 lora-train "${slow[@]}" -o "$work/killed" "$work/tokens.bin" >/dev/null 2>"$work/.err" &
job=$!
for _ in $(seq 200); do
  [[ -e $work/killed/checkpoint.safetensors ]] && break
  sleep 0.1
done
ranks=$(pgrep -P "$job" lora-train || pgrep -f "lora-train .*$work/killed" | tail -n 2)
kill -9 "$(tail -n 1 <<<"$ranks")"
wait "$job"
[[ $? -ne 0 ]] || fail "a job whose rank was killed ends with status 0"
pgrep -f "lora-train .*-o $work/killed" >/dev/null && fail "ranks of a killed job go on"
[[ -e $work/killed/checkpoint.safetensors ]] || fail "a killed job leaves no checkpoint: $(<"$work/.err")"
[[ ! -e $work/killed/adapter_model.safetensors ]] || fail "a killed job leaves an adapter"
run timeout 120 mpirun --allow-run-as-root --oversubscribe --bind-to none -n 3 lora-train "${slow[@]}" --time-limit 0.02 --resume \
  -o "$work/killed" "$work/tokens.bin"
expect_equal 0 "$status" "three ranks after two: $err"
[[ $err == *"continuing after step "*"lora-train: 3 ranks"* ]] || fail "three ranks after two say: $err"

# Each rank reports an error once, and none waits forever.
run timeout 60 mpirun --allow-run-as-root --oversubscribe --bind-to none -n 2 lora-train "${options[@]}" -o "$work/none" "$work/nowhere"
[[ $status -ne 0 && $status -ne 124 && $err == *"nowhere: cannot open"* ]] || fail "a missing file with two ranks: $status $err"
finish
