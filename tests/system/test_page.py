"""The page at /, in a real browser (make check-page installs one)."""

import copy
import os
from pathlib import Path

import pytest
from browser import MISSING, Browser, accessible_tree
from harness import FBL_HEADER, eventually, token_rows
from page_site import PageSite, hour
from scrape import watched
from steps import arrived, up
from wire import wait_state

pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")

HOSTILE = '<script>document.title="owned"</script><img src=x onerror="document.title=1">'
PHONE, DESK = (375, 800, True), (1280, 900, False)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    one = Browser(tmp_path_factory.mktemp("browser"))
    yield one
    one.end()


@pytest.fixture
def agent(site):
    backend = site.backend()
    acct, fbl = site.acct().begin(), site.acct(base="fbl", header=FBL_HEADER).begin()
    acct.append(token_rows(15)[0])
    one = up(watched(site.agent(backend, acct, fbl)))
    arrived(backend, 15)
    one.backend, one.acct = backend, acct
    one.url = f"http://127.0.0.1:{one.port}/"
    return one


@pytest.fixture
def shown(agent):
    """The agent's page, with a status and a history that a test may change."""
    status = agent.status()
    status["sources"][0].update(behindBytes=123456789, filesBehind=3)
    held = copy.deepcopy(status["endpoints"][0])
    held.update(name="complaints", state="held", stateSeconds=4000, nextAttemptMs=43210,
                lastError=f"401 Unauthorized: {HOSTILE} for u***@example.org")
    status["endpoints"].append(held)
    status.update(problems=1, attention=[
        {"level": "critical", "kind": "endpoint", "name": "complaints", "fix": "a step",
         "text": f"held for 4000 s: {HOSTILE}"},
        {"level": "notice", "kind": "source", "name": "fbl", "text": "nothing read", "fix": ""}])
    status.update(lastError=f"endpoint: {HOSTILE}",
                  lastErrorTime="2026-11-22T03:00:00Z")
    status["deadLetters"] = {"records": 3, "bytes": 12345, "full": False}
    one = PageSite(agent.url, status, hour())
    yield one
    one.end()


def drawn(browser, charts=4):
    eventually(lambda: browser.run(
        "return document.querySelectorAll('svg[role=img]').length") == charts)


def text(browser, selector="body"):
    return browser.run("return document.querySelector(arguments[0]).innerText", selector)


def clean(browser):
    """Check that the console is empty and that no text was run as a script."""
    assert browser.console() == []
    assert "owned" not in browser.run("return document.title")
    assert browser.run("return document.querySelectorAll('script, img').length") == 1


def keep(browser, name):
    """Save a screenshot if PMTA_SCREENSHOTS=FOLDER is set."""
    folder = os.environ.get("PMTA_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(exist_ok=True)
        browser.screenshot(Path(folder) / f"{name}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_all_of_it_is_there_and_fits(browser, shown, size, scheme):
    browser.size(*size)
    browser.scheme(scheme)
    browser.open(shown.url)
    drawn(browser)
    words = text(browser)
    for part in ("bounces", "octeth", "117.7 MiB in 3 files", "held", "for 1 h 7 min",
                 "3 rows could not be delivered", "bad-mailbox", "60 min ago", "all others"):
        assert part in words, part
    assert browser.run("return document.documentElement.scrollWidth") <= size[0]
    small = browser.run("""return [...document.querySelectorAll('body *')].filter(e =>
        e.children.length === 0 && e.textContent.trim() && e.getClientRects().length &&
        parseFloat(getComputedStyle(e).fontSize) < 11).map(e => e.outerHTML)""")
    assert small == []
    keep(browser, f"{size[0]}-{scheme}")
    clean(browser)


def test_dark_is_dark(browser, shown):
    browser.open(shown.url)

    def brightness():
        return browser.run("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g)"
                           ".slice(0, 3).reduce((a, b) => a + Number(b), 0)")
    browser.scheme("dark")
    assert brightness() < 150
    browser.scheme("light")
    assert brightness() > 650


CONTRAST = """
const lum = (c) => { const [r, g, b] = c.match(/[\\d.]+/g).map((v) => { v /= 255;
  return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126*r+.7152*g+.0722*b; };
const behind = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
  if (!/rgba\\(.*, 0\\)/.test(c)) return c; } return 'rgb(255,255,255)'; };
return [...document.querySelectorAll('body *')].filter((e) => e.getClientRects().length &&
  [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())).map((e) => {
  const svg = e.namespaceURI.endsWith('svg');
  const a = lum(getComputedStyle(e)[svg ? 'fill' : 'color']), b = lum(behind(e));
  return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), e.textContent.slice(0, 30)];
}).filter(([ratio]) => ratio < 4.5);
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(browser, shown, scheme):
    """Contrast of at least 4.5 to 1: WCAG 2.1, 1.4.3."""
    browser.scheme(scheme)
    browser.open(shown.url)
    drawn(browser)
    assert browser.run(CONTRAST) == []


def test_an_answer_with_markup_is_shown_as_text(browser, shown):
    browser.open(shown.url)
    drawn(browser)
    assert HOSTILE in text(browser, "#endpoints")
    assert HOSTILE in text(browser, "#problems")
    assert "critical endpoint complaints: held for 4000 s" in text(browser, "#problems")
    assert "1 thing to look at" in text(browser, "#summary")
    assert HOSTILE in text(browser, "#error")
    clean(browser)


def test_a_script_in_a_real_answer_shows_as_text(browser, agent):
    """From the backend through the agent's status to the page, with addresses masked."""
    agent.backend.rule(status=503, body="smtp;550 <script>document.title='owned'</script> "
                                        "for jane.doe@victim.example")
    agent.acct.append(token_rows(2, seed="S")[0])
    wait_state(agent, "retrying")
    browser.open(agent.url)
    eventually(lambda: "<script>document.title='owned'</script>" in text(browser, "#endpoints"))
    assert "jane.doe" not in text(browser) and "j***@victim.example" in text(browser)
    eventually(lambda: "to look at" in text(browser, "#summary"))
    clean(browser)


def test_the_real_page_of_a_young_agent(browser, agent):
    browser.open(agent.url)
    eventually(lambda: "All is well" in text(browser, "#summary"))
    assert "15 rows read" in text(browser, "#sources")
    assert "first minute" in text(browser, ".charts")
    clean(browser)


def test_the_policy_holds_what_the_page_does_not_do(browser, agent):
    """An injected script does not run, and nothing is sent to another host."""
    browser.open(agent.url)
    browser.run("""const s = document.createElement('script'); s.textContent =
        'document.title = "owned"'; document.body.append(s);
        document.body.insertAdjacentHTML('beforeend', '<a id=bad onclick="document.title=1">x</a>');
        document.getElementById('bad').click();""")
    assert browser.run("return document.title") == "pmta-shipper"
    refused = browser.run("return fetch('http://127.0.0.1:9/').then(() => 'sent', e => 'refused')")
    assert refused == "refused"
    assert any("Content Security Policy" in line for line in browser.console())


def test_it_updates_itself_and_can_be_paused_with_the_keyboard(browser, shown):
    browser.open(shown.url)
    drawn(browser)
    shown.status["sources"][0]["rows"]["read"] = 4711
    eventually(lambda: "4,711 rows read" in text(browser, "#sources"))
    browser.run("document.getElementById('pause').focus()")
    browser.keys("\ue007")  # Enter
    assert browser.run("return document.getElementById('pause').ariaPressed") == "true"
    assert browser.run("return getComputedStyle(document.getElementById('pause')).outlineStyle") != \
        "none"
    shown.status["sources"][0]["rows"]["read"] = 4712
    browser.keys(" ")  # resumes at once
    eventually(lambda: "4,712 rows read" in text(browser, "#sources"))
    clean(browser)


def test_everything_that_can_be_used_is_reached_by_tab(browser, shown):
    browser.open(shown.url)
    drawn(browser)
    browser.run("document.activeElement.blur()")
    seen = []
    for _ in range(9):
        browser.keys("\ue004")
        seen.append(browser.run("const e = document.activeElement;"
                                "return e.id || e.textContent.trim().replace(/\\s+/g, ' ')"))
    assert seen[:8] == ["pause"] + ["The numbers"] * 4 + ["metrics", "status as JSON",
                                                          "the last hour as JSON"]


def test_the_numbers_of_a_chart_stay_open(browser, shown):
    browser.open(shown.url)
    drawn(browser)
    browser.run("document.querySelector('#chart-flow summary').click()")
    eventually(lambda: browser.run(
        "return document.querySelectorAll('#chart-flow table tbody tr').length") == 60)
    shown.history["sources"][0]["read"][-1] = 54321
    shown.history["sources"][1]["read"][-1] = 12
    eventually(lambda: "54,333" in text(browser, "#chart-flow .scroll"))


def test_a_minute_that_stands_alone_can_be_seen(browser, shown):
    """A single minute with a value is drawn, and is not shown as the last one."""
    alone = [None] * 60
    alone[30] = 25
    shown.history = hour(60)
    shown.history["endpoints"][0]["latencyMs"] = alone
    browser.open(shown.url)
    drawn(browser)
    length = ("return document.querySelector(arguments[0] + ' svg[role=img] path.s0')"
              ".getTotalLength()")
    assert browser.run(length, "#chart-latency") >= 4
    assert "octeth: none in the last minute, at most 25 ms" in text(browser, "#chart-latency")
    shown.history = hour(1)
    eventually(lambda: "0 B in the last minute" in text(browser, "#chart-behind figcaption") and
               browser.run(length, "#chart-flow") < 50)
    assert browser.run(length, "#chart-flow") >= 4


def test_an_agent_that_does_not_answer_is_shown(browser, shown):
    browser.open(shown.url)
    drawn(browser)
    shown.status = None
    eventually(lambda: "has not answered since" in text(browser, "#summary"))
    assert "bounces" in text(browser, "#sources")
    browser.console()  # the failed requests


def test_what_a_screen_reader_is_given(browser, shown):
    browser.size(*PHONE)  # tables are laid out as cards here, and must stay tables
    browser.open(shown.url)
    drawn(browser)
    nodes = accessible_tree(browser)
    for wanted in (("banner", ""), ("main", ""), ("contentinfo", ""), ("region", "Sources"),
                   ("table", "Records read from each source"), ("columnheader", "Behind"),
                   ("rowheader", "bounces"), ("button", "Pause updates")):
        assert wanted in nodes, wanted
    assert any(role == "status" for role, _ in nodes)
    pictures = [name for role, name in nodes if role in ("image", "img") and name]
    assert len(pictures) == 4
    assert all("in the last minute, at most" in name for name in pictures)
    assert [name for role, name in nodes if role == "heading"][0] == "pmta-shipper"
    assert browser.run("return document.documentElement.lang") == "en"


def test_an_agent_that_ships_nothing_yet(browser, site):
    one = up(watched(site.agent(None, site.acct())))
    browser.open(f"http://127.0.0.1:{one.port}/")
    eventually(lambda: "unconfigured" in text(browser, "#endpoints"))
    assert "none yet" in text(browser, "#sources")
    clean(browser)
