"""doctor about an endpoint: the request it sends, the answer, and the way there."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from findings import ROOT_ONLY, doctor, site_with
from harness import AGENT, free_port


# ---- the requests it sends


def test_no_event_is_sent(site):
    """doctor probes the receiver with a request that carries no event."""
    backend = site.backend(keep_bodies=True)
    agent, _ = site_with(site, backend)
    findings = doctor(agent)
    assert not findings.of("problem")
    request, = backend.requests()
    assert (request["nevents"], request["body_bytes"]) == (0, 0)
    assert request["key"] == ""
    assert backend.events(None) == []
    findings.one("ok", "endpoint octeth", "without an event")
    findings.one("info", "endpoint octeth", "clocks cannot be compared")


@pytest.mark.parametrize("format", ["object", "array", "ndjson"])
def test_send_test_sends_one_marked_event_and_shows_it(site, format):
    backend = site.backend(signature="open-sesame", semantics="any")
    secret = site.folder / "signature"
    secret.write_text("open-sesame\n")
    secret.chmod(0o600)
    agent, _ = site_with(site, backend, url=backend.url("/hook"), format=format,
                         signature_file=secret, headers=["X-Api-Key: also-secret"])
    findings = doctor(agent, "--send-test")
    assert not findings.of("problem"), findings.done.stdout
    event, = backend.events()
    assert event["event"]["rcpt"] == "pmta-shipper-test@example.invalid"
    assert event["event"]["logType"] == "b" and len(event["event"]["eventId"]) == 32
    assert "test event" in event["event"]["dsnDiag"]
    sent, _ = findings.one("info", "endpoint octeth", "sent: ")
    assert "POST /hook" in sent and "X-Octeth-Signature: ***" in sent and "X-Api-Key: ***" in sent
    assert "sesame" not in findings.done.stdout and "also-secret" not in findings.done.stdout
    assert "example.invalid" in findings.one("info", "endpoint octeth", "body: ")[0]
    assert "ok" in findings.one("info", "endpoint octeth", "answer: ")[0]
    findings.one("ok", "endpoint octeth", "was accepted")


def test_send_test_that_is_refused(site):
    backend = site.backend()
    agent, _ = site_with(site, backend)
    backend.rule(skip=1, status=422, body="no such subscriber")
    text, _ = doctor(agent, "--send-test").one("problem", "endpoint octeth", "test event")
    assert "HTTP 422: no such subscriber" in text


def test_send_test_of_complaints(site):
    """An endpoint that gets only complaints is tested with a complaint."""
    backend = site.backend()
    fbl = site.acct(base="fbl").begin()
    findings = doctor(site.agent(backend, fbl), "--send-test")
    findings.one("ok", "endpoint octeth", "was accepted")
    event, = backend.events()
    assert event["event"]["logType"] == "f"


# ---- answers

ANSWERS = {
    200: ("ok", "to a request without an event", ""),
    401: ("problem", "every event would be held", "signature-file"),
    403: ("problem", "every event would be held", "signature-file"),
    404: ("problem", "every event would be held", "bounce_webhook?type=pmta"),
    405: ("problem", "every event would be held", "does not accept POST"),
    411: ("problem", "every event would be held", "check url"),
    413: ("problem", "every event would be refused", "limit for request bodies"),
    415: ("problem", "every event would be held", "format"),
    418: ("problem", "every event would be held", "check url"),
    422: ("info", "refuses a request without an event", "--send-test"),
    429: ("warning", "everything is retried", "requests-per-minute"),
    500: ("warning", "others are broken", "--send-test"),
    502: ("problem", "everything is retried", "the server in front"),
    503: ("problem", "everything is retried", "log"),
    507: ("problem", "everything is retried", "log"),
}


@pytest.mark.parametrize("status", ANSWERS)
def test_each_status_has_its_finding(site, status):
    level, words, advice = ANSWERS[status]
    backend = site.backend()
    backend.rule(status=status, body="")
    agent, _ = site_with(site, backend)
    text, fix = doctor(agent).one(level, "endpoint octeth", f"HTTP {status}")
    assert words in text and advice in fix


REDIRECTS = {
    "/elsewhere": ([{"status": 200, "body": "ok"}], True, "which answers HTTP 200"),
    "/strict": ([{"status": 422, "body": ""}], True, "which answers HTTP 422"),
    "/a": ([{"status": 302, "headers": {"Location": "/b"}, "body": ""}, {"status": 200}], True,
           "/b, which answers HTTP 200"),
    "/page": ([{"status": 200, "body": "<!doctype html><title>Log in</title>"}], False,
              "which answers HTTP 200: <!doctype html>"),
    "/closed": ([{"status": 401, "body": "who are you?"}], False, "which answers HTTP 401"),
    "/app/login?next=/x&state=secret": ([], False, "which is a login page"),
    "/loop": ([{"status": 302, "headers": {"Location": "/loop"}, "body": ""}] * 9, False,
              "which answers HTTP 302"),
}


@pytest.mark.parametrize("target", REDIRECTS)
def test_a_redirect_is_followed_before_it_is_advised(site, target):
    """Only an address to which the agent could deliver is advised as url."""
    answers, advised, words = REDIRECTS[target]
    backend = site.backend(keep_bodies=True)
    for answer in [{"status": 302, "headers": {"Location": target}}, *answers]:
        backend.rule(times=1, **answer)
    agent, _ = site_with(site, backend)
    findings = doctor(agent)
    text, fix = findings.one("problem", "endpoint octeth", "points to another address")
    assert text.startswith("HTTP 302: ") and words in text and "would be held" in text
    assert fix.startswith('url = "http://127.0.0.1:') == advised
    assert "secret" not in findings.done.stdout
    assert not any(request["body_bytes"] for request in backend.requests())


def test_a_redirect_to_another_server_gets_no_credentials(site):
    backend, other = site.backend(signature="s"), site.backend(name="other")
    secret = site.folder / "signature"
    secret.write_text("s\n")
    secret.chmod(0o600)
    backend.rule(status=302, headers={"Location": other.url("/x")})
    agent, _ = site_with(site, backend, signature_file=secret, headers=["X-Api-Key: k"])
    doctor(agent).one("problem", "endpoint octeth", "points to another address")
    request, = other.requests()
    headers = str(request).lower()
    assert "octeth-signature" not in headers and "api-key" not in headers


def test_a_database_error_with_status_200(site):
    backend = site.backend()
    backend.rule(status=200, body="MySQL Error: gone away")
    agent, _ = site_with(site, backend)
    text, _ = doctor(agent).one("problem", "endpoint octeth", "MySQL Error")
    assert "the receiver failed: everything is retried" in text


@pytest.mark.parametrize("body, words, advice", [
    ('{"Success": false}', "the status is 2xx, but the receiver failed: everything", "log"),
    ("<!DOCTYPE html><title>Log in</title>", "every event would be held", "login page"),
])
def test_a_success_that_is_none(site, body, words, advice):
    """No answer is called good that the agent would retry or hold."""
    backend = site.backend()
    backend.rule(status=200, body=body)
    agent, _ = site_with(site, backend)
    findings = doctor(agent)
    text, fix = findings.one("problem", "endpoint octeth", "HTTP 200")
    assert words in text and advice in fix and "database" not in text
    assert not findings.of("ok", "endpoint octeth", "without an event")


def test_wrong_signature(site):
    """The stand-in answers 401 without signature-file; with the right secret doctor is content."""
    backend = site.backend(signature="right")
    agent, _ = site_with(site, backend)
    findings = doctor(agent)
    findings.one("problem", "endpoint octeth", "HTTP 401")
    findings.one("info", "endpoint octeth", "no credentials")
    secret = site.folder / "signature"
    secret.write_text("right\n")
    secret.chmod(0o600)
    agent.endpoints[0]["signature_file"] = secret
    agent.write_conf()
    findings = doctor(agent)
    assert not findings.of("problem")
    findings.one("ok", "endpoint octeth", "others cannot")


@pytest.mark.parametrize("fault", [{"close": True}, {"garbage": True}, {"cut": 9},
                                   {"reset": "headers"}])
def test_connected_and_no_answer(site, fault):
    backend = site.backend()
    backend.rule(**fault)
    agent, _ = site_with(site, backend)
    text, fix = doctor(agent).one("problem", "endpoint octeth", "no answer came")
    assert "curl -v" in fix


def test_a_receiver_that_never_answers(site):
    backend = site.backend()
    backend.rule(hang=True)
    agent, _ = site_with(site, backend, timeout="400ms")
    doctor(agent).one("problem", "endpoint octeth", "no answer came")


# ---- names, connections, TLS, clocks


def test_advice_names_the_lines_at_hand(site):
    """A mark in a secret, a query without a type, a page for everybody."""
    secret = site.folder / "it's a secret"
    secret.write_bytes(b"\xef\xbb\xbfxyz\n")
    secret.chmod(0o600)
    url = f"http://127.0.0.1:{free_port()}/system/bounce_webhook"
    agent, _ = site_with(site, url, signature_file=secret)
    lines = agent.conf.read_text().splitlines()
    number = next(at for at, line in enumerate(lines) if line.startswith("metrics-listen"))
    lines[number] = 'metrics-listen = "0.0.0.0:9999"'
    agent.conf.write_text("\n".join(lines) + "\n")
    findings = doctor(agent)
    _, fix = findings.one("problem", "endpoint octeth", "begins with a byte order mark")
    subprocess.run(fix, shell=True, check=True)
    assert secret.read_bytes() == b"xyz\n" and secret.stat().st_mode & 0o777 == 0o600
    assert findings.one("problem", "endpoint octeth", "no type=pmta")[1] == f'url = "{url}?type=pmta"'
    assert findings.one("warning", "metrics-listen", "every address")[1] == \
        f'metrics-listen = "127.0.0.1:9999" in {agent.conf}:{number + 1}'


def test_nobody_listens(site):
    agent, _ = site_with(site, f"http://127.0.0.1:{free_port()}/x?type=pmta")
    text, fix = doctor(agent).one("problem", "endpoint octeth", "no connection to 127.0.0.1")
    assert "curl -v" in fix


def test_credentials_that_systemd_hands_to_the_service_alone(site):
    agent, _ = site_with(site, "https://receiver.invalid/x?type=pmta", connect_timeout="3s",
                         signature_file="$CREDENTIALS_DIRECTORY/signature")
    findings = doctor(agent)
    assert not findings.of("problem"), findings.done.stdout
    findings.one("ok", "configuration", "is fine")
    findings.one("info", "endpoint octeth", "only the service sees it")
    assert findings.unchecked >= 2
    findings.one("info", "endpoint octeth", "the receiver was not contacted")


@ROOT_ONLY
def test_a_secret_that_only_the_service_may_read(site):
    """doctor runs as a user who cannot read the secret: the service may well be able to."""
    secret = site.folder / "signature"
    secret.write_text("secret")
    secret.chmod(0o600)
    agent, _ = site_with(site, "https://receiver.invalid/x", connect_timeout="3s",
                         signature_file=secret)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        program, conf = Path(folder) / "pmta-shipper", Path(folder) / "agent.conf"
        shutil.copy(AGENT, program)
        shutil.copytree(site.folder, Path(folder) / "site")
        shutil.copy(agent.conf, conf)
        conf.write_text(conf.read_text().replace(str(site.folder), f"{folder}/site"))
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                               program, "doctor", "-c", conf], capture_output=True, text=True,
                              timeout=60, check=False)
    assert f"cannot read '{folder}/site/signature': Permission denied; only the service can check it" \
        in done.stdout
    assert re.search(r"^info     configuration: ", done.stdout, re.MULTILINE)


def test_no_such_host(site):
    agent, _ = site_with(site, "https://receiver.invalid/x?type=pmta", connect_timeout="3s")
    text, fix = doctor(agent).one("problem", "endpoint octeth", "receiver.invalid")
    assert "not resolved" in text and "getent ahosts receiver.invalid" in fix


TLS = {
    "expired.pem": ("ca.pem", "expired on 2020-02-01"),
    "wrong.pem": ("ca.pem", "for wrong.example, by pmta-shipper test CA"),
    "good.pem": ("other-ca.pem", "for localhost, by pmta-shipper test CA"),
}


@pytest.mark.parametrize("certificate", TLS)
def test_certificates_that_are_refused(site, certificate):
    authority, words = TLS[certificate]
    certs = site.certs()
    backend = site.backend(tls=certs, tls_cert=certs / certificate,
                           tls_key=certs / certificate.replace(".pem", ".key"))
    agent, _ = site_with(site, backend, ca_file=certs / authority,
                         url=backend.url(host="localhost"))
    findings = doctor(agent)
    text, fix = findings.one("problem", "endpoint octeth", words)
    assert "ertificate" in text and fix
    findings.one("ok", "endpoint octeth", "accepts connections")
    assert not backend.requests()


def test_a_host_whose_name_has_words_of_tls_in_it(site):
    """libcurl's message contains the host's name: "tls" and "alert" in it are not the cause."""
    agent, _ = site_with(site, f"https://tls.localhost:{free_port()}/x?type=pmta")
    findings = doctor(agent)
    findings.one("problem", "endpoint octeth", "no connection to tls.localhost")
    assert not findings.of("problem", "endpoint octeth", "TLS failed")
    certs = site.certs()
    backend = site.backend(tls=certs)
    agent.endpoints[0].update(url=backend.url(host="alert.localhost"), ca_file=certs / "ca.pem")
    agent.write_conf()
    doctor(agent).one("problem", "endpoint octeth", "for localhost, by pmta-shipper test CA")


def test_good_tls_says_until_when(site):
    backend = site.backend(tls=site.certs())
    agent, _ = site_with(site, backend)
    findings = doctor(agent)
    findings.one("ok", "endpoint octeth", "certificate of localhost, by pmta-shipper test CA")
    findings.one("ok", "endpoint octeth", "ca-file")


def short_lived(certs, name, days):
    """Make a self-signed certificate that is valid for that many days."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", certs / f"{name}.key", "-out",
                    certs / f"{name}.pem", "-days", str(days), "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True)


def test_a_certificate_that_expires_soon_is_a_warning(site):
    certs = site.certs()
    short_lived(certs, "soon", 10)
    backend = site.backend(tls=certs, tls_cert=certs / "soon.pem", tls_key=certs / "soon.key")
    agent, _ = site_with(site, backend, ca_file=certs / "soon.pem")
    findings = doctor(agent)
    assert not findings.of("problem")
    findings.one("warning", "endpoint octeth", "receiver's certificate (soon, by soon) expires in")
    findings.one("warning", "endpoint octeth", "ca-file")


def test_client_certificates(site):
    """Required but missing; valid; the key of another certificate; expired."""
    certs = site.certs()
    backend = site.backend(tls=certs, client_ca=certs / "ca.pem")
    agent, _ = site_with(site, backend)
    doctor(agent).one("problem", "endpoint octeth", "client-cert and client-key")
    agent.endpoints[0].update(client_cert=certs / "client.pem", client_key=certs / "client.key")
    agent.write_conf()
    findings = doctor(agent)
    assert not findings.of("problem"), findings.done.stdout
    findings.one("ok", "endpoint octeth", "(agent) is valid until")
    agent.endpoints[0]["client_key"] = certs / "good.key"
    agent.write_conf()
    doctor(agent).one("problem", "endpoint octeth", "does not belong to client-cert")
    agent.endpoints[0].update(client_cert=certs / "expired.pem", client_key=certs / "expired.key")
    agent.write_conf()
    doctor(agent).one("problem", "endpoint octeth", "(localhost) expired on 2020-02-01")


@pytest.mark.parametrize("seconds,level", [(-120, "warning"), (120, "warning"), (-7200, "problem"),
                                           (3, "ok")])
def test_clocks(site, seconds, level):
    backend = site.backend()
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + seconds))
    backend.rule(status=200, headers={"Date": date})
    agent, _ = site_with(site, backend)
    text, _ = doctor(agent).one(level, "endpoint octeth", "clock")
    if level != "ok":
        assert ("ahead of" if seconds < 0 else "behind") in text


def test_no_url_yet(site):
    agent, _ = site_with(site)
    findings = doctor(agent)
    assert not findings.of("problem")
    assert "nothing is sent" in findings.one("warning", "endpoint octeth", "url is empty")[0]
    assert findings.unchecked and findings.done.returncode == 1
