"""A headless Chromium, driven through chromedriver: WebDriver is HTTP and JSON, which is all here."""

import base64
import json
import shutil
import tempfile
import urllib.error
import urllib.request

from harness import Process, eventually, free_port

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
MISSING = None if CHROMIUM and DRIVER else \
    "chromium and chromium-driver are not installed (make check-page installs them)"

# No request but those of the test: the background ones of a browser look up hosts that are not here.
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--hide-scrollbars"]


class Browser:
    """One window.  The console's words are kept: see console()."""

    def __init__(self, folder):
        self.port = free_port()
        self.profile = tempfile.mkdtemp(dir=folder)
        self.driver = Process(folder, "chromedriver")
        self.driver.spawn([DRIVER, f"--port={self.port}"])
        eventually(self._ready)
        options = {"binary": CHROMIUM, "args": FLAGS + [f"--user-data-dir={self.profile}"]}
        answer = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.session = f"/session/{answer['sessionId']}"

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as e:
            raise AssertionError(e.read().decode("utf-8", "replace")) from e

    def _ready(self):
        assert self.driver.running(), self.driver.stderr()
        try:
            return self._call("GET", "/status")["ready"]
        except OSError:
            return False

    def open(self, url):
        """Go there; what the page before goes on asking, and says when its server is gone, ends."""
        self._call("POST", self.session + "/url", {"url": "about:blank"})
        self.console()
        self._call("POST", self.session + "/url", {"url": url})
        return self

    def run(self, script, *args):
        """The value of a function's body."""
        return self._call("POST", self.session + "/execute/sync",
                          {"script": script, "args": list(args)})

    def cdp(self, command, **params):
        return self._call("POST", self.session + "/goog/cdp/execute",
                          {"cmd": command, "params": params})

    def size(self, width, height, mobile=False):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=mobile)

    def scheme(self, name):
        """light or dark"""
        self.cdp("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": name}])

    def keys(self, text):
        """Press keys where the focus is."""
        self._call("POST", self.session + "/actions", {"actions": [{
            "type": "key", "id": "keyboard", "actions": [
                {"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]}]})

    def screenshot(self, path):
        """The whole page, not only what the window shows."""
        shot = self.cdp("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def console(self):
        """What the console was told since the last time, as text."""
        return [f"{line['level']}: {line['message']}"
                for line in self._call("POST", self.session + "/se/log", {"type": "browser"})]

    def end(self):
        try:
            self._call("DELETE", self.session)
        except (AssertionError, OSError, AttributeError):
            pass
        self.driver.end()


def accessible_tree(browser):
    """What a screen reader is given: (role, name) of every node that is not ignored."""
    browser.cdp("Accessibility.enable")
    nodes = browser.cdp("Accessibility.getFullAXTree")["nodes"]
    return [(n.get("role", {}).get("value"), n.get("name", {}).get("value", ""))
            for n in nodes if not n.get("ignored")]
