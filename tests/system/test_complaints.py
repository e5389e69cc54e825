"""Known complaints about other shippers, as far as no other file tests that we have no such fault.

docs/RELIABILITY.md lists all these complaints, each with its tests and the upstream reference.
"""

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest
from harness import AGENT, BOUNCE_HEADER, eventually, token_rows
from steps import cpu_seconds, lines, order_of, put, rescanned, source_status, started, stopped, up
from wire import (
    ARRAY, SLOW, all_there, delivering, endpoint_status, finish, judge, more, state, wait_state)


def waiting(site, files, **settings):
    """(backend, agent, acct, tokens): many files of two rows each, before the first start."""
    acct = site.acct()
    backend, agent = started(site, acct, first_start="all", **settings)
    rows, tokens = token_rows(2 * files)
    for i in range(files):
        acct.append(rows[2 * i:2 * i + 2])
        acct.rotate()
    return backend, agent, acct, tokens


def test_rotations_are_noticed_while_nothing_is_delivered(site):
    """fluent-bit#1108: files are discovered, however long the backend is down."""
    backend, agent, acct, tokens = delivering(site, 1)
    all_there(backend, tokens)
    backend.stop()
    for i in range(6):
        tokens += more(acct, 20, f"N{i}")
        acct.rotate()

        def noticed(n=i + 1):
            status = source_status(agent)
            return status["rotations"] == n and status["filesKnown"] == n + 1
        eventually(noticed)
    wait_state(agent, "retrying")
    assert source_status(agent)["rows"]["acknowledged"] == 1
    backend.start()
    all_there(backend, tokens)
    finish(agent, backend, tokens)


def test_files_with_the_same_long_beginning_are_not_confused(site):
    """vector#13193: the files begin with more equal bytes than any fingerprint covers."""
    header = BOUNCE_HEADER + "".join(f",header_X-{i:02d}-{'x' * 90}" for i in range(60))
    acct = site.acct(header=header)
    backend, agent = started(site, acct)
    up(agent)
    tokens = []
    for i in range(4):
        tokens += more(acct, 5, f"A{i}")
        all_there(backend, tokens)
        stopped(agent)
        acct.rotate()
        tokens += more(acct, 5, f"B{i}")
        up(agent)
    all_there(backend, tokens)
    rescanned(agent)
    finish(agent, backend, tokens)


def test_archives_away_for_a_month_are_not_sent_again(site):
    """Nor after a wrong clock at a boot without their volume: entries do not expire by time."""
    backend, agent, acct, tokens = waiting(site, 20)
    up(agent)
    all_there(backend, tokens)
    eventually(lambda: source_status(agent)["behindBytes"] == 0)
    away = [(path, path.read_bytes()) for path in acct.move_to.iterdir()]
    for path, _ in away:
        path.unlink()
    rescanned(agent, 5)
    stopped(agent)
    assert source_status(agent)["filesKnown"] == 21
    db = sqlite3.connect(agent.state_dir / "state.db", isolation_level=None)
    assert db.execute("UPDATE file SET gone = gone - 31 * 86400000 WHERE gone > 0").rowcount == 20
    db.close()
    up(agent)
    rescanned(agent, 2)
    for path, data in away:
        (path.parent / "copy").write_bytes(data)
        (path.parent / "copy").rename(path)
    rescanned(agent, 2)
    assert source_status(agent)["filesKnown"] == 21
    tokens += more(acct, 5)
    all_there(backend, tokens)
    finish(agent, backend, tokens)


def test_there_is_no_spool(site):
    """vector#17644: rows that wait for the backend are in PowerMTA's files only and stay there."""
    backend, agent, acct, tokens = delivering(site, 1, path=ARRAY)
    all_there(backend, tokens)
    backend.stop()
    rows, waiting_tokens = token_rows(500, seed="W", size=4000)
    acct.append(rows)
    wait_state(agent, "retrying")
    rescanned(agent)
    names = {path.name for path in agent.state_dir.iterdir()}
    assert names <= {"state.db", "state.db-wal", "state.db-shm", "state.lock", "control",
                     "control.lock"}
    store = b"".join((agent.state_dir / name).read_bytes() for name in names - {"control"})
    assert b"user-W-" not in store
    backend.start()
    all_there(backend, waiting_tokens)
    finish(agent, backend, tokens + waiting_tokens)


def test_deleted_files_are_closed_once_delivered(site):
    """vector#22273: deleted files are kept open until they are delivered, and then closed."""
    backend, agent, acct, tokens = waiting(site, 10)
    backend.rule(status=503)
    up(agent)
    eventually(backend.requests)
    rescanned(agent)
    assert source_status(agent)["filesOpen"] >= 10
    for path in acct.move_to.iterdir():
        path.unlink()
    rescanned(agent)
    assert source_status(agent)["filesOpen"] >= 10
    backend.clear()
    all_there(backend, tokens)
    eventually(lambda: source_status(agent)["filesOpen"] <= 1)
    if os.geteuid() == 0:
        assert not [link for link in descriptors(agent).values() if link.endswith(" (deleted)")]
    finish(agent, backend, tokens)


def descriptors(agent):
    """{number: target of the link}; only root may read this, since the agent is not dumpable."""
    found = {}
    for fd in Path(f"/proc/{agent.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it was closed just now
            found[fd.name] = os.readlink(fd)
    return found


def watches(agent):
    """The number of inotify watches of the agent."""
    return sum(Path(f"/proc/{agent.pid}/fdinfo/{fd}").read_text("ascii").count("inotify wd:")
               for fd, link in descriptors(agent).items() if link == "anon_inode:inotify")


def test_many_waiting_files_need_few_descriptors(site):
    """fluent-bit#2197: hundreds of unread files, a low limit, and one watch per folder."""
    backend, agent, _, tokens = waiting(site, 300, endpoint={"in_flight": 4})
    backend.rule(status=503)
    agent.spawn(["prlimit", "--nofile=80", AGENT, "run", "-c", agent.conf])
    agent.wait_for("started with")
    eventually(backend.requests)
    rescanned(agent)
    # Files read ahead, files of records in flight, and the one being read.
    assert source_status(agent)["filesOpen"] <= 32 + 2 * 4 + 1
    if os.geteuid() == 0:
        assert watches(agent) == 2
    backend.clear()
    all_there(backend, tokens)
    assert source_status(agent)["filesUnreadable"] == 0
    finish(agent, backend, tokens)


@pytest.mark.parametrize("idle", [True, False])
def test_an_agent_that_waits_does_not_spin(site, idle):
    """vector#13129: half a line in the file, and nothing to send or no receiver: no CPU time."""
    backend, agent, acct, tokens = delivering(site, 5, **SLOW)
    all_there(backend, tokens)
    if not idle:
        backend.rule(status=503)
        tokens += more(acct, 50)
        wait_state(agent, "retrying")
    acct.write('b,"half a row')
    rescanned(agent)
    before = cpu_seconds(agent)
    rescanned(agent, 5)  # at least 1.5 s
    assert cpu_seconds(agent) - before < 0.5
    assert state(agent) == ("ok" if idle else "retrying")
    agent.kill9()


def test_file_times_decide_nothing(site):
    """logstash-input-file#104: mtimes do not decide which file is read, when, or how often."""
    acct = site.acct()
    backend, agent = started(site, acct, first_start="all", endpoint={"in_flight": 1})
    rows, tokens = token_rows(5)
    for i, row in enumerate(rows):
        path = put(acct.move_to / acct.dated(i), lines(BOUNCE_HEADER, row))
        os.utime(path, (0, [4000000000, 2000000000, 1000000000, 1000, 0][i]))
    up(agent)
    all_there(backend, tokens)
    assert order_of(backend) == tokens
    for i, path in enumerate(sorted(acct.move_to.iterdir())):
        os.utime(path, (0, 3000000000 + i))
    rescanned(agent)
    stopped(agent)
    for path in acct.move_to.iterdir():
        os.utime(path, (0, 0))
    up(agent)
    rescanned(agent)
    acct.number = 5
    tokens += more(acct, 1)
    all_there(backend, tokens)
    finish(agent, backend, tokens)


def test_status_is_no_longer_for_many_files(site):
    """vector#15426: statistics are kept for sources and endpoints, never for files."""
    backend, agent, _, tokens = waiting(site, 1)
    up(agent)
    all_there(backend, tokens)
    small = agent.command("status", "--json").stdout
    finish(agent, backend, tokens)
    backend, agent, _, tokens = waiting(type(site)(site.folder / "many"), 300)
    try:
        up(agent)
        all_there(backend, tokens)
        large = agent.command("status", "--json").stdout
        finish(agent, backend, tokens)
    finally:
        agent.end()
        backend.end()
    assert len(large) < len(small) + 200, "only the numbers may have more digits"


def test_one_probe_at_a_time_while_an_endpoint_fails(site):
    """vector#4724: a backend that comes back does not get all waiting requests at once."""
    backend, agent, acct, tokens = delivering(site, in_flight=8)
    tokens += more(acct, 60, "A")
    all_there(backend, tokens)
    eventually(lambda: endpoint_status(agent)["inFlightLimit"] == 8)
    backend.rule(status=500, delay_ms=30)
    tokens += more(acct, 60, "B")
    eventually(lambda: endpoint_status(agent)["retries"] >= 12)  # earlier requests have ended
    seen = set()
    for _ in range(30):
        status = endpoint_status(agent)
        assert status["state"] == "retrying"
        seen.add(status["inFlight"])
    assert max(seen) <= 1, seen
    backend.clear()
    all_there(backend, tokens)
    judge(backend, tokens)
    finish(agent, backend, tokens)
