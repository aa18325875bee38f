#!/usr/bin/env bash
# Gives each tool bad inputs: an empty file, a folder, a missing file, a truncated one, one of another kind, one that is
# not UTF-8. Each is refused with the file's name, what was expected and what to do, and leaves nothing behind.
source "$(dirname "$0")/support.bash"
source tests/chain/small_catalog.bash
base=testdata/mini

cd "$work" || exit 1
[[ $BUILD == /* ]] || export PATH="$OLDPWD/$BUILD:$PATH"
base=$OLDPWD/$base
: >empty
mkdir folder
echo hello >text
printf '{"text":"caf\xe9"}\n' >latin
head -c 20000 movies.bin >cut
echo '{"instruction":"a","input":"","output":"b"}' | tokenize --model "$base" -o tokens - || fail "tokenize"

# refuses STATUS MESSAGE COMMAND...: expect_error, and the output that COMMAND calls `new` must not exist afterwards.
refuses() {
  expect_error "$@"
  [[ ! -e new ]] || fail "${*:3}: leaves its output"
  [[ -z $(find . -name 'new*' -o -name '*.tmp') ]] || fail "${*:3}: leaves $(find . -name 'new*' -o -name '*.tmp')"
  rm -rf new
}

# Tools that read our own files: the tool, the kind of file it reads, the tool that makes it, the command up to the
# file.
while IFS='|' read -r tool kind maker command; do
  read -ra words <<<"${command//BASE/$base}"
  made="$maker makes a file of kind \"$kind\""
  refuses 1 "$tool: empty: not a safetensors file: expected at least 8 bytes, found 0; $made" "${words[@]}" empty
  refuses 1 "$tool: text: not a safetensors file: expected at least 8 bytes, found 6; $made" "${words[@]}" text
  refuses 1 "$tool: folder: cannot read: Is a directory" "${words[@]}" folder
  refuses 1 "$tool: nowhere: cannot open: No such file or directory" "${words[@]}" nowhere
  run "${words[@]}" cut
  [[ $status -eq 1 && $err =~ ^"$tool: cut: tensor \""[a-zA-Z._]+"\" ends at byte "[0-9]+" of "[0-9]+": the file is cut off; fetch or make it again"$ ]] ||
    fail "$tool with a cut file: $err"
  for other in movies.bin tokens; do
    other_kind=catalogue
    [[ $other == tokens ]] && other_kind=tokens
    [[ $kind == "$other_kind" ]] && continue
    refuses 1 "$tool: $other: expected a file of kind \"$kind\", found one of kind \"$other_kind\"; $maker makes it" "${words[@]}" "$other"
  done
done <<EOF
similar|catalogue|embed|similar -o new -c
synthconv|catalogue|embed|synthconv -n 1 -o new
lora-train|tokens|tokenize|lora-train --base BASE -o new
chat|catalogue|embed|chat --base BASE --movies
evaluate|catalogue|embed|evaluate --base BASE -o new --movies
EOF

# bin2tsv reads all our artifacts.
refuses 1 "bin2tsv: empty: not a safetensors file: expected at least 8 bytes, found 0" bin2tsv -o new empty
refuses 1 "bin2tsv: folder: cannot read: Is a directory" bin2tsv -o new folder
refuses 1 "bin2tsv: nowhere: cannot open: No such file or directory" bin2tsv -o new nowhere

# Tools that read text.
refuses 1 "tsv2bin: empty: the file is empty; expected the header line of an IMDb table" tsv2bin -o new empty
refuses 1 "tsv2bin: folder: expected a table or a folder with one in it, found a folder with 0 files" tsv2bin -o new folder
refuses 1 "tsv2bin: nowhere: cannot open: No such file or directory" tsv2bin -o new nowhere
refuses 1 'tsv2bin: text:1: header: expected the column names of an IMDb table, found "hello"' tsv2bin -o new text
refuses 1 "tsv2bin: latin:1: header: expected UTF-8, found the byte 0xe9" tsv2bin -o new latin
refuses 1 "tokenize: empty: no samples" tokenize --model "$base" -o new empty
refuses 1 "tokenize: folder: cannot read: Is a directory" tokenize --model "$base" -o new folder
refuses 1 "tokenize: nowhere: cannot open: No such file or directory" tokenize --model "$base" -o new nowhere
refuses 1 "tokenize: latin:1: not UTF-8: byte 0xE9 at column 13; convert the file with iconv" tokenize --model "$base" -o new latin
run tokenize --model "$base" -o new text
[[ $status -eq 1 && $err == "tokenize: text:1: not valid JSON: "*"; one object on each line is expected" ]] || fail "tokenize with text: $err"
for input in empty folder nowhere; do
  refuses 1 "embed: $input: expected title.basics.bin, title.basics.tsv or title.basics.tsv.gz in this folder, found none" embed -o new "$input"
done

# Model folders that are empty or incomplete.
refuses 1 "tokenize: folder: no tokenizer: expected tokenizer.json, tokenizer.model, or vocab.json with merges.txt; give a Hugging Face model folder with its tokenizer, or a GGUF file" \
  tokenize --model folder -o new latin
for tool in "lora-train --base DIR -o new tokens" "chat --base DIR --movies movies.bin"; do
  read -ra words <<<"${tool//DIR/folder}"
  run "${words[@]}"
  [[ $status -eq 1 && $err == "${words[0]}: folder/"*": cannot open: No such file or directory"* ]] || fail "${words[0]} with an empty folder as model: $err"
done
cp -r "$base" half && head -c 4000 "$base/model.safetensors" >half/model.safetensors
run chat --base half --movies movies.bin
[[ $status -eq 1 && $err == "chat: half/model.safetensors: not a safetensors file: header length "*" is more than the "*" bytes that follow" ]] || fail "chat with half a model: $err"
echo '{' >half/config.json
run lora-train --base half -o new tokens
[[ $status -eq 1 && $err == "lora-train: half/config.json: "* ]] || fail "lora-train with half a config.json: $err"

# Outputs in a folder that does not exist.
for command in "tsv2bin -o nowhere/new tables/title.basics.tsv" "embed -o nowhere/new tables" "synthconv -n 1 -o nowhere/new movies.bin" \
  "tokenize --model $base -o nowhere/new train.jsonl" "similar -c movies.bin -o nowhere/new tt90001111"; do
  [[ -e train.jsonl ]] || echo '{"instruction":"a","input":"","output":"b"}' >train.jsonl
  read -ra words <<<"$command"
  run "${words[@]}"
  [[ $status -eq 1 && $err == *"nowhere/new"*": No such file or directory"* ]] || fail "$command: $err"
done

# A full disk: we mount a small one, if we may.
if mkdir small && mount -t tmpfs -o size=16k tmpfs small 2>/dev/null; then
  for command in "tsv2bin -o small/new tables/title.principals.tsv" "embed -o small/new tables" "synthconv -n 500 -o small/new movies.bin"; do
    read -ra words <<<"$command"
    run "${words[@]}"
    [[ $status -eq 1 && $err == *"small/new"*": No space left on device"* ]] || fail "a full disk: $command: $err"
    [[ -z $(ls -A small) ]] || fail "a full disk: $command leaves $(ls -A small)"
  done
  # The file that was there before stays unchanged.
  echo before >small/kept
  run tsv2bin -o small/kept tables/title.principals.tsv
  expect_equal before "$(<small/kept)" "the file that a failed tsv2bin was to replace"
  umount small
fi

# Closing the pipe ends a tool quietly.
for command in "bin2tsv basics.bin" "synthconv -n 300 movies.bin" "similar -c movies.bin -k 700 tt90001111"; do
  [[ -e basics.bin ]] || tsv2bin -o basics.bin tables/title.basics.tsv
  read -ra words <<<"$command"
  "${words[@]}" 2>err | head -c 10 >/dev/null
  [[ -z $(grep -v '^synthconv: ' err) ]] || fail "$command | head: $(<err)"
done
cd "$OLDPWD" || exit 1
finish
