"""Checks of scripts/check-page about what is shown, and about what goes wrong: each takes a Tester."""
import json
import os
import re
import urllib.parse

from page_server import Relay
from python_environment import ROOT

ODD_TEXT = '<img src=x onerror=alert(1)> <|im_end|> <script>alert(2)</script> &amp; {{x}}'


def modules(tester):
    """The modules without a document."""
    visit = tester.visit().open()
    with open(os.path.join(ROOT, "tests/serve/page_modules.js"), encoding="utf-8") as file:
        result = visit.page.evaluate(file.read())
    tester.expect(result["compared"] > 150, f"{result['compared']} comparisons")
    for failure in result["failures"]:
        tester.expect(False, failure)


def loading(tester):
    """One chain of requests, small, from this server only."""
    visit = tester.visit()
    requests = []
    visit.page.on("requestfinished", lambda request: requests.append(request))
    visit.open()
    visit.page.locator(".suggestion").first.wait_for()
    files = [request for request in requests if "/api/" not in request.url and not request.url.startswith("data:")]
    paths = [urllib.parse.urlparse(request.url).path for request in files]
    size = sum(request.sizes()["responseBodySize"] for request in files)
    tester.note(f"{len(files)} files, {size / 1000:.1f} KB as sent")
    tester.expect(size < 100_000, f"the page has {size} bytes, 100 KB at most")
    tester.expect(all(request.url.startswith(visit.url) for request in requests), "a request to another server")
    tester.expect(len(paths) == len(set(paths)), f"a file is loaded twice: {paths}")
    # All files are named by index.html, so that none waits for another.
    named = visit.page.evaluate("""() => [...document.querySelectorAll("link[href], script[src]")]
      .map((link) => new URL(link.href || link.src).pathname)""")
    for path in paths:
        tester.expect(path == "/" or path in named, f"{path} is not named by index.html, so it loads late")


def map_view(tester):
    """The map of the catalog."""
    for dark in (False, True):
        visit = tester.visit(dark=dark).open()
        page = visit.page
        visit.say("a comedy from the nineties")
        page.get_by_role("button", name="Map of the films").click()
        page.locator("dialog canvas").wait_for()
        page.wait_for_timeout(500)
        visit.shot("map-dark" if dark else "map")
        painted = page.evaluate("""() => { const canvas = document.querySelector("dialog canvas");
          const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
          return new Set(new Uint32Array(pixels.buffer)).size; }""")
        tester.expect(painted > 10, f"the map has {painted} colors")
        tester.faults += visit.accessibility("the map")
        visit.escape()


def narrow(tester):
    """360 pixels with a touch screen: nothing is cut off, the list of conversations slides in."""
    for dark in (False, True):
        visit = tester.visit(width=360, height=740, touch=True, dark=dark).open()
        page, suffix = visit.page, "-dark" if dark else ""
        visit.shot(f"narrow-start{suffix}")
        tester.expect(visit.overflow() <= 0, f"{visit.overflow()} pixels too wide")
        visit.say("a comedy from the nineties without Adam Sandler, under two hours, with Tom Hanks or Bill Murray")
        visit.shot(f"narrow-card{suffix}")
        tester.expect(visit.overflow() <= 0, f"{visit.overflow()} pixels too wide with a card")
        tester.faults += visit.accessibility("360 pixels")
        tester.expect(not page.locator(".conversation-title").first.is_visible(), "the list covers the page")
        page.get_by_role("button", name="Conversations").tap()
        page.locator(".conversation-title").first.wait_for()
        page.wait_for_timeout(300)
        visit.shot(f"narrow-list{suffix}")
        tester.faults += visit.accessibility("the list at 360 pixels")
        page.keyboard.press("Escape")
        tester.expect(visit.focused() == "Conversations", f"the focus goes to {visit.focused()}")
        page.get_by_role("button", name="Choose wishes").tap()
        page.locator(".option[data-state]").first.wait_for()
        visit.shot(f"narrow-wishes{suffix}")
        tester.expect(visit.overflow() <= 0, "too wide with the editor")
        small = page.evaluate("""() => [...document.querySelectorAll("button")].filter((button) => button.offsetParent)
          .map((button) => [button.getBoundingClientRect(), button.textContent || button.ariaLabel])
          .filter(([box]) => box.width < 24 || box.height < 24).map(([, text]) => text)""")
        tester.expect(not [text for text in small if "(" not in text], f"too small for a finger: {small}")


def colors(tester):
    """Dark by the system and by the switch, which is kept; axe in both."""
    for dark in (False, True):
        visit = tester.visit(dark=dark).open()
        page = visit.page

        def ground():
            return page.evaluate("getComputedStyle(document.body).backgroundColor")

        first = ground()
        tester.faults += visit.accessibility("the start")
        visit.say("a comedy from the nineties without Adam Sandler")
        page.locator(".film").last.get_by_role("button", name="Liked").click()
        tester.faults += visit.accessibility("a conversation")
        visit.shot("conversation-dark" if dark else "conversation")
        page.locator("#theme").click()
        tester.expect(ground() != first, "the switch does nothing")
        tester.faults += visit.accessibility("the other colors")
        page.reload()
        page.locator("li.user").wait_for()
        tester.expect(ground() != first, "the choice is not kept")
        page.locator("#theme").click()
        tester.expect(ground() == first and page.evaluate("localStorage.getItem('matinee.theme')") is None,
                      "back to the system's choice")
        page.locator("#more").click()
        tester.faults += visit.accessibility("the menu")
    visit = tester.visit(width=768, height=1024).open()
    visit.say("a comedy from the nineties")
    visit.shot("tablet")
    tester.expect(visit.overflow() <= 0, "too wide at 768 pixels")


def keyboard(tester):
    """Everything without a mouse; the focus is visible and never lost."""
    visit = tester.visit(reduced=True).open()
    page = visit.page
    tester.expect(visit.focused() == "message", f"the page begins with the focus on {visit.focused()}")
    page.keyboard.type("a comedy")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("from the nineties")
    tester.expect(visit.lines() == [], "Shift+Enter sends")
    page.keyboard.press("Enter")
    visit.wait_for_reply(2)
    tester.expect(visit.focused() == "message", f"after a reply the focus is on {visit.focused()}")
    visited = []
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            continue
        visited.append(visit.focused())
        outline = page.evaluate("""() => { const style = getComputedStyle(document.activeElement);
          const form = getComputedStyle(document.getElementById("form"));
          return document.activeElement.id === "message" ||
            [style, form].some((one) => one.outlineStyle !== "none"); }""")
        tester.expect(outline, f"no visible focus on {visited[-1]}")
    for name in ("Skip to the message box", "New conversation", "Liked", "Edit this line", "Remove: comedy",
                 "Choose wishes", "More", "Answer again"):
        tester.expect(any(name in label for label in visited), f"Tab does not reach “{name}”: {visited}")
    page.get_by_role("button", name="Remove: 1990s").focus()
    page.keyboard.press("Enter")
    visit.wait_for_reply(3)
    tester.expect(visit.focused() == "message", f"after a chip the focus is on {visit.focused()}")
    page.get_by_role("button", name="Choose wishes").focus()
    page.keyboard.press("Enter")
    page.locator("dialog").wait_for()
    tester.expect(page.evaluate("document.activeElement.closest('dialog') !== null"), "the focus is not in the dialog")
    page.keyboard.press("Escape")
    tester.expect(visit.focused() == "Choose wishes", f"after a dialog the focus is on {visit.focused()}")
    moving = page.evaluate(
        "document.getAnimations().filter((one) => one.effect.getTiming().duration > 10).length")
    tester.expect(moving == 0, "something moves though the user wants less motion")


def odd_texts(tester):
    """Texts stay texts."""
    visit = tester.visit().open()
    visit.say(ODD_TEXT)
    tester.expect(visit.lines() == [ODD_TEXT], f"{visit.lines()}")
    visit.say("مرحبا שלום 你好 👩‍👩‍👧 " + "long" * 300)
    tester.expect(visit.overflow() <= 0, "a long word makes the page too wide")
    tester.expect(visit.page.locator("#transcript img, #transcript script").count() == 0, "a text became an element")
    visit.page.reload()
    visit.page.locator("li.user").first.wait_for()
    tester.expect(visit.lines()[0] == ODD_TEXT, "after a reload")
    tester.expect(visit.page.locator(".conversation-title").first.inner_text().startswith("<img src=x"), "in the list")


def server_gone(tester):
    """The server dies during a reply, and comes back."""
    server = tester.server()
    server.start()
    relay = Relay(server)
    visit = tester.visit(relay.url, strict=False).open()
    visit.say("a comedy")
    relay.kill_after(1500)
    visit.send("from the nineties")
    notice = visit.page.locator(".notice")
    notice.wait_for()
    visit.shot("server-gone")
    tester.expect(re.search("broke off|cannot be reached", notice.inner_text()), notice.inner_text())
    tester.expect(visit.page.locator(".stopped").count() == 1, "the words that came are gone")
    tester.faults += visit.accessibility("an error")
    notice.get_by_role("button").click()
    visit.page.wait_for_function("document.querySelector('.notice')?.textContent.includes('cannot be reached')")
    server.start()
    visit.page.reload()
    visit.page.get_by_role("button", name=re.compile("Ask again|Answer again")).click()
    visit.wait_until_idle()
    visit.page.locator(".film").last.wait_for()
    tester.expect(visit.chips() == ["comedy", "1990s"], f"chips {visit.chips()}")
    server.stop()


def busy(tester):
    """503 with Retry-After is said, and a click asks again."""
    visit = tester.visit(strict=False).open()
    answered = []

    def refuse_once(route):
        if answered:
            route.continue_()
        else:
            answered.append(route)
            route.fulfill(status=503, headers={"Retry-After": "7", "Content-Type": "application/json"},
                          body='{"error":{"message":"busy","type":"server_error","param":null,"code":null}}')

    visit.page.route("**/v1/chat/completions", refuse_once)
    visit.send("a comedy")
    visit.page.locator(".notice").wait_for()
    tester.expect("7 seconds" in visit.page.locator(".notice").inner_text(), visit.page.locator(".notice").inner_text())
    visit.page.get_by_role("button", name="Try again").click()
    visit.page.locator(".film").wait_for()
    tester.expect(visit.lines() == ["a comedy"] and visit.page.locator(".notice").count() == 0, "asked again")


def key(tester):
    """A server with a key: asked for, taken from the address, wrong at first."""
    path = os.path.join(tester.folder, "key")
    with open(path, "w", encoding="utf-8") as file:
        file.write("open-sesame-0123456789\n")
    os.chmod(path, 0o600)
    with tester.server("--api-key-file", path) as server:
        visit = tester.visit(server.url, strict=False).open()
        page = visit.page
        field = page.get_by_label("Key", exact=True)
        field.fill("wrong")
        visit.shot("key")
        tester.faults += visit.accessibility("the question for the key")
        page.keyboard.press("Enter")
        page.wait_for_timeout(500)
        field.fill("open-sesame-0123456789")
        page.keyboard.press("Enter")
        page.locator(".suggestion").first.wait_for()
        visit.say("a comedy")
        other = tester.visit(server.url).open("#key=open-sesame-0123456789")
        other.page.locator(".suggestion").first.wait_for()
        tester.expect("sesame" not in other.page.url, f"the key stays in the address: {other.page.url}")
        other.say("a western")
        stored = json.dumps(other.page.evaluate("({...localStorage})"))
        tester.expect("sesame" not in stored, "the key is stored for good")


VIEW_CHECKS = [modules, loading, map_view, narrow, colors, keyboard, odd_texts, server_gone, busy, key]
