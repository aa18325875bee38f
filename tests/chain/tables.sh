#!/usr/bin/env bash
# tsv2bin and bin2tsv: every real table survives a round trip byte for byte; bad input of each kind is reported with its
# position.
source "$(dirname "$0")/support.bash"

for table in testdata/sample/*.tsv "$REAL_DATA"/imdb-real/*.tsv "$REAL_DATA"/imdb-500/*.tsv; do
  [[ -f $table ]] || continue
  tsv2bin -o "$work/t.bin" "$table" || fail "tsv2bin $table"
  bin2tsv -o "$work/t.tsv" "$work/t.bin" || fail "bin2tsv of $table"
  expect_same_bytes "$table" "$work/t.tsv" "round trip"
done

table=testdata/sample/title.basics.tsv
head -2000 "$table" >"$work/whole.tsv"
tsv2bin -o "$work/whole.bin" "$work/whole.tsv"
# A pipe, gzip in two members, and any number of threads give the same bytes.
{ head -1000 "$work/whole.tsv" | gzip; tail -n +1001 "$work/whole.tsv" | gzip; } >"$work/two.tsv.gz"
for threads in 1 2 7; do
  tsv2bin --threads $threads <"$work/two.tsv.gz" >"$work/two.bin" || fail "two gzip members"
  expect_same_bytes "$work/whole.bin" "$work/two.bin" "two members, $threads threads"
done
# CRLF, no newline at the end, numbers that we would write differently.
printf 'tconst\taverageRating\tnumVotes\r\ntt1\t8.0\t007\r\ntt2\t8\t\\N' >"$work/odd.tsv"
tsv2bin -o "$work/odd.bin" "$work/odd.tsv" && bin2tsv "$work/odd.bin" >"$work/odd.back"
expect_same_bytes "$work/odd.tsv" "$work/odd.back" "a last line without CRLF in a CRLF file"
printf 'tconst\taverageRating\tnumVotes\ntt1\t8.0\t007\ntt2\t8\t\\N' >"$work/odd.tsv"
tsv2bin -o "$work/odd.bin" "$work/odd.tsv" && bin2tsv "$work/odd.bin" >"$work/odd.back"
expect_same_bytes "$work/odd.tsv" "$work/odd.back" "numbers as written"

# A byte-order mark is kept; blank lines and other line ends than the header's are left out and counted.
{ printf '\xef\xbb\xbf'; cat "$work/odd.tsv"; } >"$work/mark.tsv"
tsv2bin <"$work/mark.tsv" >"$work/mark.bin" && bin2tsv "$work/mark.bin" >"$work/mark.back"
expect_same_bytes "$work/mark.tsv" "$work/mark.back" "byte-order mark"
printf 'tconst\taverageRating\tnumVotes\ntt1\t8.0\t7\r\n\ntt2\t8.1\t9\n\n' >"$work/mixed.tsv"
expect_error 0 $'tsv2bin: left out 2 blank lines\ntsv2bin: 1 rows do not end as the header does (LF or CRLF); bin2tsv ends all as the header' \
  tsv2bin -o "$work/mixed.bin" "$work/mixed.tsv"
expect_equal $'tconst\taverageRating\tnumVotes\ntt1\t8.0\t7\ntt2\t8.1\t9' "$(bin2tsv "$work/mixed.bin")" "mixed line ends"
# What embed does not read may be missing.
printf 'tconst\tordering\tnconst\tcategory\ntt1\t1\tnm1\tactor\n' | tsv2bin >"$work/few.bin" || fail "principals without job"

rm -f "$work/t.bin"
bad() { printf '%b' "$1" >"$work/bad.tsv"; }
h='tconst\taverageRating\tnumVotes\n'
cd "$work" || exit 1
bad "";                               expect_error 1 'tsv2bin: bad.tsv: the file is empty; expected the header line of an IMDb table' tsv2bin -o t.bin bad.tsv
bad 'movie\tyear\n';                  expect_error 1 'tsv2bin: bad.tsv:1: header: expected the column names of an IMDb table, found "movie	year"' tsv2bin -o t.bin bad.tsv
bad 'tconst\tnumVotes\n';             expect_error 1 'tsv2bin: bad.tsv:1: header: expected the column names of an IMDb table, found "tconst	numVotes"; nearest is title.ratings, which also has averageRating' tsv2bin -o t.bin bad.tsv
bad "${h}tt1\t8.0\t10\ntt2\t8.0\n";   expect_error 1 'tsv2bin: bad.tsv:3: expected 3 tab-separated fields, found 2; --keep-going skips such rows' tsv2bin -o t.bin bad.tsv
bad "${h}tt1\t8.0\tmany\n";           expect_error 1 'tsv2bin: bad.tsv:2:3: numVotes: expected a whole number from 0 to 2147483647 or \N, found "many"; --keep-going skips such rows' tsv2bin -o t.bin bad.tsv
bad "${h}tt1\t8.0\t99999999999\n";    expect_error 1 'tsv2bin: bad.tsv:2:3: numVotes: expected a whole number from 0 to 2147483647 or \N, found "99999999999"; --keep-going skips such rows' tsv2bin -o t.bin bad.tsv
bad "${h}tt1\tgood\t10\n";            expect_error 1 'tsv2bin: bad.tsv:2:2: averageRating: expected a number with one decimal from 0.0 to 10.0 or \N, found "good"; --keep-going skips such rows' tsv2bin -o t.bin bad.tsv
bad "${h}tt\xff\t8.0\t10\n";          expect_error 1 'tsv2bin: bad.tsv:2:1: tconst: expected UTF-8, found the byte 0xff; --keep-going skips such rows' tsv2bin -o t.bin bad.tsv
bad '\xff\xfet\0c\0';                 expect_error 1 'tsv2bin: bad.tsv: this is UTF-16; convert it: iconv -f UTF-16 -t UTF-8 bad.tsv | tsv2bin ...' tsv2bin -o t.bin bad.tsv
bad 'tconst,averageRating,numVotes\n'; expect_error 1 'tsv2bin: bad.tsv:1: header: expected the column names of an IMDb table, found "tconst,averageRating,numVotes"; this is CSV; convert it: python3 -c "import csv, sys; [print(*row, sep='\''\t'\'') for row in csv.reader(sys.stdin)]" <FILE | tsv2bin ...' tsv2bin -o t.bin bad.tsv
bad "${h}tt1\t\033[31mX\t10\n";       expect_error 1 'tsv2bin: bad.tsv:2:2: averageRating: expected a number with one decimal from 0.0 to 10.0 or \N, found "\x1b[31mX"; --keep-going skips such rows' tsv2bin -o t.bin bad.tsv
bad '<html>\n';                       expect_error 1 'tsv2bin: bad.tsv: this is an HTML or XML page; the download failed: fetch the file again' tsv2bin -o t.bin bad.tsv
expect_error 1 'tsv2bin: none.tsv: cannot open: No such file or directory' tsv2bin -o t.bin none.tsv
expect_error 1 'tsv2bin: /dev/full: cannot write: No space left on device' tsv2bin -o /dev/full whole.tsv
head -c 2000 two.tsv.gz >cut.tsv.gz
# The rows before the cut, and the position in the row that is cut.
zcat cut.tsv.gz 2>/dev/null >cut.tsv
line=$(($(wc -l <cut.tsv) + 1)) column=$(tail -n 1 cut.tsv | tr -cd '\t' | wc -c) column=$((column + 1))
cut='gzip stream is cut off after 2000 compressed bytes; fetch the file again'
for threads in 1 7; do
  run tsv2bin --threads $threads -o t.bin cut.tsv.gz
  expect_equal "1 tsv2bin: cut.tsv.gz:$line:$column: $cut" "$status $err" "a cut gzip stream, $threads threads"
done
[[ ! -e t.bin ]] || fail "a failed run left its output"

bad "${h}tt1\t8.0\t10\ntt2\t8.0\ntt3\tx\t1\ntt4\t7.1\t\\N\n"
expect_error 0 'tsv2bin: skipped 2 bad rows and kept 2; the first: bad.tsv:3: expected 3 tab-separated fields, found 2' tsv2bin --keep-going -o t.bin bad.tsv
expect_equal $'tconst\taverageRating\tnumVotes\ntt1\t8.0\t10\ntt4\t7.1\t\\N' "$(bin2tsv t.bin)" "kept rows"

expect_error 0 "tsv2bin: skipped 1 bad row and kept $((line - 2)); the first: cut.tsv.gz:$line:$column: $cut" tsv2bin --keep-going -o t.bin cut.tsv.gz
expect_equal "$(head -n $((line - 1)) cut.tsv)" "$(bin2tsv t.bin)" "rows before the cut"

expect_error 1 'bin2tsv: bad.tsv: not a safetensors file: header length 6992247935592260468 is over 100000000; this is an IMDb TSV file; run tsv2bin first' bin2tsv bad.tsv
bin2tsv whole.bin | head -1 >/dev/null
expect_equal "0 0" "${PIPESTATUS[*]}" "a closed pipe ends bin2tsv quietly"
finish
