#!/usr/bin/env bash
# lora-train killed with -9 at random moments, some of them in saves, and resumed gives the bytes of an uninterrupted
# run. `make check-kill` makes more kills.
source "$(dirname "$0")/support.bash"
run scripts/check-kill --kills 8
[[ $status -eq 0 ]] || fail "$out $err"
finish
