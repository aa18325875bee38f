#!/usr/bin/env bash
# Command lines of every tool complete in bash and zsh.
source "$(dirname "$0")/support.bash"
[[ -x $BUILD/chat ]] || skip "no tools in $BUILD"
expect_error 2 "chat: --completion: expected bash or zsh, found \"fish\"" chat --completion fish

tools=()
for source in cmd/*.cc; do tools+=("$(basename "$source" .cc | tr _ -)"); done
run python3 tests/chain/shell_completion.py bash "$work/bash" "${tools[@]}"
expect_equal 0 "$status" "completion in bash: $out $err"
command -v zsh >/dev/null || { [[ $failures -eq 0 ]] || exit 1; skip "bash is fine; zsh is not installed"; }
run python3 tests/chain/shell_completion.py zsh "$work/zsh" "${tools[@]}"
expect_equal 0 "$status" "completion in zsh: $out $err"
finish
