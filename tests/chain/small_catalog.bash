# Sourced after support.bash. Makes $work/movies.bin, a catalog of the sample's first 700 titles, and $work/titles,
# their ids. It is small, so that tests that chat or train start quickly.
mkdir -p "$work/tables"
head -701 testdata/sample/title.basics.tsv >"$work/tables/title.basics.tsv"
cut -f1 "$work/tables/title.basics.tsv" | tail -n +2 >"$work/titles"
for table in title.ratings title.crew title.principals; do
  awk -F'\t' 'NR == FNR { wanted[$1]; next } FNR == 1 || $1 in wanted' "$work/titles" "testdata/sample/$table.tsv" >"$work/tables/$table.tsv"
done
cp testdata/sample/name.basics.tsv "$work/tables"
embed -o "$work/movies.bin" "$work/tables" 2>"$work/.err" || fail "embed: $(<"$work/.err")"
