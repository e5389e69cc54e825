"""`status --watch`: live, on a terminal and without one."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios

import pytest
from harness import AGENT, eventually, token_rows
from steps import arrived, settled, started, up

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


class Terminal:
    """A pseudo-terminal that runs `status --watch`, and all its output."""

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
        """The exit status.  Checks that the terminal is as it was before."""
        # Read while waiting, or it could not write the rest of its output.
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
    # Erasing after a row as wide as the screen would remove its last character.
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


def test_watch_continues_when_the_agent_ends_and_comes_back(shown, terminal):
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
