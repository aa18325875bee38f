#!/usr/bin/env bash
# synthconv: shards concatenate to the whole output, any number of threads gives the same bytes, targets stay in one
# part, and bad input is reported.
source "$(dirname "$0")/support.bash"

embed --top 800 -o "$work/movies.bin" testdata/sample 2>"$work/.err" || fail "embed: $(<"$work/.err")"
cd "$work" || exit 1

for format in alpaca messages conversations; do
  synthconv -n 60 --format $format -o whole.jsonl movies.bin || fail "synthconv --format $format"
  for threads in 1 2 5; do
    synthconv -n 60 --format $format --threads $threads movies.bin >threads.jsonl
    expect_same_bytes whole.jsonl threads.jsonl "$format with $threads threads"
  done
  for shard in 0 1 2 3 4 5 6; do synthconv -n 60 --format $format --shard $shard/7 movies.bin; done >joined.jsonl
  expect_same_bytes whole.jsonl joined.jsonl "seven shards of $format joined"
  cp whole.jsonl $format.jsonl
done
line='^{"instruction":"[^"]*","input":".*","output":"..*","skill":"\(ask\|understand\|recommend\|answer\)"}$'
expect_equal 0 "$(grep -vc "$line" alpaca.jsonl)" "lines that are no Alpaca tuples"
expect_equal "answer ask recommend understand" "$(sed 's/.*"skill":"\(.*\)"}$/\1/' alpaca.jsonl | sort -u | paste -sd' ')" "skills"
expect_equal 0 "$(grep -vc '^{"messages":\[{"role":"user",.*"role":"assistant",.*\],"target":"tt[0-9]*"}$' messages.jsonl)" "messages"
expect_equal "$(seq 0 59)" "$(sed 's/^{"index":\([0-9]*\),"target":"tt.*/\1/' conversations.jsonl)" "indices of conversations"
expect_equal 0 "$(grep -vc '"act":"close"[^{]*],"text":"[^"]*"}}]}$' conversations.jsonl)" "conversations that do not close"
cmp -s <(synthconv -n 60 --seed 2 movies.bin) <(synthconv -n 60 movies.bin) && fail "another seed gives the same"

# No target is in two parts.
for part in train valid test; do
  synthconv -n 300 --part $part --format messages movies.bin | sed 's/.*"target":"\([^"]*\)"}$/\1/' | sort -u >$part.targets
  [[ -s $part.targets ]] || fail "no targets in part $part"
done
sort train.targets valid.targets test.targets | uniq -d >twice
[[ ! -s twice ]] || fail "targets in two parts: $(<twice)"
[[ $(synthconv -n 20 --personas picky,terse --format conversations movies.bin |
  grep -c '"persona":"\(picky\|terse\)"') -eq 20 ]] || fail "--personas"

# Labelled turns are in the last shard, and are not cut by the parts of wordings. With --distinct each line is there
# once, except turns that people said several times; --exclude leaves out what another file holds.
head -n 40 "$OLDPWD/testdata/turns/train.jsonl" >turns.jsonl
synthconv -n 30 --turns turns.jsonl movies.bin >whole.jsonl
for shard in 0 1 2; do synthconv -n 30 --turns turns.jsonl --shard $shard/3 movies.bin; done >joined.jsonl
expect_same_bytes whole.jsonl joined.jsonl "three shards with labelled turns joined"
synthconv -n 300 --part train --distinct movies.bin >distinct.jsonl
expect_equal "" "$(sort distinct.jsonl | uniq -d)" "repeated lines with --distinct"
synthconv -n 600 --part valid --distinct --exclude distinct.jsonl movies.bin >valid.jsonl
[[ -s valid.jsonl ]] || fail "no lines for validation"
expect_equal "" "$(sort distinct.jsonl valid.jsonl | uniq -d)" "lines of two parts"

# Grammar that a program can see, and names and numbers that no prompt gives.
for format in alpaca conversations; do
  out=$(synthconv -n 120 --seed 3 --format $format movies.bin | "$OLDPWD/scripts/check-synthesis") || fail "texts of $format: $out"
done
printf '{"instruction":"Recommend.","input":"1. Heat (1995)","output":"Try Heat (1995) with Al Pacino, a action movie.","skill":"recommend"}\n' >odd.jsonl
run "$OLDPWD/scripts/check-synthesis" odd.jsonl
expect_equal 1 "$status" "texts with faults"
[[ $out == *"['Al', 'Pacino']"* && $out == *"a before a vowel"* ]] || fail "faults that are not named: $out"

# A phrasebook given by the user.
printf '[s.greet]\nWelcome to the test\\.\n' >mine.txt
synthconv -n 40 --phrases mine.txt movies.bin | grep -q '"output":"Welcome to the test\."' || fail "--phrases"
printf '[s.greet]\nWelcome (back\n' >bad.txt
expect_error 1 'synthconv: bad.txt:2:14: "(" without its ")"' synthconv -n 1 --phrases bad.txt movies.bin

expect_error 2 'synthconv: --shard: expected I/N with 0 <= I < N, found "3/3"' synthconv --shard 3/3 movies.bin
expect_error 2 'synthconv: --part: --split names no part "dev", but train, valid, test, or all' synthconv --part dev movies.bin
expect_error 2 'synthconv: --split: expected NAME:SHARE,NAME:SHARE..., found "train"' synthconv --split train movies.bin
expect_error 2 'synthconv: --split: the shares of "a:0.5,b:0.6" sum to 1.1, expected 1; with these proportions: --split a:0.4545,b:0.5455' \
  synthconv --split a:0.5,b:0.6 movies.bin
expect_error 2 'synthconv: --split: the part "a" is there twice in "a:0.5,a:0.5"' synthconv --split a:0.5,a:0.5 movies.bin
expect_error 2 'synthconv: --turns needs --format alpaca, found --format messages' \
  synthconv --format messages --turns turns.jsonl movies.bin
run synthconv -n 0 movies.bin
expect_equal 2 "$status" "no conversations"
expect_error 2 'synthconv: --personas: unknown persona "angry"' synthconv --personas angry movies.bin
run synthconv --format csv movies.bin
expect_equal 2 "$status" "an unknown format"
run synthconv none.bin
expect_equal 'synthconv: none.bin: cannot open: No such file or directory' "$err" "a missing file"
: >empty.bin
run synthconv empty.bin
expect_equal 1 "$status" "an empty file"
head -c 100000 movies.bin >cut.bin
run synthconv -o out.jsonl cut.bin
expect_equal 1 "$status" "a truncated catalog"
tsv2bin -o table.bin "$OLDPWD/testdata/sample/title.ratings.tsv"
run synthconv -o out.jsonl table.bin
expect_equal 1 "$status" "a table in place of a catalog"
[[ $err == "synthconv: table.bin: "* ]] || fail "a table in place of a catalog: $err"
expect_error 1 'synthconv: /dev/full: cannot write: No space left on device' synthconv -n 2000 -o /dev/full movies.bin
[[ ! -e out.jsonl ]] || fail "a failed run left its output"
synthconv -n 3000 movies.bin | head -1 >/dev/null
expect_equal "0 0" "${PIPESTATUS[*]}" "a closed pipe ends synthconv quietly"
finish
