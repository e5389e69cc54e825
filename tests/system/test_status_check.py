"""`status --check`, for Nagios and Zabbix; and exit statuses."""

import json
import re
import socket

import pytest
from harness import eventually, free_port, token_rows
from steps import ago, arrived, logged, settled, started, up
from wire import control


def check(agent, *args):
    done = agent.command("status", "--check", *args)
    assert len(done.stdout.splitlines()) == 1 and not done.stderr
    words, data = done.stdout.rstrip("\n").split(" | ")
    name, state = words.split(": ", 1)[0].split()
    assert name == "PMTA-SHIPPER"
    assert ["OK", "WARNING", "CRITICAL"].index(state) == done.returncode
    return done.returncode, words, dict(part.split("=") for part in data.split())


def test_check_is_ok_and_says_so_with_numbers(site):
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(7)
    acct.append(rows)
    up(agent)
    arrived(backend, 7)
    settled(agent)
    status, words, data = check(agent, "--warn-behind", "90s", "--crit-behind", "2h")
    assert (status, words) == (0, "PMTA-SHIPPER OK: running, nothing needs attention")
    assert data["behind"] == "0s;90;7200;0" and data["behind_bytes"] == "0B;;;0"
    assert data["acknowledged"] == "7c" and data["dead_letters"] == "0;;;0"
    assert {"behind_records", "rate"} <= data.keys()
    assert check(agent)[2]["behind"] == "0s;300;1800;0"
    assert check(agent, "--warn-behind", "1h")[2]["behind"] == "0s;3600;3600;0"
    assert check(agent, "--crit-behind", "1m")[2]["behind"] == "0s;60;60;0"


def test_check_judges_how_far_behind(site):
    acct = site.acct()
    backend, agent = started(site, acct)
    backend.rule(status=503)
    rows, _ = token_rows(3)
    acct.append([logged(row, ago(minutes=10)) for row in rows])
    up(agent)
    eventually(lambda: agent.status()["sources"][0]["secondsBehind"] >= 600)
    status, words, _ = check(agent)
    assert status == 1 and re.search(r"bounces: \d+ s behind, about \d+ records", words)
    assert check(agent, "--warn-behind", "1m", "--crit-behind", "5m")[0] == 2
    assert check(agent, "--warn-behind", "1h")[0] == 0, "retrying is not worse than being late"
    eventually(lambda: "octeth: retrying for" in
               check(agent, "--warn-behind", "1s", "--crit-behind", "5h")[1])


def test_check_is_critical_when_held_and_when_not_running(site):
    acct = site.acct()
    backend, agent = started(site, acct)
    backend.rule(status=403, body="a|b")
    rows, _ = token_rows(1)
    acct.append([logged(rows[0], ago())])
    up(agent)
    eventually(lambda: agent.status()["endpoints"][0]["state"] == "held")
    status, words, _ = check(agent)
    assert status == 2 and "octeth: held for" in words
    assert agent.stop() == 0
    status, words, _ = check(agent)
    assert status == 2 and "not running" in words


def test_check_warns_while_nothing_is_configured(site):
    agent = site.agent(None, site.acct())
    up(agent)
    eventually(lambda: agent.status()["running"])
    status, words, _ = check(agent)
    assert status == 1 and "octeth: not configured yet" in words


def test_check_does_not_know_without_agent_store_or_configuration(site):
    agent = site.agent(None, site.acct())
    done = agent.command("status", "--check")
    assert done.returncode == 3 and done.stdout.startswith("PMTA-SHIPPER UNKNOWN: not running")
    agent.conf.write_text("nonsense = {\n")
    done = agent.command("status", "--check")
    assert done.returncode == 3 and done.stdout.startswith("PMTA-SHIPPER UNKNOWN: the conf")


@pytest.mark.parametrize("args", [
    ["--json", "--check"], ["--watch", "--json"], ["--warn-behind", "5m"], ["--interval", "5s"],
    ["--check", "--warn-behind", "2h", "--crit-behind", "1h"], ["--check", "--warn-behind", "x"],
    ["--watch", "--interval", "1ms"]])
def test_options_that_do_not_go_together(site, args):
    agent = site.agent(None, site.acct())
    done = agent.command("status", *args)
    assert done.returncode == 64 and not done.stdout


def test_the_check_is_there_for_http_too(site):
    """GET /check: the first line of the answer is the exit status; limits are in milliseconds."""
    port = free_port()
    agent = site.agent(None, site.acct(), metrics_listen=f"127.0.0.1:{port}")
    up(agent)

    def get(path):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
            sock.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            return b"".join(iter(lambda: sock.recv(65536), b"")).decode().split("\r\n\r\n")[1]
    assert get("/check?warn=300000&crit=1800000").startswith("1\nPMTA-SHIPPER WARNING: octeth: not")
    assert get("/check").startswith("3\n")


def test_the_exit_status_is_a_line_of_its_own_for_commands_and_no_part_of_the_json(site):
    acct = site.acct()
    backend, agent = started(site, acct)
    up(agent)
    for path, first in (("/status", b"{"), ("/status?exit=1", b"0\n{")):
        assert control(agent, "GET", path)[1].startswith(first)
    done = agent.command("status", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["problems"] == 0
    backend.rule(status=401)
    acct.append(token_rows(1)[0])
    eventually(lambda: agent.status()["endpoints"][0]["state"] == "held")
    done = agent.command("status", "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["problems"] == 1


# ---- all forms agree


def forms(agent):
    """(exit of status, problems in its JSON, exit of --check, its line)."""
    text, done = agent.command("status"), agent.command("status", "--check")
    shown = agent.status()
    assert text.stdout.count("PROBLEM: ") == shown["problems"]
    assert all(one["text"] in text.stdout for one in shown["attention"])
    return text.returncode, shown["problems"], done.returncode, done.stdout


def test_a_wrong_header_is_a_problem_everywhere(site):
    """More cells than columns: no row of the file is a record."""
    acct = site.acct(header="type,timeLogged")
    _, agent = started(site, acct)
    acct.append(token_rows(12)[0])
    up(agent)
    eventually(lambda: agent.status()["deadLetters"]["records"] == 12)
    settled(agent)
    for _ in range(2):
        status, problems, check_exit, line = forms(agent)
        assert status == 1 and problems >= 2 and check_exit == 2
        assert "no row of bounces-" in line and "all 12 are dead letters" in line
        if agent.running():
            assert agent.stop() == 0
    assert agent.command("dead", "drop", "--all").returncode == 1  # no agent
    up(agent)
    assert agent.command("dead", "drop", "--all").returncode == 0
    assert forms(agent)[:3] == (0, 0, 0)


def test_stopped_with_rows_waiting_is_a_problem_everywhere(site):
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(4)
    acct.append(rows[:2])
    up(agent)
    arrived(backend, 2)
    settled(agent)
    assert agent.stop() == 0
    assert forms(agent)[:3] == (0, 0, 2)  # stopped with nothing left: only a monitor minds
    acct.append(rows[2:])
    status, problems, check_exit, line = forms(agent)
    assert status == 1 and problems >= 1 and check_exit == 2
    assert "not running, while " in line and " in 1 file wait" in line


def test_a_missing_folder_is_a_problem_until_it_is_there(site):
    acct = site.acct()
    _, agent = started(site, acct)
    agent.sources[0]["acct_file"] = acct.dir / "later/bounces.csv"
    agent.write_conf()
    up(agent)
    eventually(lambda: forms(agent)[:3] == (1, 1, 1))
    (acct.dir / "later").mkdir()
    eventually(lambda: forms(agent)[:3] == (0, 0, 0))

def shape(value):
    """The names in a JSON value, without its numbers and texts."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    return [shape(one) for one in value] if isinstance(value, list) else None


def test_status_json_prints_the_answer_of_the_running_agent(site):
    """The other tests' agent.status() asks the agent itself."""
    _, agent = started(site, site.acct().begin())
    up(agent)
    done = agent.command("status", "--json")
    assert done.returncode == 0 and shape(json.loads(done.stdout)) == shape(agent.status())
