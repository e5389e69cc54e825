"""Positions move only with acknowledgements, also over stops, kills, reloads and bad stores.

DESIGN.md, "The store" and SIGHUP; tailer.h, T5.
"""

import random
import signal
import sqlite3
import subprocess
import time

import pytest
import steps
from harness import AGENT, FBL_HEADER, all_arrived, books, eventually, token_rows
from steps import (
    accepted, append, arrived, compare, conserved, delivered, lines, put, records, rescanned,
    source_status, stopped, up)

ARRAY = {"format": "array", "batch_records": 50, "in_flight": 4}


def started(site, acct, endpoint=None, **settings):
    backend, agent = steps.started(site, acct, endpoint=endpoint or ARRAY, **settings)
    agent.endpoints[0]["url"] = backend.url("/in")
    agent.write_conf()
    return backend, agent


def store_of(agent):
    return agent.state_dir / "state.db"


def offsets(agent):
    """{name: (committed offset, stored size)} of the store."""
    db = sqlite3.connect(f"file:{store_of(agent)}?mode=ro", uri=True, timeout=20)
    try:
        rows = db.execute("SELECT name, offset, size FROM file WHERE gone = 0").fetchall()
    finally:
        db.close()
    return {name: (offset, size) for name, offset, size in rows}


def same_ids(backend):
    """True if every token was accepted under one eventId only."""
    rows = backend.query("SELECT token, count(DISTINCT event_id) n FROM events GROUP BY token")
    return all(row["n"] == 1 for row in rows)


def at_the_end(agent, acct):
    """Check that the committed offset of each file is its end."""
    sizes = {path.name: path.stat().st_size
             for folder in (acct.dir, acct.move_to) for path in folder.glob("*.csv")}
    for name, (offset, _) in offsets(agent).items():
        assert offset == sizes[name], name


@pytest.mark.parametrize("endpoint", [ARRAY, {"format": "object"}])
def test_nothing_is_repeated_after_clean_stops_at_random_moments(site, endpoint):
    """SIGTERM: stop reading, finish requests in flight, commit, exit with status 0."""
    dice = random.Random(3)
    acct = site.acct()
    backend, agent = started(site, acct, endpoint)
    backend.rule(delay_ms=3)
    writer = site.writer(acct, records=3000, rate=2500, rotate_every=400)
    up(agent)
    writer.start()
    for _ in range(8):
        time.sleep(dice.uniform(0, 0.12))
        stopped(agent)
        up(agent)
    assert writer.wait() == 0
    tokens = writer.tokens()
    arrived(backend, len(tokens))
    stopped(agent)
    assert books(backend, tokens) == ([], {}, [])
    at_the_end(agent, acct)


@pytest.mark.parametrize("endpoint", [ARRAY, {"format": "object", "in_flight": 8}])
def test_a_kill_repeats_at_most_what_was_in_flight(site, endpoint):
    """T5: kill -9 repeats at most in-flight times batch-records rows, under the same eventIds."""
    dice = random.Random(4)
    kills = 8
    acct = site.acct()
    backend, agent = started(site, acct, endpoint)
    backend.rule(delay_ms=3)
    writer = site.writer(acct, records=4000, rate=4000, rotate_every=700)
    up(agent)
    writer.start()
    for _ in range(kills):
        time.sleep(dice.uniform(0.02, 0.12))
        agent.kill9()
        up(agent)
    assert writer.wait() == 0
    tokens = writer.tokens()
    eventually(lambda: all_arrived(backend, tokens), 60)  # 4,000 requests, on a busy machine
    stopped(agent)
    lost, repeated, unexpected = books(backend, tokens)
    assert not lost and not unexpected
    limit = kills * endpoint["in_flight"] * endpoint.get("batch_records", 1)
    assert sum(n - 1 for n in repeated.values()) <= limit
    assert same_ids(backend)
    assert backend.stats()["keys_with_two_bodies"] == 0
    at_the_end(agent, acct)
    conserved(agent.status())


def test_a_skipped_row_of_one_file_proves_nothing_of_the_next(site):
    """T6: a file is recognised by its own rows, even if it had only a header before."""
    acct = site.acct()
    backend, agent = started(site, acct, first_start="all")
    acct.append(token_rows(50, kind=["d"])[0])
    acct.rotate()
    acct.append([])
    up(agent)
    rescanned(agent)
    rows, _ = token_rows(4)
    acct.append(rows[:3])
    arrived(backend, 3)
    stopped(agent)
    up(agent)
    acct.append(rows[3:])
    arrived(backend, 4)
    rescanned(agent)
    stopped(agent)
    compare(backend, records(rows))


def test_a_kill_without_anything_in_flight_repeats_nothing(site):
    """A commit survives kill -9 without fsync."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(400)
    for i in range(4):
        acct.append(rows[100 * i:100 * i + 100])
        up(agent)
        arrived(backend, 100 * i + 100)
        eventually(lambda: source_status(agent)["rows"]["inFlight"] == 0)
        eventually(lambda: source_status(agent)["behindBytes"] == 0)
        agent.kill9()
    up(agent)
    delivered(agent, backend, rows)


def test_acknowledgements_beyond_a_gap_survive_a_kill(site):
    """Ranges acknowledged after a gap are not repeated; the batch in flight is sent again under the
    same key with the same body."""
    acct = site.acct()
    backend, agent = started(site, acct, dict(ARRAY, batch_records=10, timeout="30s"))
    rows, tokens = token_rows(200)
    backend.rule(contains=f"{tokens[0]}@", hang=True)
    acct.append(rows)
    up(agent)
    arrived(backend, 190)
    eventually(lambda: source_status(agent)["rows"]["inFlight"] == 10)
    agent.kill9()
    offline = conserved(agent.status())
    assert offline["sources"][0]["rows"]["acknowledged"] == 190
    backend.clear()
    up(agent)
    delivered(agent, backend, rows)
    sent = backend.query(
        "SELECT r.key, r.body_hash FROM requests r WHERE r.id IN"
        " (SELECT request_id FROM events WHERE token = ?)", tokens[0])
    assert len(sent) == 2 and sent[0] == sent[1]


def test_batches_in_flight_keep_their_boundaries_when_more_rows_come(site):
    """After a crash the same bytes are sent under the same key, although the file has grown."""
    acct = site.acct()
    backend, agent = started(site, acct)
    backend.rule(hang=True)
    rows, _ = token_rows(40)
    acct.append(rows[:5])
    up(agent)
    eventually(backend.requests)
    agent.kill9()
    acct.append(rows[5:])
    backend.clear()
    up(agent)
    delivered(agent, backend, rows)
    first = backend.requests()[0]
    again = [request for request in backend.requests() if request["key"] == first["key"]]
    assert len(again) == 2 and again[0]["body_hash"] == again[1]["body_hash"]
    assert again[1]["nevents"] == 5


def test_boundaries_of_another_configuration_are_dropped_and_logged(site):
    """If a setting changes the bytes sent, rows in flight go into new batches under new keys."""
    acct = site.acct()
    backend, agent = started(site, acct)
    backend.rule(hang=True)
    rows, _ = token_rows(5)
    acct.append(rows)
    up(agent)
    eventually(backend.requests)
    agent.kill9()
    backend.clear()
    agent.endpoints[0]["type_field"] = "type"
    agent.write_conf()
    up(agent)
    arrived(backend, 5)
    assert "new boundaries and keys for" in agent.log()
    stopped(agent)
    assert all(dict(record)["type"] == "b" for record, _ in accepted(backend))
    assert backend.stats()["keys_with_two_bodies"] == 0


def test_a_stop_that_cannot_finish_says_how_many_rows_may_repeat(site):
    """After drain the agent exits with status 0 and logs how many rows may be repeated."""
    acct = site.acct()
    backend, agent = started(site, acct, drain="100ms")
    backend.rule(hang=True)
    rows, _ = token_rows(7)
    acct.append(rows)
    up(agent)
    eventually(backend.requests)
    assert agent.stop() == 0
    assert "7 records were in flight and unanswered" in agent.log()
    backend.clear()
    up(agent)
    delivered(agent, backend, rows)


def test_a_stop_while_the_backend_is_down_is_quick_and_loses_nothing(site):
    """A stop does not wait for retries."""
    acct = site.acct()
    backend, agent = started(site, acct, drain="5s")
    rows, _ = token_rows(300)
    backend.stop()
    acct.append(rows)
    up(agent)
    agent.wait_for("trying again")
    stopped(agent)
    backend.start()
    up(agent)
    delivered(agent, backend, rows)


def test_the_last_word_of_status_is_the_size_of_the_file(site):
    """When all rows are delivered, the committed offset is the end of the file."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(30, kind=["b", "rb"])
    acct.append(rows[:20])
    acct.write("\n\n" + rows[20] + "\n\n")
    acct.append(rows[21:])
    acct.write("\n")
    up(agent)
    status = delivered(agent, backend, rows)
    source = status["sources"][0]
    assert source["offset"] == source["size"] == acct.live.stat().st_size
    at_the_end(agent, acct)


# ---- the store


def test_a_second_run_on_the_same_store_refuses_to_start(site):
    """The lock file makes it exit with status 1 and one line that gives the reason."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(10)
    up(agent)
    done = subprocess.run([AGENT, "run", "-c", agent.conf], capture_output=True, text=True,
                          timeout=20, check=False)
    assert done.returncode == 1
    line, = done.stderr.splitlines()
    assert str(agent.state_dir) in line and "in use by another pmta-shipper" in line
    acct.append(rows)
    delivered(agent, backend, rows)


def test_a_store_of_a_newer_version_is_refused(site):
    """Never a silent restart from zero: exit status 1, and a line that says what to do."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(10)
    acct.append(rows[:5])
    up(agent)
    arrived(backend, 5)
    stopped(agent)
    db = sqlite3.connect(store_of(agent))
    version, = db.execute("PRAGMA user_version").fetchone()
    db.execute("PRAGMA user_version = 99")
    agent.start()
    assert agent.wait() == 1
    assert "newer" in agent.log().splitlines()[-1] and "99" in agent.log()
    assert agent.command("status").returncode == 1
    assert agent.command("dead", "list").returncode == 1
    db.execute(f"PRAGMA user_version = {version}")
    db.close()
    acct.append(rows[5:])
    up(agent)
    delivered(agent, backend, rows)


@pytest.mark.parametrize("damage", ["head", "page", "text"])
def test_a_corrupt_store_is_refused_with_the_way_out(site, damage):
    """Never a silent restart from zero or from the end."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(10)
    acct.append(rows)
    up(agent)
    arrived(backend, 10)
    stopped(agent)
    path = store_of(agent)
    data = bytearray(path.read_bytes())
    if damage == "head":
        data[:100] = b"x" * 100
    elif damage == "page":
        data[4096:4096 + 2000] = b"\xff" * 2000
    else:
        data = b"this is no database at all\n" * 300
    put(path, bytes(data))
    agent.start()
    assert agent.wait() == 1
    last = agent.log().splitlines()[-1]
    assert str(path) in last and "move it away" in last, last
    assert path.read_bytes() == bytes(data), "the damaged store was changed"
    assert agent.command("status").returncode == 1
    compare(backend, records(rows))


def test_the_state_folder_is_for_its_owner_alone(site):
    """The agent creates state-dir with mode 0700."""
    backend, agent = started(site, site.acct())
    up(agent)
    assert agent.state_dir.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o007 == 0 for path in agent.state_dir.iterdir())
    stopped(agent)


def test_a_state_folder_that_cannot_be_made_is_one_clear_line(site):
    """After a store error the agent exits with status 1 and names the folder."""
    acct = site.acct()
    _, agent = started(site, acct)
    agent.settings["state_dir"] = site.folder / "missing" / "state"
    agent.write_conf()
    agent.start()
    assert agent.wait() == 1
    assert "missing/state" in agent.log().splitlines()[-1]


# ---- SIGHUP


def test_a_reload_with_a_bad_configuration_keeps_the_old_one(site):
    """SIGHUP: a bad new configuration is reported, and the old one stays in force."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(40)
    acct.append(rows[:20])
    up(agent)
    arrived(backend, 20)
    agent.conf.write_text(agent.conf.read_text("utf-8").replace("batch-records", "batch-recrods"),
                          "utf-8")
    agent.hup()
    agent.wait_for("keeping the old one")
    assert f"{agent.conf}:" in agent.log() and "batch-records" in agent.log()
    acct.append(rows[20:])
    arrived(backend, 40)
    agent.write_conf()
    delivered(agent, backend, rows)


def test_reloads_under_load_lose_and_repeat_nothing(site):
    """SIGHUP: drain, rewind to the committed offsets, continue with another format and url."""
    acct = site.acct()
    backend, agent = started(site, acct)
    backend.rule(delay_ms=2)
    writer = site.writer(acct, records=4000, rate=5000, rotate_every=500)
    up(agent)
    writer.start()
    formats = ["ndjson", "object", "array", "object", "ndjson", "array"]
    for i, name in enumerate(formats):
        agent.endpoints[0].update(format=name, url=backend.url(f"/in/{i}"))
        agent.write_conf()
        agent.hup()
        agent.wait_for("reload: done", times=i + 1)
    assert writer.wait() == 0
    tokens = writer.tokens()
    late, more = token_rows(10, first=100000)
    acct.number = 900
    acct.append(late)
    arrived(backend, len(tokens) + 10)
    stopped(agent)
    assert books(backend, tokens + more) == ([], {}, [])
    paths = {request["path"] for request in backend.requests()}
    assert "/in/5" in paths and len(paths) > 1
    assert backend.stats()["keys_with_two_bodies"] == 0


def test_a_reload_with_something_unanswered_repeats_at_most_that(site):
    """SIGHUP: rows that are not acknowledged within drain are dropped and read again."""
    acct = site.acct()
    backend, agent = started(site, acct, drain="100ms")
    rows, tokens = token_rows(120)
    backend.rule(contains=f"{tokens[0]}@", hang=True, times=1)
    acct.append(rows)
    up(agent)
    arrived(backend, 70)
    agent.hup()
    agent.wait_for("reload: done")
    delivered(agent, backend, rows)


def test_a_reload_can_add_and_remove_a_source(site):
    """SIGHUP changes sources, too; first-start applies to files of a new source."""
    acct = site.acct()
    other = site.acct(base="fbl")
    backend, agent = started(site, acct)
    rows, _ = token_rows(20)
    complaints, _ = token_rows(10, kind="f", seed="T2")
    acct.append(rows[:10])
    up(agent)
    arrived(backend, 10)
    other.header = FBL_HEADER
    other.append(complaints)
    both = site.agent(backend, acct, other, name="both", endpoint=ARRAY)
    agent.sources = both.sources
    agent.write_conf()
    agent.hup()
    arrived(backend, 20)
    acct.append(rows[10:])
    delivered(agent, backend, rows + complaints)


def test_a_reload_tries_a_held_endpoint_at_once(site):
    """SIGHUP: held endpoints are tried at once."""
    acct = site.acct()
    backend, agent = started(site, acct, dict(ARRAY, hold_interval="1h"))
    backend.rule(status=404)
    rows, _ = token_rows(10)
    acct.append(rows)
    up(agent)
    eventually(lambda: agent.status()["endpoints"][0]["state"] == "held")
    backend.clear()
    agent.hup()
    delivered(agent, backend, rows)


def test_quiet_small_files_are_delivered_row_by_row(site):
    """No minimum size: the first row of a file is delivered as soon as its newline is there."""
    acct = site.acct()
    backend, agent = started(site, acct)
    up(agent)
    rows, _ = token_rows(6)
    for i, row in enumerate(rows):
        if i % 2 == 0:
            acct.number += 1
            acct.begin()
        append(acct.live, lines(row))
        arrived(backend, i + 1)
    rescanned(agent)
    agent.signal(signal.SIGINT)
    assert agent.wait() == 0
    compare(backend, records(rows))
