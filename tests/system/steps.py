"""Steps that many tests of the running agent share, and the comparisons at their end."""

import csv
import datetime
import os
import sqlite3
from collections import Counter
from contextlib import closing
from email.utils import parseaddr
from pathlib import Path

from harness import BOUNCE_HEADER, FBL_HEADER, eventually

RENAMED = {"type": "logType"}


def record_of(row, header=BOUNCE_HEADER):
    """The JSON members a row must give, without eventId; independent of the agent's code."""
    names = [RENAMED.get(name, name) for name in header.split(",")]
    cells = next(csv.reader([row], strict=True))
    record = [(name, cell) for name, cell in zip(names, cells) if cell]
    if cells[0] == "f":
        members = dict(record)
        record += [(name, parseaddr(members[source])[1]) for name, source in
                   (("orig", "header_Return-Path"), ("rcpt", "header_To"))
                   if name not in members and source in members]
    return tuple(record)


def records(rows, header=None):
    return [record_of(row, header or (FBL_HEADER if row.startswith("f,") else BOUNCE_HEADER))
            for row in rows]


def accepted(backend):
    """(record, eventId) of each event accepted, in the order of arrival."""
    found = []
    for row in backend.events():
        event = dict(row["event"])
        event_id = event.pop("eventId")
        found.append((tuple(event.items()), event_id))
    return found


def count(backend):
    return backend.query("SELECT count(*) n FROM events WHERE accepted = 1")[0]["n"]


def difference(want, got):
    """A text about the first records that are on one side only; empty if there are none."""
    want, got = Counter(want), Counter(got)
    lost, more = list((want - got).elements()), list((got - want).elements())
    return f"lost {len(lost)}: {lost[:2]}; too many {len(more)}: {more[:2]}" if lost or more else ""


def arrived(backend, n, timeout=20):
    """Wait until n events were accepted."""
    try:
        eventually(lambda: count(backend) >= n, timeout)
    except AssertionError:
        raise AssertionError(f"{count(backend)} of {n} records arrived") from None


def compare(backend, want):
    """Check that each record in want was accepted once, unaltered and under its own eventId."""
    got = accepted(backend)
    wrong = difference(want, [record for record, _ in got])
    assert not wrong, wrong
    assert len({event_id for _, event_id in got}) == len(got)


def conserved(status):
    """Check the law of conservation for each source: every row read has exactly one fate."""
    for source in status["sources"]:
        rows = source["rows"]
        assert rows["read"] == (rows["acknowledged"] + rows["dead"] + rows["skipped"] +
                                rows["ignored"] + rows["inFlight"]), rows
    return status


def source_status(agent, i=0):
    return conserved(agent.status())["sources"][i]


def rescanned(agent, times=2):
    """Wait until the agent has rescanned its folders that many times more."""
    def rescans():
        return min(source["rescans"] for source in agent.status()["sources"])
    before = rescans()
    eventually(lambda: rescans() >= before + times)


def cpu_seconds(agent):
    fields = Path(f"/proc/{agent.pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def started(site, *accts, **settings):
    """A running backend, and an agent for it that is not started yet."""
    settings.setdefault("rescan", "100ms")
    backend = site.backend()
    return backend, site.agent(backend, *accts, **settings)


def up(agent, *args, **more):
    """Start the agent and wait until it follows its files."""
    before = agent.log().count("started with")
    agent.start(*args, **more)
    agent.wait_for("started with", times=before + 1)
    return agent


def stopped(agent):
    """Stop cleanly.  The store's counts must then be conserved, with nothing in flight."""
    assert agent.stop() == 0, agent.log()[-2000:]
    status = conserved(agent.status())
    assert all(source["rows"]["inFlight"] == 0 for source in status["sources"])
    return status


def delivered(agent, backend, rows, header=None):
    """Check that all rows arrive once, unchanged; stop the agent.  Returns its last status."""
    want = records(rows, header)
    arrived(backend, len(want))
    rescanned(agent, 1)
    status = stopped(agent)
    compare(backend, want)
    return status


def order_of(backend):
    """Tokens in the order in which they were accepted."""
    return [row["token"] for row in backend.events()]


def dead(agent):
    """The dead letters that `dead list` prints: [(number, kind, eventId, place, reason)]."""
    done = agent.command("dead", "list")
    assert done.returncode == 0, done.stderr
    letters = []
    for line in done.stdout.splitlines():
        number, _, kind, event_id, rest = line.split("  ", 4)
        place, reason = rest.split("  ", 1)
        letters.append((int(number), kind, event_id, place, reason))
    return letters


def dead_shown(agent, number, *options):
    """One dead letter of `dead show` as a dictionary; None if a second try has delivered it."""
    done = agent.command("dead", "show", *options, number)
    if "there is no dead letter" in done.stderr:
        return None
    assert done.returncode == 0, done.stderr
    return {name.strip(): value.strip(" ") for name, value in
            (line.split(":", 1) for line in done.stdout.splitlines())}


def put(path, text):
    """Write a whole file, or bytes."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def lines(*rows, eol="\n"):
    return "".join(row + eol for row in rows)


def append(path, text):
    """Append bytes or text without a line end of its own."""
    with open(path, "ab") as out:
        out.write(text.encode() if isinstance(text, str) else text)
        out.flush()


def pwrite(path, text, offset=0):
    """Overwrite bytes within a file."""
    fd = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(fd, text.encode() if isinstance(text, str) else text, offset)
    finally:
        os.close(fd)


def logged(row, when):
    """The row with timeLogged set to when."""
    return row.replace("2026-11-21 10:00:00+0000", when.strftime("%Y-%m-%d %H:%M:%S+0000"))


def ago(**span):
    return datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**span)


def settled(agent):
    eventually(lambda: agent.status()["sources"][0]["behindBytes"] == 0)


# ---- earlier versions of the store ----

VERSION = 3

# SQL that takes a store from each version back to the one before: this makes the earlier stores.
BACK = {2: "ALTER TABLE dead DROP COLUMN tries; ALTER TABLE dead DROP COLUMN tried;",
        3: "ALTER TABLE file DROP COLUMN parts; ALTER TABLE file DROP COLUMN letters;"
           "DROP TABLE selection; DROP TABLE dropped; DROP TABLE place;"}


def version_of(path):
    with closing(sqlite3.connect(path)) as db:
        return db.execute("PRAGMA user_version").fetchone()[0]


def set_back(agent, version):
    """Convert the stopped agent's store back to an earlier version."""
    with closing(sqlite3.connect(agent.state_dir / "state.db", isolation_level=None)) as db:
        for step in range(version_of(agent.state_dir / "state.db"), version, -1):
            db.executescript(BACK[step])
        db.execute(f"PRAGMA user_version = {version}")
