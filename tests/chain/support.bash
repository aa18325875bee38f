# Sourced by the shell tests of the chain: `source "$(dirname "$0")/support.bash"`. They run the built tools as a user
# does. BUILD names the folder of the tools (default build), REAL_DATA the real tables (default ../shared/data).
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
BUILD=${BUILD:-build}
REAL_DATA=${REAL_DATA:-../shared/data}
export PATH="$PWD/$BUILD:$PATH"
[[ $BUILD == /* ]] && export PATH="$BUILD:$PATH"
unset MATINEE_FAIL_WRITE
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# run COMMAND...: runs it and stores its output in $out, its messages in $err and its exit status in $status.
run() {
  "$@" >"$work/.out" 2>"$work/.err" </dev/null
  status=$?
  out=$(<"$work/.out") err=$(<"$work/.err")
}

# expect_error STATUS MESSAGE COMMAND...: the command exits with this status and prints exactly this message on stderr.
expect_error() {
  local wanted_status=$1 wanted=$2
  shift 2
  run "$@"
  [[ $status -eq $wanted_status ]] || fail "$*: expected status $wanted_status, found $status: $err"
  [[ $err == "$wanted" ]] || fail "$*: expected the message
  $wanted
found
  $err"
}

expect_equal() {
  [[ $1 == "$2" ]] || fail "$3: expected
  $1
found
  $2"
}

# expect_same_bytes FILE FILE WHAT
expect_same_bytes() { cmp -s "$1" "$2" || fail "$3: $1 and $2 differ"; }

skip() {
  echo "$*"
  exit 77
}

finish() {
  [[ $failures -eq 0 ]] || exit 1
  exit 0
}
