"""TLS as DESIGN.md defines it: always verified, 1.2 or newer, with a clear log line on failure."""

import socket
import ssl
import threading

import pytest
from harness import eventually
from steps import up
from wire import ARRAY, all_there, finish, log_about, more, sent, state, wait_state


def tls_agent(site, backend, host="localhost", **endpoint):
    acct = site.acct().begin()
    tokens = more(acct, 5)
    endpoint.setdefault("url", backend.url(host=host))
    return up(site.agent(backend, acct, endpoint=endpoint)), acct, tokens


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_verified_with_ca_file(site, host):
    """ca-file: a certificate of that CA for that host is accepted; connections are kept."""
    backend = site.backend(tls=site.certs())
    agent, acct, tokens = tls_agent(site, backend, host)
    all_there(backend, tokens)
    tokens += more(acct, 200, "N")
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    assert len({request["connection"] for request in backend.requests()}) <= 16


REFUSED = {
    "expired": ("expired.pem", "ca.pem", "expired"),
    "wrong host": ("wrong.pem", "ca.pem", "does not match|no alternative certificate"),
    "unknown CA": ("good.pem", "other-ca.pem", "unable to get local issuer|self.signed"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_certificates_are_refused_and_retried(site, case):
    """Row "TLS": retried for ever, one log line with the cause; delivered when it is corrected."""
    certificate, authority, _ = REFUSED[case]
    certs = site.certs()
    backend = site.backend(tls=certs, tls_cert=certs / certificate,
                           tls_key=certs / certificate.replace(".pem", ".key"))
    agent, _, tokens = tls_agent(site, backend, ca_file=certs / authority)
    wait_state(agent, "retrying")
    eventually(lambda: agent.status()["endpoints"][0]["retries"] >= 3)
    line, = log_about(agent, "trying again in")
    assert any(text in line.replace("-", " ") for text in
               REFUSED[case][2].replace(".", " ").split("|")), line
    assert sent(backend) == 0
    backend.settings.update(tls_cert=certs / "good.pem", tls_key=certs / "good.key")
    backend.restart()
    agent.endpoints[0]["ca_file"] = certs / "ca.pem"
    agent.write_conf()
    agent.hup()
    all_there(backend, tokens)
    finish(agent, backend, tokens)


def test_without_ca_file_the_system_decides(site):
    """Without ca-file the system's CAs apply, which do not include the test's: never unverified."""
    backend = site.backend(tls=site.certs())
    agent, _, tokens = tls_agent(site, backend, ca_file=None)
    wait_state(agent, "retrying")
    agent.wait_for("certificate")
    assert sent(backend) == 0
    finish(agent, backend, tokens, lost=tokens)


def test_client_certificate(site):
    """client-cert and client-key; without them the server refuses, and nothing is lost."""
    certs = site.certs()
    backend = site.backend(tls=certs, client_ca=certs / "ca.pem")
    agent, _, tokens = tls_agent(site, backend)
    wait_state(agent, "retrying")
    assert sent(backend) == 0
    agent.endpoints[0].update(client_cert=certs / "client.pem", client_key=certs / "client.key")
    agent.write_conf()
    agent.hup()
    all_there(backend, tokens)
    finish(agent, backend, tokens)


class OldServer(threading.Thread):
    """A server that supports TLS only up to a version."""

    def __init__(self, certs, version):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_ciphers("ALL:@SECLEVEL=0")
        self.context.minimum_version = ssl.TLSVersion.TLSv1
        self.context.maximum_version = version
        self.context.load_cert_chain(certs / "good.pem", certs / "good.key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.got = []
        self.start()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            client.settimeout(5)
            try:
                with self.context.wrap_socket(client, server_side=True) as peer:
                    self.got.append(peer.version())
                    while peer.recv(65536):
                        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            except OSError:
                client.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version,works", [
    (ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True),
    (ssl.TLSVersion.TLSv1_3, True)])
def test_tls_versions(site, version, works):
    """"TLS 1.2 or newer": an older server gets nothing, and the log line names the cause."""
    certs = site.certs()
    server = OldServer(certs, version)
    acct = site.acct().begin()
    more(acct, 1)
    agent = up(site.agent(f"https://localhost:{server.port}/x", acct,
                          endpoint={"ca_file": certs / "ca.pem"}))
    if works:
        eventually(lambda: agent.status()["sources"][0]["offset"] == acct.live.stat().st_size)
        assert server.got == [version.name.replace("_", ".")]
    else:
        wait_state(agent, "retrying")
        eventually(lambda: agent.status()["endpoints"][0]["retries"] >= 2)
        line, = log_about(agent, "trying again in")
        assert "protocol" in line or "version" in line, line
        assert not server.got
        assert state(agent) == "retrying"
    assert agent.stop() == 0


def test_tls_connections_survive_a_restart_of_the_backend(site):
    """Row "reset": kept connections that the backend's restart has closed are opened again."""
    backend = site.backend(tls=site.certs())
    agent, acct, tokens = tls_agent(site, backend)
    all_there(backend, tokens)
    for i in range(3):
        backend.restart()
        tokens += more(acct, 20, f"N{i}")
        all_there(backend, tokens)
    finish(agent, backend, tokens)


def test_tls_carries_large_bodies(site):
    """Half a megabyte in one request over TLS."""
    backend = site.backend(tls=site.certs())
    agent, acct, tokens = tls_agent(site, backend, url=backend.url(ARRAY, "localhost"),
                                    format="array", batch_records=3000, batch_age="300ms")
    tokens += more(acct, 3000, "N")
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    assert max(request["bytes"] for request in backend.requests()) > 1 << 19
