#!/usr/bin/env bash
# lora-train killed with -9 at random moments, in saves too, and resumed gives the bytes of an unbroken run: a few kills of
# those that `make check-kill` makes.
source "$(dirname "$0")/support.bash"
run scripts/check-kill --kills 8
[[ $status -eq 0 ]] || fail "$out $err"
finish
