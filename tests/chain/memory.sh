#!/usr/bin/env bash
# The memory contract under a limit that the kernel enforces (ulimit -d): the memory that each tool says it needs is
# enough to load, train, save, merge and decode. Less is refused before anything is loaded; if memory runs out all the
# same, there is an error and no crash. `make check-memory` loads 12 GB.
source "$(dirname "$0")/support.bash"
[[ $BUILD == *-san* ]] && skip "a sanitizer needs more memory than any limit here"

run scripts/check-memory --small "$work/random"
[[ $status -eq 0 ]] || fail "$out
$err"

for i in $(seq 1 100); do
  echo "{\"instruction\":\"Count from $i.\",\"input\":\"\",\"output\":\"$((i + 1)), $((i + 2)), $((i * 7 % 100))\"}"
done >"$work/lines.jsonl"
base=testdata/mini
tokenize --model $base --seq-len 64 -o "$work/tokens" "$work/lines.jsonl" || fail "tokenize"
source tests/chain/small_catalog.bash

# obeys OUTPUT COMMAND...: runs COMMAND, which writes OUTPUT, on one thread with the memory that it says it needs.
obeys() {
  local output=$1 words megabytes
  shift
  run "$@" --threads 1 --max-host-mem 1M
  [[ $status -eq 1 && $err =~ needs\ ([0-9.]+)\ MiB\;\ --max-host-mem\ is\ 1\.0\ MiB$ ]] || fail "$*: $err"
  [[ ! -e $output ]] || fail "$*: was refused, and wrote $output"
  megabytes=$(awk -v m="${BASH_REMATCH[1]}" 'BEGIN { print int(m) + 1 }')
  run bash -c 'ulimit -d $(($1 * 1024)) && shift && exec "$@"' limit "$megabytes" "$@" --threads 1 --max-host-mem "${megabytes}M" --verbose
  [[ $status -eq 0 ]] || fail "$*: within $megabytes MiB: $err"
  words=$(sed -n 's/.* s, peak memory //p' <<<"$err")
  [[ $words == *" MiB" ]] && awk -v peak="${words% MiB}" -v said="$megabytes" 'BEGIN { exit !(peak > 1 && peak <= said) }' ||
    fail "$*: said $megabytes MiB and held $words"
  rm -rf "$output.less"
  run bash -c 'ulimit -d $(($1 * 512)) && ulimit -c 0 && shift && exec "$@"' limit "$megabytes" "${@//$output/$output.less}" --threads 1
  [[ $status -eq 1 && $err =~ needs\ [0-9.]+\ MiB\;\ ulimit\ -d\ is ]] || fail "$*: with half of its memory: $status, $err"
  [[ ! -e $output.less ]] || fail "$*: with half of its memory it wrote $output.less"
}
training=(lora-train --base $base --max-steps 3 --micro-batch-tokens 256 --checkpoint-every 1 --valid "$work/tokens" --progress none)
obeys "$work/adapter" "${training[@]}" --rank 64 -o "$work/adapter" "$work/tokens"
obeys "$work/bytes" "${training[@]}" --rank 256 --adam-bits 8 --base-format nf4 --keep-checkpoints 2 -o "$work/bytes" "$work/tokens"
obeys "$work/whole" "${training[@]}" --full --recompute -o "$work/whole" "$work/tokens"
merge=(lora-merge --base $base --adapter "$work/adapter")
obeys "$work/merged" "${merge[@]}" -o "$work/merged"
obeys "$work/gguf" "${merge[@]}" --format gguf-q8_0 -o "$work/gguf"
obeys "$work/measured" "${merge[@]}" --tokens "$work/tokens" --max-loss-difference 1 -o "$work/measured"
for format in bf16 nf4; do
  obeys "$work/nothing" chat --base $base --adapter "$work/adapter" --base-format $format --movies "$work/movies.bin"
done

# Too many threads for the memory that their stacks need.
run bash -c 'ulimit -d 140000 && ulimit -c 0 && exec "$@"' limit "${training[@]}" --threads 64 -o "$work/stacks" "$work/tokens"
[[ $status -eq 1 && $err == "lora-train: thread "*" of 64 cannot be started: "*"; ask for fewer with --threads, or raise ulimit -d or -u" ]] ||
  fail "stacks without room: $status, $err"
finish
