#!/usr/bin/env bash
# evaluate --report: one well-formed page with the figures of figures.json; --beside compares with another run.
source "$(dirname "$0")/support.bash"
source tests/chain/small_catalog.bash
evaluate=(evaluate --base testdata/mini --movies "$work/movies.bin" --held-out 9 --self-play 9 --training 2)

# Metrics of a short training, a sweep, and turns of people; one text tries to be markup.
synthconv -n 20 -o "$work/train.jsonl" "$work/movies.bin" 2>/dev/null
tokenize --model testdata/mini --seq-len 256 --long skip -o "$work/train.tokens" "$work/train.jsonl" 2>/dev/null
lora-train --base testdata/mini --rank 2 --max-steps 3 --micro-batch-tokens 512 --valid "$work/train.tokens" \
  --metrics "$work/metrics.jsonl" -o "$work/adapter" "$work/train.tokens" >/dev/null 2>"$work/err" || fail "lora-train: $(<"$work/err")"
printf '%b\n' 'rank\trun\tstatus\tvalid_loss\tbest_step\tsteps\tlearning-rate\ttargets\tmessage' '1\trun-001\tfinished\t0.5\t9\t9\t0.001\tall\t' \
  '2\trun-002\tfinished\t0.75\t9\t9\t0.0001\tq<v\t' '\\N\trun-003\tfailed\t\\N\t\\N\t\\N\t1\tall\tnot a number' >"$work/sweep.tsv"
printf 'build/lora-train --base <base>\n' >"$work/commands.txt"
head -n 20 testdata/turns/work.jsonl >"$work/turns.jsonl"
printf '%s\n' '{"id":"hostile","state":"open","user":"<script>alert(1)</script> & \"two\" </section> I want a comedy","act":"leave","gold":{"act":"leave","genres":["<b>"]},"beyond":[]}' >>"$work/turns.jsonl"

"${evaluate[@]}" -o "$work/plain.json" >"$work/plain" 2>/dev/null
"${evaluate[@]}" --turns "$work/turns.jsonl" --metrics "$work/metrics.jsonl" --sweep "$work/sweep.tsv" --commands "$work/commands.txt" \
  --beside "$work/plain.json" --report "$work/report.html" -o "$work/figures.json" >"$work/table" 2>"$work/err" || fail "evaluate --report: $(<"$work/err")"
expect_equal "$(<"$work/plain")" "$(head -n "$(wc -l <"$work/plain")" "$work/table")" "the table, then the rest"
grep -qE '^self-play: the user takes a movie in time, % +[0-9.]+ +[0-9.]+ +\+0\.0 ' "$work/table" || fail "the comparison: $(<"$work/table")"
grep -qF 'Both runs measured 20 of the same conversations' "$work/table" || fail "the method of the comparison"
grep -qE '^slots: F1 ' "$work/table" || fail "the labelled turns"

python3 - "$work/report.html" "$work/figures.json" "$work/plain.json" <<'PY' || fail "the report"
import html.parser, json, re, sys
import xml.etree.ElementTree
text = open(sys.argv[1], encoding="utf-8").read()
figures, plain = (json.load(open(name, encoding="utf-8")) for name in sys.argv[2:4])
page = xml.etree.ElementTree.fromstring(text)  # well-formed
html.parser.HTMLParser().feed(text)
assert text.startswith("<!DOCTYPE html>") and page.get("lang") == "en"
assert not list(page.iter("script")) and not re.search(r'(src|href)="(?!#)', text) and "url(" not in text, "one file, no script"
assert "&lt;script&gt;alert(1)" in text, "the hostile turn is text"
assert [len(list(page.iter(tag))) for tag in ("h1", "main", "title")][:2] == [1, 1]
ids = [element.get("id") for element in page.iter() if element.get("id")]
assert len(ids) == len(set(ids)), "ids are unique"
sections = [section.get("id") for section in page.iter("section")]
assert sections == ["figures", "comparison", "loss", "sweep", "acts", "slots", "endings", "worst", "conversations", "offers", "times", "commands"], sections
assert [link.get("href") for link in page.find("body/header/nav").iter("a")] == ["#" + name for name in sections]
for svg in page.iter("svg"):
    assert svg.get("aria-hidden") == "true" or (svg.get("role") == "img" and svg.find("title").text and svg.find("desc").text)
tables = {}
for table in page.iter("table"):
    rows = [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
    assert all(cell.get("scope") in ("col", "row") for cell in table.iter("th"))
    assert all(len(row) == len(rows[0]) for row in rows), rows
    tables[table.find("caption").text] = rows

def shown(value, like):
    return f"{100 * value:.1f} %" if like.endswith("%") else f"{value:.3g}"
systems = tables["Model, base, rule and templates"]
keys = [key for key in figures["model"] if key != "self_play_conversations"]
assert len(systems) - 1 == len(keys), (systems, keys)
for row, key in zip(systems[1:], keys):
    for column, name in (("model", "model"), ("rule", "rule"), ("templates", "templates")):
        cell = row[systems[0].index(column)]
        assert cell == (shown(figures[name][key], cell) if key in figures[name] else ""), (key, name, cell)
names = figures["acts"]["names"]
for caption, where in (("Acts in turns of people; one that the label also allows counts as the label's", "turns"), ("Acts in held-out conversations", "held_out")):
    head, *rows = tables[caption]
    for row in rows:
        for column, cell in zip(head[1:-1], row[1:-1]):
            assert int(cell or 0) == figures["acts"][where][names.index(row[0])][names.index(column)], (caption, row, column)
    assert sum(int(cell or 0) for row in rows for cell in row[1:-1]) == sum(map(sum, figures["acts"][where])), caption
for row in tables["Slots in turns of people"][1:-1]:
    right, wrong, missing = figures["slots"][row[0]].get("turns", [0, 0, 0])
    assert int(row[1]) == right + missing, row
    if right + wrong + missing:
        assert row[4] == f"{100 * 2 * right / (2 * right + wrong + missing):.1f} %", row
# What self-play counts is in the items, too.
success = figures["items"]["success"]
assert sum(right for right, all in success) / sum(all for right, all in success) == figures["model"]["success"]
assert figures["items"] == plain["items"] and figures["model"] == plain["model"], "a report changes no figure"
assert len(figures["turn_items"]["keys"]) == 21 and figures["turns"]["act"] == sum(a for a, _ in figures["turn_items"]["act"]) / 21
ends = tables["How conversations ended"]
for column in ends[0][1:-1]:
    assert sum(int(row[ends[0].index(column)]) for row in ends[1:]) == 9, ends
assert [row[0] for row in tables["Runs"]] == ["rank", "1", "2", "\\N"] and "q<v" in tables["Runs"][2]
assert any("build/lora-train --base <base>" in "".join(pre.itertext()) for pre in page.iter("pre"))
assert any("--report" in "".join(pre.itertext()) for pre in page.iter("pre"))
PY

# Curves alone need no model.
evaluate --held-out 0 --self-play 0 --training 0 --metrics "$work/metrics.jsonl" --report "$work/loss.html" >"$work/out" 2>/dev/null || fail "a report of a training"
expect_equal "" "$(<"$work/out")" "no figures"
grep -q '<h2 id="loss-title">' "$work/loss.html" || fail "the curves alone"

# Errors come before the evaluation and leave no report behind.
refused() { expect_error "$1" "$2" "${@:3}"; [[ ! -e $work/refused.html ]] || fail "$2: wrote a report"; }
refused 2 'evaluate: --metrics needs --report' "${evaluate[@]}" --metrics "$work/metrics.jsonl"
refused 2 'evaluate: nothing to report: give --metrics or --sweep, or let conversations or turns be evaluated' \
  evaluate --held-out 0 --self-play 0 --training 0 --report "$work/refused.html"
refused 1 "evaluate: $work/adapter/adapter_config.json: expected figures of evaluate -o, found no object \"model\"" \
  "${evaluate[@]}" --report "$work/refused.html" --beside "$work/adapter/adapter_config.json"
refused 1 "evaluate: $work/commands.txt:1: expected a sweep.tsv of lora-train --sweep, found no column \"rank\"" \
  "${evaluate[@]}" --report "$work/refused.html" --sweep "$work/commands.txt"
run "${evaluate[@]}" --report "$work/nowhere/report.html"
[[ $status -eq 1 && $err == *"$work/nowhere/report.html: "*"No such file or directory" ]] || fail "a report that cannot be: $err"
finish
