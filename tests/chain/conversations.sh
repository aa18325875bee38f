#!/usr/bin/env bash
# The conversations of testdata/conversations, held with the adapter that comes with the source, on the sample's catalog.
source "$(dirname "$0")/support.bash"
[[ -f testdata/adapter/adapter_model.safetensors ]] || skip "testdata/adapter is missing: conversations are not held"
embed -o "$work/movies.bin" testdata/sample 2>"$work/.err" || fail "embed: $(<"$work/.err")"
scripts/check-conversations --chat "$BUILD/chat" --adapter testdata/adapter --movies "$work/movies.bin" ||
  fail "conversations with testdata/adapter"

# A wrong expectation is found, and a wrong file is named with its place.
printf '== one\n> a comedy\nact close\n' >"$work/one.txt"
run scripts/check-conversations --chat "$BUILD/chat" --adapter testdata/adapter --movies "$work/movies.bin" "$work/one.txt"
expect_equal 1 "$status" "an expectation that does not hold"
[[ $out == *"expected: act close"*"1 of 1 conversations and 1 of 1 turns failed" ]] || fail "its report: $out"
printf '== one\n> a comedy\nsings\n' >"$work/one.txt"
expect_error 1 "$work/one.txt:3: unknown expectation: sings; --help lists them" scripts/check-conversations "$work/one.txt"
finish
