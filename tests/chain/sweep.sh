#!/usr/bin/env bash
# lora-train --sweep as a user runs it: killed with -9 and called again it gives the same table and adapters; shards that
# run at the same time make the whole; the best run by a figure of evaluate; refused input.
source "$(dirname "$0")/support.bash"
source tests/chain/small_catalog.bash

for i in $(seq 1 160); do
  echo "{\"instruction\":\"Count from $i.\",\"input\":\"\",\"output\":\"$((i + 1)), $((i + 2)), $((i * 7 % 100))\"}"
done >"$work/lines.jsonl"
tokenize --model testdata/mini --seq-len 64 -o "$work/tokens.bin" "$work/lines.jsonl" || fail "tokenize"
head -20 "$work/lines.jsonl" | tokenize --model testdata/mini --seq-len 64 -o "$work/valid.bin" - || fail "tokenize"

base=(--base testdata/mini --valid "$work/valid.bin" --micro-batch-tokens 256 --progress none)
options=("${base[@]}" --max-steps 8 --validate-every 4 --checkpoint-every 1)
sweep() { lora-train "${options[@]}" --sweep "$1" -o "$2" "${@:3}" "$work/tokens.bin"; }
launch() { exec lora-train "${options[@]}" --sweep "$1" -o "$2" "${@:3}" "$work/tokens.bin"; }
same_sweep() {
  expect_same_bytes "$1/sweep.tsv" "$2/sweep.tsv" "$3: tables"
  expect_equal "$(readlink "$1/best")" "$(readlink "$2/best")" "$3: best run"
  for run in "$1"/run-*; do
    expect_same_bytes "$run/adapter_model.safetensors" "$2/${run##*/}/adapter_model.safetensors" "$3: ${run##*/}"
  done
}

echo '{"options":{"learning-rate":[0.002,0.01],"rank,alpha":[[2,4],[8,16]]}}' >"$work/grid.json"
echo '{"search":"halving","eta":2,"rungs":2,"runs":4,
       "options":{"learning-rate":{"log-uniform":[0.001,0.02]},"rank":{"integers":[2,9]},"dropout":0.1}}' >"$work/halving.json"
for search in grid halving; do
  run sweep "$work/$search.json" "$work/$search"
  expect_equal 0 "$status" "$search: $err"
  expect_equal 5 "$(wc -l <"$work/$search/sweep.tsv")" "lines of the table of $search"
  expect_equal 1 "$(sed -n 2p "$work/$search/sweep.tsv" | cut -f 1)" "the first rank"
  expect_equal "$(sed -n 2p "$work/$search/sweep.tsv" | cut -f 2)" "$(readlink "$work/$search/best")" "the best run"

  # Killed while the second run trains, and again later.
  for run in run-002 run-004; do
    launch "$work/$search.json" "$work/$search-killed" >/dev/null 2>&1 &
    tool=$!
    for _ in $(seq 3000); do
      [[ -s $work/$search-killed/$run/checkpoint.safetensors || -s $work/$search-killed/$run/training.json ]] && break
      sleep 0.02
    done
    kill -KILL "$tool" 2>/dev/null
    wait "$tool" 2>/dev/null
  done
  run sweep "$work/$search.json" "$work/$search-killed"
  expect_equal 0 "$status" "$search after two kills: $err"
  same_sweep "$work/$search" "$work/$search-killed" "$search, killed and continued"
done
expect_equal "finished finished dropped dropped" "$(sed 1d "$work/halving/sweep.tsv" | cut -f 3 | paste -sd' ')" "states after halving"

# A run of a sweep is what lora-train makes of the same options.
run lora-train "${options[@]}" --learning-rate 0.01 --rank 8 --alpha 16 -o "$work/plain" "$work/tokens.bin"
expect_same_bytes "$work/plain/adapter_model.safetensors" "$work/grid/run-004/adapter_model.safetensors" "run-004 and a plain run"

# SIGTERM, as batch systems send it: status 0, and the same command continues.
launch "$work/grid.json" "$work/stopped" >/dev/null 2>&1 &
tool=$!
for _ in $(seq 3000); do [[ -s $work/stopped/run-001/metrics.jsonl ]] && break; sleep 0.02; done
kill -TERM "$tool"
wait "$tool"
expect_equal 0 $? "SIGTERM"
run sweep "$work/grid.json" "$work/stopped"
same_sweep "$work/grid" "$work/stopped" "stopped and continued"

# Shards at the same time, in one folder.
for shard in 1/2 2/2; do sweep "$work/grid.json" "$work/shards" --shard "$shard" --threads 1 >/dev/null 2>&1 & done
wait
same_sweep "$work/grid" "$work/shards" "two shards at once"

# --plan writes nothing.
run sweep "$work/halving.json" "$work/planned" --plan
expect_equal "runs rungs updates memory time" "$(awk '{ print $1 }' <<<"$out" | paste -sd' ')" "lines of --plan: $err"
[[ ! -e $work/planned ]] || fail "--plan wrote something"

# Ranked by what evaluate finds, with the evaluate beside lora-train.
head -4 testdata/turns/held.jsonl >"$work/turns.jsonl"
cat >"$work/figures.json" <<JSON
{"options": {"samples": [20, 0]}, "rank_by": "act", "figures": ["act", "slots_f1", "rule.act"],
 "evaluate": ["--movies", "$work/movies.bin", "--turns", "$work/turns.jsonl"]}
JSON
run sweep "$work/figures.json" "$work/figures"
expect_equal 0 "$status" "ranked by a figure: $err $(cat "$work"/figures/*/evaluate.log)"
expect_equal "rank run status act slots_f1 rule.act valid_loss best_step steps samples message" \
  "$(head -n 1 "$work/figures/sweep.tsv" | tr '\t' ' ')" "columns"
grep -q "\\\\N.*run-00" "$work/figures/sweep.tsv" && fail "a figure is missing: $(<"$work/figures/sweep.tsv")"

# Refused input leaves no folder.
refused() {
  expect_error "$1" "lora-train: $2" "${@:3}"
  [[ ! -e $work/refused ]] || fail "$2: wrote a folder"
}
echo '{"options":{"rank":[8,"many"]}}' >"$work/wrong.json"
refused 1 "$work/wrong.json: options.rank[1]: expected a whole number from 1 to 65536, found \"many\"" \
  sweep "$work/wrong.json" "$work/refused"
echo '{"options":{"samples":[100,1000]}}' >"$work/wrong.json"
refused 2 "run-002 (samples 1000): --samples: $work/tokens.bin has 160 samples, found 1000" \
  sweep "$work/wrong.json" "$work/refused"
refused 2 "--shard: expected I/N with I from 1 to N, such as 2/8, found \"3/2\"" \
  sweep "$work/grid.json" "$work/refused" --shard 3/2
refused 2 "--shard is for --sweep" lora-train "${options[@]}" --shard 1/2 -o "$work/refused" "$work/tokens.bin"
sed -i s/0.01/0.02/ "$work/grid.json"
expect_error 1 "lora-train: $work/grid/run-003: belongs to another sweep: learning-rate was 0.01, and is 0.02 now; name another output folder, or remove this one" \
  sweep "$work/grid.json" "$work/grid"
finish
