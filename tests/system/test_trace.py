"""`trace` finds every row about an address or an eventId, and prints its fate."""

import json
import re

from harness import FBL_HEADER, eventually, token_row, token_rows
from rulefiles import rules_file
from sincedb import entry, imported
from steps import accepted, append, arrived, dead, rescanned, started, stopped, up


def traced(agent, what, *options):
    """The rows that trace --json prints."""
    done = agent.command("trace", "--json", *options, what)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def fates(agent, what):
    return [row["fate"] for row in traced(agent, what)]


def address(token):
    return f"user-{token}@example.org"


def at(row, hour):
    return row.replace("2026-11-21 10:00:00", f"2026-11-21 {hour:02}:00:00")


def test_all_rows_about_an_address_the_oldest_first(site):
    """In two sources, in live, moved and compressed files; each with its fate, ordered by time."""
    acct, fbl = site.acct(), site.acct(base="fbl", header=FBL_HEADER)
    backend, agent = started(site, acct, fbl, first_start="all")
    bob = "T1-1"
    acct.append([at(token_row(bob), 9), token_row("T1-2")])
    packed = acct.gz(acct.rotate())
    acct.append([at(token_row(bob, "d"), 11), at(token_row(bob, "rb"), 12)])
    moved = acct.rotate()
    fbl.append([at(token_row(bob, "f"), 10)])
    up(agent)
    arrived(backend, 4)
    rescanned(agent)
    stopped(agent)
    acct.append([at(token_row(bob), 13), token_row("T1-3")])
    rows = traced(agent, address(bob), "--raw")
    assert [(row["record"]["logType"], row["fate"], row["file"]) for row in rows] == [
        ("b", "acknowledged", str(packed)), ("f", "acknowledged", str(fbl.live)),
        ("d", "skipped", str(moved)), ("rb", "acknowledged", str(moved)),
        ("b", "behind", str(acct.live))]
    sent = {event_id: dict(record) for record, event_id in accepted(backend)}
    for row in rows:
        if row["fate"] == "acknowledged":
            event = sent[row["eventId"]]
            assert {name: event[name] for name in row["record"]} == row["record"]
    # By eventId only one row is found; by the bounce address, all rows that have it.
    assert traced(agent, rows[1]["eventId"], "--raw") == [rows[1]]
    assert traced(agent, f"<BOUNCE-{bob}@Bounce.Example.COM>", "--raw") == rows


def test_an_address_is_found_whole_only(site):
    acct = site.acct()
    agent = site.agent(None, acct)
    rows = [token_row(f"T1-{i}") for i in range(4)]
    rows[1] = rows[1].replace("user-T1-1@example.org", "xuser-T1-0@example.org")
    rows[2] = rows[2].replace("user-T1-2@example.org", "user-T1-0@example.org.uk")
    rows[3] = rows[3].replace("unknown", "<User-T1-0@EXAMPLE.org>: unknown")
    acct.append(rows)
    assert [row["offset"] for row in traced(agent, address("T1-0"))] == [
        acct.live.read_text().index(row) for row in (rows[0], rows[3])]
    done = agent.command("trace", address("T1-9"))
    assert done.returncode == 1 and not done.stdout and "no row about it in 1 file" in done.stderr


def test_an_address_across_the_border_of_what_is_read_at_once(site):
    """trace reads a file in pieces: an address may begin in one piece and end in the next."""
    acct = site.acct()
    agent = site.agent(None, acct)
    row = token_row("T1-1")
    place = len(acct.header) + 1 + row.index("user-T1-1")
    for shift in (0, 1, 9, 20, 21, 22):
        path = acct.moved(shift)
        filler = token_rows(2500, seed="T2", size=400)[0]
        text = "\n".join([acct.header, *filler]) + "\n"
        text = text[:text.rindex("\n", 0, (1 << 20) - 1200) + 1]
        pad = (1 << 20) - shift - len(text) - (place - len(acct.header) - 1)
        first = "d," + "x" * (pad - 3) + "\n"
        path.write_text(text + first + row + "\n", "utf-8")
        assert path.read_text().index("user-T1-1@") == (1 << 20) - shift
        assert len(traced(agent, address("T1-1"))) == 1
        acct.gz(path)
        assert len(traced(agent, address("T1-1"))) == 1
        path.with_name(path.name + ".gz").unlink()


def test_dead_letters_partial_ones_and_rows_that_are_no_records(site):
    acct = site.acct()
    backend, agent = started(site, acct, first_start="all", source={"endpoint": "octeth"},
                             endpoint={"format": "array", "refuse_limit": 0})
    agent.endpoints[0]["url"] = backend.url("/in")
    agent.write_conf()
    backend.rule(contains="T1-1@", status=422, body="no user-T1-1@example.org here")
    backend.rule(contains="T1-2@", status=200, body='{"Success":true,"ErrorCount":1}')
    broken = 'b,"x,user-T1-3@example.org'
    up(agent)
    acct.append([token_row("T1-0")])
    arrived(backend, 1)
    acct.append([token_row("T1-1")])
    eventually(lambda: len(dead(agent)) == 1)
    acct.append([token_row("T1-2")])
    acct.append([broken + "," * 20])
    acct.append(['b,bad"quote,user-T1-3@example.org'])
    acct.rotate()
    eventually(lambda: len(dead(agent)) == 4)
    stopped(agent)
    refused, = traced(agent, address("T1-1"))
    assert refused["fate"] == "dead" and refused["deadLetter"] > 0
    assert "u***@example.org" in refused["reason"] and "T1-1@" not in json.dumps(refused)
    assert fates(agent, address("T1-2")) == ["partial"]
    rejected = traced(agent, address("T1-3"), "--raw")
    assert [row["fate"] for row in rejected] == ["dead", "dead"]
    assert not rejected[0]["isRecord"] and rejected[0]["record"]["row"].startswith(broken)
    # The file is deleted; its dead letters are still there.
    acct.moved(0).unlink()
    assert fates(agent, address("T1-3")) == ["dead", "dead"]
    assert fates(agent, refused["eventId"]) == ["dead"]


def test_in_flight_and_behind_while_the_agent_runs(site):
    acct = site.acct()
    backend, agent = started(site, acct, first_start="all",
                             endpoint={"format": "array", "in_flight": 1, "batch_records": 2})
    agent.endpoints[0]["url"] = backend.url("/in")
    agent.write_conf()
    backend.rule(delay_ms=60000)
    acct.append(token_rows(20)[0])
    up(agent)
    eventually(lambda: fates(agent, address("T1-0")) == ["inFlight"])
    assert fates(agent, address("T1-19")) == ["behind"]
    agent.kill9()
    assert fates(agent, address("T1-0")) == ["inFlight"]


def test_files_that_were_there_at_the_first_start(site):
    acct = site.acct()
    acct.append([token_row("T1-0"), token_row("T1-0", "d")])
    acct.rotate()
    assert fates(site.agent(None, acct), address("T1-0")) == ["unknown", "skipped"]  # no store
    _, agent = started(site, acct)
    up(agent)
    rescanned(agent)
    stopped(agent)
    assert fates(agent, address("T1-0")) == ["passed", "passed"]


def test_rows_that_nobody_took_are_not_acknowledged(site):
    """Passed over in a live file, skipped before records was changed, dropped as a dead letter."""
    acct = site.acct()
    acct.append([token_row("T1-0")])
    backend, agent = started(site, acct, first_start="now")
    up(agent)
    acct.append([token_row("T1-1", "d"), token_row("T1-2"), "b,user-T1-3@example.org" + "," * 30])
    arrived(backend, 1)
    agent.sources[0]["records"] = ["b", "d"]
    agent.write_conf()
    agent.hup()
    agent.wait_for("reload: done")
    acct.append([token_row("T1-4", "d"), token_row("T1-5", "rb")])
    arrived(backend, 2)
    rescanned(agent)
    assert fates(agent, address("T1-3")) == ["dead"]
    assert agent.command("dead", "drop", "--all").returncode == 0
    stopped(agent)
    assert [fates(agent, address(f"T1-{i}")) for i in range(6)] == [
        ["passed"], ["skipped"], ["acknowledged"], ["dropped"], ["acknowledged"], ["skipped"]]
    assert "not delivered: its dead letter was dropped" in agent.command(
        "trace", address("T1-3")).stdout


def test_a_row_that_the_rules_of_a_reload_withheld_is_ignored(site):
    path = rules_file(site, "y==>ignore\n")
    acct = site.acct()
    backend, agent = started(site, acct, first_start="all", rules=[str(path)])
    up(agent)
    path.write_text("x==>ignore\n", "utf-8")
    agent.hup()
    agent.wait_for("reload: done")
    acct.append([token_row("T1-0", diag="x"), token_row("T1-1", diag="y")])
    arrived(backend, 1)
    rescanned(agent)
    stopped(agent)
    assert [fates(agent, address(f"T1-{i}")) for i in range(2)] == [["ignored"], ["acknowledged"]]


def test_rows_that_logstash_read_were_not_sent_from_here(site):
    """A position that was imported: the rows before it are those of Logstash, also in a .gz."""
    acct = site.acct()
    acct.append([token_row("T1-0")])
    older = acct.rotate()
    acct.append([token_row("T1-1")])
    packed = acct.gz(acct.rotate())
    acct.append([token_row("T1-2"), token_row("T1-3")])
    backend, agent = started(site, acct)
    offset = acct.live.stat().st_size - len(token_row("T1-3")) - 1
    imported(agent, entry(packed), entry(acct.live, offset))
    up(agent)
    arrived(backend, 1)
    acct.rotate()
    rescanned(agent, 3)
    stopped(agent)
    assert [fates(agent, address(f"T1-{i}")) for i in range(4)] == [
        ["passed"], ["logstash"], ["logstash"], ["acknowledged"]]
    done = agent.command("archives", "--acknowledged", "--why")
    assert done.stdout == "" and f"{older}: not read: " in done.stderr
    assert done.stderr.count("read by Logstash") == 2


def test_text_is_masked_and_harmless(site):
    acct = site.acct()
    agent = site.agent(None, acct)
    acct.append([token_row("T1-0", diag="smtp;550 \x1b[31m <user-T1-0@example.org> \xff\"no\"")])
    done = agent.command("trace", address("T1-0"))
    assert done.returncode == 0 and "T1-0@" not in done.stdout and "\x1b" not in done.stdout
    assert "rcpt u***@example.org" in done.stdout and "orig b***@bounce" in done.stdout
    assert re.search(r"bounces-2026-11-21-0000\.csv:\d+  eventId [0-9a-f]{32}\n    not known",
                     done.stdout)
    raw = agent.command("trace", "--raw", address("T1-0")).stdout
    assert address("T1-0") in raw and "\\x1b[31m" in raw
    row, = traced(agent, address("T1-0"), "--raw")
    assert row["record"]["dsnDiag"].startswith("smtp;550 \x1b[31m <user-T1-0@")


def test_a_quoted_local_part(site):
    """In the file its quotes are doubled."""
    acct = site.acct()
    agent = site.agent(None, acct)
    acct.append([token_row("T1-1").replace("user-T1-1@example.org", '"""jane doe""@example.org"')])
    row, = traced(agent, '"Jane Doe"@example.org', "--raw")
    assert row["record"]["rcpt"] == '"jane doe"@example.org'


def test_damaged_files_are_reported(site):
    acct = site.acct()
    agent = site.agent(None, acct)
    acct.append([token_row("T1-0")])
    first = acct.rotate()
    acct.append([token_row("T1-0")])
    packed = acct.gz(first)
    packed.write_bytes(packed.read_bytes()[:-12])
    done = agent.command("trace", address("T1-0"))
    assert done.returncode == 1 and "damaged or unfinished gzip data" in done.stderr
    assert str(acct.live) in done.stdout


def test_trace_command_lines(site):
    agent = site.agent(None, site.acct())
    for wrong in ([], ["bob"], ["@example.org"], ["a@b", "c@d"], ["0" * 31], ["a@" + "b" * 2000]):
        assert agent.command("trace", *wrong).returncode == 64, wrong


def test_a_row_half_written_is_no_reason_to_fail(site):
    acct = site.acct()
    agent = site.agent(None, acct)
    acct.append([token_row("T1-0")])
    append(acct.live, token_row("T1-0")[:80])
    assert len(traced(agent, address("T1-0"))) >= 1
