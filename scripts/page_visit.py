"""A visit to the page in a browser, for scripts/check-page: what users do, and what must never happen."""
import contextlib
import json
import os

from axe_playwright_python.sync_playwright import Axe

WATCH_POLICY = """addEventListener("securitypolicyviolation",
  (event) => console.error("policy: " + event.violatedDirective + " " + event.blockedURI));"""
AXE = Axe()
# What axe asks of a page in full, and not only the rules of WCAG.
AXE_OPTIONS = {"resultTypes": ["violations"]}


class Visit:
    """One browser context with one page. Errors on the console and uncaught ones are kept in `faults`."""

    def __init__(self, browser, url, width=1280, height=800, dark=False, touch=False, reduced=False, storage=None,
                 shots=None):
        self.url, self.shots = url, shots
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", has_touch=touch,
            reduced_motion="reduce" if reduced else "no-preference", storage_state=storage, accept_downloads=True)
        self.page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.page.add_init_script(WATCH_POLICY)
        self.faults, self.sent = [], []
        self.page.on("console", lambda message: message.type in ("error", "warning")
                     and self.faults.append(message.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.faults.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", self._keep)

    def _keep(self, request):
        if request.url.endswith("/v1/chat/completions"):
            self.sent.append(json.loads(request.post_data))

    def open(self, path=""):
        self.page.goto(self.url + path)
        self.page.locator("#transcript li").first.wait_for()
        return self

    def close(self):
        self.context.close()

    # What users do.

    def send(self, text):
        """Types a line and sends it with Enter, without waiting for the reply."""
        self.page.locator("#message").fill(text)
        self.page.locator("#message").press("Enter")

    def say(self, text):
        """Sends a line and returns the text of the reply."""
        before = self.replies()
        self.send(text)
        self.wait_for_reply(before + 1)
        return self.reply()

    def replies(self):
        return self.page.locator("li.reply:not(.streaming)").count()

    def wait_for_reply(self, count):
        self.page.wait_for_function(
            "(count) => document.querySelectorAll('li.reply:not(.streaming)').length === count"
            " && document.getElementById('stop').hidden", arg=count)

    def wait_until_idle(self):
        self.page.locator("#stop").wait_for(state="hidden")

    def reply(self):
        return self.page.locator("li.reply .reply-text").last.inner_text()

    def lines(self):
        return self.page.locator("li.user .user-text").all_inner_texts()

    def chips(self):
        return self.page.locator(".chip-text").all_inner_texts()

    def films(self):
        """Titles on the cards of the last reply."""
        return self.page.locator("li.reply").last.locator(".film-title a").all_inner_texts()

    def escape(self):
        """Closes the dialog that is open."""
        self.page.keyboard.press("Escape")
        self.page.locator("dialog").wait_for(state="detached")

    def download(self, button):
        """The bytes of the file that a button of the menu saves, and its name."""
        self.page.locator("#more").click()
        return self.saved(lambda: self.page.locator(f"#{button}").click())

    def saved(self, act):
        """The bytes of the file that an act saves, and its name."""
        with self.page.expect_download() as waiting:
            act()
        with open(waiting.value.path(), "rb") as file:
            return file.read(), waiting.value.suggested_filename

    @contextlib.contextmanager
    def slowly(self, bytes_per_second=400):
        """Within this the network is so slow that a reply can be watched as it arrives."""
        session = self.context.new_cdp_session(self.page)
        session.send("Network.enable")

        def limit(throughput):
            session.send("Network.emulateNetworkConditions", {
                "offline": False, "latency": 0, "uploadThroughput": -1, "downloadThroughput": throughput})

        limit(bytes_per_second)
        try:
            yield
        finally:
            limit(-1)

    # What is looked at.

    def shot(self, name):
        if self.shots:
            os.makedirs(self.shots, exist_ok=True)
            self.page.screenshot(path=os.path.join(self.shots, f"{name}.png"))

    def accessibility(self, view):
        """axe-core's findings in what is shown now, as texts."""
        # The script is evaluated in the page's own world, which its policy does not forbid to the test.
        results = AXE.run(self.page, options=AXE_OPTIONS).response
        return [f"axe in {view}: {finding['id']}: {node['html'][:120]}: {node['failureSummary'][:300]}"
                for finding in results["violations"] for node in finding["nodes"]]

    def overflow(self):
        """How much wider than the window the page is, in pixels."""
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def focused(self):
        """The label or text of the element with the focus."""
        return self.page.evaluate("""() => { const e = document.activeElement;
          return e.getAttribute("aria-label") || e.textContent.trim() || e.id; }""")
