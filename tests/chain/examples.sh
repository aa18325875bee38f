#!/usr/bin/env bash
# Every example in every tool's --help runs as it is, in a folder with files of the names that it uses. Only large numbers
# are made small, and what needs several GPUs runs on one processor.
source "$(dirname "$0")/support.bash"
[[ -x $BUILD/chat ]] || skip "no tools in $BUILD"
source=$PWD
files=$work/files
export HOME=$work/home
mkdir -p "$files" "$HOME/.local/share/matinee"

for table in title.basics title.ratings title.crew title.principals name.basics; do
  gzip -c "testdata/sample/$table.tsv" >"$files/$table.tsv.gz"
  tsv2bin -o "$files/$table.bin" "$files/$table.tsv.gz" || fail "tsv2bin $table"
done
mkdir -p "$files/testdata/turns"
ln -s "$source"/testdata/{sample,mini,adapter,conversations} "$files/testdata"
head -n 20 testdata/turns/work.jsonl >"$files/testdata/turns/work.jsonl"
ln -s "$source/testdata/mini/config.json" "$files"
ln -s "$source/testdata/mini" "$files/base"
cp -r testdata/adapter "$files/adapter"
embed -o "$files/movies.bin" "$files" 2>/dev/null || fail embed
for part in train valid; do
  synthconv -n 2 --part $part "$files/movies.bin" | head -n 8 >"$files/$part.jsonl" || fail "synthconv $part"
  tokenize --model "$files/base" -o "$files/$part.tokens" "$files/$part.jsonl" || fail "tokenize $part"
done
cp "$files/train.jsonl" "$files/conversations.jsonl"
cp "$files/train.tokens" "$files/tokens"
printf 'Date,Name,Year,Letterboxd URI\n2024-01-02,Heat,1995,https://boxd.it/x\n' >"$files/watched.csv"
printf 'Date,Name,Year,Letterboxd URI,Rating\n2024-01-02,Alien,1979,https://boxd.it/y,4.5\n' >"$files/ratings.csv"
echo '{"options":{"rank":[2],"max-steps":[1,2]}}' >"$files/sweep.json"
printf '{"base":"%s","adapter":"%s","movies":"%s"}\n' "$source/testdata/mini" "$source/testdata/adapter" "$files/movies.bin" \
  >"$HOME/.local/share/matinee/chat.json"

# The examples of a tool: the one below its summary, and the list.
examples() {
  "$1" --help | awk '/^Usage:/ { head = 1 } !head && /^    / || list && /^  / { sub(/^ +/, ""); print }
                     /^Examples:/ { list = 1 } /^$/ { list = 0 }'
}

smaller() {
  sed -E -e 's/-n 10000/-n 20/; s/synthconv movies/synthconv -n 2 movies/; s/--max-steps [0-9]+/--max-steps 2/' \
    -e 's/^mpirun -n [0-9]+ //; s/--device cuda/--device cpu/; s/\| less.*/| cat/' \
    -e 's/^evaluate( .*--without-adapter)?$/& --held-out 1 --self-play 1 --training 0/' \
    -e 's/^chat --serve$/timeout -s INT 4 chat --serve :0/' -e 's/--self-play 500/--self-play 1 --held-out 1 --training 0/'
}

number=0
for main in cmd/*.cc; do
  tool=$(basename "$main" .cc | tr _ -)
  while IFS= read -r line; do
    folder=$work/run$((number += 1))
    cp -r "$files" "$folder"
    # A training or a merge makes a new folder.
    [[ $line == *"-o adapter "* ]] && rm -r "$folder/adapter"
    run bash -c "cd '$folder' && set -o pipefail && $(smaller <<<"$line")"
    # `head` may close the pipe, and a server serves until it is stopped.
    [[ $status -eq 0 || $line == *"| head"* && $status -eq 141 || $line == *--serve* && $status -eq 124 ]] || fail "$tool --help has an example that fails: $line: $err"
    [[ -n $out || $line == *">"* || $line == *" -o "* || $line == chat || $line == *--serve* ]] || fail "$line prints nothing"
    rm -r "$folder"
  done < <(examples "$tool")
done
[[ $number -ge 25 ]] || fail "only $number examples found"
finish
