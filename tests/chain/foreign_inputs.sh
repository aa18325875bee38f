#!/usr/bin/env bash
# Files of other kinds and damaged ones, given to every tool that reads text: each is named with the command that helps,
# and that command works.
source "$(dirname "$0")/support.bash"
source tests/chain/small_catalog.bash
base=$PWD/testdata/mini
cd "$work" || exit 1
[[ $BUILD == /* ]] || export PATH="$OLDPWD/$BUILD:$PATH"

mkdir foreign
cp tables/title.ratings.tsv table
gzip -n <table >table.gz
gzip -n <table.gz >foreign/double
iconv -f UTF-8 -t UTF-16 table >foreign/utf16
iconv -f UTF-8 -t UTF-16LE table >foreign/utf16le
iconv -f UTF-8 -t UTF-32 table >foreign/utf32
xz <table >foreign/xz
bzip2 <table >foreign/bz2
tar -cf foreign/tar table
if command -v zstd >/dev/null; then zstd -q <table >foreign/zst; fi
if command -v zip >/dev/null; then zip -q foreign/zip.zip table && mv foreign/zip.zip foreign/zip; fi

# The command of the message, run as it is, gives the table.
for file in foreign/*; do
  run tsv2bin -o new "$file"
  [[ $status -eq 1 && $err =~ ^"tsv2bin: $file: this is ".*" it: "(.*)" | tsv2bin ..."$ ]] || { fail "$file: $err"; continue; }
  # shellcheck disable=SC2086  # the words of a command
  ${BASH_REMATCH[1]} | tsv2bin -o new || fail "$file: the advice does not help: ${BASH_REMATCH[1]}"
  bin2tsv new 2>/dev/null | cmp -s - table || fail "$file: another table after ${BASH_REMATCH[1]}"
  rm -f new
done
# The same from a pipe.
for file in foreign/*; do
  run bash -c "cat $file | tsv2bin -o new"
  [[ $status -eq 1 && $err =~ ^"tsv2bin: <stdin>: this is ".*" it: ... | "(.*)" | tsv2bin ..."$ ]] || { fail "$file from a pipe: $err"; continue; }
  command -v "${BASH_REMATCH[1]%% *}" >/dev/null || continue
  # shellcheck disable=SC2086
  ${BASH_REMATCH[1]} <"$file" | tsv2bin -o new || fail "$file: the advice does not help: ${BASH_REMATCH[1]}"
  rm -f new
done

# CSV has commas, quotes, and doubled quotes.
printf 'tconst,averageRating,numVotes,note\ntt1,8.0,10,"a, ""b"""\n' >ratings.csv
run tsv2bin -o new ratings.csv
[[ $err =~ "convert it: "(.*)" <FILE | tsv2bin ..." ]] || fail "CSV: $err"
bash -c "${BASH_REMATCH[1]} <ratings.csv" | tsv2bin -o new || fail "CSV: the advice does not help: $err"
expect_equal $'tt1\t8.0\t10\ta, "b"' "$(bin2tsv new | tail -n 1)" "the table of a CSV file"
rm -f new

printf '<!DOCTYPE html>\n<html>' >foreign/html
printf 'SQLite format 3\0' >foreign/sqlite
printf 'PAR1\x15\x04' >foreign/parquet
printf '\x80\x04\x95' >foreign/pickle
printf 'GGUF\x03\0\0\0' >foreign/gguf
tsv2bin -o foreign/table table
cp movies.bin foreign/catalog
# Every tool that reads text, up to the file.
others="--ratings table --crew tables/title.crew.tsv --principals tables/title.principals.tsv --names tables/name.basics.tsv"
for command in "tsv2bin -o new" "tokenize --model $base -o new" "embed -o new $others --basics"; do
  read -ra words <<<"$command"
  for file in foreign/*; do
    [[ ${words[0]} == embed && $file == foreign/table ]] && continue
    run "${words[@]}" "$file"
    [[ $status -eq 1 && $err == "${words[0]}: $file: "* && ! -e new ]] || fail "$command $file: $status $err"
    [[ ${words[0]} != embed || $err == *"expected a file of kind"* || $err == *"this is "* ]] || fail "$command $file: $err"
    [[ ${words[0]} == embed || $err == *": this is "* ]] || fail "$command $file: $err"
    [[ ${words[0]} != embed || $err != *"| embed"* ]] || fail "embed does not read tables from a pipe: $err"
  done
done
# Tools that read our own files.
for command in "similar -o new -c" "synthconv -n 1 -o new" "bin2tsv -o new"; do
  read -ra words <<<"$command"
  for file in foreign/xz foreign/sqlite foreign/pickle foreign/html foreign/utf16 table.gz; do
    run "${words[@]}" "$file"
    [[ $status -eq 1 && $err == "${words[0]}: $file: not a safetensors file: "*"; this is "* ]] || fail "$command $file: $err"
  done
done
for file in foreign/xz foreign/html foreign/utf16 foreign/double foreign/catalog; do
  run bash -c "similar -c movies.bin <$file"
  [[ $status -eq 1 && $err == "similar: <stdin>: this is "* ]] || fail "similar <$file: $err"
done

# A damaged gzip is never taken, whatever the options; one that is whole is, whatever pads it.
size=$(stat -c %s table.gz)
for at in 100 $((size / 2)) $((size - 7)) $((size - 2)); do
  cp table.gz flipped.gz
  byte=$(od -An -tu1 -j "$at" -N 1 table.gz)
  # shellcheck disable=SC2059  # the format is the byte
  printf "\\x$(printf %x $((byte ^ 16)))" | dd of=flipped.gz bs=1 seek="$at" conv=notrunc status=none
  for options in "" --keep-going; do
    # shellcheck disable=SC2086  # none or one
    run tsv2bin $options -o new flipped.gz
    [[ $status -eq 1 && $err == *"the file is damaged; fetch it again"* && ! -e new ]] || fail "byte $at flipped, $options: $status $err"
  done
done
for behind in '\n' '\0\0\0\0'; do
  { cat table.gz; printf '%b' "$behind"; } >padded.gz
  expect_error 0 "" tsv2bin -o new padded.gz
  bin2tsv new | cmp -s - table || fail "gzip with padding $behind"
done
{ cat table.gz; echo "<html>"; } >padded.gz
expect_error 0 "tsv2bin: padded.gz: behind the gzip data, from byte $size on, there is something else; it is ignored" tsv2bin -o new padded.gz
bin2tsv new | cmp -s - table || fail "gzip with something else behind it"
cd "$OLDPWD" || exit 1
finish
