#!/usr/bin/env bash
# The commands of docs/using.md run and print what the document shows.
source "$(dirname "$0")/support.bash"
[[ -x $BUILD/chat ]] || skip "no tools in $BUILD"
run scripts/check-using --build "$BUILD"
expect_equal 0 "$status" "scripts/check-using: $err"
finish
