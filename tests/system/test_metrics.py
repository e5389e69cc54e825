"""/metrics, /healthz, /readyz, /history: their values are right; which clients are answered."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from harness import FBL_HEADER, ROOT, eventually, token_rows
from scrape import Scrape, fetch, scrape, types, until, watched
from steps import arrived, rescanned, stopped, up
from wire import ARRAY, delivering, wait_state

PROMTOOL = next((str(path) for path in [ROOT / "build/prometheus/usr/bin/promtool",
                                        Path(shutil.which("promtool") or "/none")]
                 if path.exists()), None)
needs_promtool = pytest.mark.skipif(
    not PROMTOOL, reason="promtool is not there (make system unpacks it)")


def running(site, rows=(), **settings):
    """(backend, agent, acct): a running agent with metrics-listen and with rows in its file."""
    backend = site.backend()
    acct = site.acct().begin()
    acct.append(rows)
    agent = up(watched(site.agent(backend, acct, **settings)))
    return backend, agent, acct


def category(row, name):
    return row.replace("bad-mailbox", name)


# ---- the format

@needs_promtool
def test_promtool_finds_nothing_to_say(site):
    _, agent, _ = running(site, token_rows(3)[0])
    text = until(agent, "source_shipped_records_total", 3).text
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True,
                          text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_family_has_help_and_type_once_and_counters_end_in_total(site):
    _, agent, _ = running(site)
    text = scrape(agent).text
    families = re.findall(r"^# (HELP|TYPE) (\S+)", text, re.MULTILINE)
    assert len(set(families)) == len(families)
    assert {name for kind, name in families if kind == "HELP"} == set(types(text))
    for name, kind in types(text).items():
        assert name.endswith("_total") == (kind == "counter"), name
        assert name.startswith(("pmta_shipper_", "process_")), name


# ---- sources

def test_rows_and_bytes_by_what_became_of_them(site):
    rows, _ = token_rows(6, kind=["b", "rb", "d"])
    bad = '"never closed'
    _, agent, acct = running(site, rows)
    acct.append([bad, "x,1,2", *token_rows(1, seed="L")[0]])
    acct.rotate()
    now = until(agent, "source_shipped_records_total", 5)
    sizes = {row: len(row) + 1 for row in rows}
    shipped = sum(size for row, size in sizes.items() if not row.startswith("d,"))
    last = len(token_rows(1, seed="L")[0][0]) + 1
    assert now.get("source_shipped_bytes_total") == shipped + last
    now = until(agent, "source_rejected_records_total", 1)
    assert now.get("source_rejected_bytes_total") == len(bad) + 1
    assert now.get("source_skipped_records_total") == 3
    assert now.get("source_read_records_total") == 9
    assert now.get("source_read_bytes_total") == sum(sizes.values()) + len(bad) + 1 + 6 + last
    assert now.get("source_records_total", type="b") == 3
    assert now.get("source_records_total", type="rb") == 2
    assert now.get("source_records_total", type="d") is None  # d rows are not shipped
    fates = {dict(key[1])["fate"]: value for key, value in now.all("source_rows").items()}
    assert fates == {"acknowledged": 5, "dead": 1, "skipped": 3, "ignored": 0, "in_flight": 0}
    assert now.get("dead_letters") == 1 and now.get("dead_letters_limit") == 100000
    assert until(agent, "source_rotations_total", 1).get("source_archive_bytes") > 0
    assert now.get("source_last_record_timestamp_seconds") == 1795255200


def test_bounces_by_category_with_a_bounded_set_of_labels(site):
    rows, _ = token_rows(6)
    names = ["bad-mailbox", "quota-issues", "quota-issues", "my-own-category", 'x"} 1\n', ""]
    rows = [category(row, '"' + name.replace('"', '""') + '"' if '"' in name else name)
            for row, name in zip(rows, names)]
    _, agent, _ = running(site, rows)
    now = until(agent, "source_shipped_records_total", 6)
    got = {dict(key[1])["category"]: value
           for key, value in now.all("source_bounces_total").items()}
    assert {k: v for k, v in got.items() if v} == {
        "bad-mailbox": 1, "quota-issues": 2, "other": 2, "none": 1}
    assert len(got) == 18  # all are exposed from the start, so that any increase is seen


def test_hard_bounces_of_large_domains_and_no_address(site):
    rows, _ = token_rows(260)
    rows = [row.replace("@example.org", "@Large.example" if i % 2 else f"@d{i}.example")
            for i, row in enumerate(rows)]
    backend, agent, _ = running(site, rows)
    arrived(backend, 260)
    now = until(agent, "source_shipped_records_total", 260)
    by_domain = {dict(key[1])["domain"]: value
                 for key, value in now.all("hard_bounces_total").items()}
    assert set(by_domain) == {"large.example", "other"}
    assert by_domain["large.example"] > 0 and sum(by_domain.values()) == 260
    assert "@" not in now.text and "user-" not in now.text


def test_behind_and_what_waits_while_the_endpoint_is_held(site):
    backend, agent, acct = running(site, token_rows(1)[0])
    until(agent, "source_shipped_records_total", 1)
    backend.rule(status=401)
    rows, _ = token_rows(40, seed="H")
    acct.append(rows)
    now = until(agent, "endpoint_state", 1, state="held")
    assert now.get("endpoint_state", state="ok") == 0
    assert now.get("endpoint_holds_total") == 1
    assert eventually(lambda: scrape(agent).get("endpoint_waiting_records") > 0)
    now = scrape(agent)
    size = sum(len(row) + 1 for row in rows)
    assert now.get("source_behind_bytes") == size
    assert 0 < now.get("source_behind_records") <= 60
    assert now.get("source_behind_seconds") >= 0 and now.get("source_behind_files") == 1
    assert fetch(agent, "/readyz")[0] == 200  # nothing on this host could fix it
    backend.clear()
    until(agent, "source_behind_bytes", 0)


def test_files_that_cannot_be_read_are_counted(site):
    """A damaged .gz."""
    _, agent, acct = running(site, rescan="100ms")
    (acct.move_to / "bounces-2026-11-20-0000.csv.gz").write_bytes(b"\x1f\x8b\x08\x00nonsense" * 9)
    until(agent, "source_unreadable_files", 1)


def test_time_until_unshipped_rows_are_deleted(site):
    """A cron job deletes files that are five days old while the backend is down."""
    def age(path, days):
        then = os.stat(path).st_mtime - days * 86400
        os.utime(path, (then, then))
        return path
    backend, agent, acct = running(site, token_rows(1)[0], rescan="100ms")
    arrived(backend, 1)
    assert scrape(agent).get("source_deleted_after_seconds") is None
    moved = age(acct.rotate(), 5)
    rescanned(agent, 2)
    moved.unlink()
    eventually(lambda: scrape(agent).get("source_deleted_after_seconds"))
    now = scrape(agent)
    assert 5 * 86400 - 600 < now.get("source_deleted_after_seconds") < 5 * 86400 + 600
    assert now.get("source_unshipped_deletion_seconds") is None  # nothing waits
    backend.rule(status=503)
    acct.append(token_rows(2, seed="W")[0])
    age(acct.rotate(), 4)
    left = eventually(lambda: scrape(agent).get("source_unshipped_deletion_seconds"))
    assert eventually(
        lambda: abs(scrape(agent).get("source_unshipped_deletion_seconds") - 86400) < 600), left


# ---- endpoints

def test_requests_by_answer_time_and_size(site):
    backend, agent, acct, _ = delivering(site, path=ARRAY, batch_records=10)
    agent.stop()
    backend.rule(status=503, times=2)
    watched(agent)
    up(agent)
    acct.append(token_rows(30)[0])
    now = until(agent, "endpoint_accepted_records_total", 30)
    by_code = {dict(key[1])["code"]: value
               for key, value in now.all("endpoint_requests_total").items()}
    assert set(by_code) == {"none", "2xx", "3xx", "4xx", "5xx"} and by_code["5xx"] == 2
    ended = sum(by_code.values())
    assert now.get("endpoint_retries_total") == 2
    for name in ("endpoint_request_duration_seconds", "endpoint_request_records"):
        assert now.get(name + "_count") == ended
        buckets = sorted((float(dict(key[1])["le"]), value)
                         for key, value in now.all(name + "_bucket").items())
        values = [value for _, value in buckets]
        assert values == sorted(values) and values[-1] == ended
        assert buckets[-1][0] == float("inf")
    sent = backend.requests()
    assert len(sent) == ended
    assert now.get("endpoint_request_records_sum") >= 30
    assert now.get("endpoint_request_duration_seconds_sum") > 0
    assert now.get("endpoint_request_bytes_total") > 30 * 200
    assert now.get("endpoint_in_flight_limit") >= 1


def test_requests_without_an_answer(site):
    site.backend()
    acct = site.acct().begin()
    acct.append(token_rows(1)[0])
    agent = up(watched(site.agent("http://127.0.0.1:1/system/bounce_webhook?type=pmta", acct)))
    now = until(agent, "endpoint_state", 1, state="retrying")
    assert now.get("endpoint_requests_total", code="none") >= 1


# ---- counters after a reload and after a restart

def counters(now):
    kinds = types(now.text)
    return {key: value for key, value in now.samples.items()
            if kinds.get(key[0]) == "counter" or key[0].endswith(("_count", "_sum", "_bucket"))}


def test_counters_continue_over_reloads(site):
    """Also if sources change, which opens all files again."""
    backend, agent, acct = running(site, token_rows(20)[0])
    fbl = site.acct(base="fbl", header=FBL_HEADER).begin()
    before = counters(until(agent, "source_shipped_records_total", 20))
    for again in (1, 2):
        if again == 2:
            from harness import source_of
            agent.sources.append(source_of(fbl))
            agent.write_conf()
        agent.hup()
        agent.wait_for("reload: done", times=again)
        after = counters(scrape(agent))
        lower = {key: (value, after.get(key)) for key, value in before.items()
                 if after.get(key) is None or after[key] < value}
        assert not lower
        before = after
    acct.append(token_rows(5, seed="N")[0])
    fbl.append(token_rows(3, kind="f", seed="F")[0])
    now = until(agent, "source_shipped_records_total", 25, source="bounces")
    assert until(agent, "source_shipped_records_total", 3, source="fbl")
    assert now.get("endpoint_accepted_records_total") >= 25
    arrived(backend, 28)


def test_counters_begin_anew_with_the_process_and_books_do_not(site):
    """A counter that is restored a little too low looks to Prometheus like a restart from 0."""
    _, agent, acct = running(site, token_rows(20)[0])
    until(agent, "source_shipped_records_total", 20)
    stopped(agent)
    up(agent)
    now = scrape(agent)
    assert now.get("source_shipped_records_total") == 0
    assert now.get("source_rows", fate="acknowledged") == 20
    acct.append(token_rows(1, seed="N")[0])
    assert until(agent, "source_shipped_records_total", 1).get("source_rows",
                                                               fate="acknowledged") == 21


def test_a_refused_reload_is_exposed_and_the_digest_is_of_the_configuration_in_force(site):
    _, agent, _ = running(site)
    good = agent.conf.read_text()
    now = scrape(agent)
    digest, loaded = now.all("config_info"), now.get("config_load_timestamp_seconds")
    assert now.get("config_last_reload_successful") == 1
    agent.conf.write_text(good + "nonsense = 1\n")
    agent.hup()
    now = until(agent, "config_last_reload_successful", 0)
    assert now.all("config_info") == digest
    agent.conf.write_text(good.replace('log-level = "debug"', 'log-level = "info"'))
    agent.hup()
    agent.wait_for("reload: done")
    now = scrape(agent)
    assert now.get("config_last_reload_successful") == 1
    assert now.all("config_info") != digest
    assert now.get("config_load_timestamp_seconds") >= loaded


def test_the_process_is_exposed_under_the_usual_names(site):
    _, agent, _ = running(site)
    now = scrape(agent)
    fds = len(os.listdir(f"/proc/{agent.pid}/fd"))
    assert abs(now.get("process_open_fds") - fds) <= 3
    assert now.get("process_resident_memory_bytes") > 1 << 20
    assert now.get("process_virtual_memory_bytes") >= now.get("process_resident_memory_bytes")
    assert now.get("process_max_fds") >= fds and now.get("process_cpu_seconds_total") > 0
    up_for = eventually(lambda: agent.status()["uptimeSeconds"])
    import time
    assert abs(time.time() - up_for - now.get("process_start_time_seconds")) < 60


# ---- readiness

def test_not_ready_without_an_endpoint(site):
    acct = site.acct().begin()
    agent = up(watched(site.agent(None, acct)))
    assert fetch(agent, "/healthz")[::2] == (200, "ok\n")
    status, _, body = fetch(agent, "/readyz")
    assert (status, body) == (503, "not ready: no endpoint is configured: url is empty\n")
    assert scrape(agent).get("endpoint_state", state="unconfigured") == 1


def test_not_ready_at_the_limit_of_dead_letters(site):
    _, agent, acct = running(site, dead_max_records=1)
    assert fetch(agent, "/readyz")[::2] == (200, "ready\n")
    acct.append(["b," + "x," * 40, "b," + "y," * 40])
    status = eventually(lambda: fetch(agent, "/readyz") if fetch(agent, "/readyz")[0] == 503
                        else None)
    assert "dead letters" in status[2]


def test_ready_while_the_backend_is_away(site):
    backend, agent, acct = running(site)
    backend.kill()
    acct.append(token_rows(1)[0])
    wait_state(agent, "retrying")
    assert fetch(agent, "/readyz")[::2] == (200, "ready\n1 problem: see pmta-shipper status\n")


# ---- clients that are answered, and headers for browsers

REBOUND = {"Host": "rebound.example:9468"}


@pytest.mark.parametrize("path", ["/", "/status", "/status.txt", "/history", "/nothing"])
def test_a_page_elsewhere_cannot_read_this_one(site, path):
    """DNS rebinding: a foreign name that resolves to this host."""
    _, agent, _ = running(site)
    status, _, body = fetch(agent, path, **REBOUND)
    assert status == 421 and "localhost" in body and len(body) < 100
    wanted = 404 if path == "/nothing" else 200
    for name in ("localhost:1", "[::1]:9468", "192.0.2.1", "mta"):
        assert fetch(agent, path, Host=name)[0] == wanted


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
def test_monitors_may_come_by_any_name(site, path):
    _, agent, _ = running(site)
    assert fetch(agent, path, **REBOUND)[0] == 200


@pytest.mark.parametrize("path", ["/", "/metrics", "/status", "/history", "/healthz", "/nothing"])
def test_answers_run_nothing_but_the_pages_own_script(site, path):
    _, agent, _ = running(site)
    _, headers, body = fetch(agent, path)
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ") and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "*" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    nonces = re.findall(r"'nonce-([0-9a-f]{32})'", policy)
    assert len(set(nonces)) == (path == "/")
    if path == "/":
        assert set(re.findall(r'nonce="([^"]*)"', body)) == set(nonces)
        assert nonces != re.findall(r"'nonce-([0-9a-f]+)'",
                                    fetch(agent, path)[1]["Content-Security-Policy"])


def test_nothing_but_looking(site):
    _, agent, _ = running(site)
    for path in ("/", "/metrics", "/readyz", "/history", "/status"):
        assert fetch(agent, path, "POST")[0] == 405
        assert fetch(agent, path, "DELETE")[0] == 405
        status, headers, body = fetch(agent, path, "HEAD")
        if path != "/status":
            assert (status, body) == (200, "") and int(headers["Content-Length"]) > 0


def test_history_is_json_with_the_configured_names(site):
    _, agent, _ = running(site)
    history = json.loads(fetch(agent, "/history")[2])
    assert [source["name"] for source in history["sources"]] == ["bounces"]
    assert [endpoint["name"] for endpoint in history["endpoints"]] == ["octeth"]
    assert history["stepSeconds"] == 60
    manual = (ROOT / "docs/pmta-shipper.8").read_text("utf-8")
    section = manual.split(".Ss THE LAST HOUR AS JSON")[1].split("\n.Sh ")[0]
    names = set(history) | set(history["sources"][0]) | set(history["endpoints"][0])
    names |= {"category", "records"}
    assert set(re.findall(r"\bVa (\w+)", section)) == names


def test_metrics_over_the_control_socket_too(site):
    """For a host without metrics-listen."""
    import http.client
    import socket
    acct = site.acct().begin()
    agent = up(site.agent(None, acct))
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(agent.state_dir / "control"))
    connection.request("GET", "/metrics")
    assert Scrape(connection.getresponse().read().decode()).get("store_writable") == 1
