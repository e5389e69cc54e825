"""`status` in full: what it says, to people, to programs, to a monitoring system, and live."""

import datetime
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import termios

import pytest
from harness import AGENT, Site, eventually, free_port, token_rows
from steps import arrived, rescanned, source_status, started, stopped, up
from wire import control

NOBODY = 65534
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
OTHER_USER = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"),
                                reason="needs root and setpriv, to be somebody else")


def logged(row, when):
    """The row with another timeLogged."""
    return row.replace("2026-11-21 10:00:00+0000", when.strftime("%Y-%m-%d %H:%M:%S+0000"))


def ago(**span):
    return datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**span)


def iso(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def settled(agent):
    eventually(lambda: agent.status()["sources"][0]["behindBytes"] == 0)


# ---- how far, how fast


def test_rates_and_the_last_record(site):
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(40)
    assert "2026-11-21 10:00:00+0000" in rows[0]
    last = ago(minutes=3)
    acct.append(rows[:39] + [logged(rows[39], last)])
    up(agent)
    arrived(backend, 40)
    settled(agent)
    status = eventually(lambda: (one := agent.status())["rates"]["now"] > 0 and one)
    for rates in (status["rates"], status["sources"][0]["rates"], status["endpoints"][0]["rates"],
                  status["readRates"], status["sources"][0]["readRates"]):
        # No longer than it runs: all three spans are the same, and nothing is lost in them.
        assert 0 < rates["hour"] <= rates["now"] <= 40
    source = status["sources"][0]
    assert source["lastRecord"] == iso(last)
    assert (source["recordsBehind"], source["secondsBehind"]) == (0, 0)
    text = agent.command("status").stdout
    assert re.search(r"^records acknowledged per second: \d+\.\d now, \d+\.\d last minute, "
                     r"\d+\.\d last hour$", text, re.MULTILINE)
    assert f"last record of {iso(last)}" in text and "last error: none since the start" in text
    stopped(agent)
    assert source_status(agent)["lastRecord"] == iso(last), "the store knows it, too"


def test_the_last_record_is_the_last_in_the_file_and_not_the_last_answered(site):
    """The answers to those before it come later; what is settled is known to the store."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, tokens = token_rows(10)
    backend.rule(contains=tokens[8], delay_ms=500)
    last = ago(minutes=3)
    acct.append(rows[:9] + [logged(rows[9], last)])
    up(agent)
    arrived(backend, 10)
    settled(agent)
    stopped(agent)
    assert source_status(agent)["lastRecord"] == iso(last)


def test_behind_in_records_and_seconds(site):
    """An estimate by the mean length of rows; seconds since the last record that was settled."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(120)
    acct.append([logged(row, ago(hours=2)) for row in rows[:20]])
    up(agent)
    arrived(backend, 20)
    stopped(agent)
    acct.append([logged(row, ago(hours=1)) for row in rows[20:]])
    source = source_status(agent)
    assert 90 <= source["recordsBehind"] <= 110
    assert 7200 <= source["secondsBehind"] < 7300
    backend.rule(status=503)
    up(agent)
    rescanned(agent)
    source = source_status(agent)
    assert 90 <= source["recordsBehind"] <= 110 and 7200 <= source["secondsBehind"] < 7400
    assert re.search(r"behind \d+\.\d KiB \(about \d+ records, 2 h 0 min\) in 1 file,",
                     agent.command("status").stdout)
    backend.clear()
    arrived(backend, 120)
    settled(agent)
    assert source_status(agent)["secondsBehind"] == 0


def test_records_behind_where_only_rows_beyond_a_gap_are_settled(site):
    """A dead letter behind rows that wait has no bytes before it that are settled."""
    acct = site.acct().begin()
    acct.append([*token_rows(5)[0], 'b,"bad"quote'])
    agent = up(site.agent(f"http://127.0.0.1:{free_port()}/x?type=pmta", acct))
    eventually(lambda: agent.status()["sources"][0]["rows"]["dead"] == 1)
    source = agent.status()["sources"][0]
    assert source["offset"] == 0 and 1 <= source["recordsBehind"] <= 20, source


def test_a_row_after_a_quiet_night_is_not_a_night_late(site):
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(2)
    acct.append([logged(rows[0], ago(hours=9))])
    up(agent)
    arrived(backend, 1)
    settled(agent)
    rescanned(agent)
    backend.rule(status=503)
    acct.append([logged(rows[1], ago())])
    source = eventually(lambda: (one := source_status(agent))["behindBytes"] > 0 and one)
    assert source["secondsBehind"] < 600
    assert agent.command("status", "--check").returncode == 0
    backend.clear()
    arrived(backend, 2)


def test_the_last_error_stays_in_sight(site):
    acct = site.acct()
    backend, agent = started(site, acct)
    backend.rule(status=503, times=1)
    rows, _ = token_rows(1)
    acct.append(rows)
    up(agent)
    arrived(backend, 1)
    status = agent.status()
    assert "HTTP 503" in status["lastError"] and status["lastErrorTime"].startswith("20")
    assert f"last error: {status['lastErrorTime']} " in agent.command("status").stdout


def test_an_endpoint_that_fails_says_since_when_and_what_to_do(site):
    acct = site.acct()
    backend, agent = started(site, acct)
    backend.rule(status=401)
    rows, _ = token_rows(1)
    acct.append(rows)
    up(agent)
    eventually(lambda: agent.status()["endpoints"][0]["state"] == "held")
    line = re.search(r"^endpoint octeth: held for \d+ s \(since 20\S+Z\)(, next attempt in \d+ s)?: "
                     r"HTTP 401; (.*)$", agent.command("status").stdout, re.MULTILINE)
    assert line and "signature" in line[2]


# ---- what cannot be read, what is gone


@pytest.fixture(name="open_site")
def site_for_nobody():
    """A site that another user can reach: pytest closes the folder of its own at each start."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        one = Site(folder)
        yield one
        one.end()


def start_as_nobody(agent):
    program = agent.folder / "pmta-shipper"
    shutil.copy(AGENT, program)
    agent.state_dir.mkdir(mode=0o700, exist_ok=True)
    os.chown(agent.state_dir, NOBODY, NOBODY)
    agent.spawn(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                 program, "run", "-c", agent.conf])
    agent.wait_for("started with")


@OTHER_USER
@pytest.mark.parametrize("mode, group, advice", [
    (0o600, 0, "chmod g+r {path} && chgrp nogroup {path}"),
    (0o640, 1, "usermod -a -G daemon nobody, and restart the service"),
    (0o600, 1, "chmod g+r {path} && usermod -a -G daemon nobody, and restart the service"),
    (0o600, NOBODY, "chmod g+r {path}"),
])
def test_an_unreadable_file_is_named_with_the_command_that_mends_it(
        open_site, mode, group, advice):
    """In status, its JSON, the check and the log, of an agent and of a store alone."""
    acct = open_site.acct()
    _, agent = started(open_site, acct)
    rows, _ = token_rows(1)
    acct.append(rows)
    acct.live.chmod(mode)
    os.chown(acct.live, 0, group)
    start_as_nobody(agent)
    eventually(lambda: agent.status()["sources"][0]["filesUnreadable"] == 1)
    owner = {0: "root:root", 1: "root:daemon", NOBODY: "root:nogroup"}[group]
    want = (f"Permission denied; it belongs to {owner}, mode {mode:04o}: "
            + advice.format(path=acct.live))
    for _ in range(2):
        source = agent.status()["sources"][0]
        assert (source["unreadableFile"], source["unreadableAdvice"]) == (str(acct.live), want)
        done = agent.command("status")
        assert done.returncode == 1
        assert f"PROBLEM: {acct.live} cannot be read: {want}\n" in done.stdout
        done = agent.command("status", "--check")
        assert done.returncode == 2 and f"{acct.live} cannot be read: {want}" in done.stdout
        if agent.running():
            assert f"it belongs to {owner}, mode {mode:04o}: {advice.format(path=acct.live)}" in \
                agent.log()
            assert agent.stop() == 0


@OTHER_USER
@pytest.mark.parametrize("command, words", [
    (["status"], "Permission denied; open "), (["status", "--check"], "UNKNOWN: ask the agent"),
    (["pause", "octeth"], "run this as root, or as the user of the service"),
    (["trace", "bob@example.org"], "state.db\": Permission denied")])
def test_who_may_not_ask_is_not_told_that_nothing_runs(open_site, command, words):
    acct = open_site.acct()
    _, agent = started(open_site, acct)
    up(agent)
    agent.state_dir.chmod(0o755)
    program = agent.folder / "pmta-shipper"
    shutil.copy(AGENT, program)
    done = subprocess.run(
        ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", program,
         *command, "-c", agent.conf], capture_output=True, text=True, check=False, timeout=20)
    said = done.stdout + done.stderr
    assert words in said and done.returncode == (3 if "--check" in command else 1)
    for wrong in ("not running", "no store", "localhost", "start the service"):
        assert wrong not in said


@OTHER_USER
def test_a_closed_folder_is_named_and_once_open_forgotten(open_site):
    acct = open_site.acct()
    backend, agent = started(open_site, acct)
    rows, _ = token_rows(1)
    acct.append(rows)
    acct.dir.chmod(0o750)
    os.chown(acct.dir, 0, 1)
    start_as_nobody(agent)
    source = eventually(lambda: (one := agent.status()["sources"][0])["filesUnreadable"] and one)
    assert source["unreadableFile"] == str(acct.dir)
    assert source["unreadableAdvice"] == (
        f"Permission denied; for the folder {acct.dir}: it belongs to root:daemon, mode 0750: "
        "usermod -a -G daemon nobody, and restart the service")
    acct.dir.chmod(0o755)
    arrived(backend, 1)
    eventually(lambda: agent.command("status").returncode == 0)
    source = agent.status()["sources"][0]
    assert (source["filesUnreadable"], source["unreadableFile"]) == (0, "")


def store_value(agent, name, value=None):
    db = sqlite3.connect(agent.state_dir / "state.db", timeout=20)
    with db:
        if value is not None:
            db.execute("UPDATE value SET value = ? WHERE name = ?", (value, name))
        row = db.execute("SELECT value FROM value WHERE name = ?", (name,)).fetchone()
    db.close()
    return row and row[0]


def test_a_lost_file_is_a_problem_for_seven_days(site):
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(5)
    backend.rule(status=503)
    acct.append(rows)
    up(agent)
    rescanned(agent)
    assert agent.stop() == 0
    acct.live.unlink()
    backend.clear()
    up(agent)
    agent.wait_for("disappeared before all")
    eventually(lambda: agent.status()["sources"][0]["goneUnread"] == 1)
    done = agent.command("status")
    when = agent.status()["sources"][0]["lastGoneUnread"]
    assert done.returncode == 1
    assert f"1 file was deleted before it was read, the last one at {when}" in done.stdout
    assert agent.command("status", "--check").returncode == 1
    assert agent.stop() == 0
    day = 86400 * 1000
    lost = store_value(agent, "gone_unread_ms")
    store_value(agent, "gone_unread_ms", lost - 6 * day)
    assert agent.command("status").returncode == 1
    store_value(agent, "gone_unread_ms", lost - 8 * day)
    done = agent.command("status")
    assert done.returncode == 0 and "PROBLEM" not in done.stdout
    assert agent.status()["sources"][0]["goneUnread"] == 1, "the count stays"
    up(agent)
    eventually(lambda: agent.status()["running"])
    assert agent.command("status").returncode == 0


# ---- for Nagios and Zabbix


def check(agent, *args):
    done = agent.command("status", "--check", *args)
    assert len(done.stdout.splitlines()) == 1 and not done.stderr
    words, data = done.stdout.rstrip("\n").split(" | ")
    name, state = words.split(": ", 1)[0].split()
    assert name == "PMTA-SHIPPER"
    assert ["OK", "WARNING", "CRITICAL"].index(state) == done.returncode
    return done.returncode, words, dict(part.split("=") for part in data.split())


def test_check_is_ok_and_says_so_with_numbers(site):
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(7)
    acct.append(rows)
    up(agent)
    arrived(backend, 7)
    settled(agent)
    status, words, data = check(agent, "--warn-behind", "90s", "--crit-behind", "2h")
    assert (status, words) == (0, "PMTA-SHIPPER OK: running, nothing needs attention")
    assert data["behind"] == "0s;90;7200;0" and data["behind_bytes"] == "0B;;;0"
    assert data["acknowledged"] == "7c" and data["dead_letters"] == "0;;;0"
    assert {"behind_records", "rate"} <= data.keys()
    assert check(agent)[2]["behind"] == "0s;300;1800;0"
    assert check(agent, "--warn-behind", "1h")[2]["behind"] == "0s;3600;3600;0"
    assert check(agent, "--crit-behind", "1m")[2]["behind"] == "0s;60;60;0"


def test_check_judges_how_far_behind(site):
    acct = site.acct()
    backend, agent = started(site, acct)
    backend.rule(status=503)
    rows, _ = token_rows(3)
    acct.append([logged(row, ago(minutes=10)) for row in rows])
    up(agent)
    eventually(lambda: agent.status()["sources"][0]["secondsBehind"] >= 600)
    status, words, _ = check(agent)
    assert status == 1 and re.search(r"bounces: \d+ s behind, about \d+ records", words)
    assert check(agent, "--warn-behind", "1m", "--crit-behind", "5m")[0] == 2
    assert check(agent, "--warn-behind", "1h")[0] == 0, "retrying is not worse than being late"
    eventually(lambda: "octeth: retrying for" in
               check(agent, "--warn-behind", "1s", "--crit-behind", "5h")[1])


def test_check_is_critical_when_held_and_when_not_running(site):
    acct = site.acct()
    backend, agent = started(site, acct)
    backend.rule(status=403, body="a|b")
    rows, _ = token_rows(1)
    acct.append([logged(rows[0], ago())])
    up(agent)
    eventually(lambda: agent.status()["endpoints"][0]["state"] == "held")
    status, words, _ = check(agent)
    assert status == 2 and "octeth: held for" in words
    assert agent.stop() == 0
    status, words, _ = check(agent)
    assert status == 2 and "not running" in words


def test_check_warns_while_nothing_is_configured(site):
    agent = site.agent(None, site.acct())
    up(agent)
    eventually(lambda: agent.status()["running"])
    status, words, _ = check(agent)
    assert status == 1 and "octeth: not configured yet" in words


def test_check_does_not_know_without_agent_store_or_configuration(site):
    agent = site.agent(None, site.acct())
    done = agent.command("status", "--check")
    assert done.returncode == 3 and done.stdout.startswith("PMTA-SHIPPER UNKNOWN: not running")
    agent.conf.write_text("nonsense = {\n")
    done = agent.command("status", "--check")
    assert done.returncode == 3 and done.stdout.startswith("PMTA-SHIPPER UNKNOWN: the conf")


@pytest.mark.parametrize("args", [
    ["--json", "--check"], ["--watch", "--json"], ["--warn-behind", "5m"], ["--interval", "5s"],
    ["--check", "--warn-behind", "2h", "--crit-behind", "1h"], ["--check", "--warn-behind", "x"],
    ["--watch", "--interval", "1ms"]])
def test_options_that_do_not_go_together(site, args):
    agent = site.agent(None, site.acct())
    done = agent.command("status", *args)
    assert done.returncode == 64 and not done.stdout


def test_the_check_is_there_for_http_too(site):
    """GET /check: the exit status in the first line, the limits in milliseconds."""
    port = free_port()
    agent = site.agent(None, site.acct(), metrics_listen=f"127.0.0.1:{port}")
    up(agent)

    def get(path):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
            sock.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            return b"".join(iter(lambda: sock.recv(65536), b"")).decode().split("\r\n\r\n")[1]
    assert get("/check?warn=300000&crit=1800000").startswith("1\nPMTA-SHIPPER WARNING: octeth: not")
    assert get("/check").startswith("3\n")


def test_the_exit_status_is_a_line_of_its_own_for_commands_and_no_part_of_the_json(site):
    acct = site.acct()
    backend, agent = started(site, acct)
    up(agent)
    for path, first in (("/status", b"{"), ("/status?exit=1", b"0\n{")):
        assert control(agent, "GET", path)[1].startswith(first)
    done = agent.command("status", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["problems"] == 0
    backend.rule(status=401)
    acct.append(token_rows(1)[0])
    eventually(lambda: agent.status()["endpoints"][0]["state"] == "held")
    done = agent.command("status", "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["problems"] == 1


# ---- live


class Terminal:
    """A pseudo-terminal with `status --watch` in it, and all it wrote."""

    def __init__(self, agent, *args, rows=24, columns=80, env=None):
        self.master, self.slave = pty.openpty()
        self.size(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        env = dict({**os.environ, "TERM": "xterm", "NO_COLOR": ""}, **(env or {}))
        self.child = subprocess.Popen(
            [str(AGENT), "status", "-c", str(agent.conf), "--watch", *args], env=env,
            stdin=self.slave, stdout=self.slave, stderr=self.slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.seen = ""

    def size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        while select.select([self.master], [], [], 0.01)[0]:
            self.seen += os.read(self.master, 65536).decode()
        return self.seen

    def wait_for(self, text, times=1):
        eventually(lambda: self.read().count(text) >= times)

    def pages(self):
        return self.read().split("\x1b[H")[1:]

    def press(self, keys):
        os.write(self.master, keys.encode())

    def ended(self):
        """Its exit status; the terminal must be as it was before."""
        # Read while waiting, or it could not write its last words.
        eventually(lambda: self.read() is not None and self.child.poll() is not None)
        self.read()
        assert self.seen.count(ENTER) == self.seen.count(LEAVE) >= 1
        assert self.seen.rstrip().endswith(LEAVE)
        for off, on in (("\x1b[?25l", "\x1b[?25h"), ("\x1b[?7l", "\x1b[?7h")):
            assert self.seen.count(off) == self.seen.count(on)
        assert termios.tcgetattr(self.slave) == self.before
        return self.child.returncode

    def close(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture(name="terminal")
def terminals():
    made = []

    def make(*args, **more):
        made.append(Terminal(*args, **more))
        return made[-1]
    yield make
    for one in made:
        one.close()


@pytest.fixture(name="shown")
def running_agent(site):
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(5)
    acct.append(rows)
    up(agent)
    arrived(backend, 5)
    settled(agent)
    return agent


@pytest.mark.parametrize("how", ["q", "Q", "\x03", "\x04", signal.SIGTERM, signal.SIGINT,
                                 signal.SIGHUP])
def test_watch_refreshes_in_place_and_leaves_the_terminal_clean(shown, terminal, how):
    screen = terminal(shown, "--interval", "100ms")
    screen.wait_for("\x1b[H", times=3)
    page = screen.pages()[1]
    assert "pmta-shipper" in page and "is running for" in page and "q: quit" in page
    assert "\x1b[2J" not in screen.seen, "it would flicker"
    assert screen.seen.index(ENTER) < screen.seen.index("\x1b[H")
    if isinstance(how, str):
        screen.press(how)
    else:
        screen.child.send_signal(how)
    assert screen.ended() == 0


def test_watch_wraps_and_takes_a_new_size(shown, terminal):
    screen = terminal(shown, "--interval", "1h", rows=40, columns=200)
    screen.wait_for("q: quit")
    wide = screen.pages()[-1]
    screen.size(30, 50)
    screen.wait_for("q: quit", times=2)
    narrow = screen.pages()[-1]
    for page, columns, rows in ((wide, 200, 40), (narrow, 50, 30)):
        lines = [re.sub(r"\x1b\[[0-9;]*[A-Za-z]|\r", "", line) for line in page.split("\n")]
        assert max(map(len, lines)) <= columns and len(lines) <= rows
    assert narrow.count("\n") > wide.count("\n")
    # Erasing behind a row as wide as the screen would take its last character away.
    assert not re.search(r"[^\r\n\x1b]\x1b\[[JK]", wide[3:] + narrow[3:])
    screen.size(5, 50)
    screen.wait_for("q: quit", times=3)
    assert screen.pages()[-1].count("\n") == 4 and "more rows)" in screen.pages()[-1]
    screen.press("q")
    assert screen.ended() == 0


def test_watch_gives_the_terminal_back_while_stopped(shown, terminal):
    screen = terminal(shown, "--interval", "1h")
    screen.wait_for("q: quit")
    screen.child.send_signal(signal.SIGTSTP)
    eventually(lambda: screen.read().endswith(LEAVE))
    assert termios.tcgetattr(screen.slave) == screen.before
    screen.child.send_signal(signal.SIGCONT)
    screen.wait_for("q: quit", times=2)
    screen.press("q")
    assert screen.ended() == 0


def test_watch_goes_on_when_the_agent_ends_and_comes_back(shown, terminal):
    screen = terminal(shown, "--interval", "100ms")
    screen.wait_for("is running for")
    assert shown.stop() == 0
    screen.wait_for("is not running; the following is from its store")
    up(shown)
    eventually(lambda: "is running for" in screen.read().rsplit("\x1b[H", 2)[-2])
    screen.press("q")
    assert screen.ended() == 0


@pytest.mark.parametrize("env, coloured", [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_is_used_sparingly_and_not_with_no_color(shown, terminal, env, coloured):
    screen = terminal(shown, env=env)
    screen.wait_for("q: quit")
    page = screen.pages()[0]
    assert ("endpoint octeth: \x1b[32mok\x1b[0m" in page) == coloured
    assert page.count("\x1b[0m") == coloured
    screen.press("q")
    assert screen.ended() == 0


def test_watch_without_a_terminal_is_a_line_each_time(shown):
    for env in ({}, {"TERM": "dumb"}):
        child = subprocess.Popen(
            [str(AGENT), "status", "-c", str(shown.conf), "--watch", "--interval", "100ms"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **env})
        lines = [child.stdout.readline() for _ in range(3)]
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=20)
        assert child.returncode == 0
        for line in lines:
            assert re.match(r"20\d\d-\d\d-\d\dT\S+Z PMTA-SHIPPER OK: running.* \| behind=0s", line)


def test_watch_in_a_dumb_terminal_is_plain(shown, terminal):
    screen = terminal(shown, "--interval", "100ms", env={"TERM": "dumb"})
    screen.wait_for("PMTA-SHIPPER OK", times=2)
    assert "\x1b" not in screen.seen
    screen.child.send_signal(signal.SIGTERM)
    assert screen.child.wait(20) == 0


def test_status_on_a_terminal_is_coloured_and_piped_is_not(shown):
    master, slave = pty.openpty()
    args = [str(AGENT), "status", "-c", str(shown.conf)]
    env = {**os.environ, "TERM": "xterm", "NO_COLOR": ""}
    assert subprocess.run(args, stdout=slave, env=env, timeout=20, check=False).returncode == 0
    assert "\x1b[32mok\x1b[0m" in os.read(master, 65536).decode()
    os.close(master)
    os.close(slave)
    assert "\x1b" not in subprocess.run(args, capture_output=True, text=True, env=env, timeout=20,
                                        check=False).stdout


def test_status_changes_nothing_in_the_store(site):
    """All forms of it, of a stopped agent: not a byte of the store is another one afterwards."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(5)
    acct.append(rows)
    up(agent)
    arrived(backend, 5)
    stopped(agent)
    before = (agent.state_dir / "state.db").read_bytes()
    for args in ([], ["--json"], ["--check"]):
        agent.command("status", *args)
    assert (agent.state_dir / "state.db").read_bytes() == before
    assert not list(agent.state_dir.glob("*-wal")) or \
        (agent.state_dir / "state.db-wal").stat().st_size == 0


# ---- to the service manager


class Manager:
    """Listens as systemd does, and keeps what it was told."""

    def __init__(self, folder):
        self.path = str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.told = []

    def statuses(self):
        try:
            while True:
                self.told.append(self.socket.recv(65536).decode())
        except BlockingIOError:
            pass
        return [line[7:] for message in self.told for line in message.splitlines()
                if line.startswith("STATUS=")]


def test_systemctl_status_shows_when_an_endpoint_fails_and_recovers(site, tmp_path):
    manager = Manager(tmp_path)
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(2)
    up(agent, env={"NOTIFY_SOCKET": manager.path})
    eventually(lambda: manager.statuses() == ["running"])
    backend.rule(status=401)
    acct.append(rows[:1])
    eventually(lambda: len(manager.statuses()) == 2)
    assert manager.statuses()[1].startswith("held: endpoint octeth: HTTP 401; ")
    rescanned(agent, times=5)
    eventually(lambda: agent.status()["endpoints"][0]["requests"] >= 3)
    assert len(manager.statuses()) == 2, "only when something changes"
    backend.clear()
    arrived(backend, 1)
    eventually(lambda: manager.statuses()[2:] == ["running"])
    backend.rule(status=503)
    acct.append(rows[1:])
    eventually(lambda: len(manager.statuses()) == 4)
    assert manager.statuses()[3].startswith("retrying: endpoint octeth: HTTP 503")
    backend.clear()
    arrived(backend, 2)
    eventually(lambda: manager.statuses()[4:] == ["running"])
    assert agent.stop() == 0
    assert manager.statuses()[5:] == ["finishing what is in flight"]
    manager.socket.close()


# ---- the log


def test_the_first_and_the_last_lines_of_the_log(site):
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(4)
    acct.append(rows)
    up(agent)
    arrived(backend, 4)
    stopped(agent)
    size = acct.live.stat().st_size
    log = agent.log()
    first = re.search(r'pmta-shipper (\S+) started with "(\S+)" \(digest ([0-9a-f]{32})\); '
                      r"sources: 1, endpoints: 1", log)
    assert first and first[2] == str(agent.conf)
    assert f'source "bounces": "{acct.dir}/bounces.csv", "{acct.live.name}" at byte 0 of {size}' \
        in log
    assert re.search(r"stopped: 4 rows read in all, 4 acknowledged, 0 dead letters made, 0 skipped, "
                     r"0 ignored; ran for \d+ s, 4 requests, 0 bytes behind\n$", log)
    up(agent)
    assert stopped(agent)
    assert f'"{acct.live.name}" at byte {size} of {size}' in agent.log()
    digests = re.findall(r"\(digest ([0-9a-f]{32})\)", agent.log())
    assert digests == [first[3]] * 2, "the same configuration"
    agent.settings["rescan"] = "101ms"
    agent.write_conf()
    up(agent)
    agent.hup()
    agent.wait_for("reload: done (digest ")
    digests = re.findall(r"\(digest ([0-9a-f]{32})\)", agent.log())
    assert digests[2] == digests[3] != first[3]


def test_every_line_of_a_json_log_is_json(site):
    acct = site.acct()
    backend, agent = started(site, acct, log_format="json", log_level="debug")
    rows, _ = token_rows(3)
    backend.rule(status=503, times=2)
    acct.append(['b,"broken', rows[0], "nonsense,\x1b\x07\xff", rows[1]])
    up(agent)
    arrived(backend, 2)
    acct.rotate()
    acct.append(rows[2:])
    arrived(backend, 3)
    agent.hup()
    agent.wait_for("reload: done")
    assert agent.stop() == 0
    lines = [json.loads(line) for line in agent.log().splitlines()]
    assert len(lines) > 6
    for line in lines:
        assert list(line)[:3] == ["time", "level", "message"]
        assert line["level"] in ("error", "warning", "info", "debug")
        datetime.datetime.strptime(line["time"], "%Y-%m-%dT%H:%M:%S.%fZ")
    said = " ".join(line["message"] for line in lines)
    for words in ("started with", "dead letter", "HTTP 503", "reload: done", "stopped: "):
        assert words in said, words


def test_a_crowd_of_events_is_cut_and_counted(site):
    """300 files that cannot be read: 50 lines, and how many there would have been."""
    acct = site.acct(move=False)
    for number in range(300):
        (acct.dir / (acct.dated(number) + ".gz")).write_bytes(b"\x1f\x8b\x08\x00 cut off")
    backend, agent = started(site, acct, first_start="all", rescan="2s")
    up(agent)
    eventually(lambda: agent.status()["sources"][0]["filesUnreadable"] == 300, timeout=60)
    assert 50 <= agent.log().count("damaged or unfinished gzip data") <= 150
    agent.wait_for("similar lines omitted")
    told = sum(map(int, re.findall(r"([0-9]+) similar lines omitted", agent.log())))
    assert agent.log().count("damaged or unfinished gzip data") + told <= 300
    source = agent.status()["sources"][0]
    assert source["unreadableAdvice"] == "damaged or unfinished gzip data"
    assert source["unreadableFile"].endswith(".csv.gz")
    assert "(and 299 more)" in agent.command("status").stdout


# ---- help where hands are


def run(*args):
    return subprocess.run([str(AGENT), *args], capture_output=True, text=True, timeout=20,
                          check=False)


def commands():
    return re.findall(r"^  ([a-z-]+) ", run("--help").stdout, re.MULTILINE)


def test_every_command_has_examples_that_are_command_lines():
    for command in commands():
        text = run(command, "--help").stdout
        assert "\nExamples:\n" in text, command
        for line in text.split("\nExamples:\n")[1].strip().splitlines():
            assert re.match(rf" *(\S+ \| *|sudo )?pmta-shipper {command}\b", line), line


@pytest.mark.parametrize("args, meant", [
    (["statsu"], "status"), (["chek"], "check"), (["rum"], "run"),
    (["status", "--jsn"], "--json"), (["run", "--dryrun"], "--dry-run"),
    (["parse", "--sicne=2026-11-21Z"], "--since"), (["status", "--confg", "x"], "--config"),
])
def test_a_slip_is_answered_with_what_was_meant(args, meant):
    done = run(*args)
    assert done.returncode == 64 and f"(did you mean '{meant}'?)" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_is_no_slip_gets_no_guess():
    for args in (["frobnicate"], ["status", "--frobnicate"], ["x"]):
        done = run(*args)
        assert done.returncode == 64 and "did you mean" not in done.stderr
    assert "--json takes no value" in run("status", "--json=1").stderr
