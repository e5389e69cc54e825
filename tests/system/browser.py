"""A headless Chromium, driven through chromedriver with plain HTTP and JSON (WebDriver)."""

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

# The browser's own background requests are off: they look up hosts that do not exist here.
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--hide-scrollbars"]


class Browser:
    """One window.  console() returns what was written to its console."""

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
        """Open a page.  The page before is closed first: its requests to a server that has ended
        would show up in the console."""
        self._call("POST", self.session + "/url", {"url": "about:blank"})
        self.console()
        self._call("POST", self.session + "/url", {"url": url})
        return self

    def run(self, script, *args):
        """The value that a function with this body returns."""
        return self._call("POST", self.session + "/execute/sync",
                          {"script": script, "args": list(args)})

    def cdp(self, command, **params):
        return self._call("POST", self.session + "/goog/cdp/execute",
                          {"cmd": command, "params": params})

    def size(self, width, height, mobile=False):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=mobile)

    def scheme(self, name):
        """name is "light" or "dark"."""
        self.cdp("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": name}])

    def keys(self, text):
        """Press keys in the element that has the focus."""
        self._call("POST", self.session + "/actions", {"actions": [{
            "type": "key", "id": "keyboard", "actions": [
                {"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]}]})

    def screenshot(self, path):
        """The whole page, not only its visible part."""
        shot = self.cdp("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def console(self):
        """Lines written to the console since the last call."""
        return [f"{line['level']}: {line['message']}"
                for line in self._call("POST", self.session + "/se/log", {"type": "browser"})]

    def end(self):
        try:
            self._call("DELETE", self.session)
        except (AssertionError, OSError, AttributeError):
            pass
        self.driver.end()


def accessible_tree(browser):
    """The tree a screen reader gets: (role, name) of every node that is not ignored."""
    browser.cdp("Accessibility.enable")
    nodes = browser.cdp("Accessibility.getFullAXTree")["nodes"]
    return [(n.get("role", {}).get("value"), n.get("name", {}).get("value", ""))
            for n in nodes if not n.get("ignored")]
