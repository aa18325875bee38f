#!/usr/bin/env bash
# lora-train as a user runs it: stopped by signals or the time limit and resumed, it gives the bytes of an uninterrupted
# run (killed.sh kills it with -9); wrong input is refused with the exact message; a full disk leaves the last
# checkpoint intact.
source "$(dirname "$0")/support.bash"

cat >"$work/config.json" <<'JSON'
{"model_type": "llama", "vocab_size": 4096, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
 "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "max_position_embeddings": 64,
 "tie_word_embeddings": true, "bos_token_id": 0, "eos_token_id": 1}
JSON
cp testdata/mini/tokenizer.json testdata/mini/tokenizer_config.json "$work"

for i in $(seq 1 400); do
  echo "{\"instruction\":\"Count from $i.\",\"input\":\"\",\"output\":\"$((i + 1)), $((i + 2)), $((i * 7 % 100))\"}"
done >"$work/lines.jsonl"
head -40 "$work/lines.jsonl" | tokenize --model "$work" --seq-len 64 -o "$work/valid.bin" - || fail "tokenize"
tokenize --model "$work" --seq-len 64 -o "$work/tokens.bin" "$work/lines.jsonl" || fail "tokenize"

# A base with random weights, trained for three updates.
run lora-train --full --config "$work/config.json" --max-steps 3 --micro-batch-tokens 256 -o "$work/base" "$work/tokens.bin"
expect_equal 0 "$status" "lora-train --full: $err"
for file in config.json model.safetensors tokenizer.json tokenizer_config.json; do
  [[ -s $work/base/$file ]] || fail "lora-train --full wrote no $file"
done

options=(--base "$work/base" --valid "$work/valid.bin" --rank 4 --dropout 0.1 --epochs 4 --micro-batch-tokens 256
         --gradient-accumulation-steps 2 --validate-every 7 --progress none)
often=(--checkpoint-every 3)
train() { lora-train "${options[@]}" -o "$1" "${@:2}" "$work/tokens.bin"; }
# To run in the background: exec, so that the signal goes to the tool and not to a shell around it.
launch() { exec lora-train "${options[@]}" -o "$1" "${@:2}" "$work/tokens.bin"; }

train "$work/unbroken" "${often[@]}" --threads 1 --metrics "$work/unbroken.jsonl" || fail "the unbroken run"
steps=$(grep -c '"loss"' "$work/unbroken.jsonl")
[[ $steps -ge 20 ]] || fail "the run is too short to be killed in: $steps steps"
files=$'adapter_config.json\nadapter_model.safetensors\ntraining.json'
expect_equal "$files" "$(ls -A "$work/unbroken")" "files of the adapter"

same() { expect_same_bytes "$work/unbroken/adapter_model.safetensors" "$1/adapter_model.safetensors" "$2"; }
run train "$work/unbroken" --resume
expect_equal "lora-train: $work/unbroken: this run is already finished" "$err" "--resume of a finished run"

# SIGTERM saves; --resume continues from there, and the metrics have each step once.
launch "$work/stopped" --metrics "$work/stopped.jsonl" 2>"$work/.err" &
tool=$!
for _ in $(seq 200); do [[ -s $work/stopped.jsonl ]] && break; sleep 0.02; done
kill -TERM "$tool" 2>/dev/null
wait "$tool"
status=$?
expect_equal 0 "$status" "SIGTERM, as batch systems send it"
if [[ -s $work/stopped/checkpoint.safetensors ]]; then
  [[ $(<"$work/.err") =~ ^"lora-train: stopped after step "[0-9]+" of $steps, saved in $work/stopped/checkpoint.safetensors; continue with --resume"$ ]] ||
    fail "SIGTERM says: $(<"$work/.err")"
  [[ ! -e $work/stopped/adapter_model.safetensors ]] || fail "an interrupted run wrote an adapter"
  run train "$work/stopped" --metrics "$work/stopped.jsonl" --resume
  [[ $err == "lora-train: continuing after step "*" of $steps" ]] || fail "--resume says: $err"
fi
same "$work/stopped" "stopped by SIGTERM and resumed"
expect_equal "$(seq "$steps")" "$(sed -nE 's/^\{"step":([0-9]+),.*"loss".*/\1/p' "$work/stopped.jsonl")" "steps in the metrics"

# A checkpoint is accepted only by its own run.
train "$work/other" --time-limit 0.00001 2>/dev/null
expect_error 1 "lora-train: $work/other/checkpoint.safetensors: this checkpoint belongs to another run: --learning-rate was 0.001, and is 0.5 now; repeat the options of that run, or delete the checkpoint" \
  train "$work/other" --learning-rate 0.5 --resume
[[ -s $work/other/adapter_model.safetensors ]] || fail "the time limit left no adapter"

# Nor if a byte of the base has changed: in its single file, in one of its shards, in its configuration.
mkdir "$work/sharded"
cp "$work/base/config.json" "$work/base/"tokenizer* "$work/sharded"
python3 - "$work/base/model.safetensors" "$work/sharded" <<'PY' || fail "a base in shards"
import json, struct, sys
data = open(sys.argv[1], "rb").read()
length = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:8 + length])
header.pop("__metadata__", None)
names = sorted(header)
weight_map = {}
for shard, part in enumerate((names[::2], names[1::2]), 1):
    name, blob, entries = f"model-0000{shard}-of-00002.safetensors", b"", {}
    for tensor in part:
        begin, end = header[tensor]["data_offsets"]
        entries[tensor] = {**header[tensor], "data_offsets": [len(blob), len(blob) + end - begin]}
        blob += data[8 + length + begin:8 + length + end]
        weight_map[tensor] = name
    text = json.dumps(entries).encode()
    text += b" " * (-len(text) % 8)
    open(f"{sys.argv[2]}/{name}", "wb").write(struct.pack("<Q", len(text)) + text + blob)
json.dump({"weight_map": weight_map}, open(f"{sys.argv[2]}/model.safetensors.index.json", "w"))
PY
for file in base/model.safetensors sharded/model-00001-of-00002.safetensors sharded/model-00002-of-00002.safetensors sharded/config.json; do
  folder=${file%%/*} name=${file#*/}
  options[1]=$work/$folder
  rm -rf "$work/changed"
  train "$work/changed" --time-limit 0.00001 2>/dev/null
  cp "$work/$file" "$work/original"
  if [[ $name == config.json ]]; then echo >>"$work/$file"; else
    # The lowest byte of a bfloat16 number somewhere after the header.
    at=$(($(stat -c %s "$work/$file") / 4 * 2))
    byte=$(od -An -tu1 -j $at -N1 "$work/$file")
    printf "\\x$(printf %x $((byte ^ 1)))" | dd of="$work/$file" bs=1 seek=$at conv=notrunc status=none
  fi
  run train "$work/changed" --resume
  [[ $status -eq 1 && $err =~ ": this checkpoint belongs to another run: the hash of $name was "[0-9a-f]{16}", and is "[0-9a-f]{16}" now; "* ]] ||
    fail "a byte of $file is another: $err"
  cp "$work/original" "$work/$file"
  train "$work/changed" --resume 2>/dev/null || fail "--resume with the $file as it was"
done
options[1]=$work/base

# The disk is full while a checkpoint is written: the run fails and the previous checkpoint is intact.
for write in 6 7 9; do
  out=$work/full-$write
  MATINEE_FAIL_WRITE=$write train "$out" "${often[@]}" >/dev/null 2>"$work/.err" && continue
  [[ $(<"$work/.err") == *"No space left on device"* ]] || fail "full disk says: $(<"$work/.err")"
  train "$out" "${often[@]}" --resume 2>"$work/.err" || fail "--resume after a full disk: $(<"$work/.err")"
  same "$out" "resumed after a full disk"
done

# With --keep-going the run continues on a full disk and learns the same.
out=$work/going
MATINEE_FAIL_WRITE=7 train "$out" "${often[@]}" --keep-going 2>"$work/.err" || fail "--keep-going: $(<"$work/.err")"
grep -q 'no checkpoint: .*No space left on device.*; training continues' "$work/.err" || fail "--keep-going says: $(<"$work/.err")"
same "$out" "trained through a full disk"

# 8-bit moments and several checkpoints: killed and resumed, the run gives the same bytes and leaves no other files.
options[5]=160  # a large rank, since small matrices keep float32 moments
deep=(--adam-bits 8 --checkpoint-every 2 --keep-checkpoints 3)
train "$work/bytes" "${deep[@]}" || fail "--adam-bits 8"
launch "$work/bytes-killed" "${deep[@]}" 2>/dev/null &
tool=$!
for _ in $(seq 400); do [[ -s $work/bytes-killed/checkpoint.safetensors.2 ]] && break; sleep 0.02; done
kill -9 "$tool" 2>/dev/null
wait "$tool" 2>/dev/null
[[ -s $work/bytes-killed/checkpoint.safetensors.1 ]] || fail "no older checkpoint is kept"
train "$work/bytes-killed" "${deep[@]}" --resume 2>/dev/null || fail "--resume with --adam-bits 8"
expect_same_bytes "$work/bytes/adapter_model.safetensors" "$work/bytes-killed/adapter_model.safetensors" "killed with moments in bytes"
expect_equal "$files" "$(ls -A "$work/bytes-killed")" "files of a run with several checkpoints"

# --plan loads and writes nothing; its counts equal those of the run.
run lora-train "${options[@]}" --plan -o "$work/planned" "$work/tokens.bin"
expect_equal 0 "$status" "--plan: $err"
expect_equal "model trained memory updates tokens/s time" "$(awk '{ print $1 }' <<<"$out" | paste -sd' ')" "lines of --plan"
grep -q "^updates     $steps, " <<<"$out" || fail "--plan expects other updates than $steps: $out"
python3 - "$work/bytes/adapter_model.safetensors" "$(sed -n 's/^trained  *\([0-9,]*\) .*/\1/p' <<<"$out")" <<'PY' || fail "--plan counts other parameters"
import json, struct, sys
with open(sys.argv[1], "rb") as file:
    header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
header.pop("__metadata__")
assert sum((t["data_offsets"][1] - t["data_offsets"][0]) // 4 for t in header.values()) == int(sys.argv[2].replace(",", ""))
PY
[[ ! -e $work/planned ]] || fail "--plan wrote something"

# Errors.
expect_error 2 "lora-train: --output DIR is missing" lora-train --base "$work/base" "$work/tokens.bin"
run bash -c "mkdir -p $work/narrow && sed s/4096/300/ $work/base/config.json >$work/narrow/config.json && cp $work/base/*.safetensors $work/narrow && lora-train --base $work/narrow -o $work/a $work/tokens.bin"
[[ $status -eq 1 && $err == "lora-train: $work/tokens.bin: sample "*", but $work/narrow has rows for 300 tokens only; "* ]] || fail "ids beyond the model: $err"
expect_error 1 "lora-train: $work/nowhere/config.json: cannot open: No such file or directory" lora-train --base "$work/nowhere" -o "$work/a" "$work/tokens.bin"
: >"$work/empty"
run lora-train --base "$work/base" -o "$work/a" "$work/empty"
[[ $status -eq 1 && $err == "lora-train: $work/empty: "* ]] || fail "an empty tokens file: $err"
run lora-train --base "$work/base" -o "$work/a" "$work/base/model.safetensors"
[[ $status -eq 1 && $err == "lora-train: $work/base/model.safetensors: "*tokenize* ]] || fail "another kind of file: $err"
expect_error 2 "lora-train: --learning-rate: expected a number from 0 to 10, found \"nan\"" \
  lora-train --learning-rate nan --base "$work/base" -o "$work/a" "$work/tokens.bin"
run lora-train --full --base "$work/base" --learning-rate 10 --weight-decay 10 --warmup-steps 0 -o "$work/diverged" "$work/tokens.bin"
[[ $status -eq 1 && $err == "lora-train: step "*"; lower --learning-rate, or raise --warmup-steps" ]] || fail "a diverging run: $err"
[[ ! -e $work/diverged/model.safetensors ]] || fail "a diverging run wrote an adapter"
finish
