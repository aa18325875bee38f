#!/usr/bin/env python3
"""Completes command lines of the tools in a real, interactive shell on a pseudo terminal, as completion.sh asks.

usage: shell_completion.py bash|zsh FOLDER TOOL...
"""
import os
import re
import subprocess
import sys

from pseudo_terminal import PseudoTerminal

FILES = ["a.csv", "b.csv", "movies.bin", "m y.bin", "model.gguf", "films/x.bin", "plain.txt"]
# A line, and what it is after Tab, but for what the shells put behind a finished word.
COMPLETED = {
    "chat --tempe": "chat --temperature",
    "chat --base-f": "chat --base-format",
    "build/chat --js": "build/chat --json",
    "chat --json --template qw": "chat --json --template qwen2",
    "chat --template=chat": "chat --template=chatml",
    "chat --device cu": "chat --device cuda",
    "chat --import a": "chat --import a.csv",
    "chat --import a.csv,b": "chat --import a.csv,b.csv",
    "chat --import=a.csv,b": "chat --import=a.csv,b.csv",
    "chat --movies mo": "chat --movies movies.bin",
    "chat --movies=mo": "chat --movies=movies.bin",
    "chat --movies m\\ ": "chat --movies m\\ y.bin",
    "chat --base mod": "chat --base model.gguf",
    "chat --adapter f": "chat --adapter films/",
    "chat --adapter mo": "chat --adapter mo",
    "synthconv --out": "synthconv --output",
    "synthconv -o pl": "synthconv -o plain.txt",
    "synthconv mov": "synthconv movies.bin",
    "synthconv -- mov": "synthconv -- movies.bin",
    "synthconv --keep rel": "synthconv --keep relax:",
    "synthconv --keep greet:0.1,rel": "synthconv --keep greet:0.1,relax:",
    "synthconv --personas cha": "synthconv --personas cha",
    "synthconv --personas terse,typ": "synthconv --personas terse,typos",
    "similar --catalog films/": "similar --catalog films/x.bin",
    "similar --genre Sci": "similar --genre Sci-Fi",
    "similar --k": "similar --k",
    "lora-merge --format gguf-q4_": "lora-merge --format gguf-q4_",
    "lora-train --top": "lora-train --top",
}
# A line, what is offered, and what is not.
OFFERED = {
    "chat --template ": (["plain", "llama3.1", "auto"], ["a.csv", "--base"]),
    "chat --import ": (["a.csv", "b.csv", "films/"], ["movies.bin"]),
    "chat --movies ": (["movies.bin", "films/"], ["a.csv"]),
    "chat --adapter ": (["films"], ["a.csv"]),
    "synthconv --personas terse,": (["chatty", "typos"], ["plain.txt"]),
    "bin2tsv ": (["a.csv", "movies.bin"], ["--list"]),
    "chat --temperature ": ([], ["a.csv"]),
}


class Shell:
    """An interactive shell without the user's settings in which Ctrl-T prints the line that is being edited."""

    def __init__(self, command, start, folder):
        self.terminal = PseudoTerminal(command, columns=200, rows=200, environment={"PS1": "$ ", "HOME": folder},
                                       seconds=30)
        for line in start:
            self.terminal.exchange(line + "\necho re''ady\n", "ready\r\n", editing=False)

    def pressed(self, line, keys):
        """What is printed after `line` and `keys`, and the line then."""
        self.terminal.type(line + keys + "\x14", editing=False)
        text = self.terminal.wait_for("\x02")
        self.terminal.type("\x15", editing=False)  # empties the line
        before, after = text[:-1].rsplit("\x01", 1)
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\x07", "", before), after


def bash(tools, folder):
    return Shell(["bash", "--norc", "--noprofile", "-i"],
                 [r'''show() { printf '\001%s\002' "$READLINE_LINE"; }; bind -x '"\C-t": show' ''',
                  "bind 'set completion-query-items 0'; bind 'set page-completions off'",
                  *(f"source <({tool} --completion bash)" for tool in tools), f"cd '{folder}'"], folder)


def zsh(tools, folder):
    return Shell(["zsh", "-f", "-i"],
                 [f"autoload -U compinit; compinit -u -d '{folder}/.zcompdump'; unsetopt AUTO_MENU; LISTMAX=1000",
                  r'''show() { printf '\001%s\002' "$BUFFER" }; zle -N show; bindkey -e; bindkey '^T' show''',
                  *(f"source <({tool} --completion zsh)" for tool in tools), f"cd '{folder}'"], folder)


def main():
    name, folder, *tools = sys.argv[1:]
    os.makedirs(os.path.join(folder, "films"), exist_ok=True)
    for file in FILES:
        open(os.path.join(folder, file), "w", encoding="utf-8").close()
    shell = {"bash": bash, "zsh": zsh}[name](tools, folder)
    wrong = []
    for line, wanted in COMPLETED.items():
        found = shell.pressed(line, "\t")[1].rstrip(" =,")
        if found != wanted:
            wrong.append(f"{line!r} becomes {found!r} and not {wanted!r}")
    for line, (offered, others) in OFFERED.items():
        listed = shell.pressed(line, "\t\t")[0].replace(line, "")
        missing = [word for word in offered if word not in listed]
        surplus = [word for word in others if word in listed]
        if missing or surplus:
            wrong.append(f"{line!r} lacks {missing} and offers {surplus}: {listed!r}")
    # Every option of every tool is offered, with the beginning of its help.
    for tool in tools:
        manual = subprocess.run([tool, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
        listed = shell.pressed(f"{tool} --", "\t\t")[0]
        options = re.findall(r"^  (?:-\w, |    )--([\w-]+)(?: \S+)?\s+(\w+)", manual, re.MULTILINE)
        assert len(options) > 4, manual
        for option, word in options:
            if not re.search(rf"--{option}\s.*\b{re.escape(word)}", listed):
                wrong.append(f"{tool} -- does not offer --{option} with its help")
    for text in wrong:
        print(f"{name}: {text}")
    sys.exit(1 if wrong else 0)


main()
