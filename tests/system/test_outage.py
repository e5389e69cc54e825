"""Outages: no loss, few repeats, and memory and log stay small (S1, S3, S4)."""

import re

import pytest
from harness import AGENT, eventually, free_port
from steps import stopped, up
from wire import (
    ARRAY, all_there, buried, delivering, endpoint_status, finish, judge, letters, log_about,
    more, orig, sent, state, wait_state)


def rss_anon(agent):
    """KiB of the agent's own memory."""
    with open(f"/proc/{agent.pid}/status", encoding="ascii") as lines:
        return int(re.search(r"RssAnon:\s+(\d+)", lines.read()).group(1))


def test_backend_down_at_start(site):
    """An agent that starts before its backend waits for it and logs one line about that."""
    backend = site.backend(start=False)
    backend.port = free_port()
    backend, agent, acct, tokens = delivering(site, 30, backend=backend)
    wait_state(agent, "retrying")
    tokens += more(acct, 30, "N")
    eventually(lambda: endpoint_status(agent)["retries"] >= 5)
    backend.start()
    all_there(backend, tokens)
    agent.wait_for("accepting again")
    finish(agent, backend, tokens)
    assert len(log_about(agent)) == 2, log_about(agent)


@pytest.mark.parametrize("form,per_batch", [("object", 1), ("array", 20)])
def test_backend_killed_in_mid_flight_and_restarted(site, form, per_batch):
    """Only records in flight when the backend was killed may come twice; all arrive."""
    backend, agent, acct, _ = delivering(site, path=ARRAY, format=form, batch_records=per_batch,
                                         in_flight=4)
    tokens = []
    backend.rule(delay_ms=15)
    for i in range(4):
        tokens += more(acct, 60 * per_batch, f"N{i}")
        done = len(backend.tokens())
        eventually(lambda: len(backend.tokens()) > done + 5 * per_batch)
        backend.kill()
        backend.start()
        backend.rule(delay_ms=15)
    all_there(backend, tokens)
    finish(agent, backend, tokens, repeated=tokens)
    repeats = sum(backend.tokens().values()) - len(tokens)
    assert repeats <= 4 * 4 * per_batch, "at most what was in flight, at each of four kills"


def test_backend_stopped_cleanly_repeats_nothing(site):
    """Connections closed between two requests lose and repeat nothing."""
    backend, agent, acct, tokens = delivering(site)
    for i in range(4):
        tokens += more(acct, 40, f"N{i}")
        all_there(backend, tokens)
        backend.restart()
    tokens += more(acct, 40)
    all_there(backend, tokens)
    finish(agent, backend, tokens)


def test_agent_killed_in_a_long_outage(site):
    """kill -9 and restarts of the agent while the backend is down: all rows arrive once."""
    backend, agent, acct, tokens = delivering(site, 50)
    all_there(backend, tokens)
    backend.stop()
    for i in range(4):
        tokens += more(acct, 50, f"N{i}")
        acct.rotate()
        before = agent.log().count("trying again in")
        agent.wait_for("trying again in", times=max(before, 1))
        agent.kill9()
        tokens += more(acct, 10, f"K{i}")
        up(agent)
        agent.wait_for("trying again in", times=before + 1)
    backend.start()
    all_there(backend, tokens)
    finish(agent, backend, tokens)


@pytest.mark.parametrize("form", ["object", "array"])
def test_killed_agent_repeats_at_most_what_was_in_flight(site, form):
    """Obligation 6, S4: after kill -9 only unanswered requests are repeated, with the same keys and
    bytes."""
    backend, agent, acct, _ = delivering(site, path=ARRAY, format=form, batch_records=7,
                                         in_flight=4)
    tokens = more(acct, 140, "A")
    all_there(backend, tokens)
    for i in range(3):
        backend.rule(hang=True, accepted=True)
        tokens += more(acct, 70, f"N{i}")
        eventually(lambda: any(r["fault"] == "hang" for r in backend.requests()[-3:]))
        agent.kill9()
        backend.clear()
        agent.endpoints[0]["batch_records"] = 5
        agent.write_conf()
        up(agent)
        all_there(backend, tokens)
    finish(agent, backend, tokens, repeated=tokens)
    hung = [r for r in backend.requests() if r["fault"] == "hang"]
    again = [r for r in backend.requests() if r["fault"] != "hang"]
    keys = {r["key"] for r in again}
    assert all(r["key"] in keys for r in hung), "an unanswered request was not repeated as it was"
    repeats = sum(backend.tokens().values()) - len(tokens)
    assert repeats <= sum(r["nevents"] for r in hung)



def test_memory_is_bounded_in_an_outage(site):
    """S3, obligation 7: rows keep coming while the backend is down: the file is the queue."""
    if "san" in AGENT.parts:
        pytest.skip("the sanitizers' memory is not the agent's")
    backend, agent, acct, _ = delivering(site, path=ARRAY)
    tokens = more(acct, 20000, "A")
    all_there(backend, tokens)
    before = rss_anon(agent)
    backend.stop()
    for i in range(10):
        tokens += more(acct, 4000, f"N{i}")
    wait_state(agent, "retrying")
    eventually(lambda: endpoint_status(agent)["retries"] >= 10)
    after = rss_anon(agent)
    bound = float(re.search(r"memory ([\d.]+) MB", agent.command("check").stdout).group(1))
    assert after - before < 2048, (before, after)
    assert after < bound * 1000, (after, bound)
    status = agent.status()["sources"][0]
    assert status["behindBytes"] > 5_000_000 and status["rows"]["inFlight"] <= 10 * 500
    backend.start()
    all_there(backend, tokens, timeout=30)
    finish(agent, backend, tokens)


def test_log_is_quiet_in_an_outage(site):
    """"One log line at each change of an endpoint's state, then a summary a minute"."""
    backend, agent, acct, _ = delivering(site, retry_min="10ms", retry_max="20ms")
    tokens = more(acct, 10, "A")
    all_there(backend, tokens)
    backend.rule(times=40, status=503, body="maintenance")
    backend.rule(times=5, status=401, body="who?")
    backend.rule(times=40, close=True)
    tokens += more(acct, 40)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    lines = log_about(agent)
    assert 3 <= len(lines) <= 8, lines
    assert "maintenance" in lines[0] and "nothing is lost" in lines[0]
    assert any("held" in line and "who?" in line for line in lines)


def test_an_outage_makes_no_dead_letters_and_is_seen_in_status(site):
    """`status` shows the error, its duration and the next attempt, and exits with status 1."""
    backend, agent, acct, _ = delivering(site)
    backend.rule(status=503, body="database is down", headers={"Retry-After": "3600"})
    tokens = more(acct, 5)
    wait_state(agent, "retrying")
    text = agent.command("status")
    assert text.returncode == 1 and "database is down" in text.stdout
    assert "retrying for" in text.stdout and "next attempt in" in text.stdout
    status = endpoint_status(agent)
    assert 3_000_000 < status["nextAttemptMs"] <= 3_600_000
    assert status["lastError"] == "HTTP 503: database is down"
    backend.clear()
    agent.hup()
    all_there(backend, tokens)
    eventually(lambda: state(agent) == "ok")
    assert agent.command("status").returncode == 0
    finish(agent, backend, tokens)
    assert not letters(agent)


def test_kill_between_answer_and_commit_of_a_refusal(site):
    """A dead letter and the position after it are one transaction: exactly one dead letter."""
    backend, agent, acct, _ = delivering(site)
    tokens = more(acct, 2, "A")
    all_there(backend, tokens)
    backend.rule(contains=orig("M-4"), status=422)
    tokens += more(acct, 10)
    for _ in range(5):
        agent.kill9()
        up(agent)
    all_there(backend, set(tokens) - {"M-4"})
    eventually(lambda: buried(agent) == ["M-4"])
    status = stopped(agent)
    judge(backend, tokens, lost=["M-4"], repeated=tokens)
    assert status["deadLetters"]["records"] == 1
    assert sent(backend) <= 12 + 5 * 16
