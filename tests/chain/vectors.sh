#!/usr/bin/env bash
# embed and similar on the sample: what they find, what they refuse, and their exact error messages.
source "$(dirname "$0")/support.bash"
sample=testdata/sample
movies=$work/movies.bin

run embed -o "$movies" $sample
expect_equal 0 "$status" "embed: $err"
small="--top 1000 --neighbors 5 --map"
embed $small -o "$work/small.bin" $sample 2>/dev/null
embed $small --threads 1 -o "$work/again.bin" $sample 2>/dev/null
expect_same_bytes "$work/small.bin" "$work/again.bin" "one thread and all threads"
mkdir "$work/tables"
for table in title.basics title.ratings title.crew title.principals name.basics title.certificates; do
  tsv2bin -o "$work/tables/$table.bin" "$sample/$table.tsv"
done
embed $small "$work/tables" 2>/dev/null >"$work/again.bin"
expect_same_bytes "$work/small.bin" "$work/again.bin" "tables instead of TSV, to stdout"
# An interrupted run leaves nothing.
mkdir "$work/target" "$work/temporary"
for seconds in 0.02 0.1 0.2 0.4; do
  TMPDIR=$work/temporary timeout -s INT $seconds embed -o "$work/target/movies.bin" $sample 2>/dev/null && rm "$work/target/movies.bin"
done
expect_equal "" "$(find "$work/target" "$work/temporary" -type f)" "what interrupted runs of embed left behind"
expect_error 1 "embed: /nowhere: cannot make a temporary file: No such file or directory; set TMPDIR to a folder with room" \
  env TMPDIR=/nowhere embed -o "$work/x.bin" $sample

# Half of the sample's movies are made adult.
mkdir "$work/half"
cp $sample/*.tsv "$work/half"
awk -F'\t' 'BEGIN { OFS = FS } NR > 1 && NR % 2 == 0 { $5 = 1 } { print }' $sample/title.basics.tsv >"$work/half/title.basics.tsv"
run embed --co-likes none --method projection -o "$work/half.bin" "$work/half"
[[ $err == *"2747 kept"*"adult titles left out"* ]] || fail "adult titles: $err"
run embed --adult --co-likes none --method projection -o "$work/half.bin" "$work/half"
[[ $err == *"5496 kept"* ]] || fail "--adult: $err"
printf 'Heat (1995)\tmany\t\n' >"$work/likes.txt"
run embed --co-likes "$work/likes.txt" -o "$work/x.bin" $sample
expect_equal "embed: $work/likes.txt:1: expected the number of likes, found \"many\"" "${err##*$'\n'}" "embed --co-likes"

expect_error 2 "embed: expected a folder with the tables, or --basics FILE" embed -o "$work/x.bin"
expect_error 2 "embed: --weights: expected three numbers, found 2" embed --weights 1,2 -o "$work/x.bin" $sample
expect_error 2 'embed: --dim: expected a whole number from 16 to 4096, found "15"' embed --dim 15 -o "$work/x.bin" $sample
run embed -o "$work/x.bin" --type nonsense $sample
expect_equal 1 "$status" "embed --type nonsense"
expect_equal "embed: $sample/title.basics.tsv: no title of the type \"nonsense\"; --type chooses another" \
  "${err##*$'\n'}" "embed --type nonsense"
[[ ! -e $work/x.bin ]] || fail "a failed embed leaves its output"
embed $sample >/dev/full 2>"$work/err"
expect_equal 1 $? "embed >/dev/full"
expect_equal "embed: <stdout>: cannot write: No space left on device" "$(tail -1 "$work/err")" "embed >/dev/full"

similar="similar --catalog $movies"
run $similar -k 3 "Toy Story 2"
[[ $out == *$'Toy Story 2\t1\t'*$'Toy Story\t1995'* ]] || fail "the nearest of Toy Story 2: $out"
expect_equal 4 "$(wc -l <<<"$out")" "lines of similar -k 3"
run $similar -k 1 "the shinning"
expect_equal 'similar: "the shinning" taken for The Shining (1980)' "$err" "a typing error"
run $similar -k 20 --years 1990-1999 --genre Comedy --min-votes 3 "Toy Story 2"
expect_equal 0 "$(awk -F'\t' 'NR > 1 && ($5 < 1990 || $5 > 1999)' <<<"$out" | wc -l)" "--years"
run $similar --explain -k 1 "Toy Story 2"
expect_equal "title cast crew reasons" "$(head -1 <<<"$out" | cut -f7- | tr '\t' ' ')" "--explain"
out=$(printf 'Toy Story 2\n{"genres":["Comedy"],"years":[1990,1999]}\n' | $similar --format jsonl -k 2)
expect_equal 2 "$(wc -l <<<"$out")" "a line for each query"
[[ $out == '{"query":"Toy Story 2","movie":{"tconst":"tt9'*'"title":"Toy Story 2","year":1999},"neighbors":[{"tconst":"tt9'* ]] || fail "JSON lines: $out"

liked='{"liked":["Toy Story 2 (1999)"]}'
expect_equal "$($similar -k 1 "Toy Story 2" | cut -f4 | tail -1)" "$($similar -k 1 --prior 0 "$liked" | cut -f4 | tail -1)" \
  "a liked movie without the prior, and that movie"

run $similar -k 1 Psycho
expect_equal 'similar: "Psycho" taken for Psycho (1960) tt90148259; it may also be Psycho (1998) tt90133445' "$err" \
  "a title of two movies"
expect_equal 0 "$status" "a title of two movies"
run $similar --format jsonl --explain -k 1 "psycho 1998"
expect_equal 1 "$(grep -o '"title":"' <<<"${out#*neighbors}" | wc -l)" "a key that is written twice: $out"
expect_error 1 "similar: the catalog has no tt0000001; it may be of another type or have too few votes" \
  $similar --format jsonl tt0000001
expect_error 2 "similar: expected --catalog FILE, made by embed" similar Alien
expect_error 2 'similar: --years: expected LOW-HIGH, LOW-, -HIGH or a number, found "90s"' \
  $similar --years 90s Alien
expect_error 2 'similar: --years: "1999-1990" ends before it begins' $similar --years 1999-1990 Alien
# Many queries together give what each gives alone, in their order, however the vectors are stored.
queries=("Toy Story 2" "psycho 1998" '{"genres":["Comedy"]}' "Alien (1979)" "Heat (1995)")
for query in "${queries[@]}"; do $similar -k 3 "$query" 2>/dev/null | tail -n +2; done >"$work/alone"
for repeat in $(seq 40); do printf '%s\n' "${queries[@]}"; done >"$work/queries"
for precision in f32 bf16 int8; do
  $similar -k 3 --precision $precision <"$work/queries" 2>/dev/null | tail -n +2 >"$work/together"
  for repeat in $(seq 40); do cat "$work/alone"; done | cmp - "$work/together" || fail "queries together, $precision"
done
# A query is answered before the next one is written.
coproc asked { $similar -k 1 2>/dev/null; }
echo "Alien (1979)" >&"${asked[1]}"
read -r -t 20 -u "${asked[0]}" line || fail "no header"
read -r -t 20 -u "${asked[0]}" line || fail "no answer to a query alone"
[[ $line == "Alien (1979)"* ]] || fail "the answer to a query alone: $line"
exec {asked[1]}>&-
wait "$asked_PID" || fail "the end of the queries"
run $similar --genre Opera Alien
expect_equal 2 "$status" "an unknown genre"
[[ $err == 'similar: no genre "Opera"; the catalog has Action, Adventure, '* ]] || fail "an unknown genre: $err"
printf '\n{"genres":["Opera"]}\nAlien (1979)\n' | $similar -k 1 >"$work/out" 2>"$work/err"
expect_equal 1 $? "a bad query among good ones"
[[ $(<"$work/err") == "similar: <stdin>:2: "* ]] || fail "the place of a bad query: $(<"$work/err")"
expect_equal 2 "$(wc -l <"$work/out")" "the good query is answered"
finish
