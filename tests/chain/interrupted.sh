#!/usr/bin/env bash
# Tools that are interrupted, or whose disk is full, leave nothing behind: where files can be without a name until they
# are whole (O_TMPFILE), and where they cannot (MATINEE_NO_UNNAMED_FILES).
source "$(dirname "$0")/support.bash"
ratings=$PWD/testdata/sample/title.ratings.tsv
cd "$work" || exit 1
[[ $BUILD == /* ]] || export PATH="$OLDPWD/$BUILD:$PATH"
mkdir out tmp
export TMPDIR=$work/tmp
head -1 "$ratings" >head
awk 'BEGIN { for (i = 1; i <= 300000; ++i) printf "tt%07d\t7.1\t%d\n", i, i }' >rows

# interrupt SIGNAL: a tsv2bin that waits for more rows, with its output open.
interrupt() {
  mkfifo pipe
  tsv2bin -o out/new <pipe 2>err &
  local pid=$!
  exec 9>pipe
  cat head rows >&9
  sleep 0.3
  kill "-$1" "$pid"
  exec 9>&-
  wait "$pid" 2>/dev/null
  local ended=$?
  expect_equal $((128 + $(kill -l "$1"))) $ended "status after $1"
  rm pipe
}
for without in "" 1; do
  export MATINEE_NO_UNNAMED_FILES=$without
  for signal in TERM HUP; do
    interrupt $signal
    [[ -z $(ls -A out tmp | grep -v :) ]] || fail "$signal leaves $(ls -A out tmp), MATINEE_NO_UNNAMED_FILES=$without"
  done
  for n in 1 2 3; do
    cat head rows | MATINEE_FAIL_WRITE=$n tsv2bin -o out/new 2>err && fail "the write $n did not fail"
    [[ -z $(ls -A out tmp | grep -v :) ]] || fail "a full disk at write $n leaves $(ls -A out tmp)"
  done
done
for n in 1 2 3 4 5; do
  MATINEE_FAIL_WRITE=$n embed -o out/new "$(dirname "$ratings")" 2>err && fail "embed: the write $n did not fail"
  [[ -z $(ls -A out tmp | grep -v :) ]] || fail "embed: a full disk at write $n leaves $(ls -A out tmp)"
done
MATINEE_NO_UNNAMED_FILES='' interrupt KILL
[[ -z $(ls -A out tmp | grep -v :) ]] || fail "KILL leaves $(ls -A out tmp)"
# Whole files appear, with the permissions of any other.
MATINEE_NO_UNNAMED_FILES=1 tsv2bin -o out/new "$ratings" && bin2tsv out/new | cmp -s - "$ratings" || fail "no file"
expect_equal "new" "$(ls -A out)" "what is there in the end"
cd "$OLDPWD" || exit 1
finish
