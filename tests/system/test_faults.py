"""Faults around the agent: disks, locks, resolvers, cron jobs, and an nginx in front."""

import contextlib
import gzip
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from harness import FBL_HEADER, ROOT, Process, all_arrived, books, eventually, free_port, token_rows
from steps import cpu_seconds, rescanned

NGINX = next((path for path in [ROOT / "build/nginx/usr/sbin/nginx", Path("/usr/sbin/nginx")]
              if path.exists()), None)
SHIM = Path(os.environ.get("PMTA_SHIM_SO", ROOT / "build/shim.so"))
SANITIZED = "/san/" in os.environ.get("PMTA_SHIPPER", "")

needs_nginx = pytest.mark.skipif(not NGINX, reason="make nginx")
needs_shim = pytest.mark.skipif(not SHIM.exists() or SANITIZED, reason="shim and sanitizer")


def check(backend, tokens, repeats=0):
    lost, repeated, unexpected = books(backend, tokens)
    assert not lost and not unexpected
    assert sum(repeated.values()) - len(repeated) <= repeats
    assert backend.stats()["keys_with_two_bodies"] == 0


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", folder],
                          capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("not permitted to mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=False)


def test_a_full_state_disk_stops_sending_and_recovers(site, small_disk):
    """vector#22288: while the store cannot be written, nothing new is sent; then it resumes."""
    backend = site.backend()
    acct = site.acct()
    agent = site.agent(backend, acct, state_dir=small_disk / "state",
                       runtime_dir=site.folder / "run",
                       endpoint={"format": "array", "url": backend.url("/x")})
    rows, tokens = token_rows(400)
    acct.begin()
    agent.start()
    acct.append(rows[:20])
    eventually(lambda: all_arrived(backend, tokens[:20]))
    ballast = small_disk / "ballast"
    fd = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(fd, b"x" * 4096)
    except OSError:
        os.close(fd)
    for n in range(20, 400, 20):
        acct.append(rows[n:n + 20])
        time.sleep(0.01)
    eventually(lambda: "nothing new is sent" in agent.log() or all_arrived(backend, tokens))
    assert agent.running()
    ballast.unlink()
    eventually(lambda: all_arrived(backend, tokens))
    assert agent.stop() == 0
    check(backend, tokens)


def test_a_reload_waits_for_a_full_state_disk_without_spinning(site, small_disk):
    """Also after the drain time: the store is tried once a second, as without a reload."""
    backend = site.backend()
    acct = site.acct()
    agent = site.agent(backend, acct, state_dir=small_disk / "state", rescan="300ms",
                       runtime_dir=site.folder / "run", drain="100ms",
                       endpoint={"format": "array", "url": backend.url("/x")})
    rows, tokens = token_rows(400)
    acct.begin()
    agent.start()
    acct.append(rows[:20])
    eventually(lambda: all_arrived(backend, tokens[:20]))
    ballast = small_disk / "ballast"
    with open(ballast, "wb", buffering=0) as full, contextlib.suppress(OSError):
        while True:
            full.write(b"x" * 4096)
    acct.append(rows[20:])
    agent.wait_for("nothing new is sent")
    agent.hup()
    agent.wait_for("finishing what is in flight")
    rescanned(agent)
    before = cpu_seconds(agent)
    rescanned(agent, 5)
    assert cpu_seconds(agent) - before < 0.5
    ballast.unlink()
    agent.wait_for("reload: done")
    eventually(lambda: all_arrived(backend, tokens))
    assert agent.stop() == 0
    check(backend, tokens)


def test_a_store_locked_by_another_process_is_waited_for(site):
    """Obligation 8: the agent neither ends nor sends batches that it could not record."""
    backend = site.backend()
    acct = site.acct()
    agent = site.agent(backend, acct, endpoint={"format": "array", "url": backend.url("/x")})
    rows, tokens = token_rows(60)
    acct.begin()
    agent.start()
    acct.append(rows[:10])
    eventually(lambda: all_arrived(backend, tokens[:10]))
    other = sqlite3.connect(agent.state_dir / "state.db", isolation_level=None, timeout=20)
    other.execute("BEGIN IMMEDIATE")
    acct.append(rows[10:])
    agent.wait_for("nothing new is sent")
    assert not all_arrived(backend, tokens)
    other.execute("ROLLBACK")
    other.close()
    eventually(lambda: all_arrived(backend, tokens))
    assert agent.stop() == 0
    check(backend, tokens)


def test_batches_stored_before_go_out_while_the_store_takes_no_writes(site):
    """Their boundaries are stored: batches accepted meanwhile are recorded later, not repeated."""
    backend = site.backend()
    acct = site.acct()
    backend.rule(status=503)
    agent = site.agent(backend, acct, endpoint={
        "format": "array", "url": backend.url("/x"), "batch_records": 20, "retry_min": "100ms",
        "retry_max": "100ms"})
    rows, tokens = token_rows(60)
    acct.begin()
    agent.start()
    acct.append(rows[:20])
    agent.wait_for("trying again")
    other = sqlite3.connect(agent.state_dir / "state.db", isolation_level=None, timeout=20)
    other.execute("BEGIN IMMEDIATE")
    acct.append(rows[20:])
    agent.wait_for("nothing new is sent")
    backend.clear()
    eventually(lambda: all_arrived(backend, tokens[:20]))
    assert not any(token in backend.tokens() for token in tokens[20:])
    other.execute("ROLLBACK")
    other.close()
    eventually(lambda: all_arrived(backend, tokens))
    assert agent.stop() == 0
    check(backend, tokens)


def test_a_stop_logs_that_the_last_acknowledgements_could_not_be_stored(site):
    """The store takes no writes until the end: the log reports that those rows are sent again."""
    backend = site.backend()
    acct = site.acct()
    backend.rule(status=503)
    agent = site.agent(backend, acct, endpoint={
        "format": "array", "url": backend.url("/x"), "retry_min": "100ms", "retry_max": "100ms"})
    rows, tokens = token_rows(20)
    acct.begin()
    agent.start()
    acct.append(rows)
    agent.wait_for("trying again")
    other = sqlite3.connect(agent.state_dir / "state.db", isolation_level=None, timeout=20)
    other.execute("BEGIN IMMEDIATE")
    backend.clear()
    eventually(lambda: all_arrived(backend, tokens))
    assert agent.stop() == 0
    assert ("the last acknowledgements could not be stored: their records will be delivered again"
            in agent.log())
    other.close()
    agent.start()
    eventually(lambda: agent.status()["sources"][0]["behindBytes"] == 0)
    assert agent.stop() == 0
    assert not backend.query(
        "SELECT token FROM events GROUP BY token HAVING count(DISTINCT event_id) > 1")


def test_power_cut_the_store_loses_its_last_commits(site):
    """Commits that were not synced are lost: their rows come again under the same eventIds."""
    backend = site.backend()
    acct = site.acct()
    agent = site.agent(backend, acct)
    rows, tokens = token_rows(90)
    acct.begin()
    agent.start()
    acct.append(rows[:30])
    eventually(lambda: all_arrived(backend, tokens[:30]))
    assert agent.stop() == 0
    before = site.folder / "before"
    shutil.copytree(agent.state_dir, before)
    agent.start()
    acct.append(rows[30:60])
    acct.rotate()
    eventually(lambda: all_arrived(backend, tokens[:60]))
    agent.kill9()
    shutil.rmtree(agent.state_dir)
    shutil.copytree(before, agent.state_dir)
    agent.start()
    acct.append(rows[60:])
    eventually(lambda: all_arrived(backend, tokens))
    eventually(lambda: agent.status()["sources"][0]["behindBytes"] == 0)
    assert agent.stop() == 0
    check(backend, tokens, repeats=30)
    ids = backend.query("SELECT token FROM events GROUP BY token "
                        "HAVING count(DISTINCT event_id) > 1")
    assert not ids


def test_ten_thousand_archived_files_at_start(site):
    """One start records and passes over all of them, and they do not delay new rows."""
    backend = site.backend()
    acct = site.acct()
    rows, tokens = token_rows(3)
    acct.begin()
    folder = Path(acct.move_to)
    folder.mkdir(exist_ok=True)
    for n in range(10000):
        (folder / f"bounces-2025-01-{n // 500 + 1:02d}-{n:04d}.csv").write_bytes(
            b"type,orig\nb,old%d\n" % n)
    agent = site.agent(backend, acct)
    agent.start()
    acct.append(rows[:1])
    eventually(lambda: all_arrived(backend, tokens[:1]), timeout=60)
    assert agent.stop() == 0
    agent.start()
    acct.append(rows[1:2])
    eventually(lambda: all_arrived(backend, tokens[:2]))
    agent.kill9()
    agent.start()
    acct.append(rows[2:])
    eventually(lambda: all_arrived(backend, tokens))
    assert agent.status()["sources"][0]["filesKnown"] == 10001
    assert agent.stop() == 0
    check(backend, tokens, repeats=1)  # the row in flight at the kill


def test_a_gzip_cron_over_unread_archives(site):
    """The backend is down while a cron job compresses the moved files: the .gz files are read."""
    backend = site.backend()
    acct = site.acct()
    agent = site.agent(backend, acct)
    rows, tokens = token_rows(200)
    acct.begin()
    agent.start()
    agent.wait_for(" started with ")
    backend.stop()
    for n in range(0, 200, 5):
        acct.append(rows[n:n + 5])
        acct.rotate()
        if n == 100:
            agent.kill9()
    for path in Path(acct.move_to).glob("*.csv"):
        with open(path, "rb") as src, gzip.open(str(path) + ".gz", "wb") as out:
            out.write(src.read())
        path.unlink()
    agent.start()
    backend.start()
    eventually(lambda: all_arrived(backend, tokens))
    eventually(lambda: agent.status()["sources"][0]["behindBytes"] == 0)
    assert agent.status()["sources"][0]["goneUnread"] == 0
    assert agent.stop() == 0
    check(backend, tokens, repeats=16)


def test_frozen_for_longer_than_the_backends_patience(site):
    """SIGSTOP: requests fail in the meantime and are sent again under their keys."""
    backend = site.backend(idle_close_ms=200)
    acct = site.acct()
    agent = site.agent(backend, acct, endpoint={"timeout": "300ms"})
    rows, tokens = token_rows(60)
    acct.begin()
    agent.start()
    backend.rule(delay_ms=100, times=40)
    acct.append(rows[:30])
    eventually(lambda: backend.tokens())
    agent.signal(signal.SIGSTOP)
    time.sleep(0.6)
    agent.signal(signal.SIGCONT)
    acct.append(rows[30:])
    eventually(lambda: all_arrived(backend, tokens))
    assert agent.stop() == 0
    check(backend, tokens, repeats=16)


@needs_shim
def test_a_slow_resolver_does_not_stop_the_loop(site):
    """One endpoint's name takes 12 s to resolve; the other source is delivered meanwhile."""
    backend = site.backend()
    bounces, fbl = site.acct(), site.acct(base="fbl", header=FBL_HEADER)
    agent = site.agent(
        backend, bounces, fbl,
        endpoints=[{"name": "octeth", "url": f"http://slow.test:{backend.port}/x",
                    "format": "array", "allow_http": True, "connect_timeout": "30s"},
                   {"name": "other", "url": backend.url("/y"), "format": "array"}])
    agent.sources[1]["endpoint"] = "other"
    agent.write_conf()
    rows, tokens = token_rows(5)
    complaints, fbl_tokens = token_rows(5, kind="f", seed=9)
    bounces.begin()
    fbl.begin()
    agent.start(env={"LD_PRELOAD": str(SHIM), "PMTA_SHIM": "resolve:12"})
    bounces.append(rows)
    fbl.append(complaints[:1])
    eventually(lambda: all_arrived(backend, fbl_tokens[:1]))
    for n in range(1, 5):
        fbl.append(complaints[n:n + 1])
        eventually(lambda n=n: all_arrived(backend, fbl_tokens[:n + 1]))
    assert not all_arrived(backend, tokens), "the slow name was resolved too early"
    eventually(lambda: all_arrived(backend, tokens), timeout=40)
    assert agent.stop() == 0
    check(backend, tokens + fbl_tokens)


@needs_shim
def test_drain_and_status_see_what_no_event_reports(site):
    """On NFS, overlay and FUSE inotify may be silent: the folders are looked at when asked."""
    backend, acct = site.backend(), site.acct()
    agent = site.agent(backend, acct, rescan="1h")
    rows, tokens = token_rows(30)
    acct.append(rows[:10])
    agent.start(env={"LD_PRELOAD": str(SHIM), "PMTA_SHIM": "deaf:1"})
    agent.wait_for("started with")
    eventually(lambda: all_arrived(backend, tokens[:10]))
    acct.append(rows[10:20])
    assert agent.command("drain", "--timeout", "20s").returncode == 0
    assert all_arrived(backend, tokens[:20]), "drained, and rows were left"
    eventually(lambda: agent.status()["sources"][0]["behindBytes"] == 0)
    acct.rotate()
    acct.append(rows[20:])
    backend.rule(status=503)
    eventually(lambda: agent.status()["sources"][0]["behindBytes"] > 0)
    assert agent.command("drain", "--timeout", "100ms").returncode == 1
    backend.clear()
    assert agent.command("drain", "--timeout", "20s").returncode == 0
    assert all_arrived(backend, tokens)
    assert agent.status()["sources"][0]["rescans"] == 1
    assert agent.stop() == 0
    check(backend, tokens)


NGINX_CONF = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{
        listen 127.0.0.1:{port} ssl http2; client_max_body_size {limit};
        ssl_certificate {tls}/good.pem; ssl_certificate_key {tls}/good.key;
        location / {{ proxy_pass http://127.0.0.1:{upstream}; proxy_read_timeout 1s;
                      proxy_next_upstream off; }}
    }}
}}
"""


class Nginx(Process):
    """A real nginx with TLS and HTTP/2 in front of the stand-in."""

    def __init__(self, site, backend, limit):
        super().__init__(site.folder, "nginx")
        self.port = free_port()
        self.conf = site.folder / "nginx.conf"
        self.conf.write_text(NGINX_CONF.format(folder=site.folder, port=self.port, limit=limit,
                                               tls=site.certs(), upstream=backend.port))
        site.processes.append(self)

    def start(self):
        self.spawn([NGINX, "-e", self.folder / "nginx.log", "-c", self.conf])
        eventually(lambda: (self.folder / "nginx.pid").exists())
        return self

    def url(self, path):
        return f"https://localhost:{self.port}{path}"


@needs_nginx
@pytest.mark.parametrize("form", ["array", "object"])
def test_nginx_with_tls_and_http2_in_front(site, form):
    """nginx is reloaded and restarted, answers 413, and 502 while its upstream is down."""
    backend = site.backend()
    nginx = Nginx(site, backend, "8k").start()
    acct = site.acct()
    agent = site.agent(backend, acct, endpoint={
        "format": form, "url": nginx.url("/x"), "ca_file": site.certs() / "ca.pem",
        "batch_records": 40, "timeout": "5s"})
    rows, tokens = token_rows(1200)
    acct.begin()
    agent.start()
    for n in range(0, 1200, 60):
        acct.append(rows[n:n + 60])
        if n % 240 == 60:
            nginx.signal(signal.SIGHUP)
        if n % 240 == 120:
            backend.stop()
        if n % 240 == 180:
            backend.start()
        if n == 600:
            nginx.stop()
            nginx.start()
        time.sleep(0.05)
    eventually(lambda: all_arrived(backend, tokens))
    assert agent.stop() == 0
    statuses = {row["status"] for row in backend.requests()}
    assert statuses == {200}, "413 and 502 are nginx's own"
    check(backend, tokens, repeats=7 * 16 * 40)
    assert agent.status()["deadLetters"]["records"] == 0
