"""The requests on the wire: bodies, headers, batches, proxies ("On the wire" of DESIGN.md)."""

import contextlib
import json
import os
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from harness import AGENT, eventually, free_port, token_row, token_rows
from steps import record_of, stopped, up
from wire import (
    ARRAY, all_there, bodies, buried, delivering, finish, judge, letters, more, put_secret, sent)

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

from tools import SINK, Sink  # noqa: E402

KEEP = {"keep_bodies": True}


def want(backend, rows):
    """The JSON texts the rows must give, with the eventIds that were sent."""
    ids = {row["token"]: row["event_id"] for row in backend.events()}
    texts = []
    for row in rows:
        record = dict(record_of(row))
        token = record["orig"].split("bounce-")[1].split("@")[0]
        record["eventId"] = ids[token]
        texts.append(json.dumps(record, separators=(",", ":"), ensure_ascii=False))
    return texts


# ---- bodies

@pytest.mark.parametrize("form,content_type", [
    ("object", "application/json"), ("array", "application/json"),
    ("ndjson", "application/x-ndjson")])
def test_bodies_are_exact(site, form, content_type):
    """The table of formats: exactly the records, in the file's order, byte for byte."""
    backend, agent, acct, _ = delivering(site, path=ARRAY, settings=KEEP, format=form,
                                         batch_records=3, batch_age="1h", in_flight=1)
    rows = [token_row("E-0"), token_row("E-1", "rb", diag="smtp;550 \u00fc \\ / \t \"q\""),
            token_row("E-2", diag="")]
    acct.append(rows)
    all_there(backend, ["E-0", "E-1", "E-2"])
    finish(agent, backend, ["E-0", "E-1", "E-2"])
    objects = want(backend, rows)
    expected = {"object": objects, "array": ["[" + ",".join(objects) + "]"],
                "ndjson": ["".join(text + "\n" for text in objects)]}[form]
    assert [body.decode() for body in bodies(backend)] == expected
    assert {request["content_type"] for request in backend.requests()} == {content_type}


def test_event_id_is_32_hex_digits_and_stays(site):
    """"eventId: 32 hex digits", the same for the same row of the same file in any folder."""
    backend, agent, acct, _ = delivering(site)
    tokens = more(acct, 3)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    first = {row["token"]: row["event_id"] for row in backend.events()}
    assert all(re.fullmatch("[0-9a-f]{32}", event_id) for event_id in first.values())
    done = agent.command("parse", acct.rotate(begin=False))
    again = [json.loads(line)["eventId"] for line in done.stdout.splitlines()]
    assert again == [first[token] for token in tokens]


def test_headers(site, tmp_path):
    """"Every request carries Content-Type, User-Agent and Idempotency-Key"; secrets; headers."""
    backend, agent, acct, _ = delivering(
        site, settings={"signature": "s3cret sauce", "token": "t0ken"},
        signature_file=put_secret(tmp_path / "signature", "s3cret sauce"),
        token_file=put_secret(tmp_path / "token", "t0ken"),
        headers=["X-Site: eu1", "X-Empty-Not: a, b"])
    tokens = more(acct, 4)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    version = subprocess.run([AGENT, "--version"], capture_output=True, text=True, check=True)
    number = re.search(r"\d+\.\d+\.\d+\S*", version.stdout).group()
    for request in backend.requests():
        head = request["head"].lower()
        assert request["method"] == "POST"
        assert request["user_agent"] == f"pmta-shipper/{number}"
        assert re.fullmatch("[0-9a-f]{32}", request["key"])
        assert "\r\nx-site: eu1" in head and "\r\nx-empty-not: a, b" in head
        assert "\r\nexpect:" not in head and "\r\ntransfer-encoding:" not in head
    assert "s3cret" not in agent.log() and "t0ken" not in agent.log()


def test_type_field(site):
    """type-field = "type": the name that Postmastery and similar receivers expect; same value."""
    backend, agent, acct, _ = delivering(site, type_field="type")
    tokens = more(acct, 2)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    for row in backend.events():
        assert row["event"]["type"] == "b" and "logType" not in row["event"]


@pytest.mark.parametrize("fill", [True, False])
def test_fill_addresses(site, fill):
    """"For f records without rcpt/orig they are filled from header_To / header_Return-Path"."""
    backend = site.backend()
    acct = site.acct(base="fbl", header="type,timeLogged,format,header_To,header_Return-Path,"
                                        "reportedDomain,header_X-FBLId").begin()
    acct.append([token_row("F-1", "f")])
    agent = up(site.agent(backend, acct, endpoint={"fill_addresses": fill}))
    all_there(backend, ["F-1"])
    finish(agent, backend, ["F-1"])
    event = backend.events()[0]["event"]
    assert event["header_To"] == '"Doe, John" <user-F-1@example.org>'
    filled = {name: event[name] for name in ("orig", "rcpt") if name in event}
    assert filled == ({"orig": "bounce-F-1@bounce.example.com", "rcpt": "user-F-1@example.org"}
                      if fill else {})


def test_gzip_body_has_the_key_of_the_plain_one(site):
    """compress = "gzip"; "Idempotency-Key = hash of the uncompressed body".  S4."""
    rows, tokens = token_rows(40)
    acct = site.acct()
    acct.append(rows)
    keys = []
    for name, compress in (("plain", "none"), ("packed", "gzip")):
        backend = site.backend(name=name, **KEEP)
        agent = up(site.agent(backend, acct, name="agent-" + name, endpoint={
            "url": backend.url(ARRAY), "format": "array", "batch_records": 20,
            "compress": compress}))
        all_there(backend, tokens)
        finish(agent, backend, tokens)
        keys.append([request["key"] for request in backend.requests()])
        for request in backend.requests():
            assert request["content_encoding"] == ("gzip" if compress == "gzip" else "")
            assert (request["bytes"] < request["body_bytes"]) == (compress == "gzip")
    assert keys[0] == keys[1] and len(set(keys[0])) == 2


def test_gzip_retries_are_byte_for_byte(site):
    """A retried compressed batch has the same bytes; halves have their own keys."""
    backend, agent, acct, _ = delivering(site, path=ARRAY, compress="gzip", batch_records=8)
    backend.rule(times=3, status=503)
    backend.rule(min_events=5, status=413)
    tokens = more(acct, 32)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    sums = backend.query("SELECT count(DISTINCT key) k, count(DISTINCT body_hash) b,"
                         " count(DISTINCT key || ' ' || body_hash || bytes) both FROM requests")[0]
    assert sums["k"] == sums["b"] == sums["both"]


# ---- batches

def test_batches_by_count(site):
    """batch-records: full batches are sent at once; the rest waits for batch-age."""
    backend, agent, acct, _ = delivering(site, path=ARRAY, batch_records=10, batch_age="1h")
    tokens = more(acct, 95)
    all_there(backend, tokens[:90])
    finish(agent, backend, tokens, lost=tokens[90:])
    assert [request["nevents"] for request in backend.requests()] == [10] * 9
    agent.endpoints[0]["batch_age"] = "50ms"
    agent.write_conf()
    up(agent)
    all_there(backend, tokens)
    finish(agent, backend, tokens)


def test_batches_by_bytes(site):
    """batch-bytes: no body is longer, and the batches are nearly full."""
    backend, agent, acct, _ = delivering(site)
    agent.stop()
    agent.settings["record_max"] = "4KiB"
    agent.endpoints[0].update(url=backend.url(ARRAY), format="array", batch_bytes="4KiB",
                              batch_age="1h", batch_records=1000)
    agent.write_conf()
    up(agent)
    tokens = more(acct, 100)
    all_there(backend, tokens[:80])
    stopped(agent)
    judge(backend, tokens, lost=set(tokens) - set(backend.tokens()))
    sizes = [request["body_bytes"] for request in backend.requests()]
    assert max(sizes) <= 4096 and min(sizes) > 3000, sizes


def test_batches_by_age(site):
    """batch-age: a single record does not wait for others for ever."""
    backend, agent, acct, _ = delivering(site, path=ARRAY, batch_records=10000, batch_age="200ms")
    tokens = []
    for i in range(3):
        tokens += more(acct, 1, f"N{i}")
        all_there(backend, tokens)
    finish(agent, backend, tokens)


def test_a_batch_holds_records_of_one_file(site):
    """S2: no request mixes files, even if the files are shorter than a batch."""
    backend, agent, acct, _ = delivering(site, path=ARRAY)
    agent.stop()
    tokens = []
    for i in range(6):
        tokens += more(acct, 3, f"N{i}")
        acct.rotate()
    up(agent)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    mixed = backend.query("SELECT request_id, count(DISTINCT substr(token, 1, 2)) n FROM events"
                          " GROUP BY request_id HAVING n > 1")
    assert not mixed


def test_record_larger_than_any_batch_is_a_dead_letter(site):
    """S6: a record that fits in no batch is a dead letter with a reason; the next row is sent."""
    backend, agent, acct, _ = delivering(site)
    agent.stop()
    agent.settings["record_max"] = "4KiB"
    agent.endpoints[0]["batch_bytes"] = "4KiB"
    agent.write_conf()
    up(agent)
    acct.append([token_row("B-1", diag="\\" * 3600), token_row("B-2")])
    all_there(backend, ["B-2"])
    eventually(lambda: letters(agent))
    finish(agent, backend, ["B-1", "B-2"], lost=["B-1"])
    assert buried(agent) == ["B-1"] and "batch-bytes" in letters(agent)[0]["reason"]


# ---- unusual answers that count as answers

@pytest.mark.parametrize("odd", [
    {"big_body": 10 << 20}, {"big_header": 60000}, {"continues": 3}, {"slow": 1},
    {"close_after": True}, {"early": True, "status": 200},
], ids=lambda odd: next(iter(odd)))
def test_odd_answers_are_answers(site, odd):
    """"Status and the first 4 KiB of the body decide": none of these causes a repeat."""
    backend, agent, acct, _ = delivering(site)
    tokens = more(acct, 2, "A")
    all_there(backend, tokens)
    if "early" in odd:
        backend.rule(times=2, early=True, status=503)
    else:
        backend.rule(times=4, **odd)
    tokens += more(acct, 10)
    all_there(backend, tokens)
    finish(agent, backend, tokens)


def test_answer_cut_in_its_body_still_counts(site):
    """"a body cut off later still counts": a truncated body causes no repeat."""
    backend, agent, acct, _ = delivering(site)
    head = len("HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n")
    backend.rule(body="all right and well", cut=head + 5)
    tokens = more(acct, 5)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    assert sent(backend) == len(tokens)


def test_body_cut_before_it_can_be_judged_is_no_answer(site):
    """A cut-off body that may be the beginning of "MySQL Error: ..." is no success."""
    backend, agent, acct, _ = delivering(site)
    head = len("HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n")
    backend.rule(times=2, body="MySQL Error: gone.", cut=head + 5, accepted=False)
    tokens = more(acct, 5)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    assert sent(backend) == len(tokens) + 2


# ---- proxy

class Proxy(threading.Thread):
    """Forwards requests: CONNECT, or unchanged to the host they name."""

    def __init__(self):
        super().__init__(daemon=True)
        self.heads = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        data = b""
        while b"\r\n\r\n" not in data:
            data += client.recv(65536)
        head, _, rest = data.partition(b"\r\n\r\n")
        self.heads.append(head.decode())
        method, target, _ = self.heads[-1].split("\r\n")[0].split(" ")
        host = target if method == "CONNECT" else target.split("/")[2]
        server = socket.create_connection(host.replace("localhost", "127.0.0.1").split(":"))
        if method == "CONNECT":
            client.sendall(b"HTTP/1.1 200 go ahead\r\n\r\n")
            server.sendall(rest)
        else:
            server.sendall(data)
        with client, server, contextlib.suppress(OSError):
            while True:
                for one in select.select([client, server], [], [])[0]:
                    part = one.recv(65536)
                    if not part:
                        return
                    (server if one is client else client).sendall(part)


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_proxy(site, tmp_path, tls):
    """proxy: all requests go through it, whatever the environment; under TLS it sees no secret."""
    proxy = Proxy()
    backend = site.backend(tls=site.certs() if tls else None, signature="sesame")
    acct = site.acct().begin()
    tokens = more(acct, 20)
    agent = site.agent(backend, acct, endpoint={
        "url": backend.url(host="localhost"), "proxy": f"http://127.0.0.1:{proxy.port}",
        "signature_file": put_secret(tmp_path / "signature", "sesame")})
    up(agent, env={"no_proxy": "*", "NO_PROXY": "*"})
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    assert proxy.heads
    for head in proxy.heads:
        assert head.startswith("CONNECT localhost:" if tls else "POST http://localhost:")
        assert not tls or "sesame" not in head


def test_environment_names_no_proxy(site):
    """Without proxy in the configuration none is used: http_proxy is meant for other programs."""
    backend = site.backend()
    acct = site.acct().begin()
    tokens = more(acct, 5)
    nobody = f"http://127.0.0.1:{free_port()}"
    up(agent := site.agent(backend, acct), env={"http_proxy": nobody, "all_proxy": nobody})
    all_there(backend, tokens)
    finish(agent, backend, tokens)


# ---- stopping

def test_stop_finishes_what_is_in_flight(site):
    """SIGTERM: stop reading, finish requests in flight (drain), commit, exit with status 0."""
    backend, agent, acct, _ = delivering(site)
    backend.rule(delay_ms=300)
    tokens = more(acct, 200)
    eventually(lambda: sent(backend) >= 4)
    stopped(agent)
    backend.clear()
    up(agent)
    all_there(backend, tokens)
    finish(agent, backend, tokens)


def test_stop_with_unanswered_requests_says_how_many_and_does_not_spin(site):
    """"if something stayed unanswered, say how many rows may repeat"; the wait uses no CPU time."""
    backend, agent, acct, _ = delivering(site)
    agent.stop()
    agent.settings["drain"] = "1500ms"
    agent.write_conf()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    agent.start()
    agent.wait_for("started with", times=2)
    backend.rule(hang=True, times=2, accepted=True)
    tokens = more(acct, 50)
    eventually(lambda: sent(backend) == 2)
    agent.signal(signal.SIGTERM)
    assert agent.wait() == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.75
    assert "2 records were in flight and unanswered: they may be delivered again" in agent.log()
    up(agent)
    all_there(backend, tokens)
    finish(agent, backend, tokens, repeated=tokens[:2])


def test_boundary_beyond_the_end_of_a_file_delays_nothing(site):
    """A crash of the host lost the rows of a batch in flight, and fewer new rows are in their
    place: the agent drops the stored boundary and does not wait for it."""
    backend, agent, acct, first = delivering(site, 1, path=ARRAY)
    all_there(backend, first)
    eventually(lambda: agent.status()["sources"][0]["rows"]["acknowledged"] == 1)
    size = acct.live.stat().st_size
    backend.rule(hang=True)
    more(acct, 5, seed="GONE")
    eventually(lambda: agent.status()["endpoints"][0]["inFlight"] == 1)
    agent.kill9()
    os.truncate(acct.live, size)
    backend.control({"clear": True}, {"drop": True})
    kept = more(acct, 1, seed="KEPT")
    up(agent)
    all_there(backend, kept)
    stopped(agent)


@pytest.mark.skipif(not SINK.exists(), reason="make build/bench/sink")
def test_answers_that_come_at_once_are_not_slept_on(site, tmp_path):
    """A quick backend answers before the loop waits: the next requests must not wait then.

    Each file is a batch of its own, and nothing else wakes the agent for an hour."""
    sink = Sink(tmp_path, rows=401)
    acct = site.acct()
    site.writer(acct, records=401, rotate_every=1).run()
    up(site.agent(sink.url(), acct, rescan="1h",
                  first_start="all", endpoint={"format": "array", "batch_age": "1h"}))
    try:
        eventually(lambda: sink.distinct >= 400)
    finally:
        sink.kill()
