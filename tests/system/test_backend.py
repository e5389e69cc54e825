"""The stand-in backend works as documented: each scripted fault, each check, the store."""

import gzip
import http.client
import json
import socket
import ssl
import threading

import pytest
from harness import eventually, free_port, token_rows

EVENT = {"logType": "b", "orig": "bounce-T-1@bounce.example.com", "eventId": "e1"}


def post(backend, body, headers=None, path="/system/bounce_webhook?type=pmta", timeout=20):
    """(status, headers, body) of one request on its own connection."""
    connection = http.client.HTTPConnection("127.0.0.1", backend.port, timeout=timeout)
    try:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request("POST", path, data, headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def raw(backend, data):
    """(bytes received on a plain socket, "closed" or "reset")."""
    with socket.create_connection(("127.0.0.1", backend.port), timeout=20) as sock:
        sock.sendall(data)
        got = b""
        while True:
            try:
                part = sock.recv(65536)
            except ConnectionResetError:
                return got, "reset"
            if not part:
                return got, "closed"
            got += part


def request_bytes(body, length=None):
    return (f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length or len(body)}\r\n\r\n"
            .encode() + body)


BODY = json.dumps(EVENT).encode()


@pytest.mark.parametrize("body,shape", [
    (json.dumps(EVENT), 1),
    (json.dumps([EVENT, dict(EVENT, eventId="e2")]), 2),
    (json.dumps(EVENT) + "\n" + json.dumps(EVENT) + "\n", 2),
])
def test_body_shapes(site, body, shape):
    backend = site.backend()
    assert post(backend, body.encode(), {"Idempotency-Key": "k1"})[0] == 200
    request, = backend.requests()
    assert (request["nevents"], request["key"], request["status"]) == (shape, "k1", 200)
    assert len(backend.events()) == shape
    event = backend.events()[0]
    assert event["event"] == EVENT
    assert (event["token"], event["type"], event["event_id"]) == ("T-1", "b", "e1")


def test_gzip_and_chunked(site):
    backend = site.backend(keep_bodies=True)
    assert post(backend, gzip.compress(BODY), {"Content-Encoding": "gzip"})[0] == 200
    chunks = b"5\r\n" + BODY[:5] + b"\r\n%x\r\n" % len(BODY[5:]) + BODY[5:] + b"\r\n0\r\n\r\n"
    head = b"POST / HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert raw(backend, head + chunks)[0].startswith(b"HTTP/1.1 200")
    assert [request["body"] for request in backend.requests()] == [BODY, BODY]
    assert post(backend, b"not gzip", {"Content-Encoding": "gzip"})[0] == 400
    assert post(backend, b"{")[0] == 400


def test_keep_alive_and_stats(site):
    backend = site.backend()
    connection = http.client.HTTPConnection("127.0.0.1", backend.port, timeout=20)
    for _ in range(3):
        connection.request("POST", "/", BODY)
        assert connection.getresponse().read() == b'{"status":"ok"}'
    connection.close()
    stats = backend.stats()
    assert stats["requests"] == 3 and stats["by_status"] == {"200": 3}
    assert (stats["accepted"], stats["distinct"], stats["repeated"]) == (3, 1, 2)
    assert stats["by_type"] == {"b": 3}
    assert len({request["connection"] for request in backend.requests()}) == 1


def test_signature_and_token(site):
    backend = site.backend(signature="secret", token="key")
    good = {"X-Octeth-Signature": "secret", "Authorization": "Bearer key"}
    assert post(backend, EVENT)[0] == 401
    assert post(backend, EVENT, {"X-Octeth-Signature": "secret"})[0] == 401
    assert post(backend, EVENT, good)[0] == 200
    assert len(backend.events(accepted=None)) == 1


def test_limits(site):
    backend = site.backend(max_events=2, requests_per_minute=2)
    assert post(backend, [EVENT] * 3)[0] == 413
    assert [post(backend, EVENT)[0] for _ in range(3)] == [200, 200, 429]
    assert backend.tokens() == {"T-1": 2}


@pytest.mark.parametrize("semantics,body,status", [
    ("pmta", EVENT, 200), ("pmta", [EVENT], 400),
    ("fluentd", [EVENT] * 1000, 200), ("fluentd", [EVENT] * 1001, 413), ("fluentd", EVENT, 400),
    ("api", [EVENT], 200), ("api", EVENT, 400),
])
def test_semantics(site, semantics, body, status):
    backend = site.backend(semantics=semantics)
    got, _, text = post(backend, body)
    assert got == status
    if (semantics, status) == ("api", 200):
        assert json.loads(text) == {"Success": True, "ProcessedCount": 1, "ErrorCount": 0}
    if semantics == "fluentd":
        assert not backend.events(), "not Email Gateway mail: answered, but ignored"


def test_octeth_semantics_by_path(site):
    backend = site.backend(semantics="octeth")
    assert post(backend, [EVENT])[0] == 400
    assert post(backend, [EVENT], path="/system/bounce_webhook?type=fluentd")[0] == 200
    assert b"ProcessedCount" in post(backend, [EVENT], path="/api/v1/process_pmta_log_file")[2]


def test_status_headers_and_body(site):
    backend = site.backend()
    backend.rule(times=2, status=503, headers={"Retry-After": "30"}, body="MySQL Error: gone")
    status, headers, body = post(backend, EVENT)
    assert (status, headers["Retry-After"], body) == (503, "30", b"MySQL Error: gone")
    assert [post(backend, EVENT)[0] for _ in range(2)] == [503, 200]
    assert [event["accepted"] for event in backend.events(accepted=None)] == [0, 0, 1]


def test_rules_choose_requests(site):
    backend = site.backend()
    backend.control({"contains": "T-7", "status": 422}, {"min_events": 2, "status": 400},
                    {"path": "/other", "status": 404}, {"skip": 1, "every": 2, "status": 500})
    assert post(backend, dict(EVENT, orig="bounce-T-7@x"))[0] == 422
    assert post(backend, [EVENT, EVENT])[0] == 400
    assert post(backend, EVENT, path="/other")[0] == 404
    assert [post(backend, EVENT)[0] for _ in range(5)] == [200, 200, 500, 200, 500]
    backend.clear()
    assert post(backend, dict(EVENT, orig="bounce-T-7@x"))[0] == 200


def test_chance_is_repeatable(site):
    backend = site.backend()
    runs = []
    for _ in range(2):
        backend.control({"clear": True}, {"seed": 3}, {"chance": 0.5, "status": 500})
        runs.append([post(backend, EVENT)[0] for _ in range(12)])
    assert runs[0] == runs[1] and set(runs[0]) == {200, 500}


def test_accepted_though_not_answered(site):
    backend = site.backend()
    backend.rule(times=1, reset="after", accepted=True)
    assert raw(backend, request_bytes(BODY)) == (b"", "reset")
    request, = backend.requests()
    assert (request["status"], request["fault"]) == (0, "after")
    assert backend.tokens() == {"T-1": 1}


@pytest.mark.parametrize("where", ["headers", "body", "after"])
def test_reset(site, where):
    backend = site.backend()
    backend.rule(times=1, reset=where)
    length = len(BODY) + (10 if where == "body" else 0)
    assert raw(backend, request_bytes(BODY, length)) == (b"", "reset")
    assert not backend.tokens()
    assert [request["fault"] for request in backend.requests()] == [where]


def test_close_and_garbage(site):
    backend = site.backend()
    backend.control({"times": 1, "close": True}, {"times": 1, "garbage": True})
    assert raw(backend, request_bytes(BODY)) == (b"", "closed")
    got, how = raw(backend, request_bytes(BODY))
    assert how == "closed" and got and not got.startswith(b"HTTP/")
    assert not backend.tokens()


def test_hang_and_in_flight(site):
    backend = site.backend()
    backend.rule(times=1, hang=True)
    sock = socket.create_connection(("127.0.0.1", backend.port))
    sock.sendall(request_bytes(BODY))
    eventually(lambda: backend.stats()["requests"] == 1)
    assert backend.stats()["in_flight"] == 1
    sock.settimeout(0.1)
    with pytest.raises(TimeoutError):
        sock.recv(1)
    sock.close()
    eventually(lambda: backend.stats()["in_flight"] == 0)
    assert post(backend, EVENT)[0] == 200


def test_cut_and_slow(site):
    backend = site.backend()
    whole = raw(backend, request_bytes(BODY).replace(b"Host: x", b"Connection: close"))[0]
    backend.control({"times": 1, "cut": 9}, {"times": 1, "cut": len(whole) - 3},
                    {"times": 1, "slow": True, "close_after": True})
    assert raw(backend, request_bytes(BODY)) == (whole[:9], "closed")
    assert raw(backend, request_bytes(BODY)) == (whole[:-3], "closed")
    assert raw(backend, request_bytes(BODY)) == (whole, "closed")
    accepted = [event["accepted"] for event in backend.events(accepted=None)]
    assert accepted == [1, 0, 1, 1], "cut within the head: no client has seen a 2xx"


def test_big_answers_and_continue(site):
    backend = site.backend()
    backend.control({"times": 1, "big_body": 1000000}, {"times": 1, "big_header": 60000},
                    {"times": 1, "continues": 3, "close_after": True})
    assert len(post(backend, EVENT)[2]) == 1000000
    assert len(post(backend, EVENT)[1]["X-Filler"]) == 60000
    got, _ = raw(backend, request_bytes(BODY))
    assert got.startswith(b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + b"HTTP/1.1 200")


def test_early_answer(site):
    backend = site.backend()
    backend.rule(times=1, early=True, status=413)
    got, _ = raw(backend, request_bytes(b"", 100000))
    assert got.startswith(b"HTTP/1.1 413")


def test_expect_is_answered(site):
    backend = site.backend()
    with socket.create_connection(("127.0.0.1", backend.port), timeout=20) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
                     % len(BODY))
        assert sock.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(BODY)
        assert sock.recv(1000).startswith(b"HTTP/1.1 200")


def test_idle_connections_are_closed(site):
    backend = site.backend(idle_close_ms=30)
    got, how = raw(backend, request_bytes(BODY))
    assert got.startswith(b"HTTP/1.1 200") and how == "closed"


def test_drop_closes_connections(site):
    backend = site.backend()
    with socket.create_connection(("127.0.0.1", backend.port), timeout=20) as sock:
        eventually(lambda: backend.stats()["connections_open"] == 2)
        backend.control({"drop": True})
        assert sock.recv(1) == b""


def test_delay_lets_others_pass(site):
    backend = site.backend()
    backend.rule(times=1, contains="T-1", delay_ms=400)
    answers = []
    slow = threading.Thread(target=lambda: answers.append(post(backend, EVENT)[0]))
    slow.start()
    eventually(lambda: backend.stats()["in_flight"] == 1)
    assert post(backend, dict(EVENT, orig="bounce-T-2@x"))[0] == 200
    assert not answers
    slow.join()
    assert answers == [200]


def test_answered_events_survive_a_kill(site):
    backend = site.backend()
    _, tokens = token_rows(200)
    for token in tokens:
        assert post(backend, dict(EVENT, orig=f"bounce-{token}@x"))[0] == 200
    backend.kill()
    assert set(backend.tokens()) == set(tokens)
    port = backend.port
    backend.start()
    assert backend.port == port
    assert post(backend, EVENT)[0] == 200
    assert len(backend.tokens()) == 201


def test_one_key_two_bodies_is_noticed(site):
    backend = site.backend()
    for event_id in ("a", "b", "b"):
        post(backend, dict(EVENT, eventId=event_id), {"Idempotency-Key": event_id[:0] + "k"})
    assert backend.stats()["keys_with_two_bodies"] == 1


def test_script_file(site):
    script = site.folder / "script"
    script.write_text('{"times": 1, "status": 500}\n{"set": {"signature": "s"}}\n')
    backend = site.backend(script=script)
    assert post(backend, EVENT)[0] == 401
    assert post(backend, EVENT, {"X-Octeth-Signature": "s"})[0] == 500


def test_wrong_rules_are_refused(site):
    backend = site.backend()
    for item in ({"stauts": 500}, {"reset": "now"}, {"reset": "headers", "contains": "x"},
                 {"set": {"max": 3}}):
        status, _, text = post(backend, item, path="/_control")
        assert status == 400 and json.loads(text)["error"]


def test_tls_and_client_certificate(site):
    certs = site.certs()
    backend = site.backend(tls=certs, client_ca=certs / "ca.pem")
    assert backend.stats()["requests"] == 0
    anyone = ssl.create_default_context(cafile=certs / "ca.pem")
    with socket.create_connection(("127.0.0.1", backend.port), timeout=20) as plain:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            with anyone.wrap_socket(plain, server_hostname="localhost") as sock:
                sock.sendall(request_bytes(BODY))
                assert sock.recv(100) == b""
                raise ConnectionError("closed")


@pytest.mark.parametrize("name", ["expired", "wrong"])
def test_bad_certificates_are_bad(site, name):
    certs = site.certs()
    backend = site.backend(tls=certs, tls_cert=certs / f"{name}.pem",
                           tls_key=certs / f"{name}.key")
    context = ssl.create_default_context(cafile=certs / "ca.pem")
    with socket.create_connection(("127.0.0.1", backend.port), timeout=20) as plain:
        with pytest.raises(ssl.SSLCertVerificationError):
            context.wrap_socket(plain, server_hostname="localhost")


@pytest.mark.parametrize("fault", [{"reset": "after"}, {"close": True}, {"garbage": True}])
def test_faults_under_tls(site, fault):
    certs = site.certs()
    backend = site.backend(tls=certs)
    backend.rule(times=1, path="/system", **fault)
    context = ssl.create_default_context(cafile=certs / "ca.pem")
    for attempt in range(2):
        connection = http.client.HTTPSConnection("127.0.0.1", backend.port, timeout=20,
                                                 context=context)
        connection.request("POST", "/system/", BODY)
        if attempt == 0:
            with pytest.raises((OSError, http.client.HTTPException)):
                connection.getresponse()
        else:
            assert connection.getresponse().status == 200
        connection.close()


def test_free_port_refuses():
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", free_port()), timeout=5)
