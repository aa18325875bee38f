#!/usr/bin/env bash
# make train-chain, from tables to a chat, on a small scale: everything is made once, and the same command resumes a run
# that was killed during the training and gives the same bytes.
source "$(dirname "$0")/support.bash"
source tests/chain/small_catalog.bash
[[ -x $BUILD/tsv2bin ]] || skip "no tools in $BUILD"

# The tools are used as they are (-o), with whatever flags they were built.
tools=()
for main in cmd/*.cc; do tools+=(-o "$BUILD/$(basename "$main" .cc | tr _ -)"); done
chain() {
  # Runs make as from a prompt, even if this test is part of another make.
  env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make --no-print-directory "${tools[@]}" train-chain BUILD="$BUILD" IMDB="$work/tables" TRAIN="$1" CONVERSATIONS=40 \
    TRAIN_FLAGS="--rank 4 --alpha 8 --max-steps 12 --micro-batch-tokens 512" CHECKPOINT_EVERY=2 \
    EVALUATE_FLAGS="--held-out 1 --self-play 1 --training 1" "${@:2}"
}
run chain "$work/train"
expect_equal 0 "$status" "make train-chain: $err"
for file in title.basics.bin title.ratings.bin title.crew.bin title.principals.bin name.basics.bin movies.bin train.jsonl valid.jsonl \
  train.tokens valid.tokens adapter/adapter_config.json adapter/adapter_model.safetensors adapter/training.json metrics.jsonl \
  chat.json figures.json report.html commands.txt; do
  [[ -s $work/train/$file ]] || fail "make train-chain made no $file"
done
run chain "$work/train"
expect_equal "make: Nothing to be done for 'train-chain'." "$out" "a second make train-chain"
expect_equal 1 "$(printf 'a comedy\n/quit\n' | chat --setup "$work/train/chat.json" | sed -n '1p' | wc -l)" "chat --setup"

# Killed during the training, when everything else is already made.
mkdir "$work/again"
cp -rp "$work"/train/{stamps,*.bin,*.jsonl,*.tokens} "$work/again"
rm -f "$work/again/metrics.jsonl"
setsid bash -c "$(declare -p tools); $(declare -f chain); work='$work' BUILD='$BUILD' chain '$work/again'" >/dev/null 2>&1 &
group=$!
for _ in $(seq 400); do [[ -s $work/again/adapter/checkpoint.safetensors ]] && break; sleep 0.02; done
kill -9 -- "-$group" 2>/dev/null
wait "$group" 2>/dev/null
[[ ! -e $work/again/chat.json ]] || fail "a killed chain looks finished"
run chain "$work/again"
expect_equal 0 "$status" "make train-chain after a kill: $err"
for file in adapter/adapter_model.safetensors figures.json; do
  expect_same_bytes "$work/train/$file" "$work/again/$file" "made in one go and after a kill"
done

# A missing table is reported, and nothing incomplete is left.
rm "$work/tables/title.basics.tsv"
run chain "$work/none"
[[ $status -ne 0 && $err == *"IMDB=$work/tables has no title.basics.tsv or title.basics.tsv.gz"* ]] || fail "a missing table: $err"
[[ ! -e $work/none/movies.bin ]] || fail "a chain without title.basics made a catalog"
finish
