"""The commands: their output, their exit status, and one clear line for every mistake.

DESIGN.md, "Commands": 0 done, 1 ran and found problems or failed, 64 usage, 78 configuration.
"""

import json
import os
import re
import sqlite3
import subprocess
from contextlib import closing

import pytest
from harness import AGENT, BOUNCE_HEADER, VERSION, eventually, token_rows
from steps import (
    arrived, compare, dead, dead_shown, delivered, lines, put, records, started, stopped, up)

COMMANDS = ["run", "check", "directives", "parse", "status", "dead", "doctor"]


def run(*args):
    return subprocess.run([str(AGENT), *map(str, args)], capture_output=True, text=True,
                          timeout=20, check=False, stdin=subprocess.DEVNULL)


def one_line(done):
    """Errors go to stderr, one line each."""
    assert not done.stdout
    line, = done.stderr.splitlines()
    return line


# ---- help, version, usage


def test_version():
    """--version prints the program's name and the newest version of the change log."""
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"pmta-shipper {VERSION}\n", "")


def test_help_names_every_command():
    """--help of the program lists every command."""
    done = run("--help")
    assert done.returncode == 0 and not done.stderr
    for command in COMMANDS:
        assert re.search(rf"^ +{command} ", done.stdout, re.M), command


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command):
    """--help of a command: on stdout, exit status 0, without a configuration."""
    done = run(command, "--help")
    assert done.returncode == 0 and not done.stderr
    assert done.stdout.startswith(f"Usage: pmta-shipper {command}")


@pytest.mark.parametrize("args", [
    [], ["runn"], ["--verbose"],
    ["run", "--quick"], ["run", "extra"], ["run", "-c"],
    ["check", "extra"], ["check", "--printt"], ["directives", "extra"], ["status", "extra"],
    ["parse"], ["parse", "--since", "yesterday", "x.csv"], ["parse", "--format", "xml", "x.csv"],
    ["dead"], ["dead", "lst"], ["dead", "list", "--rawr"],
])
def test_a_wrong_command_line_is_64(args):
    """Exit status 64, and one line that points to --help."""
    done = run(*args)
    assert done.returncode == 64
    assert "--help" in one_line(done)


@pytest.mark.parametrize("args, words", [
    (["parse"], "parse: give at least one file; see 'pmta-shipper parse --help'"),
    (["dead"], "dead: list, show, export, retry or drop? See 'pmta-shipper dead --help'"),
    (["check", "x"], "check: takes no argument; see 'pmta-shipper check --help'"),
    (["check", "--prnt"], "(did you mean '--print'?); see 'pmta-shipper check --help'"),
    (["check", "--help=x"], "check: --help takes no value; see")])
def test_what_is_wrong_is_a_sentence(args, words):
    done = run(*args)
    assert done.returncode == 64 and words in done.stderr and not done.stdout, done.stderr


@pytest.mark.parametrize("args", [
    ["dead", "show"], ["dead", "show", "one"], ["dead", "drop"], ["dead", "retry", "one"],
    ["dead", "drop", "--kind", "refuse"], ["dead", "list", "--kind", ""],
    ["parse", "--since", "2000000000", "--until", "1900000000", "x.csv"],
    ["parse", "--source", "none", "x.csv"]])
def test_a_wrong_argument_is_64(site, args):
    """Exit status 64, also with a good configuration."""
    agent = site.agent("http://127.0.0.1:9/", site.acct())
    up(agent)
    stopped(agent)
    command, *rest = args
    done = agent.command(command, *rest)
    assert done.returncode == 64, done.stderr
    one_line(done)


@pytest.mark.parametrize("command", ["run", "check", "directives", "status", "dead", "parse"])
def test_a_configuration_that_is_not_there_is_78(tmp_path, command):
    """Exit status 78; the line names the file that could not be loaded."""
    more = {"dead": ["list"], "parse": ["x.csv"]}.get(command, [])
    done = run(command, "-c", tmp_path / "none.conf", *more)
    assert done.returncode == 78
    assert str(tmp_path / "none.conf") in one_line(done)


@pytest.mark.parametrize("command", ["run", "check", "directives", "status", "dead", "parse"])
def test_a_wrong_configuration_is_78(site, command):
    """Exit status 78; every mistake in one run, with file:line and the nearest known name."""
    agent = site.agent("http://127.0.0.1:9/", site.acct(), rescan="soon", metrics_listn="")
    more = {"dead": ["list"], "parse": ["x.csv"]}.get(command, [])
    done = agent.command(command, *more)
    assert done.returncode == 78 and not done.stdout
    assert all(line.startswith(f"{agent.conf}:") for line in done.stderr.splitlines())
    assert "rescan" in done.stderr and "metrics-listen" in done.stderr


# ---- check and directives


def test_check_says_what_is_followed_and_the_worst_case(site):
    """check: exit status 0, the files followed, and "worst-case memory 8.4 MB"."""
    acct = site.acct()
    agent = site.agent("http://127.0.0.1:9/x?type=pmta", acct)
    done = agent.command("check")
    assert done.returncode == 0 and not done.stderr
    assert re.search(r"^worst-case memory \d+\.\d MB$", done.stdout, re.M)
    assert str(acct.move_to) in done.stdout and "configuration is fine" in done.stdout
    assert not agent.state_dir.exists(), "check created the store"


def test_check_counts_the_files_that_are_there(site):
    acct = site.acct()
    agent = site.agent("http://127.0.0.1:9/x?type=pmta", acct)

    def megabytes():
        return float(re.search(r"worst-case memory (\d+\.\d) MB", agent.command("check").stdout)[1])
    few = megabytes()
    acct.move_to.mkdir(exist_ok=True)
    for i in range(2000):
        (acct.move_to / f"bounces-2026-11-20-{i:04d}.csv").touch()
    assert few + 0.5 < megabytes() < few + 1.5
    assert "with the 2000 files that are there now" in agent.command("check").stdout


def test_check_looks_into_secrets_but_not_into_credentials_it_cannot_see(site):
    """systemd runs check before a reload, without the service's credentials: a note, no mistake."""
    agent = site.agent("http://127.0.0.1:9/", site.acct(),
                       endpoint={"signature_file": "$CREDENTIALS_DIRECTORY/signature"})

    def check(**env):
        return subprocess.run([AGENT, "check", "-c", agent.conf], env=env, capture_output=True,
                              text=True, timeout=20, check=False)
    done = check()
    assert done.returncode == 0, done.stderr
    assert "credentials of the service were not checked" in done.stdout
    (site.folder / "signature").write_text("secret")
    (site.folder / "signature").chmod(0o644)
    done = check(CREDENTIALS_DIRECTORY=str(site.folder))
    assert done.returncode == 78 and "others can read" in done.stderr
    (site.folder / "signature").chmod(0o600)
    done = check(CREDENTIALS_DIRECTORY=str(site.folder))
    assert (done.returncode, done.stderr) == (0, "") and "credentials" not in done.stdout
    agent.endpoints[0]["signature_file"] = str(site.folder / "nothing")
    agent.write_conf()
    assert check().returncode == 78


def test_check_print_reads_back(site):
    """check --print: the printed text, read as a configuration, is printed the same again."""
    agent = site.agent("http://127.0.0.1:9/x?type=pmta", site.acct(), site.acct(base="fbl"))
    first = agent.command("check", "--print")
    assert first.returncode == 0 and not first.stderr
    agent.conf.write_text(first.stdout, "utf-8")
    second = agent.command("check", "--print")
    assert second.stdout == first.stdout and second.returncode == 0


def test_directives_for_every_source(site):
    """directives: the acct-file blocks to paste; exit status 0."""
    acct, fbl = site.acct(), site.acct(base="fbl")
    agent = site.agent("", acct, fbl)
    done = agent.command("directives")
    assert done.returncode == 0 and not done.stderr
    for one in (acct, fbl):
        assert f"<acct-file {one.dir / one.base}.csv>" in done.stdout
        assert f"move-to {one.move_to}" in done.stdout
    assert "records b, rb" in done.stdout and "records feedback-loop" in done.stdout
    extended = agent.command("directives", "--extended")
    assert extended.returncode == 0 and len(extended.stdout) > len(done.stdout)


# ---- parse


def test_parse_prints_what_run_sends(site):
    """parse: records on stdout exactly as `run` sends them, eventId included."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(20, kind=["b", "rb"])
    acct.append(rows)
    up(agent)
    arrived(backend, 20)
    stopped(agent)
    done = agent.command("parse", acct.live)
    assert done.returncode == 0 and not done.stderr
    sent = {row["json"] for row in backend.query("SELECT json FROM events")}
    assert {json.dumps(json.loads(line), ensure_ascii=False, separators=(",", ":"))
            for line in done.stdout.splitlines()} == sent


def test_parse_reports_bad_rows_and_exits_with_status_1(site):
    """parse: bad rows on stderr with file:offset; exits with status 1 if there were any."""
    acct = site.acct()
    agent = site.agent("", acct)
    rows, _ = token_rows(2)
    acct.append([rows[0], 'b,"bad"quote', rows[1]])
    done = agent.command("parse", acct.live)
    assert done.returncode == 1 and len(done.stdout.splitlines()) == 2
    line, = done.stderr.splitlines()
    assert line.startswith(f"{acct.live}:{len(lines(BOUNCE_HEADER, rows[0]))}: ")


def test_parse_of_a_damaged_gz_exits_with_status_1(site):
    """A file that cannot be read to its end is reported; the rows before that are printed."""
    acct = site.acct()
    agent = site.agent("", acct)
    rows, _ = token_rows(2000)
    acct.append(rows)
    packed = acct.gz(acct.live)
    put(packed, packed.read_bytes()[:-200])
    done = agent.command("parse", packed)
    assert done.returncode == 1 and str(packed) in done.stderr and "gzip" in done.stderr
    assert all(json.loads(line) for line in done.stdout.splitlines())


def test_parse_between_two_times(site):
    """parse --since --until: by timeLogged; a time without zone is the host's, with a notice."""
    acct = site.acct(header="type,timeLogged,orig")
    agent = site.agent("", acct)
    acct.append([f"b,2026-11-21 1{i}:00:00+0000,bounce-T1-{i}@bounce.example.com"
                 for i in range(5)])
    done = agent.command("parse", "--since", "2026-11-21T11:00:00Z", "--until",
                         "2026-11-21T15:00:00+0200", acct.live)
    assert done.returncode == 0 and not done.stderr
    hours = [json.loads(line)["timeLogged"][11:13] for line in done.stdout.splitlines()]
    assert hours == ["11", "12"]
    done = agent.command("parse", "--since", "2026-11-21T11:00:00", acct.live)
    assert done.returncode == 0 and "zone" in done.stderr


def test_a_full_disk_does_not_pass_for_success(site):
    """A command whose output cannot be written exits with status 1."""
    acct = site.acct()
    agent = site.agent("", acct)
    rows, _ = token_rows(5)
    acct.append(rows)
    for args in (["parse", "-c", agent.conf, acct.live], ["check", "-c", agent.conf, "--print"],
                 ["directives", "-c", agent.conf], ["--help"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([str(AGENT), *map(str, args)], stdout=full, check=False,
                                  stderr=subprocess.PIPE, timeout=20)
        assert done.returncode == 1, args
        assert done.stderr == b"pmta-shipper: cannot write to standard output\n", args


# ---- dead


def test_dead_without_a_store_is_1(site):
    """Without a store there is nothing to show: one line and exit status 1."""
    agent = site.agent("", site.acct())
    done = agent.command("dead", "list")
    assert done.returncode == 1 and str(agent.state_dir) in one_line(done)
    done = agent.command("status")
    assert done.returncode == 1 and str(agent.state_dir) in one_line(done)


def test_dead_letters_hide_addresses_unless_asked(site):
    """Mail addresses in `dead show` are masked (u***@example.org) unless --raw is asked for."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(2)
    bad = 'b,,,bounce-secret@bounce.example.com,"anna.lee@example.org"x'
    acct.append([rows[0], bad, rows[1]])
    up(agent)
    arrived(backend, 2)
    (number, kind, _, _, _), = dead(agent)
    assert kind == "unreadable"
    for _ in range(2):
        masked = agent.command("dead", "show", number).stdout
        assert "b***@bounce.example.com" in masked and "a***@example.org" in masked
        assert "secret" not in masked and "anna" not in masked
        assert dead_shown(agent, number, "--raw")["row"].startswith(bad)
        assert "anna" not in agent.command("dead", "list").stdout + agent.log()
        if agent.running():
            stopped(agent)
    both = agent.command("dead", "show", number, 99)
    assert both.returncode == 1 and "no dead letter 99" in both.stderr and "b***@" in both.stdout


def test_a_refused_record_in_dead_show(site):
    """A refused record is kept with the answer, the status and the row."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, tokens = token_rows(3)
    backend.rule(contains=f"{tokens[1]}@", status=422, body="no such list: user-T1-1@example.org")
    acct.append(rows[:1])
    up(agent)
    arrived(backend, 1)
    acct.append(rows[1:])
    eventually(lambda: dead(agent))
    status = stopped(agent)
    compare(backend, records([rows[0], rows[2]]))
    assert status["sources"][0]["rows"]["dead"] == 1
    (number, kind, _, _, _), = dead(agent)
    shown = dead_shown(agent, number)
    assert kind == "refused" and shown["status"] == "422"
    assert "no such list: u***@example.org" in shown["answer"]
    assert rows[1] in dead_shown(agent, number, "--raw")["row"]


def test_control_characters_in_a_dead_letter_are_harmless(site):
    """Control characters in files never reach the terminal unescaped."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(1)
    acct.append(["\x1b[2J\x07,evil", rows[0]])
    up(agent)
    arrived(backend, 1)
    (number, *_), = dead(agent)
    for text in (agent.command("dead", "show", "--raw", number).stdout,
                 agent.command("dead", "list").stdout, agent.log()):
        assert "\x1b" not in text and "\x07" not in text
    stopped(agent)


# ---- run


def test_a_dry_run_sends_nothing_and_has_a_store_of_its_own(site):
    """run --dry-run reads, encodes and counts, sends nothing, and may run with a real agent."""
    acct = site.acct()
    backend, agent = started(site, acct)
    beside = site.agent(backend, acct, name="beside", first_start="all", state_dir=agent.state_dir)
    rows, _ = token_rows(30)
    acct.append(rows[:10])
    up(beside, "--dry-run")
    acct.append(rows[10:20])
    up(agent)
    arrived(backend, 20)
    acct.append(rows[20:])
    arrived(backend, 30)
    with closing(sqlite3.connect(agent.state_dir / "dry-run.db", timeout=20)) as db:
        eventually(lambda: db.execute("SELECT offset FROM file").fetchall() ==
                   [(acct.live.stat().st_size,)])
    assert beside.stop() == 0
    assert "dry run" in beside.log()
    assert re.search(r"(\d+) acknowledged", beside.log()).group(1) == "30"
    delivered(agent, backend, rows)
    assert (agent.state_dir / "dry-run.db").exists()


def test_a_dry_run_alone_leaves_the_real_store_alone(site):
    """run --dry-run: the first real run delivers the rows that it has read."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(10)
    acct.append(rows)
    up(agent, "--dry-run")
    assert agent.stop() == 0
    assert not (agent.state_dir / "state.db").exists() and not backend.requests()
    up(agent)
    delivered(agent, backend, rows)


def test_log_lines_have_time_and_level_and_json_is_json(site):
    """log-format: text has a time stamp and a level, json has one object per line."""
    acct = site.acct()
    agent = site.agent("", acct)
    up(agent)
    stopped(agent)
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warning|error): "
    assert all(re.match(stamp, line) for line in agent.log().splitlines())
    agent.settings["log_format"] = "json"
    agent.write_conf()
    seen = len(agent.log())
    agent.start()
    eventually(lambda: "started with" in agent.log()[seen:])
    assert agent.stop() == 0
    assert all(isinstance(json.loads(line), dict) for line in agent.log()[seen:].splitlines())


def test_under_a_service_manager_the_log_has_priorities(site):
    """Under systemd the log has <N> priorities and no time stamps."""
    agent = site.agent("", site.acct())
    command = 'JOURNAL_STREAM=$(stat -L -c %d:%i /dev/stderr) exec "$0" run -c "$1"'
    agent.spawn(["/bin/sh", "-c", command, AGENT, agent.conf], dict(os.environ, INVOCATION_ID="1"))
    agent.wait_for("started with")
    assert agent.stop() == 0
    assert all(re.match(r"<[3-7]>[^0-9]", line) for line in agent.log().splitlines()), agent.log()
