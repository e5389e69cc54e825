"""`status`: its figures, lag and rates, files that cannot be read, files deleted unread."""

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile

import pytest
from harness import AGENT, VERSION, Site, eventually, free_port, token_rows
from steps import (
    ago, arrived, conserved, delivered, logged, rescanned, settled, source_status, started, stopped,
    up)

NOBODY = 65534
OTHER_USER = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"),
                                reason="needs root and setpriv, to run as another user")


def iso(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- the main figures, running and stopped


def test_status_of_a_running_and_of_a_stopped_agent(site):
    """status: through the control socket or from the store; exit status 0 without problems."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(10)
    acct.append(rows)
    up(agent)
    arrived(backend, 10)
    eventually(lambda: agent.status()["sources"][0]["behindBytes"] == 0)
    done = agent.command("status")
    assert done.returncode == 0 and not done.stderr
    assert "is running for" in done.stdout and f"(pid {agent.pid})" in done.stdout
    assert "endpoint octeth: ok" in done.stdout and "10 acknowledged" in done.stdout
    assert acct.live.name in done.stdout and str(acct.live.stat().st_size) in done.stdout
    live = agent.status()
    assert live["running"] and live["pid"] == agent.pid and live["version"] == VERSION
    assert live["endpoints"][0]["recordsAccepted"] == 10
    stopped(agent)
    done = agent.command("status")
    assert done.returncode == 0 and "is not running" in done.stdout
    assert "10 acknowledged" in done.stdout
    offline = conserved(agent.status())
    assert not offline["running"] and offline["endpoints"][0]["state"] == "unknown"
    for name in ("rows", "offset", "size", "behindBytes", "file"):
        assert offline["sources"][0][name] == live["sources"][0][name], name


def test_status_says_how_far_behind_it_is(site):
    """status: file, offset and lag; for a stopped agent from the files on disk."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(20)
    acct.append(rows[:10])
    up(agent)
    arrived(backend, 10)
    stopped(agent)
    behind = acct.live.stat().st_size
    acct.append(rows[10:])
    behind = acct.live.stat().st_size - behind
    assert agent.status()["sources"][0]["behindBytes"] == behind
    assert agent.status()["sources"][0]["filesBehind"] == 1
    backend.rule(status=503)
    up(agent)
    rescanned(agent)
    live = agent.status()
    assert live["sources"][0]["behindBytes"] == behind
    assert live["endpoints"][0]["state"] == "retrying"
    done = agent.command("status")
    assert done.returncode == 1 and "HTTP 503" in done.stdout
    backend.clear()
    delivered(agent, backend, rows)


def test_status_of_a_stopped_agent_counts_what_was_begun_meanwhile(site):
    """Files that are not in the store, live or moved, count, too; a known file counts once."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(30)
    acct.append(rows[:10])
    up(agent)
    arrived(backend, 10)
    stopped(agent)
    first = acct.rotate()
    acct.append(rows[10:20])
    second = acct.rotate()
    acct.append(rows[20:])
    new = second.stat().st_size + acct.live.stat().st_size
    assert first.parent == second.parent == acct.move_to
    shutil.copy(first, acct.move_to / "copy")  # another inode under the same name
    os.replace(acct.move_to / "copy", first)
    source = agent.status()["sources"][0]
    assert (source["behindBytes"], source["filesBehind"]) == (new, 2)
    assert (source["file"], source["offset"]) == (acct.live.name, 0)
    assert "behind 0 B" not in agent.command("status").stdout
    up(agent)
    delivered(agent, backend, rows)
    stopped(agent)
    assert agent.status()["sources"][0]["behindBytes"] == 0


@pytest.mark.parametrize("first, files", [("live", 1), ("now", 0), ("all", 2)])
def test_status_before_the_first_start_counts_what_that_will_read(site, first, files):
    """The store exists, and the source is not in it yet."""
    acct, other = site.acct(), site.acct(base="other")
    rows, _ = token_rows(4)
    acct.append(rows[:2])
    acct.rotate()
    acct.append(rows[2:])
    backend, agent = started(site, other)
    up(agent)
    stopped(agent)
    late = site.agent(backend, acct, other, first_start=first)
    assert late.status()["sources"][0]["filesBehind"] == files


def test_status_masks_addresses_of_answers(site):
    """Mail addresses of answers are masked in `status` and in the log."""
    acct = site.acct()
    backend, agent = started(site, acct)
    backend.rule(status=404, body="unknown list of anna.lee@example.org")
    rows, _ = token_rows(1)
    acct.append(rows)
    up(agent)
    eventually(lambda: agent.status()["endpoints"][0]["state"] == "held")
    text = agent.command("status").stdout + agent.command("status", "--json").stdout + agent.log()
    assert "anna.lee" not in text and "user-T1-0" not in text
    assert agent.command("status").returncode == 1


# ---- lag and rates


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
        # The agent has run for less than a minute: all spans are equal, and no record is missing.
        assert 0 < rates["hour"] <= rates["now"] <= 40
    source = status["sources"][0]
    assert source["lastRecord"] == iso(last)
    assert (source["recordsBehind"], source["secondsBehind"]) == (0, 0)
    text = agent.command("status").stdout
    assert re.search(r"^records acknowledged per second: \d+\.\d now, \d+\.\d last minute, "
                     r"\d+\.\d last hour$", text, re.MULTILINE)
    assert f"last record of {iso(last)}" in text and "last error: none since the start" in text
    stopped(agent)
    assert source_status(agent)["lastRecord"] == iso(last), "the store has it, too"


def test_the_last_record_is_the_last_in_the_file_and_not_the_last_answered(site):
    """The answers to earlier records come later; the store has the last settled record."""
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
    """Records are estimated by the mean length of rows; seconds since the last settled record."""
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
    """A dead letter after rows that wait: no bytes before it are settled."""
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


# ---- files that cannot be read, files that were deleted unread


@pytest.fixture(name="open_site")
def site_for_nobody():
    """A site that another user can reach: pytest makes its own folder private at each start."""
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
def test_an_unreadable_file_is_named_with_the_command_that_fixes_it(
        open_site, mode, group, advice):
    """In status, its JSON, the check and the log, with a running agent and from the store alone."""
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
        assert f"PROBLEM: source bounces: {acct.live} cannot be read: {want}\n" in done.stdout
        done = agent.command("status", "--check")
        assert done.returncode == 2 and f"{acct.live} cannot be read: {want}" in done.stdout
        if agent.running():
            assert f"it belongs to {owner}, mode {mode:04o}: {advice.format(path=acct.live)}" in \
                agent.log()
            assert agent.stop() == 0


IN_NAMESPACE = ["setpriv", "--reuid=1234", "--regid=1234", "--clear-groups", "unshare", "--user",
                "--map-user=1234", "--map-group=1234"]


@OTHER_USER
@pytest.mark.skipif(subprocess.run([*IN_NAMESPACE, "true"], check=False,
                                   capture_output=True).returncode != 0,
                    reason="needs user namespaces")
@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_an_owner_that_the_services_namespace_hides_is_not_taken_for_nobody(open_site, mode):
    """PrivateUsers= shows every owner but root and the service's user as nobody:nogroup."""
    acct = open_site.acct()
    _, agent = started(open_site, acct)
    acct.append(token_rows(1)[0])
    acct.live.chmod(mode)
    os.chown(acct.live, 1, 1)
    program = agent.folder / "pmta-shipper"
    shutil.copy(AGENT, program)
    agent.state_dir.mkdir(mode=0o700)
    os.chown(agent.state_dir, 1234, 1234)
    agent.spawn([*IN_NAMESPACE, program, "run", "-c", agent.conf])
    agent.wait_for("started with")
    advice = eventually(lambda: source_status(agent)["unreadableAdvice"])
    assert "an owner not visible here" in advice and f"namei -l {acct.live}, outside" in advice
    assert not any(word in advice for word in ("usermod", "chgrp", "nobody", "nogroup"))
    assert agent.stop() == 0


@OTHER_USER
@pytest.mark.parametrize("command, words", [
    (["status"], "Permission denied; open "), (["status", "--check"], "UNKNOWN: ask the agent"),
    (["pause", "octeth"], "run this as root, or as the user of the service"),
    (["trace", "bob@example.org"], "state.db\": Permission denied")])
def test_a_user_who_may_not_ask_does_not_read_that_nothing_runs(open_site, command, words):
    acct = open_site.acct()
    _, agent = started(open_site, acct)
    up(agent)
    agent.state_dir.chmod(0o755)
    program = agent.folder / "pmta-shipper"
    shutil.copy(AGENT, program)
    done = subprocess.run(
        ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", program,
         *command, "-c", agent.conf], capture_output=True, text=True, check=False, timeout=20)
    output = done.stdout + done.stderr
    assert words in output and done.returncode == (3 if "--check" in command else 1)
    for wrong in ("not running", "no store", "localhost", "start the service"):
        assert wrong not in output


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


def test_status_changes_nothing_in_the_store(site):
    """All forms of status of a stopped agent leave every byte of the store as it was."""
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
