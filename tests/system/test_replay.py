"""`replay` delivers archived files again: each record once, with the eventId it had before."""

import datetime
import os
import signal
import subprocess

from archived import archive, everything, kept, replaying, tokens_of
from harness import AGENT, books, eventually, token_row, token_rows
from steps import accepted, append, arrived, compare, count, lines, put, records, stopped, up


# ---- the records that are sent ----

def test_event_ids_are_those_of_the_first_delivery(site):
    """Plain and .gz files, named one by one and by a pattern: each record is sent once."""
    acct, rows = archive(site)
    backend = site.backend()
    agent = site.agent(backend, acct, first_start="all", endpoint={"in_flight": 1})
    up(agent)
    arrived(backend, len(rows))
    before = stopped(agent)
    first = sorted(accepted(backend))
    packed = acct.gz(acct.moved(1))
    done = agent.command("replay", "--yes", everything(acct), packed, acct.moved(0))
    assert done.returncode == 0, done.stderr
    assert f"{len(rows)} records delivered, 0 refused" in done.stdout
    again = accepted(backend)[len(rows):]
    assert sorted(again) == first
    assert [record for record, _ in again] == records(rows), "oldest first"
    # The agent's own counts are unchanged, and no progress of the replay is kept.
    assert agent.status()["sources"] == before["sources"]
    assert not kept(agent)


def test_only_the_records_of_that_time(site):
    acct = site.acct()
    rows, tokens = token_rows(24)
    rows = [row.replace("2026-11-21 10:00:00", f"2026-11-21 {hour:02}:30:00")
            for hour, row in enumerate(rows)]
    acct.append(rows)
    moved = acct.rotate()
    backend = site.backend()
    agent = site.agent(backend, acct)
    done = agent.command("replay", "--since", "2026-11-21T08:30:00Z",
                         "--until", "2026-11-21T13:30:00+0200", moved)
    assert done.returncode == 0, done.stderr
    assert "21 of other types or times" in done.stdout
    assert not books(backend, tokens[8:11]).lost and count(backend) == 3


def test_a_dry_run_counts_by_day_and_type_and_sends_nothing(site):
    acct = site.acct()
    rows, _ = token_rows(30, kind=["b", "rb", "d"])
    rows = [row.replace("2026-11-21 10:00:00", f"2026-11-{20 + i // 20} 23:59:59")
            for i, row in enumerate(rows)]
    acct.append(rows)
    acct.gz(acct.rotate())
    fbl, _ = archive(site, files=1, rows=5, base="fbl")
    backend = site.backend()
    agent = site.agent(backend, acct, fbl)
    done = agent.command("replay", "--dry-run", everything(acct), everything(fbl))
    assert done.returncode == 0, done.stderr
    table = [line.split() for line in done.stdout.splitlines()[1:-1]]
    assert table == [["2026-11-20", "b", "7"], ["2026-11-20", "rb", "7"], ["2026-11-21", "b", "3"],
                     ["2026-11-21", "f", "5"], ["2026-11-21", "rb", "3"], ["all", "25"]]
    assert "nothing was sent" in done.stdout and "10 rows of other types" in done.stdout
    assert not backend.requests() and not agent.state_dir.exists()


def test_a_dry_run_counts_every_day_and_reports_unreadable_files(site):
    acct = site.acct()
    days = [f"2026-{month:02}-{day:02}" for month in range(1, 6) for day in range(1, 29)]
    acct.append([token_row(f"T1-{i}").replace("2026-11-21", day) for i, day in enumerate(days)])
    whole = acct.rotate()
    acct.append([token_row("T1-999")])
    damaged = acct.gz(acct.rotate())
    damaged.write_bytes(damaged.read_bytes()[:-12])
    agent = site.agent(site.backend(), acct)
    done = agent.command("replay", "--dry-run", whole, damaged)
    assert done.returncode == 1 and f"replay: {damaged}: " in done.stderr
    assert all(day in done.stdout for day in days)


def test_each_source_has_its_own_endpoint(site):
    acct, rows = archive(site, files=1)
    fbl, complaints = archive(site, files=1, base="fbl")
    one, two = site.backend(name="one"), site.backend(name="two")
    agent = site.agent(None, acct, fbl, endpoints=[
        {"name": "octeth", "url": one.url(), "format": "object"},
        {"name": "other", "url": two.url("/in"), "format": "array"}])
    agent.sources[1]["endpoint"] = "other"
    agent.write_conf()
    done = agent.command("replay", everything(acct), everything(fbl))
    assert done.returncode == 0, done.stderr
    compare(one, records(rows))
    compare(two, records(complaints))


def test_a_half_written_last_line_is_left_out_of_a_live_file_only(site):
    acct = site.acct()
    rows, _ = token_rows(3)
    acct.append(rows[:2])
    append(acct.live, rows[2])
    backend = site.backend()
    agent = site.agent(backend, acct)
    done = agent.command("replay", acct.live)
    assert done.returncode == 0 and "not complete yet, so it is left out" in done.stderr
    compare(backend, records(rows[:2]))
    done = agent.command("replay", acct.rotate())
    assert done.returncode == 0, done.stderr
    assert records(rows)[2] in [record for record, _ in accepted(backend)[2:]]


def test_a_half_written_last_line_with_an_open_quote_is_left_out_too(site):
    acct = site.acct()
    rows, _ = token_rows(3)
    acct.append(rows[:2])
    append(acct.live, rows[2][:rows[2].index('"') + 5])
    backend = site.backend()
    agent = site.agent(backend, acct)
    done = agent.command("replay", acct.live)
    assert "not complete yet, so it is left out" in done.stderr and "not a record" not in done.stderr
    assert done.returncode == 0, done.stdout
    compare(backend, records(rows[:2]))


def test_a_line_that_was_left_out_is_sent_when_the_replay_continues(site):
    """Another file keeps the replay from finishing; by the second run the last line is complete."""
    acct = site.acct()
    rows, _ = token_rows(4)
    missing = acct.moved(0)
    acct.number = 1
    acct.append(rows[:2])
    append(acct.live, rows[2])
    backend = site.backend()
    agent = site.agent(backend, acct)
    done = agent.command("replay", missing, acct.live)
    assert done.returncode == 1 and "left out" in done.stderr
    compare(backend, records(rows[:2]))
    append(acct.live, "\n")
    put(missing, "\n".join([acct.header, rows[3], ""]).encode())
    done = agent.command("replay", missing, acct.live)
    assert done.returncode == 0, done.stderr
    compare(backend, records(rows))
    assert not kept(agent)


def test_days_beyond_the_limit_are_counted_together(site):
    acct = site.acct(header="type,timeLogged")
    first = datetime.date(1980, 1, 1)
    acct.append(f"b,{first + datetime.timedelta(days)} 10:00:00Z" for days in range(20100))
    agent = site.agent(None, acct)
    done = agent.command("replay", "--dry-run", acct.live)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-3].split() == ["other", "days", "*", "100"]
    assert done.stdout.splitlines()[-2].split() == ["all", "20100"]


# ---- failures ----

def test_answers_do_what_they_do_to_the_agent(site):
    """503 and resets are retried, a hold is waited for, a refused batch is split to one record."""
    acct, rows = archive(site)
    backend = site.backend()
    agent = site.agent(backend, acct, endpoint={"format": "array", "batch_records": 10})
    agent.endpoints[0]["url"] = backend.url("/in")
    agent.write_conf()
    backend.rule(times=2, status=503)
    backend.rule(times=1, reset="after", accepted=False)
    backend.rule(times=2, status=401)
    backend.rule(contains="T1-55@", status=422, body="no such list")
    done = agent.command("replay", everything(acct))
    assert done.returncode == 1
    bad = [row for row in rows if "-T1-55@" in row]
    compare(backend, records([row for row in rows if row not in bad]))
    offset = (acct.moved(1)).read_text().index(bad[0])
    line, = [line for line in done.stderr.splitlines() if "refused:" in line]
    assert f"{acct.moved(1)}:{offset} " in line and "no such list" in line
    assert "1 refused" in done.stdout and "held, nothing is lost" in done.stderr
    assert not kept(agent), "a refused record leaves nothing to do"


def test_unreadable_files_are_reported_and_the_same_command_sends_them_later(site):
    acct, rows = archive(site)
    backend = site.backend()
    agent = site.agent(backend, acct)
    whole = acct.moved(1).read_bytes()
    packed = acct.gz(acct.moved(1))
    good = packed.read_bytes()
    put(packed, good[:-20])
    missing = acct.moved(7)
    done = agent.command("replay", everything(acct), missing)
    assert done.returncode == 1
    assert f"{packed}: damaged or unfinished gzip data" in done.stderr
    assert f"{missing}: No such file" in done.stderr
    assert "2 of 4 files are not done" in done.stderr
    put(packed, good)
    put(missing, whole.replace(b"T1-", b"T1-9"))
    done = agent.command("replay", everything(acct), missing)
    assert done.returncode == 0, done.stderr
    later = [row.replace("T1-", "T1-9") for row in rows[40:80]]
    compare(backend, records(rows + later))
    assert not kept(agent)


def test_rows_that_are_no_records_are_reported(site):
    acct = site.acct()
    rows, _ = token_rows(2)
    acct.append([rows[0], 'b,"broken', rows[1]])
    backend = site.backend()
    agent = site.agent(backend, acct)
    done = agent.command("replay", acct.rotate())
    assert done.returncode == 1 and "not a record:" in done.stderr
    assert "1 row was no record" in done.stdout
    compare(backend, records(rows))


def test_a_record_larger_than_any_batch_is_reported(site):
    acct = site.acct()
    acct.append([token_row("T1-0"), token_row("T1-1", diag="\\" * 3600), token_row("T1-2")])
    backend = site.backend()
    agent = site.agent(backend, acct, record_max="4KiB", endpoint={"batch_bytes": "4KiB"})
    done = agent.command("replay", acct.rotate())
    assert done.returncode == 1
    assert "2 records delivered, 1 refused" in done.stdout
    assert "its JSON is larger than batch-bytes" in done.stderr
    assert set(backend.tokens()) == {"T1-0", "T1-2"}


def test_command_lines_and_configurations_that_are_wrong(site):
    acct, _ = archive(site, files=1)
    agent = site.agent(None, acct)
    assert agent.command("replay").returncode == 64
    assert agent.command("replay", "--since", "2026-11-22", "--until", "2026-11-21",
                         acct.moved(0)).returncode == 64
    done = agent.command("replay", acct.moved(0))
    assert done.returncode == 78 and "octeth" in done.stderr and "url" in done.stderr
    agent.endpoints[0]["url"] = "http://127.0.0.1:9/system/bounce_webhook?type=pmta"
    agent.write_conf()
    done = agent.command("replay", str(acct.move_to / "none*.csv"))
    assert done.returncode == 1 and "no file matches" in done.stderr


# ---- interrupted ----

def test_after_ctrl_c_the_same_command_continues(site):
    """Nothing is sent twice, in whatever order answers come; files may be compressed meanwhile."""
    acct, rows = archive(site, files=4, rows=50)
    backend = site.backend()
    agent = site.agent(backend, acct)
    backend.rule(delay_ms=20)
    backend.rule(contains="T1-60@", times=1, delay_ms=600)
    replay = replaying(site, agent, everything(acct))
    runs = 0
    while replay.running() and runs < 3:
        runs += 1
        before = count(backend)
        eventually(lambda: count(backend) >= before + 40 or not replay.running())
        replay.signal(signal.SIGINT if runs % 2 else signal.SIGTERM)
        assert replay.wait() == 1, replay.stderr()
        acct.gz(acct.moved(runs))
        assert len(kept(agent)) == 1
        replay.begin(agent, everything(acct))
    assert replay.wait() == 0, replay.stderr()
    errors = replay.stderr()
    assert f"to continue: pmta-shipper replay -c {agent.conf} '{everything(acct)}'" in errors
    assert errors.count("continuing where it stopped") == runs == 3
    compare(backend, records(rows))
    assert f"({len(rows)} in all)" in replay.stdout()
    assert not kept(agent)


def test_ctrl_c_works_among_rows_that_are_no_records(site):
    acct = site.acct(header="type,x")
    acct.append(200000 * ['b,"x"y'])
    agent = site.agent(site.backend(), acct)

    def asked_already():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        os.kill(os.getpid(), signal.SIGINT)
    done = subprocess.run([AGENT, "replay", "-c", agent.conf, acct.live], capture_output=True,
                          text=True, timeout=60, check=False, preexec_fn=asked_already)
    assert done.returncode == 1 and "not finished: 1 of 1 file" in done.stderr


def test_after_a_kill_only_what_was_not_written_down_comes_again(site):
    acct, rows = archive(site, files=2, rows=100)
    backend = site.backend()
    agent = site.agent(backend, acct, endpoint={"in_flight": 2})
    backend.rule(delay_ms=30)
    replay = replaying(site, agent, everything(acct))
    eventually(lambda: kept(agent) and "at " in kept(agent)[0].read_text()
               and count(backend) > 20)
    replay.kill9()
    written = sum(int(line.split()[1]) for line in kept(agent)[0].read_text().splitlines()
                  if line.startswith("total "))
    backend.clear()
    done = agent.command("replay", everything(acct))
    assert done.returncode == 0 and "continuing where it stopped" in done.stderr, done.stderr
    result = books(backend, tokens_of(rows))
    assert not result.lost and not result.unexpected
    assert written > 0 and len(result.repeated) <= len(rows) - written


def test_restart_sends_all_of_it_again(site):
    acct, rows = archive(site, files=2, rows=30)
    backend = site.backend()
    agent = site.agent(backend, acct)
    backend.rule(skip=40, status=503)
    replay = replaying(site, agent, everything(acct))
    eventually(lambda: count(backend) == 40)
    replay.signal(signal.SIGINT)
    assert replay.wait() == 1
    backend.clear()
    done = agent.command("replay", "--restart", everything(acct))
    assert done.returncode == 0 and "going on" not in done.stderr
    assert count(backend) == 40 + len(rows)


def test_a_replay_does_not_continue_in_a_file_that_was_replaced(site):
    acct, rows = archive(site, files=1, rows=60)
    backend = site.backend()
    agent = site.agent(backend, acct)
    backend.rule(skip=20, status=503)
    replay = replaying(site, agent, acct.moved(0))
    eventually(lambda: count(backend) == 20)
    replay.signal(signal.SIGINT)
    assert replay.wait() == 1
    backend.clear()
    put(acct.moved(0), acct.moved(0).read_text().replace("T1-", "T1-8"))
    done = agent.command("replay", acct.moved(0))
    assert done.returncode == 1 and "its content has changed" in done.stderr
    assert count(backend) == 20 and rows
    text = acct.moved(0).read_text().replace("T1-8", "T1-")
    put(acct.moved(0), lines(*text.split("\n")[:9]))
    done = agent.command("replay", acct.moved(0))
    assert done.returncode == 1 and "its content has changed" in done.stderr
    assert count(backend) == 20


def test_progress_that_makes_no_sense_is_an_error(site):
    acct, _ = archive(site, files=1, rows=60)
    backend = site.backend()
    agent = site.agent(backend, acct)
    backend.rule(skip=20, status=503)
    replay = replaying(site, agent, acct.moved(0))
    eventually(lambda: count(backend) == 20)
    replay.signal(signal.SIGINT)
    assert replay.wait() == 1
    put(kept(agent)[0], "pmta-shipper replay 1\nat sea\n")
    done = agent.command("replay", acct.moved(0))
    assert done.returncode == 1 and "--restart" in done.stderr
