#!/usr/bin/env bash
# chat on a terminal, as a person uses it: UTF-8, wrapped replies, prompts, Ctrl-C, what follows a goodbye, /save. The
# base without an adapter is enough: these checks hold whatever the model generates.
source "$(dirname "$0")/support.bash"
source tests/chain/small_catalog.bash
PYTHONPATH=tests/chain python3 -B - "$work" <<'PY' || fail "chat on a terminal"
import json, os, sys
from pseudo_terminal import PseudoTerminal

work = sys.argv[1]
chat = ["chat", "--base", "testdata/mini", "--movies", work + "/movies.bin"]
PROMPT = "you> "

# UTF-8 arrives whole, also where the locale is C, and can be edited: a backspace takes a whole letter.
for locale in ({"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8"}, {"LC_ALL": "", "LC_CTYPE": "", "LANG": ""}):
    terminal = PseudoTerminal(chat, environment=locale)
    opening = terminal.wait_for(PROMPT)
    assert "\nmatinee> " in opening, opening
    terminal.exchange("I loved Amélie and 七人の侍\n", PROMPT)
    terminal.exchange("café\x7fe, Zoë\n", PROMPT)
    assert "\nSaved to " in terminal.exchange(f"/save {work}/talk.jsonl\n", PROMPT)
    terminal.type("/quit\n")
    assert terminal.status() == 0
    users = [json.loads(line)["user"] for line in open(work + "/talk.jsonl", encoding="utf-8")]
    assert users == ["", "I loved Amélie and 七人の侍", "cafe, Zoë"], users
    os.remove(work + "/talk.jsonl")

# No line is wider than the terminal, whatever its width; help has at most 78 columns on a wide one.
for columns in (40, 57, 200):
    terminal = PseudoTerminal(chat, columns=columns)
    shown = terminal.wait_for(PROMPT)
    for line in ("a scary movie", "/more", "/why", "/facts", "/more", "/help"):
        shown += terminal.exchange(line + "\n", PROMPT)
    terminal.type("/quit\n")
    assert terminal.status() == 0
    widest = max(len(drawn) for line in shown.split("\n") for drawn in line.replace("\033[K", "").split("\r"))
    assert widest <= columns, (columns, shown)
    help_text = shown[shown.index("Say what you would like"):]
    assert max(len(line) for line in help_text.split("\n")) <= 78, help_text
    if columns == 40:
        assert "\n         " in shown, "no reply was continued on a second line"

# Ctrl-C stops a reply at once and returns to the prompt: a part of the reply's words, then nothing more.
terminal = PseudoTerminal(chat + ["--threads", "1"])
terminal.wait_for(PROMPT)
for _ in range(5):
    terminal.exchange("tell me more\n", "matinee> ")
    rest = terminal.exchange("\x03", PROMPT, editing=False)
    assert rest.count("\n\n") == 1 and " ... " not in rest, rest
# At the prompt it drops the line; pressed twice, it leaves.
terminal.exchange("/undo\n", PROMPT)
terminal.exchange("half a line\x03", "(Press Ctrl-C again to leave.)")
terminal.wait_for(PROMPT)
terminal.exchange("/facts\n", PROMPT)
terminal.exchange("\x03", "(Press Ctrl-C again to leave.)")
terminal.wait_for(PROMPT)
terminal.type("\x03")
assert terminal.status() == 0

# Ctrl-D leaves, too.
terminal = PseudoTerminal(chat)
terminal.wait_for(PROMPT)
terminal.type("\x04")
assert terminal.status() == 0

# /save asks before it replaces a file.
precious = work + "/precious.txt"
with open(precious, "w") as file:
    file.write("precious")
terminal = PseudoTerminal(chat)
terminal.wait_for(PROMPT)
question = f"{precious} exists. Replace it? [y/N] "
terminal.exchange(f"/save {precious}\n", question)
assert "\nNot saved: " in terminal.exchange("\n", PROMPT)
terminal.exchange(f"/save {precious}\n", question)
assert "\nNot saved: " in terminal.exchange("\x03", PROMPT)
assert open(precious).read() == "precious"
terminal.exchange(f"/save {precious}\n", question)
assert "\nSaved to " in terminal.exchange("y\n", PROMPT)
assert json.loads(open(precious).readline())["acts"]
terminal.type("/quit\n")
assert terminal.status() == 0
PY
finish
