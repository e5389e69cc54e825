"""doctor: each check gives ok, info, warning or problem, and the fix; it sends no event."""

import grp
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from findings import ROOT_ONLY, Findings, doctor, site_with
from harness import AGENT, eventually, token_rows
from steps import arrived, up


# ---- files, as the service's user

NOBODY = 65534


def as_nobody(agent, acct):
    """Give the store to the user "nobody": doctor takes its owner for the service's user."""
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
    text, fix = doctor(agent).one("problem", "source bounces", "may not read")
    assert "user nobody" in text and "belongs to root:daemon, mode 0640" in text
    assert fix == "usermod -a -G daemon nobody, and restart the service"
    file.chmod(0o600)
    assert doctor(agent).one("problem", "source bounces", "may not read")[1] == \
        f"chmod g+r {file}{JOIN}"
    file.chmod(0o644)
    acct.dir.chmod(0o700)
    text, fix = doctor(agent).one("problem", "source bounces", "nothing is delivered")
    assert fix == f"chmod g+rx {acct.dir}{JOIN}"
    acct.dir.chmod(0o755)
    acct.dir.parent.chmod(0o700)
    text, fix = doctor(agent).of("problem", "source bounces", "nothing is delivered")[0]
    assert f"for the folder {acct.dir.parent}: it belongs to root:daemon" in text
    assert fix == f"chmod g+rx {acct.dir.parent}{JOIN}"
    acct.dir.parent.chmod(0o755)


@ROOT_ONLY
def test_a_reader_in_the_group_of_the_files_needs_no_world_readable(site):
    agent, acct = site_with(site)
    file, = acct.dir.glob("bounces-*.csv")
    path = pmta_config(site, agent, change=("world-readable yes", "world-readable no"))
    doctor(agent, "--pmta-config", path).one("problem", f"{path}:", "world-readable")
    as_nobody(agent, acct)
    os.chown(file, 0, grp.getgrnam("daemon").gr_gid)
    text, fix = doctor(agent, "--pmta-config", path).one("problem", f"{path}:", "world-readable")
    assert "group daemon" in text and "user nobody" in text
    assert fix == "usermod -a -G daemon nobody, and restart the service"
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
    text, fix = doctor(agent).one("problem", "endpoint octeth", "user nobody cannot read")
    assert str(secret) in text and fix == f"chgrp nogroup {secret} && chmod 640 {secret}"
    secret.rename(site.folder / "elsewhere")
    text, fix = doctor(agent).one("problem", "endpoint octeth", "user nobody cannot read")
    assert "No such file" in text and fix.startswith("install -m 640 -g nogroup /dev/null ")
    (site.folder / "elsewhere").rename(secret)
    site.folder.chmod(0o700)
    text, fix = doctor(agent).one("problem", "endpoint octeth", "may not read")
    assert f"for the folder {site.folder}" in text and fix.startswith(f"chmod g+rx {site.folder}")
    site.folder.chmod(0o755)
    secret.chmod(0o644)
    text, fix = doctor(agent).one("problem", "endpoint octeth", "everybody on this host")
    assert fix == f"chmod o= {secret}"
    os.chmod(agent.state_dir, 0o500)
    text, fix = doctor(agent).one("problem", "state-dir", "cannot write")
    assert fix.startswith("chown -R nobody ")


def test_folders_that_do_not_exist_are_waited_for(site):
    agent = site.agent(None, site.acct())
    agent.sources[0]["acct_file"] = site.folder / "none/bounces.csv"
    agent.write_conf()
    findings = doctor(agent)
    assert not findings.of("problem")
    text, fix = findings.one("warning", "source bounces", "none\" does not exist")
    assert fix.startswith(f"mkdir -p {site.folder}/none")


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
    text, fix = findings.one("problem", f"{path}:", "lacks rb")
    assert fix == "records b, rb"
    assert not findings.of("ok", "pmta.config", "logs what")


def test_powermtas_configuration_that_is_not_there(site):
    agent, _ = site_with(site)
    findings = doctor(agent, "--pmta-config", "/no/such")
    findings.one("problem", "/no/such", "No such file")
    findings = doctor(agent)
    if not Path("/etc/pmta/config").exists():
        findings.one("info", "/etc/pmta/config", "--pmta-config FILE")


def test_mail_of_the_bounce_domain(site):
    """A domain that cannot exist: the DNS's answer depends on the host, the finding does not."""
    agent, _ = site_with(site)
    path = pmta_config(site, agent, """relay-domain bounces.invalid
<bounce-processor>
<address-list>
domain bounces.invalid
</address-list>
</bounce-processor>
""")
    findings = doctor(agent, "--pmta-config", path)
    reported = findings.of("problem", "", "MX") + findings.of("warning", "", "MX")
    assert any("bounces.invalid" in text and "no rb rows" in text for text, _ in reported)


def test_fluentd_and_campaign_mail(site):
    """On that URL Octeth answers 200 and ignores events of mail that is not Email Gateway's."""
    backend = site.backend(semantics="octeth")
    agent, acct = site_with(site, backend, url=backend.url("/system/bounce_webhook?type=fluentd"),
                            format="array")
    text, fix = doctor(agent).one("problem", "endpoint octeth", "type=fluentd")
    assert "1 of 1 recent bounces" in text and "type=pmta" in fix
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
    text, fix = doctor(agent).one("warning", "dead letters", "1 row could")
    assert fix == f"pmta-shipper dead list -c {agent.conf}"
    agent.conf.rename(site.folder / "it's ours.conf")
    done = subprocess.run([AGENT, "doctor", "-c", site.folder / "it's ours.conf"],
                          capture_output=True, text=True)
    assert f"pmta-shipper dead list -c '{site.folder}/it'\\''s ours.conf'\n" in done.stdout


def test_a_file_that_does_not_begin_with_a_header(site):
    agent, acct = site_with(site)
    file, = acct.dir.glob("bounces-*.csv")
    file.write_text("b,2026-11-21 10:00:00+0000,failed,5.1.1 (bad)\n", "utf-8")
    findings = doctor(agent)
    text, _ = findings.one("warning", "recent rows", "does not begin with a header line")
    assert str(file) in text
    findings.one("warning", "recent rows", "1 of 1 cannot be parsed")


def test_a_store_that_is_damaged(site):
    agent, _ = site_with(site)
    agent.state_dir.mkdir(mode=0o700)
    (agent.state_dir / "state.db").write_bytes(b"no database at all, but long enough" * 100)
    doctor(agent).one("problem", "store", "state.db")


@pytest.mark.parametrize("age,level", [(0.0, "ok"), (6.0, "warning"), (7.5, "problem")])
def test_time_left_until_rows_are_deleted(site, age, level):
    """PowerMTA deletes a file after 8 days, whether it was shipped or not."""
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
    text, fix = doctor(agent, "--pmta-config", pmta_config(site, agent)).one(
        level, "source bounces", "delete-after")
    assert file.name in text and f"{8 - age:.1f} days" in text
    assert bool(fix) == (level != "ok")


# ---- the host, and the output's form


def test_host_checks(site):
    agent, _ = site_with(site)
    findings = doctor(agent)
    findings.one("ok", "inotify", "2 folders")
    findings.one("ok", "descriptors", "are needed at most")
    findings.one("ok", "state-dir", "free at")
    findings.one("ok", "other shippers", "none on this host")
    findings.one("info", "service", "something else must start")


def test_growth_of_the_archive(site):
    agent, acct = site_with(site)
    Path(acct.move_to).mkdir(exist_ok=True, parents=True)
    with open(Path(acct.move_to) / "bounces-2026-11-20-0000.csv", "wb") as file:
        file.truncate(10_000_000)
    text, _ = doctor(agent).one("ok", "source bounces", "grows by")
    assert "10.0 MB a day" in text
    with open(Path(acct.move_to) / "bounces-2026-11-20-0001.csv", "wb") as file:
        file.truncate(1 << 42)  # a sparse file: none of it is on the disk
    text, fix = doctor(agent).one("problem", "source bounces", "grows by")
    assert "--acknowledged --older-than 30d" in fix


def test_descriptors(site):
    agent, _ = site_with(site)
    done = subprocess.run(["prlimit", "--nofile=60", AGENT, "doctor", "-c", agent.conf],
                          capture_output=True, text=True, timeout=60, check=False)
    text, fix = Findings(done).one("problem", "descriptors", "may open 60 files")
    assert fix.startswith("ulimit -n ")


def test_json(site):
    agent, _ = site_with(site)
    lines = doctor(agent)
    reported = json.loads(agent.command("doctor", "--json").stdout)
    assert (reported["problems"], reported["warnings"], reported["notChecked"]) == \
        (len(lines.of("problem")), len(lines.of("warning")), lines.unchecked)
    assert [(one["level"], one["what"]) for one in reported["findings"]] == \
        [(level, what) for level, what, _, _ in lines.all]
    assert all(set(one) == {"level", "what", "text", "mend"} for one in reported["findings"])


def test_nothing_is_written(site):
    """doctor creates and changes nothing: no state-dir, no socket, no file."""
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
