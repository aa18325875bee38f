#!/usr/bin/env bash
# chat --memory and --import: what was seen in one session is known in the next; several chats write one file; exports
# of Letterboxd and IMDb; errors. The base without an adapter is enough: commands and the memory decide what is shown.
source "$(dirname "$0")/support.bash"
source tests/chain/small_catalog.bash
chat=(chat --base testdata/mini --movies "$work/movies.bin")
memory=$work/memory.jsonl

# field KEY: that key of each act of the turns of chat --json on stdin.
field() { python3 -c 'import json, sys; [print(act[sys.argv[1]]) for line in sys.stdin for act in json.loads(line)["acts"] if sys.argv[1] in act]' "$1"; }

# A movie that the memory holds as seen or disliked is not recommended; the memory grows by nothing but verdicts.
printf '/more\n' | "${chat[@]}" --json | field tconst >"$work/first"
[[ -s $work/first ]] || fail "no recommendation"
printf '{"tconst":"%s","verdict":"seen"}\n' "$(<"$work/first")" >"$memory"
cp "$memory" "$work/before.jsonl"
printf '/more\n/more\n/restart\n/more\n' | "${chat[@]}" --json --memory "$memory" >"$work/turns.jsonl" || fail "chat --memory"
field tconst <"$work/turns.jsonl" >"$work/recommended"
expect_equal 3 "$(wc -l <"$work/recommended")" "recommendations"
grep -qxF "$(<"$work/first")" "$work/recommended" && fail "a movie that was seen is recommended"
grep -q '"seen":\[' "$work/turns.jsonl" || fail "the memory is not in the preferences"
expect_same_bytes "$memory" "$work/before.jsonl" "the memory after a chat that tells nothing"

# Imports: the report, what is written, and that a second run changes nothing.
IFS=$'\t' read -r tconst _ title _ _ year _ < <(sed -n 3p "$work/tables/title.basics.tsv")
printf '\xef\xbb\xbfDate,Name,Year,Letterboxd URI,Rating\r\n2020-01-02,"%s",%s,https://boxd.it/1,4.5\r\n2020-01-03,"No, Such\nFilm",1999,https://boxd.it/2,\r\n' \
  "$title" "$year" >"$work/ratings.csv"
printf 'Const,Your Rating,Date Rated,Title,Original Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,Genres\n%s,2,2021-01-02,X,X,u,Movie,8.1,99,1990,"Drama, Crime"\n' \
  "$tconst" >"$work/imdb.csv"
rm "$memory"
import() { chat --movies "$work/movies.bin" --memory "$memory" --import "$1"; }
expect_equal "$work/ratings.csv: 2 rows of Letterboxd; 1 matched, 1 not in the catalog
  not in the catalog: No, Such Film (1999)
  $memory: 1 movie new or changed" "$(import "$work/ratings.csv")" "the report"
expect_equal "$(printf '{"tconst":"%s","title":"%s","year":%s,"verdict":"liked","date":"2020-01-02"}' "$tconst" "$title" "$year")" "$(<"$memory")" "the memory"
import "$work/ratings.csv,$work/imdb.csv" >"$work/report" || fail "two imports"
expect_equal 0 "$(grep -c 'ratings.*new or changed' "$work/report")" "changes by an import that is repeated"
expect_equal '"disliked" "2021-01-02"' "$(tail -n 1 "$memory" | python3 -c 'import json, sys; d = json.load(sys.stdin); print(json.dumps(d["verdict"]), json.dumps(d["date"]))')" "the newer rating"

# Chats and imports at once lose nothing.
rm "$memory"
tail -n +2 "$work/tables/title.basics.tsv" | awk -F'\t' 'BEGIN { print "Const,Your Rating,Title,Year" } { print $1 ",8,\"x\"," $6 }' >"$work/all.csv"
head -1 "$work/all.csv" >"$work/head"
for part in 1 2 3 4; do
  { cat "$work/head"; tail -n +2 "$work/all.csv" | awk -v p="$part" 'NR % 4 == p - 1'; } >"$work/part$part.csv"
  import "$work/part$part.csv" >"$work/.report$part" &
done
wait
expect_equal "$(awk '/ matched/ { sum += $6 } END { print sum }' "$work"/.report?)" "$(python3 -c 'import json, sys; print(len({json.loads(line)["tconst"] for line in open(sys.argv[1])}))' "$memory")" "movies written by four imports at once"

# A damaged line is named and left out; the chat goes on.
printf '{"tconst":"tt1","verdict":"seen"}\n{"tconst":\n' >"$memory"
: | "${chat[@]}" --memory "$memory" >/dev/null 2>"$work/err" || fail "a damaged memory"
grep -q "^chat: $memory:2: .*; this line is left out$" "$work/err" || fail "a damaged line is not named: $(<"$work/err")"

# Errors.
rm "$memory"
expect_error 2 "chat: --import adds to a memory; give --memory FILE, too" chat --movies "$work/movies.bin" --import "$work/ratings.csv"
expect_error 1 "chat: $work/none.csv: cannot open: No such file or directory" import "$work/none.csv"
cp "$work/ratings.csv" "$work/watchlist.csv"
expect_error 1 "chat: $work/watchlist.csv: a watchlist of Letterboxd holds movies that are not seen yet; import watched.csv, ratings.csv, diary.csv or likes/films.csv" \
  import "$work/watchlist.csv"
expect_error 1 "chat: $work: expected a regular file" "${chat[@]}" --memory "$work"
finish
