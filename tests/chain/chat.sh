#!/usr/bin/env bash
# chat in a pipe, as a script uses it: one line in, one line out; its commands; what it must never say; its errors. The
# base without an adapter is enough: these checks hold whatever the model generates.
source "$(dirname "$0")/support.bash"
source tests/chain/small_catalog.bash
chat=(chat --base testdata/mini --movies "$work/movies.bin")

# The reply is printed before the next line is sent.
coproc talk { "${chat[@]}" 2>"$work/talk.err"; }
read -r -t 60 opening <&"${talk[0]}" || fail "no opening"
[[ -n $opening ]] || fail "the opening is empty"
turns=0
for line in "a comedy please" "from the nineties" "I don't care" "anyone" "no, another one"; do
  echo "$line" >&"${talk[1]}" || break
  read -r -t 60 reply <&"${talk[0]}" || { fail "no reply to: $line"; break; }
  [[ -n $reply ]] || fail "an empty reply to: $line"
  turns=$((turns + 1))
done
[[ $turns -eq 5 ]] || fail "$turns replies to 5 lines"
exec {talk[1]}>&-
wait "$talk_PID" || fail "chat ends with $? at the end of its input: $(<"$work/talk.err")"

# --json: each line is a turn; every recommended movie exists and is recommended only once.
for _ in 1 2 3 4 5 6 7 8; do printf 'what else?\n/more\n'; done | "${chat[@]}" --json >"$work/turns.jsonl" || fail "chat --json"
python3 - "$work/turns.jsonl" "$work/titles" <<'PY' || fail "the turns of chat --json"
import json, sys
turns = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
titles = set(open(sys.argv[2], encoding="utf-8").read().splitlines())
assert len(turns) == 17, len(turns)
seen, asked = [], []
for turn in turns:
    assert set(turn) - {"command"} == {"user", "update", "acts", "text", "preferences", "finished"}, turn
    for act in turn["acts"]:
        if act["act"] == "ask":
            asked.append(act["slot"])
        if act["act"] == "recommend":
            assert act["tconst"] in titles, f"{act} does not exist"
            seen.append(act["tconst"])
assert len(asked) == len(set(asked)), f"asked twice: {asked}"
assert len(seen) >= 8 and len(seen) == len(set(seen)), f"recommended twice: {seen}"
PY

# Every line gets one line, commands and blank lines too: of JSON with --json, else of text.
commands=('/more' '/why' '/facts' '/more' '/undo' '/restart' '/help' '' "/save $work/talk.txt" '/save' '/sing' 'bye' '/more' '/quit')
printf '%s\n' "${commands[@]}" | "${chat[@]}" >"$work/commands" || fail "chat with commands"
expect_equal $((${#commands[@]} + 1)) "$(wc -l <"$work/commands")" "the opening and a line for each line"
grep -q '^Took back your last line\. ' "$work/commands" || fail "/undo says nothing"
grep -q '^Unknown command /sing; /help lists the commands\.$' "$work/commands" || fail "an unknown command"
for word in /why /facts /more /undo /restart /save /help /quit; do
  grep -q -- "$word" "$work/commands" || fail "/help does not list $word"
done
grep -qE '; Rating: [0-9]\.[0-9] out of 10 \([0-9,]+ votes?\);' "$work/commands" || fail "/facts has no rating"
grep -qE '; Genres?: [A-Z]' "$work/commands" || fail "/facts has no genres"
printf '%s\n' "${commands[@]}" | "${chat[@]}" --json >"$work/commands.jsonl" || fail "chat --json with commands"
python3 - "$work/commands.jsonl" "${commands[@]}" <<'PY' || fail "commands of chat --json"
import json, sys
answers = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
commands = sys.argv[2:]
assert len(answers) == len(commands) + 1, len(answers)
for line, answer in zip(commands, answers[1:]):
    assert set(answer) - {"command"} == {"user", "update", "acts", "text", "preferences", "finished"}, answer
    assert answer["user"] == line and answer.get("command", "") == line.split(" ")[0] * line.startswith("/"), answer
    if line in ("/more", "/restart"):
        assert answer["acts"], answer
    elif line != "/why" and line != "bye":
        assert not answer["acts"] and not answer["update"], answer
PY

# /save writes files only where it is allowed, and never over another file.
expect_equal 2 "$(grep -c '^Not saved: in a pipe /save is off; start chat with --allow-save\.$' "$work/commands")" "/save in a pipe"
[[ ! -e $work/talk.txt ]] || fail "/save wrote in a pipe"
echo precious >"$work/precious.txt"
printf '%s\n' "/save $work/talk.txt" "/save $work/precious.txt" '/save /nowhere/talk.txt' '/save' |
  "${chat[@]}" --allow-save >"$work/saves" || fail "chat --allow-save"
grep -q "^Saved to $work/talk.txt\.$" "$work/saves" || fail "/save says nothing"
grep -q "^Not saved: $work/precious.txt exists; choose another name\.$" "$work/saves" || fail "/save over a file: $(<"$work/saves")"
grep -q '^Not saved: /nowhere/talk.txt: ' "$work/saves" || fail "/save to nowhere: $(<"$work/saves")"
grep -q '^/save needs a file name\.$' "$work/saves" || fail "/save without a name"
[[ -s $work/talk.txt ]] || fail "/save wrote nothing"
expect_equal precious "$(<"$work/precious.txt")" "a file that /save must not replace"
printf '/why\n/facts\n/undo\n' | "${chat[@]}" >"$work/early"
for line in 'Nothing has been recommended yet.' 'No movie has been mentioned yet.' 'There is nothing to take back.'; do
  grep -qxF "$line" "$work/early" || fail "expected \"$line\" in: $(<"$work/early")"
done

# The output does not depend on the number of threads.
talk() { printf 'something scary\nfrom the 80s\nI liked it\nno\n' | "${chat[@]}" "$@"; }
talk --threads 1 >"$work/one"
talk --threads 2 >"$work/two"
expect_same_bytes "$work/one" "$work/two" "one thread and two"

# Odd input: empty lines, a line that is not UTF-8, a very long one, no line at all.
{ printf '\n\xff\xfe scary\n'; head -c 5000 /dev/zero | tr '\0' 'a'; printf '\n'; } | "${chat[@]}" >"$work/odd" 2>"$work/odd.err"
expect_equal 0 $? "odd input: $(<"$work/odd.err")"
expect_equal 4 "$(wc -l <"$work/odd")" "the opening and a line for each of three lines"
: | "${chat[@]}" >"$work/none" || fail "no input"
expect_equal 1 "$(wc -l <"$work/none")" "lines without input"
printf 'a comedy\n' | "${chat[@]}" >/dev/full 2>"$work/err"
expect_equal "chat: <stdout>: cannot write: No space left on device" "$(<"$work/err")" "chat >/dev/full"

# Errors.
HOME=$work/home expect_error 2 "chat: no trained model found; run \`make chat\` or \`make train\` first, or give --base, --adapter and --movies" \
  bash -c "cp '$(command -v chat)' '$work/chat-alone' && exec -a chat '$work/chat-alone'"
expect_error 1 "chat: $work/nowhere/config.json: cannot open: No such file or directory" chat --base "$work/nowhere" --movies "$work/movies.bin"
echo '{"base":"x"}' >"$work/setup.json"
expect_error 1 "chat: $work/setup.json: adapter: expected a path" chat --setup "$work/setup.json"
echo 'base: x' >"$work/setup.json"
expect_error 1 "chat: $work/setup.json: not valid JSON: The JSON document has an improper structure: missing or superfluous commas, braces, missing keys, etc." chat --setup "$work/setup.json"
finish
