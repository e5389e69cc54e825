"""doctor: every check tells ok, info, warning or problem, and what mends it; it sends no event."""

import grp
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from harness import AGENT, eventually, free_port, token_rows
from steps import arrived, up

LEVELS = ("ok", "info", "warning", "problem")
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


class Findings:
    """What doctor said."""

    def __init__(self, done):
        assert not done.stderr, done.stderr
        self.done = done
        self.all = []
        *found, last = done.stdout.splitlines()
        for line in found:
            level, rest = line[:8].rstrip(), line[9:]
            assert level in LEVELS and ": " in rest, line
            what, rest = rest.split(": ", 1)
            text, _, mend = rest.partition(" -> ")
            self.all.append((level, what, text, mend))
        problems, warnings = (sum(level == one[0] for one in self.all)
                              for level in ("problem", "warning"))
        assert last == f"{problems} problem{'s'[:problems != 1]}, {warnings} warning{'s'[:warnings != 1]}"
        assert done.returncode == (1 if problems else 0)

    def of(self, level, what="", words=""):
        return [(text, mend) for found, about, text, mend in self.all
                if found == level and what in about and words in text + mend]

    def one(self, level, what, words):
        found = self.of(level, what, words)
        assert len(found) == 1, (level, what, words, self.done.stdout)
        return found[0]


def doctor(agent, *args):
    """A command that it prints is about the same configuration."""
    found = Findings(agent.command("doctor", *args))
    for rest in re.findall(r"(?<!event of )pmta-shipper (?:archives|dead \w+|directives|doctor|status)"
                           r"(.*)", found.done.stdout):
        assert rest.startswith(f" -c {agent.conf}"), found.done.stdout
    return found


def site_with(site, backend=None, **endpoint):
    """A live file with a row, its folders, and a store's folder of somebody's."""
    acct = site.acct().begin()
    acct.append(token_rows(1)[0])
    agent = site.agent(backend, acct, endpoint=endpoint)
    return agent, acct


# ---- what it sends


def test_no_event_is_sent(site):
    """The receiver is asked with a request that carries none."""
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
    """An endpoint that gets complaints only is tested with one."""
    backend = site.backend()
    fbl = site.acct(base="fbl").begin()
    findings = doctor(site.agent(backend, fbl), "--send-test")
    findings.one("ok", "endpoint octeth", "was accepted")
    event, = backend.events()
    assert event["event"]["logType"] == "f"


# ---- answers

ANSWERS = {
    200: ("ok", "path and credentials are right", ""),
    301: ("problem", "points to another address", 'url = "http://127.0.0.1:'),
    401: ("problem", "signature is missing or wrong", "signature-file"),
    403: ("problem", "access is refused", "signature-file"),
    404: ("problem", "nothing at this path", "bounce_webhook?type=pmta"),
    405: ("problem", "does not accept POST", "bounce_webhook?type=pmta"),
    418: ("problem", "every event would be held", "check url"),
    422: ("ok", "refuses a request without an event", ""),
    429: ("warning", "too many requests", "requests-per-minute"),
    500: ("warning", "others are broken", "--send-test"),
    502: ("problem", "is down", "start it"),
    503: ("problem", "is down", "log"),
    507: ("problem", "the receiver fails", "log"),
}


@pytest.mark.parametrize("status", ANSWERS)
def test_answers_are_told_apart(site, status):
    level, words, advice = ANSWERS[status]
    backend = site.backend()
    backend.rule(status=status, headers={"Location": "/elsewhere"} if status == 301 else {},
                 body="")
    agent, _ = site_with(site, backend)
    text, mend = doctor(agent).one(level, "endpoint octeth", f"HTTP {status}")
    assert words in text and advice in mend


def test_a_database_error_with_status_200(site):
    backend = site.backend()
    backend.rule(status=200, body="MySQL Error: gone away")
    agent, _ = site_with(site, backend)
    text, _ = doctor(agent).one("problem", "endpoint octeth", "MySQL Error")
    assert "database" in text


def test_wrong_signature(site):
    """401 by the stand-in itself: without a file, and with another secret."""
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
    text, mend = doctor(agent).one("problem", "endpoint octeth", "no answer came")
    assert "curl -v" in mend


def test_a_receiver_that_never_answers(site):
    backend = site.backend()
    backend.rule(hang=True)
    agent, _ = site_with(site, backend, timeout="400ms")
    doctor(agent).one("problem", "endpoint octeth", "no answer came")


# ---- the way there


def test_nobody_listens(site):
    agent, _ = site_with(site, f"http://127.0.0.1:{free_port()}/x?type=pmta")
    text, mend = doctor(agent).one("problem", "endpoint octeth", "no connection to 127.0.0.1")
    assert "curl -v" in mend


def test_credentials_that_systemd_hands_to_the_service_alone(site):
    agent, _ = site_with(site, "https://receiver.invalid/x?type=pmta", connect_timeout="3s",
                         signature_file="$CREDENTIALS_DIRECTORY/signature")
    findings = doctor(agent)
    assert not findings.of("problem"), findings.done.stdout
    findings.one("ok", "configuration", "is fine")
    findings.one("info", "endpoint octeth", "only the service sees it")
    findings.one("info", "endpoint octeth", "the receiver was not contacted")


@ROOT_ONLY
def test_a_secret_that_only_the_service_may_read(site):
    """Asked by somebody else than root: the service may well."""
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
    text, mend = doctor(agent).one("problem", "endpoint octeth", "receiver.invalid")
    assert "not resolved" in text and "getent hosts receiver.invalid" in mend


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
    agent, _ = site_with(site, backend, ca_file=certs / authority, url=backend.url(host="localhost"))
    findings = doctor(agent)
    text, mend = findings.one("problem", "endpoint octeth", words)
    assert "ertificate" in text and mend
    findings.one("ok", "endpoint octeth", "accepts connections")
    assert not backend.requests()


def test_a_host_whose_name_has_words_of_tls_in_it(site):
    """What libcurl says names the host: "tls" and "alert" there are no cause."""
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
    """A certificate that signs itself, good for so many days."""
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
    """Wanted and missing; expired; a key of another certificate; all in order."""
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
    assert "nothing is sent" in findings.one("info", "endpoint octeth", "url is empty")[0]


# ---- files, as the service's user

NOBODY = 65534


def as_nobody(agent, acct):
    """The store belongs to the user "nobody", so the service runs as that."""
    agent.state_dir.mkdir(mode=0o700)
    os.chown(agent.state_dir, NOBODY, NOBODY)
    for folder in [site for site in acct.dir.parents if str(site).startswith("/tmp/")] + [acct.dir]:
        folder.chmod(0o755)


JOIN = " && usermod -a -G daemon nobody, and restart the service"


@ROOT_ONLY
def test_files_are_tried_as_the_services_user(site):
    agent, acct = site_with(site)
    as_nobody(agent, acct)
    file, = acct.dir.glob("bounces-*.csv")
    file.chmod(0o644)
    agent.conf.chmod(0o644)
    findings = doctor(agent)
    assert not findings.of("problem"), findings.done.stdout
    findings.one("ok", "user", "runs as nobody")
    findings.one("ok", "source bounces", "user nobody can read 1 file in")
    file.chmod(0o640)
    assert doctor(agent).one("problem", "source bounces", "may not read")[1] == \
        f"chmod g+r {file} && chgrp nogroup {file}"
    for path in (file, acct.dir, acct.dir.parent):
        os.chown(path, 0, grp.getgrnam("daemon").gr_gid)
    text, mend = doctor(agent).one("problem", "source bounces", "may not read")
    assert "user nobody" in text and "belongs to root:daemon, mode 0640" in text
    assert mend == "usermod -a -G daemon nobody, and restart the service"
    file.chmod(0o600)
    assert doctor(agent).one("problem", "source bounces", "may not read")[1] == \
        f"chmod g+r {file}{JOIN}"
    file.chmod(0o644)
    acct.dir.chmod(0o700)
    text, mend = doctor(agent).one("problem", "source bounces", "nothing is delivered")
    assert mend == f"chmod g+rx {acct.dir}{JOIN}"
    acct.dir.chmod(0o755)
    acct.dir.parent.chmod(0o700)
    text, mend = doctor(agent).of("problem", "source bounces", "nothing is delivered")[0]
    assert f"for the folder {acct.dir.parent}: it belongs to root:daemon" in text
    assert mend == f"chmod g+rx {acct.dir.parent}{JOIN}"
    acct.dir.parent.chmod(0o755)


@ROOT_ONLY
def test_a_reader_in_the_group_of_the_files_needs_no_world_readable(site):
    agent, acct = site_with(site)
    file, = acct.dir.glob("bounces-*.csv")
    path = pmta_config(site, agent, change=("world-readable yes", "world-readable no"))
    doctor(agent, "--pmta-config", path).one("problem", f"{path}:", "world-readable")
    as_nobody(agent, acct)
    os.chown(file, 0, grp.getgrnam("daemon").gr_gid)
    text, mend = doctor(agent, "--pmta-config", path).one("problem", f"{path}:", "world-readable")
    assert "group daemon" in text and "user nobody" in text
    assert mend == "usermod -a -G daemon nobody, and restart the service"
    agent.conf.chmod(0o644)
    os.chown(file, 0, NOBODY)
    file.chmod(0o640)
    findings = doctor(agent, "--pmta-config", path)
    assert not findings.of("problem"), findings.done.stdout
    findings.one("info", f"{path}:", "user nobody reads the files through their group")


@ROOT_ONLY
def test_secrets_and_store_are_tried_as_the_services_user(site):
    backend = site.backend()
    agent, acct = site_with(site, backend)
    as_nobody(agent, acct)
    next(acct.dir.glob("bounces-*.csv")).chmod(0o644)
    secret = site.folder / "signature"
    secret.write_text("x\n")
    secret.chmod(0o600)
    agent.endpoints[0]["signature_file"] = secret
    agent.write_conf()
    text, mend = doctor(agent).one("problem", "endpoint octeth", "user nobody cannot read")
    assert str(secret) in text and mend == f"chgrp nogroup '{secret}' && chmod 640 '{secret}'"
    secret.rename(site.folder / "elsewhere")
    text, mend = doctor(agent).one("problem", "endpoint octeth", "user nobody cannot read")
    assert "No such file" in text and mend.startswith("install -m 640 -g nogroup /dev/null ")
    (site.folder / "elsewhere").rename(secret)
    site.folder.chmod(0o700)
    text, mend = doctor(agent).one("problem", "endpoint octeth", "may not read")
    assert f"for the folder {site.folder}" in text and mend.startswith(f"chmod g+rx {site.folder}")
    site.folder.chmod(0o755)
    secret.chmod(0o644)
    text, mend = doctor(agent).one("problem", "endpoint octeth", "everybody on this host")
    assert mend == f"chmod o= '{secret}'"
    os.chmod(agent.state_dir, 0o500)
    text, mend = doctor(agent).one("problem", "state-dir", "cannot write")
    assert mend.startswith("chown nobody ")


def test_folders_that_do_not_exist_are_waited_for(site):
    agent = site.agent(None, site.acct())
    agent.sources[0]["acct_file"] = site.folder / "none/bounces.csv"
    agent.write_conf()
    findings = doctor(agent)
    assert not findings.of("problem")
    text, mend = findings.one("warning", "source bounces", "none\" does not exist")
    assert mend.startswith(f"mkdir -p '{site.folder}/none'")


def test_move_to_on_another_volume(site):
    if os.stat("/dev/shm").st_dev == os.stat(site.folder).st_dev:
        pytest.skip("one volume only")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        agent, _ = site_with(site)
        agent.sources[0]["move_to"] = other
        agent.write_conf()
        text, _ = doctor(agent).one("problem", "source bounces", "another volume")
        assert other in text


# ---- PowerMTA


def pmta_config(site, agent, extra="", **change):
    printed = agent.command("directives").stdout
    for old, new in change.values():
        assert old in printed
        printed = printed.replace(old, new)
    path = site.folder / "pmta.config"
    path.write_text(printed + extra)
    return path


def test_powermtas_configuration_is_compared(site):
    agent, _ = site_with(site)
    findings = doctor(agent, "--pmta-config", pmta_config(site, agent))
    findings.one("ok", "pmta.config", "logs what every source needs")
    findings.one("warning", "pmta.config", "no <bounce-processor>")
    path = pmta_config(site, agent, change=("records b, rb", "records b"))
    findings = doctor(agent, "--pmta-config", path)
    text, mend = findings.one("problem", f"{path}:", "lacks rb")
    assert mend == "records b, rb"
    assert not findings.of("ok", "pmta.config", "logs what")


def test_powermtas_configuration_that_is_not_there(site):
    agent, _ = site_with(site)
    findings = doctor(agent, "--pmta-config", "/no/such")
    findings.one("problem", "/no/such", "No such file")
    findings = doctor(agent)
    if not Path("/etc/pmta/config").exists():
        findings.one("info", "/etc/pmta/config", "--pmta-config FILE")


def test_mail_of_the_bounce_domain(site):
    """A domain that cannot exist: what the DNS says depends on the host, that it says so does not."""
    agent, _ = site_with(site)
    path = pmta_config(site, agent, """relay-domain bounces.invalid
<bounce-processor>
<address-list>
domain bounces.invalid
</address-list>
</bounce-processor>
""")
    findings = doctor(agent, "--pmta-config", path)
    told = findings.of("problem", "", "MX") + findings.of("warning", "", "MX")
    assert any("bounces.invalid" in text and "no rb rows" in text for text, _ in told)


def test_fluentd_and_campaign_mail(site):
    """Octeth ignores, with 200, what is not Email Gateway mail on that URL."""
    backend = site.backend(semantics="octeth")
    agent, acct = site_with(site, backend, url=backend.url("/system/bounce_webhook?type=fluentd"),
                            format="array")
    text, mend = doctor(agent).one("problem", "endpoint octeth", "type=fluentd")
    assert "1 of 1 recent bounces" in text and "type=pmta" in mend
    file, = acct.dir.glob("bounces-*.csv")
    file.write_text(file.read_text().replace("bounce-", "eg-"))
    doctor(agent).one("info", "endpoint octeth", "type=fluentd")


def test_array_on_a_pmta_url_is_a_configuration_error(site):
    agent, _ = site_with(site, "https://octeth.invalid/system/bounce_webhook?type=pmta",
                         format="array")
    done = agent.command("doctor")
    assert (done.returncode, done.stdout) == (78, "")
    assert 'format = "object"' in done.stderr


# ---- store


def test_store_of_a_running_agent(site):
    backend = site.backend()
    acct = site.acct().begin()
    acct.append(token_rows(1)[0])
    agent = up(site.agent(backend, acct))
    arrived(backend, 1)
    assert agent.stop() == 0
    findings = doctor(agent)
    findings.one("ok", "store", "no agent is using it now")
    agent.start()
    eventually(lambda: doctor(agent).of("ok", "store", "an agent is using it"))
    assert agent.stop() == 0


def test_dead_letters_are_a_warning(site):
    backend = site.backend()
    acct = site.acct().begin()
    acct.append(["b," + "x," * 40] + token_rows(1)[0])
    agent = up(site.agent(backend, acct))
    arrived(backend, 1)
    assert agent.stop() == 0
    text, mend = doctor(agent).one("warning", "dead letters", "1 row could")
    assert mend == f"pmta-shipper dead list -c {agent.conf}"
    agent.conf.rename(site.folder / "it's ours.conf")
    done = subprocess.run([AGENT, "doctor", "-c", site.folder / "it's ours.conf"],
                          capture_output=True, text=True)
    assert f"pmta-shipper dead list -c '{site.folder}/it'\\''s ours.conf'\n" in done.stdout


def test_a_store_that_is_damaged(site):
    agent, _ = site_with(site)
    agent.state_dir.mkdir(mode=0o700)
    (agent.state_dir / "state.db").write_bytes(b"no database at all, but long enough" * 100)
    doctor(agent).one("problem", "store", "state.db")


@pytest.mark.parametrize("age,level", [(0.0, "ok"), (6.0, "warning"), (7.5, "problem")])
def test_time_left_until_rows_are_deleted(site, age, level):
    """PowerMTA deletes a file after 8 days, shipped or not."""
    backend = site.backend()
    acct = site.acct(move=False).begin()
    acct.append(token_rows(1)[0])
    agent = up(site.agent(backend, acct))
    arrived(backend, 1)
    backend.rule(status=503)
    acct.append(token_rows(1, seed="L")[0])
    assert agent.stop() == 0
    file, = acct.dir.glob("bounces-*.csv")
    os.utime(file, (time.time() - age * 86400,) * 2)
    text, mend = doctor(agent, "--pmta-config", pmta_config(site, agent)).one(
        level, "source bounces", "delete-after")
    assert file.name in text and f"{8 - age:.1f} days" in text
    assert bool(mend) == (level != "ok")


# ---- the host, and the form


def test_host_checks(site):
    agent, _ = site_with(site)
    findings = doctor(agent)
    findings.one("ok", "inotify", "2 folders")
    findings.one("ok", "descriptors", "are needed at most")
    findings.one("ok", "state-dir", "free at")
    findings.one("ok", "other shippers", "none on this host")
    findings.one("info", "service", "not checked")


def test_growth_of_the_archive(site):
    agent, acct = site_with(site)
    Path(acct.move_to).mkdir(exist_ok=True, parents=True)
    with open(Path(acct.move_to) / "bounces-2026-11-20-0000.csv", "wb") as file:
        file.truncate(10_000_000)
    text, _ = doctor(agent).one("ok", "source bounces", "grows by")
    assert "10.0 MB a day" in text
    with open(Path(acct.move_to) / "bounces-2026-11-20-0001.csv", "wb") as file:
        file.truncate(1 << 42)  # with holes: no byte of it is on the disk
    text, mend = doctor(agent).one("problem", "source bounces", "grows by")
    assert "--acknowledged --older-than 30d" in mend


def test_descriptors(site):
    agent, _ = site_with(site)
    done = subprocess.run(["prlimit", "--nofile=60", AGENT, "doctor", "-c", agent.conf],
                          capture_output=True, text=True, timeout=60, check=False)
    text, mend = Findings(done).one("problem", "descriptors", "may open 60 files")
    assert "LimitNOFILE=" in mend


def test_json(site):
    agent, _ = site_with(site)
    lines = doctor(agent)
    told = json.loads(agent.command("doctor", "--json").stdout)
    assert (told["problems"], told["warnings"]) == (len(lines.of("problem")),
                                                   len(lines.of("warning")))
    assert [(one["level"], one["what"]) for one in told["findings"]] == \
        [(level, what) for level, what, _, _ in lines.all]
    assert all(set(one) == {"level", "what", "text", "mend"} for one in told["findings"])


def test_nothing_is_written(site):
    """It changes nothing: no state-dir, no socket, no file."""
    agent, _ = site_with(site)

    def there():
        return sorted((str(path), path.stat().st_mtime_ns) for path in site.folder.rglob("*"))
    before = there()
    doctor(agent)
    assert there() == before


def test_a_wrong_configuration(site):
    agent, _ = site_with(site)
    agent.conf.write_text("nonsense = 1\n")
    done = agent.command("doctor")
    assert (done.returncode, done.stdout) == (78, "") and "agent.conf:1: " in done.stderr
