#!/usr/bin/env bash
# evaluate on a few conversations: every figure is present, in range and reproducible; no reply is ungrounded.
source "$(dirname "$0")/support.bash"
source tests/chain/small_catalog.bash
evaluate=(evaluate --base testdata/mini --movies "$work/movies.bin" --held-out 3 --self-play 2 --training 1)

"${evaluate[@]}" --token-accuracy --misses "$work/misses.jsonl" -o "$work/figures.json" >"$work/table" 2>"$work/err" || fail "evaluate: $(<"$work/err")"
python3 - "$work/figures.json" "$work/misses.jsonl" <<'PY' || fail "the figures"
import json, sys
figures = json.load(open(sys.argv[1], encoding="utf-8"))
assert set(figures) == {"model", "templates", "items", "slots", "acts"}, set(figures)
counts = {"ungrounded", "unfinished", "mean_turns", "turns_to_offer", "movies_offered", "distinct_sentences", "self_play_conversations"}
for system in ("model", "templates"):
    values = figures[system]
    for name, value in values.items():
        assert value >= 0 and (name in counts or value <= 1), (system, name, value)
    assert values["ungrounded"] == 0, system
    for name in ("ask_slot", "recommend_true", "recommend_best", "answer_right", "training_again", "success", "random_success", "offers_broken", "hit_1", "hit_10", "hit_50", "mrr", "mean_turns"):
        assert name in values, (system, name)
for name in ("understand_f1", "understand_act", "tokens_ask", "tokens_understand", "exact_recommend"):
    assert name in figures["model"], name
# Template replies use the phrasebook and know the true meaning, so these figures are 1.
for name in ("ask_slot", "recommend_true", "recommend_best", "training_again", "exact_ask"):
    assert figures["templates"][name] == 1, (name, figures["templates"][name])
for line in open(sys.argv[2], encoding="utf-8"):
    miss = json.loads(line)
    assert set(miss) == {"skill", "instruction", "input", "expected", "got"} and miss["expected"] != miss["got"], miss
PY
for words in "ask: the question is about the slot" "understand: slot F1" "recommend: the best-ranked candidate" \
  "self-play: the user takes a movie in time" "replies with anything ungrounded" "understand: tokens right"; do
  grep -qF "$words" "$work/table" || fail "the table has no line \"$words\""
done

"${evaluate[@]}" --threads 1 -o "$work/once.json" >/dev/null 2>&1
"${evaluate[@]}" --threads 2 -o "$work/again.json" >/dev/null 2>&1
expect_same_bytes "$work/once.json" "$work/again.json" "the same figures with one thread and with two"

# On a terminal, the conversations are counted with a rate and the time left; the table and the figures stay the same. In a
# pipe, nothing is drawn.
counted=(evaluate --base testdata/mini --movies "$work/movies.bin" --held-out 3 --self-play 12 --training 1)
PYTHONPATH=tests/chain python3 -B - "$work" "${counted[@]}" -o "$work/terminal.json" <<'PY' || fail "progress on a terminal"
import re, subprocess, sys
from pseudo_terminal import PseudoTerminal

work, command = sys.argv[1], sys.argv[2:]
terminal = PseudoTerminal(command, columns=120)
shown = terminal.wait_for(None)
assert terminal.status() == 0
bar = r"\revaluate: conversations +[0-9]+% [0-9]+/16 conversations"
assert re.search(bar + r"(, [0-9.]+ conversations/s)?, left [0-9]+:[0-9]{2}  (held-out|training|self-play)\033\[K", shown), shown
assert re.search(r"\revaluate: conversations 100% 16/16 conversations.*, took [0-9]+:[0-9]{2}\033\[K\n", shown), shown
assert not re.search(r"\033\[K[^\r\n]", shown), "something was printed beside a bar"
piped = subprocess.run(command[:-1] + [work + "/pipe.json"], capture_output=True, text=True, check=True)
assert "\r" not in piped.stderr and "conversations " not in piped.stderr, piped.stderr
assert shown.endswith(piped.stdout), shown
PY
expect_same_bytes "$work/terminal.json" "$work/pipe.json" "the same figures on a terminal and in a pipe"

# Errors leave no figures behind.
refused() { expect_error "$1" "$2" "${@:3}" -o "$work/refused.json"; [[ ! -e $work/refused.json ]] || fail "$2: wrote figures"; }
refused 2 'evaluate: --part: --split names no part "dev", but train, valid, test, or all' "${evaluate[@]}" --part dev
refused 2 'evaluate: --held-out: expected a whole number from 0 to 1073741824, found "-1"' evaluate --held-out -1
refused 1 "evaluate: $work/nowhere.bin: cannot open: No such file or directory" evaluate --base testdata/mini --movies "$work/nowhere.bin"
run "${evaluate[@]}" -o "$work/nowhere/figures.json"
[[ $status -eq 1 && $err == *"$work/nowhere/figures.json: "*"No such file or directory" ]] || fail "an output that cannot be: $err"
finish
