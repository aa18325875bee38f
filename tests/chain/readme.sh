#!/usr/bin/env bash
# The session in README.md can be held: every line of it gets an answer, the first one with a movie.
source "$(dirname "$0")/support.bash"
[[ -x $BUILD/chat ]] || skip "no tools in $BUILD"
run scripts/readme-session --build "$BUILD"
expect_equal 0 "$status" "scripts/readme-session: $err"
finish
