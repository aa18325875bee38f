#!/usr/bin/env bash
# `make install` gives a tree that works wherever it is moved to, for anybody, without an environment and read-only; and
# `make uninstall` takes away what it has brought.
source "$(dirname "$0")/support.bash"
[[ -x $BUILD/chat ]] || skip "no tools in $BUILD"
command -v help2man >/dev/null || skip "help2man is not installed (scripts/install-deps install)"
tools=$(for main in cmd/*.cc; do basename "$main" .cc | tr _ -; done)
umask 077  # as careful administrators have it
chmod 755 "$work"
install_tree() { scripts/install-tree "$@" "$BUILD" /usr "$work/stage root"; }

run install_tree
expect_equal 0 "$status" "install-tree: $err"
tree="$work/stage root/usr"
for tool in $tools; do
  for file in bin/$tool share/man/man1/$tool.1 share/bash-completion/completions/$tool share/zsh/site-functions/_$tool; do
    [[ -s $tree/$file ]] || fail "$file is missing"
  done
  bash -n "$tree/share/bash-completion/completions/$tool" || fail "completion of $tool"
  grep -q "^\.TH ${tool^^} " "$tree/share/man/man1/$tool.1" || fail "man page of $tool"
  run man -l "$tree/share/man/man1/$tool.1"
  if command -v man >/dev/null; then
    # Each example is a line of its own.
    while IFS= read -r example; do
      grep -qF -- "${example:0:40}" <<<"$out" || fail "man $tool lacks the example: $example"
    done < <("$tool" --help | sed -n '/^Examples:/,/^$/s/^  //p')
  fi
done
unreadable=$(find "$tree" ! -perm -444)
expect_equal "" "$unreadable" "files that not everybody can read"

# Moved, read-only, from another folder, without environment variables, and as another user.
moved="$work/moved here"
mv "$tree" "$moved"
chmod -R a-w "$moved"
as_other=()
[[ $(id -u) -ne 0 ]] || as_other=(setpriv --reuid=65534 --regid=65534 --clear-groups)
cd / || exit 1
out=$(echo "a comedy from the nineties" | env -i "${as_other[@]}" "$moved/bin/chat" 2>"$work/.err")
[[ $out == *"(199"[0-9]")"* ]] || fail "the installed chat answers: $out $(<"$work/.err")"
out=$(env -i "${as_other[@]}" "$moved/bin/evaluate" --held-out 1 --self-play 1 --training 0 2>&1)
[[ $out == *"self-play"* ]] || fail "the installed evaluate prints: $out"
cd - >/dev/null || exit 1
chmod -R u+w "$moved"
mv "$moved" "$tree"

touch "$tree/bin/of-others"
run install_tree --remove
expect_equal 0 "$status" "install-tree --remove: $err"
expect_equal "$tree/bin/of-others" "$(find "$tree" -type f)" "what is left"
[[ ! -e $tree/share/matinee ]] || fail "share/matinee is left"
finish
