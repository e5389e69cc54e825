"""Failures that are retried: 408, 425, 429, 5xx, time-outs, broken connections ("On the wire")."""

import email.utils
import re
import time

import pytest
from harness import eventually, free_port
from steps import stopped, up
from wire import (
    ARRAY, all_there, delivering, endpoint_status, finish, late, letters, log_about, more, orig,
    patience, requests_with, sent, state, wait_state)


# ---- 408, 425, 429, 5xx, time-out, reset, DNS, TLS

@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 507, 599])
def test_retried(site, status):
    """Row "408, 425, 429, 5xx": the same bytes under the same key until they are accepted.  S4."""
    backend, agent, acct, _ = delivering(site, settings={"keep_bodies": True})
    backend.rule(status=status, times=4, body="later")
    tokens = more(acct, 3)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    assert sent(backend) == len(tokens) + 4
    for token in tokens:
        assert len({(r["key"], bytes(r["body"])) for r in requests_with(backend, token)}) == 1
    assert not letters(agent)


FAULTS = {
    "hang": {"hang": True}, "close": {"close": True}, "garbage": {"garbage": True},
    "reset before the body": {"reset": "headers"}, "reset in the body": {"reset": "body"},
    "reset after": {"reset": "after"}, "cut in the head": {"cut": 20},
    "head too large": {"big_header": 1 << 20, "accepted": False},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_broken_connection_is_retried(site, fault):
    """Row "time-out, reset": the record is retried; no record is a dead letter."""
    backend, agent, acct, _ = delivering(site, timeout=patience(FAULTS[fault]))
    first = more(acct, 2, "A")
    all_there(backend, first)
    backend.rule(times=3, **FAULTS[fault])
    tokens = more(acct, 4)
    all_there(backend, tokens)
    finish(agent, backend, first + tokens, repeated=late(FAULTS[fault], first + tokens))
    assert not letters(agent)
    for token in tokens:
        assert len({r["key"] for r in requests_with(backend, token)}) <= 1


def test_processed_but_unanswered_is_repeated_recognisably(site):
    """A record whose answer was lost is sent again: same key, same eventId.  S4, obligation 4."""
    backend, agent, acct, _ = delivering(site, timeout="1s", path=ARRAY)
    backend.rule(times=1, hang=True, accepted=True)
    tokens = more(acct, 7)
    all_there(backend, tokens)
    eventually(lambda: sent(backend) >= 2)
    eventually(lambda: state(agent) == "ok")
    finish(agent, backend, tokens, repeated=tokens)
    first, second = backend.requests()
    assert (first["key"], first["body_hash"]) == (second["key"], second["body_hash"])


def test_connection_refused_is_retried(site):
    """Nobody listens: retried, logged once, and delivered when the backend starts."""
    backend = site.backend(start=False)
    backend.port = free_port()
    backend, agent, acct, tokens = delivering(site, 5, backend=backend)
    agent.wait_for("trying again in")
    wait_state(agent, "retrying")
    eventually(lambda: endpoint_status(agent)["retries"] >= 4)
    backend.start()
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    assert len(log_about(agent, "trying again in")) == 1


def test_unknown_host_is_retried(site):
    """Row "DNS": a name that does not resolve is retried, and the log line names it."""
    acct = site.acct().begin()
    agent = up(site.agent("https://no-such-host.invalid/x?type=pmta", acct))
    more(acct, 2)
    agent.wait_for("no-such-host.invalid")
    wait_state(agent, "retrying")
    assert agent.stop() == 0
    assert not letters(agent)


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_wins(site, form):
    """"Retry-After wins (seconds and dates)": no request comes before its time."""
    backend, agent, acct, _ = delivering(site, in_flight=4)
    until = email.utils.formatdate(time.time() + 3, usegmt=True)
    backend.rule(times=1, status=503,
                 headers={"Retry-After": "2" if form == "seconds" else until})
    tokens = more(acct, 1)
    eventually(lambda: sent(backend) == 1)
    tokens += more(acct, 20, "N")
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    times = [r["time"] for r in backend.requests()]
    assert times[1] - times[0] > 1e9, "without it the retry comes after 20 ms"


def test_retry_after_holds_while_others_succeed(site):
    """A success of a request sent earlier does not cancel the delay that Retry-After asked for."""
    backend, agent, acct, _ = delivering(site, in_flight=2)
    backend.rule(contains=orig("M-0"), times=1, status=429, headers={"Retry-After": "2"})
    backend.rule(contains=orig("M-1"), times=1, delay_ms=200)
    tokens = more(acct, 12)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    times = [r["time"] for r in backend.requests()]
    assert times[2] - times[0] > 1e9


def test_retry_after_is_not_remembered(site):
    """The next failure without the header has its own, short, backoff."""
    backend, agent, acct, _ = delivering(site, in_flight=1)
    backend.rule(times=1, status=503, headers={"Retry-After": "1"})
    tokens = more(acct, 1)
    all_there(backend, tokens)
    backend.rule(times=1, status=503)
    backend.rule(times=1, skip=1, close=True)
    tokens += more(acct, 3, "N")
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    lines = log_about(agent, "trying again in")
    first, *others = [float(re.search(r"trying again in ([\d.e-]+) s", line)[1]) for line in lines]
    assert first == 1 and others and max(others) < 0.5, lines


@pytest.mark.parametrize("value", ["99999999999999", "9223372036854775807"])
def test_absurd_retry_after_is_no_end(site, value):
    """An absurd Retry-After neither overflows nor stops delivery for ever: a reload tries again."""
    backend, agent, acct, _ = delivering(site)
    backend.rule(times=1, status=503, headers={"Retry-After": value})
    tokens = more(acct, 2)
    wait_state(agent, "retrying")
    assert endpoint_status(agent)["nextAttemptMs"] <= 3600 * 1000
    agent.hup()
    all_there(backend, tokens)
    finish(agent, backend, tokens)


# ---- repeated 5xx or time-outs of one batch while others succeed

@pytest.mark.parametrize("fault", [{"status": 500}, {"hang": True}], ids=["500", "time-out"])
def test_poison_batch_is_split_and_passed(site, fault):
    """Row "5xx or time-out again and again to one batch while others succeed": split, passed."""
    backend, agent, acct, _ = delivering(site, path=ARRAY, batch_records=8, in_flight=4,
                                         timeout=patience(fault))
    backend.rule(contains=orig("M-5"), **fault)
    tokens = more(acct, 16)
    for i in range(200):
        tokens += more(acct, 1, f"N{i}")
        if set(backend.tokens()) >= set(tokens[:16]) - {"M-5"}:
            break
        eventually(lambda: tokens[-1] in backend.tokens())
    all_there(backend, set(tokens) - {"M-5"})
    assert not letters(agent)
    assert requests_with(backend, "M-5")[-1]["nevents"] == 1
    backend.clear()
    all_there(backend, tokens)
    finish(agent, backend, tokens, repeated=late(fault, tokens))


def test_single_poison_record_is_passed(site):
    """"a single record then has its own backoff and others pass it"; also after a restart."""
    backend, agent, acct, _ = delivering(site)
    backend.rule(contains=orig("M-3"), status=500)
    tokens = more(acct, 40)
    all_there(backend, set(tokens) - {"M-3"})
    stopped(agent)
    up(agent)
    tokens += more(acct, 10, "N")

    def logged():
        tokens.extend(more(acct, 1, f"L{len(tokens)}"))
        all_there(backend, set(tokens) - {"M-3"})
        return log_about(agent, "keeps failing while")
    line, = eventually(logged)
    assert requests_with(backend, "M-3")[0]["status"] == 500 and "HTTP 500" in line
    assert backend.query("SELECT event_id FROM events WHERE token = 'M-3'")[0]["event_id"] in line
    backend.clear()
    all_there(backend, tokens)
    finish(agent, backend, tokens)


def test_one_blip_counts_once(site):
    """Requests that fail together count as one failure: the backoff begins at retry-min."""
    backend, agent, acct, _ = delivering(site, retry_max="10m")
    warm = more(acct, 60, "A")
    all_there(backend, warm)
    backend.rule(skip=16, times=16, status=502, delay_ms=100)
    backend.rule(times=16, delay_ms=100)
    tokens = warm + more(acct, 60)
    all_there(backend, tokens, timeout=10)
    finish(agent, backend, tokens)


def test_backend_that_fails_now_and_then_does_not_flood_the_log(site):
    """One log line per change of state, and a bounded number of changes per minute."""
    backend, agent, acct, _ = delivering(site)
    backend.rule(every=4, status=502)
    tokens = more(acct, 400)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    assert len(log_about(agent)) < 40, log_about(agent)[:8]


def test_429_does_not_split(site):
    """"Too many requests" does not concern the content: smaller batches would not help."""
    backend, agent, acct, _ = delivering(site, path=ARRAY, batch_records=10, batch_age="1h")
    backend.rule(contains=orig("M-5"), times=8, status=429)
    tokens = more(acct, 100)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    assert {request["nevents"] for request in backend.requests()} == {10}
