"""The log, and the status text that the service manager shows."""

import datetime
import json
import re
import socket

from harness import eventually, token_rows
from steps import arrived, rescanned, started, stopped, up


# ---- the service manager


class Manager:
    """Listens like systemd and keeps the messages it receives."""

    def __init__(self, folder):
        self.path = str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.received = []

    def statuses(self):
        try:
            while True:
                self.received.append(self.socket.recv(65536).decode())
        except BlockingIOError:
            pass
        return [line[7:] for message in self.received for line in message.splitlines()
                if line.startswith("STATUS=")]


def test_systemctl_status_shows_when_an_endpoint_fails_and_recovers(site, tmp_path):
    manager = Manager(tmp_path)
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(2)
    up(agent, env={"NOTIFY_SOCKET": manager.path})
    eventually(lambda: manager.statuses() == ["running"])
    backend.rule(status=401)
    acct.append(rows[:1])
    eventually(lambda: len(manager.statuses()) == 2)
    assert manager.statuses()[1].startswith("held: endpoint octeth: HTTP 401; ")
    rescanned(agent, times=5)
    eventually(lambda: agent.status()["endpoints"][0]["requests"] >= 3)
    assert len(manager.statuses()) == 2, "only when something changes"
    backend.clear()
    arrived(backend, 1)
    eventually(lambda: manager.statuses()[2:] == ["running"])
    backend.rule(status=503)
    acct.append(rows[1:])
    eventually(lambda: len(manager.statuses()) == 4)
    assert manager.statuses()[3].startswith("retrying: endpoint octeth: HTTP 503")
    backend.clear()
    arrived(backend, 2)
    eventually(lambda: manager.statuses()[4:] == ["running"])
    assert agent.stop() == 0
    assert manager.statuses()[5:] == ["finishing what is in flight"]
    manager.socket.close()


# ---- the log


def test_the_first_and_the_last_lines_of_the_log(site):
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(4)
    acct.append(rows)
    up(agent)
    arrived(backend, 4)
    stopped(agent)
    size = acct.live.stat().st_size
    log = agent.log()
    first = re.search(r'pmta-shipper (\S+) started with "(\S+)" \(digest ([0-9a-f]{32})\); '
                      r"sources: 1, endpoints: 1", log)
    assert first and first[2] == str(agent.conf)
    assert f'source "bounces": "{acct.dir}/bounces.csv", "{acct.live.name}" at byte 0 of {size}' \
        in log
    assert re.search(r"stopped: 4 rows read in all, 4 acknowledged, 0 dead letters made, 0 skipped, "
                     r"0 ignored; ran for \d+ s, 4 requests, 0 bytes behind\n$", log)
    up(agent)
    assert stopped(agent)
    assert f'"{acct.live.name}" at byte {size} of {size}' in agent.log()
    digests = re.findall(r"\(digest ([0-9a-f]{32})\)", agent.log())
    assert digests == [first[3]] * 2, "the same configuration"
    agent.settings["rescan"] = "101ms"
    agent.write_conf()
    up(agent)
    agent.hup()
    agent.wait_for("reload: done (digest ")
    digests = re.findall(r"\(digest ([0-9a-f]{32})\)", agent.log())
    assert digests[2] == digests[3] != first[3]


def test_every_line_of_a_json_log_is_json(site):
    acct = site.acct()
    backend, agent = started(site, acct, log_format="json", log_level="debug")
    rows, _ = token_rows(3)
    backend.rule(status=503, times=2)
    acct.append(['b,"broken', rows[0], "nonsense,\x1b\x07\xff", rows[1]])
    up(agent)
    arrived(backend, 2)
    acct.rotate()
    acct.append(rows[2:])
    arrived(backend, 3)
    agent.hup()
    agent.wait_for("reload: done")
    assert agent.stop() == 0
    lines = [json.loads(line) for line in agent.log().splitlines()]
    assert len(lines) > 6
    for line in lines:
        assert list(line)[:3] == ["time", "level", "message"]
        assert line["level"] in ("error", "warning", "info", "debug")
        datetime.datetime.strptime(line["time"], "%Y-%m-%dT%H:%M:%S.%fZ")
    messages = " ".join(line["message"] for line in lines)
    for words in ("started with", "dead letter", "HTTP 503", "reload: done", "stopped: "):
        assert words in messages, words


def test_a_crowd_of_events_is_cut_and_counted(site):
    """300 files that cannot be read: 50 lines, and the number of the lines left out."""
    acct = site.acct(move=False)
    for number in range(300):
        (acct.dir / (acct.dated(number) + ".gz")).write_bytes(b"\x1f\x8b\x08\x00 cut off")
    backend, agent = started(site, acct, first_start="all", rescan="2s")
    up(agent)
    eventually(lambda: agent.status()["sources"][0]["filesUnreadable"] == 300, timeout=60)
    assert 50 <= agent.log().count("damaged or unfinished gzip data") <= 150
    agent.wait_for("similar lines omitted")
    left_out = sum(map(int, re.findall(r"([0-9]+) similar lines omitted", agent.log())))
    assert agent.log().count("damaged or unfinished gzip data") + left_out <= 300
    source = agent.status()["sources"][0]
    assert source["unreadableAdvice"] == "damaged or unfinished gzip data"
    assert source["unreadableFile"].endswith(".csv.gz")
    assert "(and 299 more)" in agent.command("status").stdout
