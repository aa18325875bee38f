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
{ echo before; tsv2bin "$work/whole.tsv"; echo behind; } >"$work/parts"
{ echo before; cat "$work/whole.bin"; echo behind; } >"$work/expected"
expect_same_bytes "$work/expected" "$work/parts" "a file of several commands"
# CRLF, no newline at the end, numbers that we would write differently.
printf 'tconst\taverageRating\tnumVotes\r\ntt1\t8.0\t007\r\ntt2\t8\t\\N' >"$work/odd.tsv"
tsv2bin -o "$work/odd.bin" "$work/odd.tsv" 2>/dev/null && bin2tsv "$work/odd.bin" >"$work/odd.back"
expect_same_bytes "$work/odd.tsv" "$work/odd.back" "a last line without CRLF in a CRLF file"
printf 'tconst\taverageRating\tnumVotes\ntt1\t8.0\t007\ntt2\t8\t\\N' >"$work/odd.tsv"
tsv2bin -o "$work/odd.bin" "$work/odd.tsv" 2>/dev/null && bin2tsv "$work/odd.bin" >"$work/odd.back"
expect_same_bytes "$work/odd.tsv" "$work/odd.back" "numbers as written"

# A byte-order mark, blank lines, mixed line ends and names of columns in other letters are kept.
{ printf '\xef\xbb\xbf'; cat "$work/odd.tsv"; } >"$work/mark.tsv"
tsv2bin <"$work/mark.tsv" >"$work/mark.bin" 2>/dev/null && bin2tsv "$work/mark.bin" >"$work/mark.back"
expect_same_bytes "$work/mark.tsv" "$work/mark.back" "byte-order mark"
printf 'TCONST\taveragerating\tnumVotes\tnote\n\ntt1\t8.0\t7\tx\r\n\ntt2\t8.1\t9\t\n\r\n\n' >"$work/mixed.tsv"
expect_error 0 $'tsv2bin: 4 blank lines are no rows; bin2tsv gives them back\ntsv2bin: 1 rows do not end as the header does (LF or CRLF); bin2tsv ends them as they were' \
  tsv2bin -o "$work/mixed.bin" "$work/mixed.tsv"
bin2tsv "$work/mixed.bin" >"$work/mixed.back"
expect_same_bytes "$work/mixed.tsv" "$work/mixed.back" "mixed line ends"
# Numbers as pandas writes them, and a column that version 1 could not store.
printf 'tconst\taverageRating\tnumVotes\tnumVotes.as_written\ntt1\t8.0\t5.0\ta\ntt2\t8.1\t007\tb\ntt3\t9.0\t12.00\tc\n' >"$work/pandas.tsv"
expect_error 0 "" tsv2bin -o "$work/pandas.bin" "$work/pandas.tsv"
bin2tsv "$work/pandas.bin" >"$work/pandas.back"
expect_same_bytes "$work/pandas.tsv" "$work/pandas.back" "numbers with a point"
expect_equal '{"tconst":"tt1","averageRating":8.0,"numVotes":5,"numVotes.as_written":"a"}' \
  "$(bin2tsv --format jsonl "$work/pandas.bin" | head -n 1)" "rows as JSON"
# What embed does not read may be missing.
printf 'tconst\tordering\tnconst\tcategory\ntt1\t1\tnm1\tactor\n' | tsv2bin >"$work/few.bin" || fail "principals without job"

# The reader in Python needs only docs/formats.md.
if python3 -c 'import numpy' 2>/dev/null; then
  for table in testdata/sample/title.basics.tsv testdata/sample/name.basics.tsv "$work/mixed.tsv" "$work/pandas.tsv" "$work/odd.tsv" \
    "$REAL_DATA"/imdb-500/*.tsv; do
    [[ -f $table ]] || continue
    tsv2bin -o "$work/t.bin" "$table" 2>/dev/null
    scripts/read_table.py "$work/t.bin" | cmp -s - "$table" || fail "read_table.py of $table"
  done
fi

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
first='3: expected 3 tab-separated fields, found 2'
expect_error 0 "tsv2bin: skipped 2 bad rows and kept 2; the first: bad.tsv:$first" tsv2bin --keep-going --max-skipped 50% -o t.bin bad.tsv
expect_error 0 "tsv2bin: skipped 2 bad rows and kept 2; the first: bad.tsv:$first" tsv2bin --keep-going --max-skipped 2 -o t.bin bad.tsv
expect_equal $'tconst\taverageRating\tnumVotes\ntt1\t8.0\t10\ntt4\t7.1\t\\N' "$(bin2tsv t.bin)" "kept rows"
rm t.bin
expect_error 1 "tsv2bin: bad.tsv: 2 of 4 rows are bad, more than 1 %; the first: $first; --max-skipped allows more" tsv2bin --keep-going -o t.bin bad.tsv
expect_error 1 "tsv2bin: bad.tsv: 2 of 4 rows are bad, more than 1; the first: $first; --max-skipped allows more" tsv2bin --keep-going --max-skipped 1 -o t.bin bad.tsv
expect_error 2 'tsv2bin: --max-skipped: expected a number of rows or a share such as 5%, found "many"' tsv2bin --max-skipped many -o t.bin bad.tsv
# embed has the same limit for a TSV.
mkdir tables
cp "$OLDPWD/testdata/sample/title.basics.tsv" tables
cp bad.tsv tables/title.ratings.tsv
expect_error 1 "embed: tables/title.ratings.tsv: 2 of 4 rows are bad, more than 1 %; the first: $first; --max-skipped allows more" embed --keep-going -o t.bin tables
run embed --keep-going --max-skipped 2 -o movies.bin tables
expect_equal 0 "$status" "embed --max-skipped: $err"
rm -f movies.bin
bad "${h}tt1\t8.0\tx\n"
expect_error 1 'tsv2bin: bad.tsv: no row is good; the first: 2:3: numVotes: expected a whole number from 0 to 2147483647 or \N, found "x"' tsv2bin --keep-going --max-skipped 100% -o t.bin bad.tsv
[[ ! -e t.bin ]] || fail "a failed run left its output"

# A file that is cut off, fields in quotation marks, folders, tables as input.
bad "${h}tt1\t8.0\t10\ntt2\t8"
expect_error 1 'tsv2bin: bad.tsv:3: expected 3 tab-separated fields, found 2; the file ends within this row; fetch it again' tsv2bin -o t.bin bad.tsv
bad "${h}tt1\t8.0\t10\ntt2\t8.1\t1"
expect_error 0 'tsv2bin: the last row has no line end; the file may be cut off within its last field' tsv2bin -o t.bin bad.tsv
bad '"tconst"\t"averageRating"\t"numVotes"\n"tt1"\t"8.0"\t"1"\n'
expect_error 1 'tsv2bin: bad.tsv:1: header: expected the column names of an IMDb table, found ""tconst"	"averageRating"	"numVotes""; the fields are in quotation marks, as in CSV; write the table without them' tsv2bin -o t.bin bad.tsv
bad "${h}\"tt1\"\t\"8.0\"\t\"1\"\n"
expect_error 1 'tsv2bin: bad.tsv:2:2: averageRating: expected a number with one decimal from 0.0 to 10.0 or \N, found ""8.0""; the fields are in quotation marks, as in CSV; write the table without them' tsv2bin -o t.bin bad.tsv
expect_error 1 'tsv2bin: whole.bin: this is a safetensors file of kind "table"; bin2tsv whole.bin prints it' tsv2bin -o t.bin whole.bin
mkdir title.basics.tsv && cp whole.tsv title.basics.tsv/data.tsv
tsv2bin -o t.bin title.basics.tsv || fail "a folder with one table"
expect_same_bytes whole.bin t.bin "a folder with one table"
cp whole.tsv title.basics.tsv/more.tsv
expect_error 1 'tsv2bin: title.basics.tsv: expected a table or a folder with one in it, found a folder with 2 files' tsv2bin -o t.bin title.basics.tsv
# A row of 100 MB is a matter of the limit.
{ printf "$h"; printf 'tt1\t8.0\t1\n'; head -c 100000000 /dev/zero | tr '\0' x; printf '\t8.0\t2\ntt3\t8.0\t3\n'; } >long.tsv
expect_error 1 'tsv2bin: long.tsv:3: expected a line of at most 1048576 bytes, found 100000006; --keep-going skips such rows' tsv2bin -o t.bin long.tsv
for threads in 1 3; do
  tsv2bin --threads $threads --line-limit 128M -o t.bin long.tsv || fail "a long row"
  bin2tsv t.bin | cmp -s - long.tsv || fail "a long row, $threads threads"
  tsv2bin --threads $threads --line-limit 128M <long.tsv | cmp -s - t.bin || fail "a long row from a pipe, $threads threads"
done

run tsv2bin --keep-going -o t.bin cut.tsv.gz
expect_equal "0 tsv2bin: skipped 1 bad row and kept $((line - 2)); the first: cut.tsv.gz:$line:$column: $cut" "$status $err" "a cut gzip stream, kept"
expect_equal "$(head -n $((line - 1)) cut.tsv)" "$(bin2tsv t.bin)" "rows before the cut"

expect_error 1 'bin2tsv: bad.tsv: not a safetensors file: header length 6992247935592260468 is over 100000000; this is an IMDb TSV file; run tsv2bin first' bin2tsv bad.tsv
bin2tsv whole.bin | head -1 >/dev/null
expect_equal "0 0" "${PIPESTATUS[*]}" "a closed pipe ends bin2tsv quietly"
finish
