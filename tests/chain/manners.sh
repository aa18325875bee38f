#!/usr/bin/env bash
# Behavior common to all tools: --help, --version, a wrong option, a full disk for stdout, a closed pipe, old option
# names.
source "$(dirname "$0")/support.bash"

for source in cmd/*.cc; do
  tool=$(basename "$source" .cc | tr _ -)
  run "$tool" --help
  expect_equal 0 "$status" "$tool --help"
  [[ $out == "$tool: "* ]] || fail "$tool --help does not begin with its name and summary: ${out%%$'\n'*}"
  # The commonest command comes next.
  expect_equal "    $tool" "$(sed -n '/^$/{ n; s/^\(    [a-z0-9-]*\).*/\1/p; q }' "$work/.out")" "$tool --help begins with"
  for part in "Usage: $tool" "Examples:" "--help" "--version" "See also:"; do
    [[ $out == *"$part"* ]] || fail "$tool --help has no \"$part\""
  done
  # Examples may be wider: each is one line, so that it can be copied whole.
  widest=$(awk '/^(  |    )[a-z0-9-]+ / { next } { if (length > w) w = length } END { print w }' "$work/.out")
  [[ $widest -le 78 ]] || fail "$tool --help has a line of $widest columns"

  run "$tool" --version
  [[ $out == "$tool (Matinee) "* ]] || fail "$tool --version says: $out"

  # Boost spells it this way.
  expect_error 2 "$tool: unrecognised option '--no-such-option'; try --help" "$tool" --no-such-option

  "$tool" --help >/dev/full 2>"$work/.err"
  status=$?
  expect_equal 1 "$status" "$tool --help >/dev/full"
  expect_equal "$tool: <stdout>: cannot write: No space left on device" "$(<"$work/.err")" "$tool --help >/dev/full"

  # Closing the pipe ends the tool quietly.
  { "$tool" --help 2>"$work/.err"; echo $? >"$work/.status"; } | :
  [[ $(<"$work/.status") -eq 0 && ! -s $work/.err ]] || fail "$tool --help | : ends with $(<"$work/.status"): $(<"$work/.err")"
done

# A processor without AVX2 gets a message.
if command -v qemu-x86_64 >/dev/null; then
  run qemu-x86_64 -cpu Nehalem "$BUILD/chat" --help
  expect_equal 1 "$status" "chat on a processor without AVX2"
  [[ $err == "chat: this processor lacks instructions"* ]] || fail "chat on a processor without AVX2: $err"
fi

# Renamed options still work under their old names, which the help does not list.
for old in "synthconv --temperaments" "embed --neighbours" "lora-train --min-learning-rate"; do
  read -r tool option <<<"$old"
  run "$tool" "$option" x /nonexistent
  [[ $status -ne 0 && $err != *unrecognised* ]] || fail "$old: $err"
  run "$tool" --help
  [[ $out != *"$option "* ]] || fail "$tool --help lists the old name $option"
done
finish
