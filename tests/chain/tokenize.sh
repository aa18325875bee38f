#!/usr/bin/env bash
# tokenize as a user runs it: pipes, errors and their messages, --show, full disks.
source "$(dirname "$0")/support.bash"
model=tests/tokenizer/data/byte_level
good='{"instruction":"Ask.","input":"","output":"Which?"}'
echo "$good" >"$work/good.jsonl"

# A file, a pipe and gzip give the same tokens with any number of threads.
for i in $(seq 3000); do echo "{\"instruction\":\"Number $i\",\"input\":\"x\",\"output\":\"so be it: $i\"}"; done >"$work/many.jsonl"
tokenize -m $model -o "$work/1.bin" --threads 1 "$work/many.jsonl" || fail "tokenize of a file"
tokenize -m $model --threads 3 <"$work/many.jsonl" >"$work/2.bin" || fail "tokenize of a pipe"
gzip -c "$work/many.jsonl" | tokenize -m $model/tokenizer.json -o "$work/3.bin" - || fail "tokenize of gzip"
expect_same_bytes "$work/1.bin" "$work/2.bin" "file and pipe"
expect_same_bytes "$work/1.bin" "$work/3.bin" "file and gzip"

# --show marks the supervised tokens: with brackets if colors are turned off or not supported.
run tokenize -m $model --show "$work/good.jsonl"
expect_equal $'### Ask.\n###\n[[Which?<|eos|>]]' "$out" "--show"
run env NO_COLOR=1 tokenize -m $model --template alpaca --show "$work/good.jsonl"
expect_equal "### Response:[[Which?<|eos|>]]" "${out##*$'\n'}" "--show --template alpaca"
run tokenize -m $model --stats -o "$work/s.bin" "$work/good.jsonl"
[[ $err == "tokenize: 1 samples of 1 texts, "*" supervised ("*" %)"$'\n'* ]] || fail "--stats says: $err"

# Data sets as people have them: mended, counted and marked; one array is read as its elements are.
cat >"$work/talk.json" <<'END'
[
  {"id": "a", "conversations": [{"from": "gpt", "value": "Welcome."}, {"from": "human", "value": "Hi"},
    {"from": "gpt", "value": "Yes?"}, {"from": "human", "value": "More"}, {"from": "gpt", "value": "Sure<|eos|>"}]},
  {"id": "b", "conversations": []},
  {"instruction": "Ask.", "input": null, "output": "Which?"}
]
END
run tokenize -m $model --show "$work/talk.json"
expect_equal $'### Hi\n###\n[[Yes?<|eos|>]]### More\n###\n[[Sure<|eos|><|eos|>]]\n### Ask.\n###\n[[Which?<|eos|>]]' "$out" "an array"
expect_equal "tokenize: 1 text: no reply to learn (missing, empty, with weight 0 or after a tool call); left out; the first: $work/talk.json:4: [1]
tokenize: 1 text: the assistant speaks first; that message is left out; the first: $work/talk.json:2: [0]
tokenize: 1 text: names of special tokens, read as plain text; --special-tokens makes them ids; the first: $work/talk.json:2: [0] (<|eos|>)" \
  "$err" "what was mended"
gzip -c "$work/talk.json" >"$work/talk.json.gz"
run tokenize -m $model --show --loss last --special-tokens "$work/talk.json.gz"
expect_equal $'### Hi\n###\nYes?<|eos|>### More\n###\n[[Sure<|eos|><|eos|>]]' "${out%$'\n### Ask'*}" "--loss last"
[[ $err != *"special tokens"* ]] || fail "--special-tokens warns: $err"
run tokenize -m $model --seq-len 18 --long cut --show "$work/good.jsonl"
expect_equal "tokenize: 1 samples had over 18 tokens: cut, so they lack their ends and the end token" "$err" "--long cut"

# Closing the pipe ends it quietly.
{ tokenize -m $model --show "$work/many.jsonl" 2>"$work/.err"; echo $? >"$work/.status"; } | head -1 >/dev/null
[[ $(<"$work/.status") -eq 0 && ! -s $work/.err ]] || fail "--show | head: $(<"$work/.status") $(<"$work/.err")"

# Errors.
bad() { printf '%s\n%s\n' "$good" "$1" >"$work/bad.jsonl"; }
bad '{"instruction":"Ask."}'
expect_error 1 "tokenize: $work/bad.jsonl:2: output: missing; --keep-going skips such texts" \
  tokenize -m $model -o "$work/bad.bin" "$work/bad.jsonl"
[[ ! -e $work/bad.bin ]] || fail "a refused input left a file"
expect_error 0 "tokenize: skipped 1 texts that cannot be used; the first: $work/bad.jsonl:2: output: missing" \
  tokenize -m $model --keep-going -o "$work/bad.bin" "$work/bad.jsonl"
bad $'{"text":"\xff"}'
expect_error 1 "tokenize: $work/bad.jsonl:2: not UTF-8: byte 0xFF at column 10; convert the file with iconv" \
  tokenize -m $model -o "$work/bad.bin" "$work/bad.jsonl"
expect_error 1 "tokenize: $work/good.jsonl:1: 19 tokens, --seq-len is 4; raise it, or say --long cut or skip (split is for running text)" \
  tokenize -m $model --seq-len 4 -o "$work/bad.bin" "$work/good.jsonl"
: >"$work/empty.jsonl"
expect_error 1 "tokenize: $work/empty.jsonl: no samples" tokenize -m $model -o "$work/bad.bin" "$work/empty.jsonl"
expect_error 2 "tokenize: --model: name the folder of the base model, or its tokenizer.json" tokenize -o "$work/bad.bin"
expect_error 1 "tokenize: $work: no tokenizer: expected tokenizer.json, tokenizer.model, or vocab.json with merges.txt; give a Hugging Face model folder with its tokenizer, or a GGUF file" \
  tokenize -m "$work" -o "$work/bad.bin" "$work/good.jsonl"
expect_error 1 "tokenize: the tokenizer has no special token <|im_start|>, which the template chatml needs; use --template plain or alpaca" \
  tokenize -m tests/tokenizer/data/llama --template chatml -o "$work/bad.bin" "$work/good.jsonl"
expect_error 1 "tokenize: $work/bad.bin: cannot write: No space left on device" \
  env MATINEE_FAIL_WRITE=1 tokenize -m $model -o "$work/bad.bin" "$work/good.jsonl"
tokenize -m $model "$work/many.jsonl" >/dev/full 2>"$work/.err"
expect_equal "1 tokenize: <stdout>: cannot write: No space left on device" "$? $(<"$work/.err")" "tokenize >/dev/full"
# More than is kept in memory.
yes '{"text":"one two three four five six seven eight nine ten eleven twelve"}' | head -n 20000 >"$work/long.jsonl"
expect_error 1 "tokenize: /nowhere: cannot make a temporary file: No such file or directory; set TMPDIR to a folder with room" \
  env TMPDIR=/nowhere tokenize -m $model -o "$work/bad.bin" "$work/long.jsonl"
finish
