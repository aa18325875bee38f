"""Checks of scripts/check-page about conversations: each takes a Tester and talks as a user does."""
import json
import os
import re
import subprocess

from python_environment import BUILD, ROOT


def conversation(tester):
    """A whole conversation: the reply streams, is announced whole, has a card; a list; a goodbye."""
    visit = tester.visit().open()
    page = visit.page
    tester.expect(page.locator(".suggestion").count() >= 3, "fewer than 3 suggestions")
    visit.shot("start")
    page.evaluate("""() => { window.seen = [];
      new MutationObserver(() => { const text = document.querySelector(".streaming .reply-text")?.textContent;
        if (text && text !== "Thinking") window.seen.push(text); }).observe(document.getElementById("transcript"),
        { childList: true, subtree: true, characterData: true }); }""")
    with visit.slowly(1500):
        reply = visit.say("a comedy from the nineties without Adam Sandler")
    seen = page.evaluate("window.seen")
    tester.expect(len(set(seen)) >= 2, f"the reply came in {len(set(seen))} pieces")
    tester.expect(all(reply.startswith(text.rstrip()) for text in seen), "a piece is no beginning of the reply")
    tester.expect(page.locator("#announcer").text_content().startswith(reply), "the reply is not announced")
    tester.expect(visit.chips() == ["comedy", "1990s", "no Adam Sandler"], f"chips {visit.chips()}")
    titles = visit.films()
    tester.expect(len(titles) >= 1, "no card")
    tester.expect(titles[0] in reply, f"the card shows {titles[0]}, the reply says {reply}")
    card = page.locator(".film").last.inner_text()
    for pattern in (r"\b19\d\d\b", r"Comedy", r"\d\.\d", "votes", "Directed by", "With", "Similar", "Seen", "Liked",
                    "Not for me"):
        tester.expect(re.search(pattern, card), f"the card lacks {pattern}: {card}")
    tester.expect(page.locator(".film-reasons li").count() >= 1, "the card does not say why")
    tester.expect(not visit.page.locator("#suggestions").is_visible(), "suggestions behind the beginning")
    visit.shot("card")
    page.get_by_role("button", name="Something else").click()
    visit.wait_for_reply(3)
    tester.expect(visit.films() != titles, f"the same film again: {titles}")
    visit.say("show me three more of them")
    if len(visit.films()) > 1:
        visit.shot("list")
        numbers = page.locator("li.reply").last.locator(".film-number").all_inner_texts()
        tester.expect(numbers == [f"{i}." for i in range(1, len(numbers) + 1)], f"numbers {numbers}")
    visit.say("who directed the first one?")
    page.locator("li.reply .link").last.click() if page.locator("li.reply .link").count() else None
    if page.locator("dialog").count():
        page.locator("dialog .film").wait_for()
        visit.shot("film")
        visit.escape()
    visit.say("perfect, thank you, bye")
    tester.expect(len(visit.lines()) == 5, f"{visit.lines()}")


def stopping(tester):
    """The stop button and Esc end a reply; the conversation goes on."""
    visit = tester.visit().open()
    for stop in (lambda: visit.page.locator("#stop").click(), lambda: visit.page.keyboard.press("Escape")):
        with visit.slowly(60):
            visit.send("a thriller with Al Pacino")
            tester.expect(visit.page.locator("#stop").is_visible(), "no stop button")
            tester.expect(visit.page.locator(".notice").count() == 0, "a notice while the reply is awaited")
            stop()
            visit.wait_until_idle()
        tester.expect(visit.page.locator(".stopped").count() >= 1, "no word of the stop")
    visit.say("a comedy")
    tester.expect("comedy" in visit.chips(), f"chips {visit.chips()}")
    roles = [message["role"] for message in visit.sent[-1]["messages"]]
    tester.expect(roles.count("user") == 3, f"roles {roles}")


def changing(tester):
    """Edit, answer again, undo, start again."""
    visit = tester.visit().open()
    page = visit.page
    visit.say("a comedy")
    visit.say("from the nineties")
    tester.expect(visit.chips() == ["comedy", "1990s"], f"chips {visit.chips()}")
    page.locator("li.user").first.hover()
    page.get_by_role("button", name="Edit this line").first.click()
    tester.expect(visit.focused() == "Edit your line", f"focus on {visit.focused()}")
    visit.shot("edit")
    page.keyboard.press("Escape")
    tester.expect(visit.lines() == ["a comedy", "from the nineties"], "Esc keeps the line")
    page.locator("li.user").first.hover()
    page.get_by_role("button", name="Edit this line").first.click()
    page.get_by_label("Edit your line").fill("a western")
    page.keyboard.press("Enter")
    visit.wait_for_reply(2)
    tester.expect(visit.lines() == ["a western"] and visit.chips() == ["western"], f"{visit.lines()} {visit.chips()}")
    seeds, replies = [], set()
    for _ in range(6):
        page.get_by_role("button", name="Answer again").click()
        page.locator("#stop").wait_for(state="hidden")
        visit.wait_for_reply(2)
        replies.add(visit.reply())
        seeds.append(visit.sent[-1]["seed"])
    tester.expect(len(set(seeds)) == 6, f"seeds {seeds}")
    tester.expect(len(replies) > 1, f"always the same answer: {replies}")
    visit.say("with John Wayne")
    page.get_by_role("button", name="Undo the last turn").click()
    tester.expect(visit.lines() == ["a western"] and visit.chips() == ["western"], "undo")
    page.get_by_role("button", name="Bring it back").click()
    tester.expect(visit.lines() == ["a western", "with John Wayne"], "undo of undo")
    page.locator("#more").click()
    visit.shot("menu")
    page.locator("#restart").click()
    tester.expect(visit.lines() == [] and visit.chips() == [], "start again")
    tester.expect(page.locator("#undo").is_disabled(), "nothing to undo")
    page.get_by_role("button", name="Bring it back").click()
    tester.expect(len(visit.lines()) == 2, "start again, taken back")


def wishes(tester):
    """Chips that are removed and changed, and the editor of all wishes."""
    visit = tester.visit().open()
    page = visit.page
    visit.say("a comedy from the nineties without Adam Sandler")
    page.get_by_role("button", name="Remove: comedy").click()
    visit.wait_for_reply(3)
    tester.expect(visit.chips() == ["1990s", "no Adam Sandler"], f"chips {visit.chips()}")
    sent = visit.sent[-1]["messages"][-1]
    tester.expect(sent == {"role": "user", "content": "", "matinee": {
        "preferences": {"years": "1990s", "not_people": ["Adam Sandler"]}}}, f"sent {sent}")
    tester.expect(visit.lines()[-1] == "No longer: comedy", f"{visit.lines()}")
    page.get_by_role("button", name="1990s", exact=True).click()
    tester.expect(page.locator("dialog fieldset").count() == 1, "a chip opens its own section")
    visit.shot("change-wish")
    page.get_by_role("button", name="1980s").click()
    page.get_by_role("button", name="Find films").click()
    visit.wait_for_reply(4)
    tester.expect(visit.chips() == ["1980s", "no Adam Sandler"], f"chips {visit.chips()}")
    page.get_by_role("button", name="Choose wishes").click()
    page.get_by_role("button", name="Drama: any").click()
    page.get_by_role("button", name="Horror: any").click()
    page.get_by_role("button", name="Horror: wanted").click()
    page.get_by_role("button", name="Under 2 h").click()
    box = page.get_by_role("combobox", name="Add an actor or a director")
    box.press_sequentially("al paci", delay=20)
    page.get_by_role("option", name="Al Pacino").wait_for()
    tester.faults += visit.accessibility("wishes")
    visit.shot("wishes")
    box.press("Enter")
    page.get_by_label("Least rating").select_option("6")
    page.get_by_role("button", name="Find films").click()
    visit.wait_for_reply(5)
    wanted = {"drama", "no horror", "1980s", "under 2 h", "Al Pacino", "no Adam Sandler", "rated 6 or more"}
    tester.expect(set(visit.chips()) == wanted, f"chips {visit.chips()}")
    page.get_by_role("button", name="Choose wishes").click()
    page.locator("dialog fieldset").first.wait_for()
    visit.escape()
    tester.expect(visit.replies() == 5, "Esc changes nothing")


def saved_memory(visit):
    """The viewing history as the page saves it, and the file's name."""
    visit.page.locator("#more").click()
    visit.page.locator("#open-memory").click()
    visit.shot("memory")
    return visit.saved(lambda: visit.page.locator("#export-memory").click())


def verdicts_in_browser(tester):
    """Without --memory verdicts are kept in the browser and go along with the next message."""
    visit = tester.visit().open()
    page = visit.page
    visit.say("a comedy from the nineties")
    card = page.locator(".film").last
    tconst = card.locator(".verdicts").get_attribute("data-tconst")
    card.get_by_role("button", name="Liked").click()
    tester.expect(card.get_by_role("button", name="Liked").get_attribute("aria-pressed") == "true", "not pressed")
    card.get_by_role("button", name="Not for me").click()
    card.get_by_role("button", name="Not for me").click()
    tester.expect(page.locator(".verdict[aria-pressed=true]").count() == 0, "a verdict is taken back by a second press")
    card.get_by_role("button", name="Liked").click()
    visit.say("something else")
    preferences = visit.sent[-1]["messages"][-1]["matinee"]["preferences"]
    tester.expect(preferences.get("liked") == [tconst] and preferences["genres"] == ["Comedy"], f"{preferences}")
    tester.expect(visit.chips() == ["comedy", "1990s"], f"chips {visit.chips()}")
    visit.say("another one")
    tester.expect("matinee" not in visit.sent[-1]["messages"][-1], "a verdict is told once")
    page.reload()
    tester.expect(page.locator(f".verdicts[data-tconst={tconst}] [data-verdict=liked]").first
                  .get_attribute("aria-pressed") == "true", "the verdict is gone after a reload")
    visit.say("seen it")
    learned = page.locator(".film", has=page.locator("[data-verdict=seen][aria-pressed=true]")).count()
    tester.expect(learned >= 1, "“seen it” does not mark the card")
    page.get_by_role("button", name="New conversation").first.click()
    visit.say("a comedy")
    told = visit.sent[-1]["messages"][-1]["matinee"]["preferences"]
    tester.expect(told.get("liked") == [tconst] and len(told.get("seen", [])) >= 1, f"a new conversation: {told}")
    lines, name = saved_memory(visit)
    tester.faults += visit.accessibility("the memory")
    entries = [json.loads(line) for line in lines.decode().splitlines()]
    tester.expect(name == "memory.jsonl" and {entry["verdict"] for entry in entries} >= {"liked", "seen"}, f"{entries}")


def verdicts_of_another_catalog(tester):
    """A verdict on a film that this server does not know is left out, instead of ending every conversation."""
    visit = tester.visit(strict=False).open()
    visit.page.evaluate("""() => localStorage.setItem("matinee.verdicts",
      JSON.stringify({ tt1: { tconst: "tt1", title: "Of another catalog", verdict: "liked" } }))""")
    visit.page.reload()
    visit.say("a western")
    tester.expect(visit.chips() == ["western"], f"chips {visit.chips()}")
    visit.say("another one")
    tester.expect("matinee" not in visit.sent[-1]["messages"][-1], "it is told again")


def verdicts_on_server(tester):
    """With --memory verdicts are lines of the file."""
    memory = os.path.join(tester.folder, "memory.jsonl")
    with tester.server("--memory", memory) as server:
        visit = tester.visit(server.url).open()
        visit.say("a comedy from the nineties")
        card = visit.page.locator(".film").last
        tconst = card.locator(".verdicts").get_attribute("data-tconst")
        card.get_by_role("button", name="Liked").click()
        visit.page.locator(f"[data-tconst={tconst}] [aria-pressed=true]").wait_for()
        visit.say("something else")
        tester.expect("matinee" not in visit.sent[-1]["messages"][-1], "verdicts go along though the server has them")
        visit.say("seen it")
        visit.page.reload()
        visit.page.locator(f"[data-tconst={tconst}] [data-verdict=liked][aria-pressed=true]").wait_for()
        lines, _ = saved_memory(visit)
        with open(memory, "rb") as file:
            tester.expect(file.read() == lines, "the export is not the file")
        verdicts = {json.loads(line)["verdict"] for line in lines.decode().splitlines()}
        tester.expect(verdicts == {"liked", "seen"}, f"verdicts {verdicts}")
        tester.expect(visit.page.get_by_role("button", name="Forget all").count() == 0,
                      "the server's memory cannot be cleared here")


def keeping(tester):
    """Several conversations, kept over a reload; rename, delete, switch; two tabs."""
    visit = tester.visit().open()
    page = visit.page
    visit.say("a western")
    replies = page.locator("li.reply .reply-text").all_inner_texts()
    page.reload()
    page.locator("li.user").wait_for()
    tester.expect(page.locator("li.reply .reply-text").all_inner_texts() == replies, "not the same after a reload")
    tester.expect(visit.chips() == ["western"], f"chips after a reload: {visit.chips()}")
    page.get_by_role("button", name="New conversation").first.click()
    visit.say("a horror movie")
    titles = page.locator(".conversation-title").all_inner_texts()
    tester.expect(titles == ["a horror movie", "a western"], f"titles {titles}")
    page.locator(".conversation-title", has_text="a western").click()
    tester.expect(visit.lines() == ["a western"], "switched")
    page.locator(".conversation", has_text="a western").get_by_role("button", name="Rename").click()
    page.get_by_label("New title").fill("Cowboys <b>")
    page.keyboard.press("Enter")
    tester.expect(page.locator("h1").inner_text() == "Cowboys <b>", "renamed")
    other = visit.context.new_page()
    other.goto(visit.url)
    other.locator(".conversation-title", has_text="Cowboys <b>").wait_for()
    other.close()
    page.locator(".conversation", has_text="Cowboys").get_by_role("button", name="Delete").click()
    tester.expect(page.locator(".conversation-title", has_text="Cowboys").count() == 0, "deleted")
    page.get_by_role("button", name="Bring it back").click()
    tester.expect(visit.lines() == ["a western"], "deletion taken back")
    visit.say("a newer one")
    page.reload()
    page.locator("li.user").first.wait_for()
    tester.expect(len(visit.lines()) == 2, "the conversation goes on after all that")


def exporting(tester):
    """Conversations as JSON, as text, and as training data that tokenize reads."""
    visit = tester.visit().open()
    visit.say("a comedy from the nineties")
    visit.page.get_by_role("button", name="Remove: comedy").click()
    visit.wait_for_reply(3)
    data, name = visit.download("export-json")
    tester.expect(name == "a-comedy-from-the-nineties.json", name)
    messages = json.loads(data)["messages"]
    tester.expect(len(messages) == 5 and messages[2]["answer"]["films"], "the conversation as JSON")
    text = visit.download("export-text")[0].decode()
    tester.expect("You: a comedy from the nineties" in text and "https://www.imdb.com/title/tt" in text, text)
    tester.expect(len(json.loads(visit.download("export-all")[0])) == 1, "all conversations")
    training = visit.download("export-training")[0]
    lines = [json.loads(line) for line in training.decode().splitlines()]
    roles = [message["role"] for message in lines[0]["messages"]]
    tester.expect(roles == ["assistant", "user", "assistant", "user", "assistant"], f"{roles}")
    path = os.path.join(tester.folder, "training.jsonl")
    with open(path, "wb") as file:
        file.write(training)
    shown = subprocess.run([os.path.join(BUILD, "tokenize"), "--model", os.path.join(ROOT, "testdata/mini"), "--show",
                            path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    tester.expect(shown.returncode == 0 and "[[" in shown.stdout, f"tokenize: {shown.stderr} {shown.stdout}")


TALK_CHECKS = [conversation, stopping, changing, wishes, verdicts_in_browser, verdicts_of_another_catalog,
               verdicts_on_server, keeping, exporting]
