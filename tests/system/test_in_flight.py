"""Requests in flight: how many at a time, over which connections, and shared by which endpoints."""

import time

import pytest
from harness import eventually, free_port, source_of
from steps import order_of, up
from wire import (
    ARRAY, all_there, delivering, endpoint_status, finish, judge, late, more, patience, sent,
    wait_state)


# ---- requests in flight

def test_starts_with_two_in_flight(site):
    """"in-flight is a ceiling: start at 2"."""
    backend, agent, acct, _ = delivering(site, in_flight=8)
    backend.rule(hang=True)
    tokens = more(acct, 50)
    eventually(lambda: sent(backend) == 2)
    status = endpoint_status(agent)
    assert (status["inFlight"], status["inFlightLimit"]) == (2, 2)
    assert status["recordsWaiting"] > 2
    agent.kill9()
    judge(backend, tokens, lost=tokens)


@pytest.mark.parametrize("form,ceiling", [("object", 16), ("object", 5), ("array", 4),
                                          ("array", 1)])
def test_in_flight_rises_to_its_ceiling_and_never_above(site, form, ceiling):
    """"one more while answers stay fast"; a slow backend is kept busy and never flooded.  S3."""
    backend, agent, acct, _ = delivering(site, path=ARRAY, format=form, in_flight=ceiling,
                                         batch_records=2)
    backend.rule(delay_ms=30)
    tokens = more(acct, 40 * ceiling)
    all_there(backend, tokens)
    assert endpoint_status(agent)["inFlightLimit"] == ceiling
    finish(agent, backend, tokens)
    assert backend.stats()["in_flight_max"] == ceiling


def test_in_flight_rises_again_when_the_backend_has_become_slower(site):
    """"Fast" is relative to the backend's present speed, not to its best."""
    backend, agent, acct, _ = delivering(site, in_flight=8)
    tokens = more(acct, 30, "A")
    all_there(backend, tokens)
    backend.rule(times=4, status=503)
    backend.rule(delay_ms=60)
    tokens += more(acct, 250)
    all_there(backend, tokens)
    assert endpoint_status(agent)["inFlightLimit"] == 8
    finish(agent, backend, tokens)


@pytest.mark.parametrize("fault", [{"status": 429}, {"status": 503}, {"hang": True}],
                         ids=["429", "503", "time-out"])
def test_in_flight_is_halved(site, fault):
    """"half on 429, 503 or time-out", down to one, and up again."""
    backend, agent, acct, _ = delivering(site, in_flight=8, timeout=patience(fault))
    tokens = more(acct, 60, "A")
    all_there(backend, tokens)
    eventually(lambda: endpoint_status(agent)["inFlightLimit"] == 8)
    backend.rule(**fault)
    tokens += more(acct, 60)
    eventually(lambda: endpoint_status(agent)["inFlightLimit"] == 1)
    backend.clear()
    all_there(backend, tokens)
    assert endpoint_status(agent)["inFlightLimit"] > 1
    finish(agent, backend, tokens, repeated=late(fault, tokens))


@pytest.mark.parametrize("ceiling", [4, 32])
def test_connections_are_kept(site, ceiling):
    """"kept-alive connections": as many as requests in flight, not one for each request."""
    backend, agent, acct, tokens = delivering(site, in_flight=ceiling)
    for i in range(3):
        backend.rule(delay_ms=20, times=200)
        tokens += more(acct, 200, f"N{i}")
        all_there(backend, tokens)
        backend.clear()
        for j in range(30):  # a period with few requests must not close the other connections
            tokens += more(acct, 1, f"N{i}{j}")
            all_there(backend, tokens)
    finish(agent, backend, tokens)
    assert len({request["connection"] for request in backend.requests()}) <= ceiling


def test_connections_of_before_a_failure_are_not_used_again(site):
    """They may lead to an address that the name no longer resolves to."""
    backend, agent, acct, _ = delivering(site, in_flight=4)
    backend.rule(delay_ms=20, times=100)
    tokens = more(acct, 100, "A")
    all_there(backend, tokens)
    before = {request["connection"] for request in backend.requests()}
    time.sleep(2.5)  # the age of a connection is counted in whole seconds
    backend.clear()
    backend.rule(status=503, times=1, accepted=False)
    tokens += more(acct, 1, "B")
    all_there(backend, tokens)
    backend.rule(delay_ms=20, times=100)
    tokens += more(acct, 100, "C")
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    after = [request["connection"] for request in backend.requests()][101:]
    assert len(before) == 4 and not before & set(after)


def test_connection_closed_while_idle_costs_nothing(site):
    """A backend that closes idle connections is no failure: nothing is repeated or logged."""
    backend, agent, acct, _ = delivering(site, settings={"idle_close_ms": 30})
    tokens = []
    for i in range(8):
        tokens += more(acct, 5, f"N{i}")
        all_there(backend, tokens)
        eventually(lambda: backend.stats(fast=True)["connections_open"] <= 1)
    finish(agent, backend, tokens)
    assert "trying again" not in agent.log()


# ---- several endpoints and sources

def two(site, backend, urls, **endpoint):
    """An agent with two sources and two endpoints, "one" and "two"; (agent, accts)."""
    accts = [site.acct(base=base).begin() for base in ("one", "two")]
    sources = [dict(source_of(acct), name=acct.base, endpoint=acct.base) for acct in accts]
    endpoints = [dict({"name": acct.base, "url": url, "format": "object"}, **endpoint)
                 for acct, url in zip(accts, urls)]
    return site.agent(backend, sources=sources, endpoints=endpoints), accts


def test_one_endpoint_failing_leaves_the_other(site):
    """"one endpoint's failure does not stop the other"."""
    backend = site.backend()
    port = free_port()
    agent, accts = two(site, backend, [f"http://127.0.0.1:{port}/one", backend.url("/two")])
    up(agent)
    waiting, tokens = more(accts[0], 50, "A"), []
    for i in range(10):
        tokens += more(accts[1], 20, f"N{i}")
        all_there(backend, tokens)
    wait_state(agent, "retrying", i=0)
    assert endpoint_status(agent, 1)["state"] == "ok"
    finish(agent, backend, tokens + waiting, lost=waiting)


def test_rate_is_shared_by_the_endpoints_of_a_host(site):
    """"requests-per-minute ... counts per host name": both endpoints share the one rate."""
    backend = site.backend()
    agent, accts = two(site, backend, [backend.url("/one"), backend.url("/two")],
                       requests_per_minute=1200)
    tokens = more(accts[0], 12, "A") + more(accts[1], 12, "B")
    up(agent)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    requests = backend.requests()
    assert requests[-1]["time"] - requests[0]["time"] > 24 * 50e6 / 2, "50 ms each, generously"
    first = [request["path"] for request in requests[:12]]
    assert min(first.count("/one"), first.count("/two")) >= 4, first


def test_endpoint_without_rate_does_not_wait_for_the_others(site):
    """requests-per-minute = 0 means no limit, whatever another endpoint of the host has."""
    backend = site.backend()
    agent, accts = two(site, backend, [backend.url("/one"), backend.url("/two")])
    agent.endpoints[0]["requests_per_minute"] = 1
    agent.write_conf()
    tokens = more(accts[0], 3, "A")
    up(agent)
    all_there(backend, tokens[:1])
    other = more(accts[1], 40, "B")
    all_there(backend, other)
    finish(agent, backend, tokens + other, lost=tokens[1:])


def test_sources_of_one_endpoint_alternate(site):
    """"sources that share an endpoint alternate": one source's backlog does not delay the other."""
    backend = site.backend()
    accts = [site.acct(base=base).begin() for base in ("one", "two")]
    tokens = more(accts[0], 300, "A") + more(accts[1], 300, "B")
    agent = up(site.agent(backend, *accts, endpoint={"in_flight": 2}))
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    first = [token[0] for token in order_of(backend)[:200]]
    assert min(first.count("A"), first.count("B")) >= 50, "".join(first)
