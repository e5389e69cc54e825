"""`replay` on a terminal and without one: the bar, plain lines, masked addresses."""

import fcntl
import json
import os
import pty
import re
import select
import struct
import termios
import time

from archived import archive, everything
from harness import AGENT, die_with_parent, token_row
from steps import count


def on_terminal(args, columns=100, keys=None):
    """Run on a pseudo-terminal.  keys(text) returns the keys to type next.  Returns (exit status,
    all output)."""
    pid, fd = pty.fork()
    if pid == 0:
        die_with_parent()
        os.environ["TERM"] = "xterm"
        os.execv(str(args[0]), [str(arg) for arg in args])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    text = b""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                more = os.read(fd, 65536)
            except OSError:
                break
            if not more:
                break
            text += more
            typed = keys(text) if keys else None
            if typed:
                os.write(fd, typed)
                keys = None
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return status, text.decode("utf-8", "replace")


def screen(text):
    """The lines left on the screen, without text that was drawn over."""
    lines = []
    for line in text.split("\n"):
        line = line.rstrip("\r")
        line = line[line.rfind("\x1b[K") + 3:] if "\x1b[K" in line else line
        lines.append(line.rsplit("\r", 1)[-1])
    return lines


def test_a_terminal_gets_a_bar_that_leaves_nothing_behind(site):
    acct, rows = archive(site, files=2, rows=80)
    backend = site.backend()
    backend.rule(delay_ms=30)
    agent = site.agent(backend, acct)
    status, text = on_terminal([AGENT, "replay", "-c", agent.conf, everything(acct)], columns=60)
    assert status == 0, text
    bars = re.findall(r"\r\x1b\[K(\[=* *\] [^\r\n]*)", text)
    assert len(bars) >= 2 and all(len(bar) < 60 for bar in bars), text
    percents = [int(re.search(r"(\d+)%", bar).group(1)) for bar in bars]
    assert percents == sorted(percents) and percents[-1] > percents[0]
    assert any(re.search(r"\d+ delivered, \d+/s", bar) for bar in bars)
    assert not [line for line in screen(text) if "[=" in line or "[ " in line], text
    assert f"{len(rows)} records delivered" in screen(text)[-2]


def test_ctrl_c_leaves_the_terminal_clean(site):
    acct, _ = archive(site, files=2, rows=80)
    backend = site.backend()
    backend.rule(skip=30, status=503)
    agent = site.agent(backend, acct)
    status, text = on_terminal(
        [AGENT, "replay", "-c", agent.conf, everything(acct)],
        keys=lambda text: b"\x03" if b"waiting: retrying" in text else None)
    assert status == 1, text
    assert not [line for line in screen(text) if "[=" in line or "[ " in line], text
    assert "to continue: pmta-shipper replay" in screen(text)[-2]
    assert json.dumps(count(backend)) == "30"


def test_without_a_terminal_there_are_plain_lines(site):
    acct, rows = archive(site, files=1)
    agent = site.agent(site.backend(), acct)
    done = agent.command("replay", acct.moved(0))
    assert "\r" not in done.stderr + done.stdout and "\x1b" not in done.stderr + done.stdout
    assert done.stderr.startswith("replay: 1 file, ")
    assert done.stdout.startswith(f"replay: {len(rows)} records delivered, 0 refused")


def test_addresses_are_masked_on_the_screen(site):
    acct = site.acct()
    acct.append([token_row("T1-1")])
    backend = site.backend()
    backend.rule(status=422, body="who is user-T1-1@example.org?")
    agent = site.agent(backend, acct, endpoint={"refuse_limit": 0})
    done = agent.command("replay", acct.rotate())
    assert done.returncode == 1 and "u***@example.org" in done.stderr
    assert "user-T1-1@" not in done.stderr + done.stdout
