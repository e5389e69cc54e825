"""`archives` lists files that are safe to delete, `reconcile` rows written and not delivered."""

import gzip
import json
import os
import shutil

import pytest
from harness import FBL_HEADER, eventually, source_of, token_row, token_rows
from rulefiles import rules_file
from steps import arrived, append, rescanned, set_back, started, stopped, up

DAY = 24 * 3600


def archived(site, files=3, rows=10, kinds=("b", "rb", "d"), **settings):
    """(acct, backend, agent): moved files, delivered except for d rows; the agent is stopped."""
    acct = site.acct()
    settings.setdefault("first_start", "all")
    backend, agent = started(site, acct, **settings)
    for i in range(files):
        acct.append(token_rows(rows, first=i * rows, kind=list(kinds))[0])
        acct.rotate()
    up(agent)
    arrived(backend, sum(row % rows % len(kinds) < 2 for row in range(files * rows)))
    rescanned(agent)
    stopped(agent)
    return acct, backend, agent


def named(agent, *options):
    done = agent.command("archives", "--acknowledged", *options)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()


# ---- archives ----

def test_files_that_are_settled_are_printed_the_oldest_first(site):
    acct, _, agent = archived(site)
    moved = [str(acct.moved(i)) for i in range(3)]
    assert named(agent) == moved
    assert agent.command("archives", "--acknowledged", "-0").stdout == "".join(
        path + "\0" for path in moved)
    # A file that is compressed, copied or renamed by hand is still the same file.
    acct.gz(acct.moved(1))
    shutil.copyfile(acct.moved(0), acct.moved(8))
    acct.moved(0).unlink()
    assert named(agent) == [moved[1] + ".gz", moved[2], str(acct.moved(8))]


def test_what_is_not_settled_is_not_printed(site):
    acct, _, agent = archived(site, files=4)
    append(acct.moved(0), token_rows(1, first=100)[0][0] + "\n")  # not read to its end
    whole = acct.moved(1).read_bytes()
    acct.moved(1).write_bytes(whole.replace(b"T1-", b"T2-"))  # another file of that name
    packed = acct.gz(acct.moved(2))
    packed.write_bytes(gzip.compress(gzip.decompress(packed.read_bytes()) + b"b,one more\n"))
    new = acct.moved(7)
    new.write_text(acct.header + "\n" + token_rows(1, first=200)[0][0] + "\n", "utf-8")
    assert named(agent) == [str(acct.moved(3))]


@pytest.mark.parametrize("place, sent", [
    ("in a cell", 2), ("in a quote", 2), ("after all cells", 3), ("before what looks like a type", 3)])
def test_a_row_that_was_cut_and_is_completed_later_is_not_taken_for_delivered(site, place, sent):
    """Two rows were read there; the one that stands there now was never sent."""
    acct = site.acct()
    backend, agent = started(site, acct, first_start="all")
    rows, tokens = token_rows(3)
    if place == "in a quote":
        rows[1] = rows[1].rsplit(",", 1)[0] + ',"a reply, no'
    if place == "before what looks like a type":  # so the rest is skipped, and leaves no dead letter
        rows[1] = rows[1].rsplit(",", 1)[0] + ",abcd"
    at = {"in a cell": len(rows[1]) // 2, "in a quote": len(rows[1]) - 3,
          "after all cells": len(rows[1])}.get(place, len(rows[1]) - 2)
    acct.append([rows[0]])
    acct.rotate()
    append(acct.moved(0), rows[1][:at])
    up(agent)
    eventually(lambda: agent.status()["sources"][0]["behindBytes"] == 0)
    rest = {"in a quote": '"', "after all cells": "-more"}.get(place, "")
    append(acct.moved(0), rows[1][at:] + rest + "\n" + rows[2] + "\n")
    arrived(backend, sent)
    rescanned(agent)
    for _ in range(2):
        assert named(agent) == []
        done = agent.command("trace", "--json", f"user-{tokens[1]}@example.org")
        assert {json.loads(line)["fate"] for line in done.stdout.splitlines()} <= {"unknown", "dead"}
        stopped(agent)


def test_a_live_file_is_no_archive_where_move_to_is_its_own_folder(site):
    acct, _, agent = archived(site)
    acct.append([])
    link = site.folder / "link"
    link.symlink_to(acct.dir)
    text = agent.conf.read_text("utf-8").replace(f'"{acct.move_to}"', f'"{link}"')
    agent.conf.write_text(text, "utf-8")
    assert str(link) in text and "is the folder of acct-file itself" in agent.command("check").stdout
    assert named(agent) == []


def reasons(agent, *options):
    """{name: reason} of the files that are not printed."""
    done = agent.command("archives", "--acknowledged", "--why", *options)
    assert done.returncode == 0
    return {os.path.basename(path): why for path, why in
            (line.split(": ", 1) for line in done.stderr.splitlines())}


def test_files_without_rows_are_settled_and_rows_that_are_dead_letters_are_not(site):
    """A kept letter is still to be delivered; a dropped one was not: neither was acknowledged."""
    acct = site.acct()
    backend, agent = started(site, acct, first_start="all")
    acct.append([token_rows(1)[0][0], "b,too,few" + "," * 30])
    acct.rotate()
    acct.rotate()  # a header and nothing else
    up(agent)
    arrived(backend, 1)
    rescanned(agent, 3)
    assert named(agent) == [str(acct.moved(1))]
    assert reasons(agent) == {acct.moved(0).name: "1 row: not delivered"}
    assert agent.command("dead", "drop", "--all").returncode == 0
    stopped(agent)
    assert named(agent) == [str(acct.moved(1))]
    assert reasons(agent) == {
        acct.moved(0).name: "1 row: not delivered: its dead letter was dropped"}


def test_what_was_passed_over_in_a_live_file_was_not_delivered(site):
    """first-start = now: the rows before it were never sent, though the position is after them."""
    acct = site.acct()
    acct.append(token_rows(3)[0])
    backend, agent = started(site, acct, first_start="now")
    up(agent)
    acct.append(token_rows(2, first=3)[0])
    acct.rotate()
    acct.append(token_rows(2, first=5)[0])
    acct.rotate()
    arrived(backend, 4)
    rescanned(agent, 3)
    stopped(agent)
    assert named(agent) == [str(acct.moved(1))]
    assert reasons(agent) == {
        acct.moved(0).name: "3 rows: not read: it existed at the first start"}


def test_a_type_that_is_added_to_records_later_was_not_sent_before(site):
    """Files from before the change are not safe: their d rows are wanted now and were skipped."""
    acct, backend, agent = archived(site, files=2, source={"records": ["b", "rb"]})
    assert len(named(agent)) == 2
    agent.sources[0]["records"] = ["b", "rb", "d"]
    agent.write_conf()
    assert named(agent) == []
    up(agent)
    acct.append(token_rows(3, first=100, kind=["d"])[0])
    acct.rotate()
    arrived(backend, 17)
    rescanned(agent, 3)
    stopped(agent)
    assert named(agent) == [str(acct.moved(2))]
    assert reasons(agent)[acct.moved(0).name].startswith("3 rows: skipped: ")
    # Taken back, the old files are settled again: what was sent since does not matter.
    agent.sources[0]["records"] = ["b", "rb"]
    agent.write_conf()
    assert len(named(agent)) == 3


def test_rows_that_a_rule_withheld_under_other_rules(site):
    """Earlier rules withheld a row that the present ones would send: not acknowledged."""
    path = rules_file(site, "x==>ignore\n")
    acct, backend, agent = archived(site, files=0, rules=[str(path)])
    up(agent)
    acct.append([token_row("T1-0", diag="x"), token_row("T1-1", diag="y")])
    acct.rotate()
    arrived(backend, 1)
    rescanned(agent, 3)
    stopped(agent)
    assert named(agent) == [str(acct.moved(0))]
    path.write_text("z==>ignore\n", "utf-8")
    assert named(agent) == []
    assert reasons(agent)[acct.moved(0).name].startswith("2 rows: settled, but it is not recorded")
    done = agent.command("trace", "--json", "user-T1-0@example.org")
    assert json.loads(done.stdout)["fate"] == "settled"


def test_one_file_in_two_sources_through_a_link_to_the_folder(site):
    """It is safe when both sources are done with it, and then printed once."""
    acct = site.acct()
    link = site.folder / "link"
    link.symlink_to(acct.dir)
    both = [source_of(acct), dict(source_of(acct), name="linked", endpoint="other",
                                  acct_file=link / "bounces.csv", move_to=link / "moved-bounces")]
    backend = site.backend()
    agent = site.agent(backend, sources=both, first_start="all", rescan="100ms", endpoints=[
        {"name": name, "url": url, "format": "object"}
        for name, url in (("octeth", backend.url()), ("other", ""))])
    acct.append(token_rows(4)[0])
    acct.rotate()
    up(agent)
    arrived(backend, 4)
    rescanned(agent, 3)
    assert named(agent) == []
    assert all(why.startswith('source "linked" has it, too: ') or why.startswith("behind: ")
               for why in reasons(agent).values())
    agent.endpoints[1]["url"] = backend.url()
    agent.write_conf()
    agent.hup()
    eventually(lambda: len(backend.events()) == 8)
    rescanned(agent, 3)
    stopped(agent)
    assert named(agent) == [str(acct.moved(0))]


def test_after_an_upgrade_only_complete_counts_are_a_proof(site):
    """An earlier store has positions and counts: they prove a file only if nothing is missing."""
    acct = site.acct()
    acct.append(token_rows(3)[0])
    backend, agent = started(site, acct, first_start="now")
    up(agent)
    acct.append(token_rows(2, first=3)[0])
    acct.rotate()  # three rows passed over, two delivered
    acct.append(token_rows(4, first=5)[0])
    acct.rotate()  # all delivered
    acct.append(token_rows(2, first=9, kind=["b", "d"])[0])
    acct.rotate()  # one of another type
    arrived(backend, 7)
    rescanned(agent, 3)
    stopped(agent)
    set_back(agent, 2)
    up(agent)
    stopped(agent)
    assert named(agent) == [str(acct.moved(1))]
    assert reasons(agent)[acct.moved(0).name].startswith("5 rows: settled, but it is not recorded")
    fates = [json.loads(agent.command("trace", "--json", f"user-T1-{i}@example.org").stdout)["fate"]
             for i in (0, 3, 5, 9)]
    assert fates == ["settled", "settled", "acknowledged", "settled"]


def test_what_was_there_before_the_first_start_was_not_delivered(site):
    acct = site.acct()
    acct.append(token_rows(3)[0])
    acct.rotate()
    _, agent = started(site, acct)
    up(agent)
    rescanned(agent)
    stopped(agent)
    assert named(agent) == []


def test_age_is_that_of_the_last_write(site):
    acct, _, agent = archived(site)
    for i, days in enumerate((31, 29, 2)):
        stat = acct.moved(i).stat()
        os.utime(acct.moved(i), (stat.st_atime, stat.st_mtime - days * DAY))
    assert named(agent, "--older-than", "30d") == [str(acct.moved(0))]
    assert len(named(agent, "--older-than", "12h")) == 3
    assert named(agent, "--older-than", "40d") == []


def test_the_agent_and_the_cron_job_of_the_manual_go_together(site):
    """The files that archives prints are deleted while the agent runs: none is reported as lost."""
    acct, backend, agent = archived(site)
    up(agent)
    for path in named(agent):
        os.unlink(path)
    acct.append(token_rows(1, first=100)[0])
    acct.rotate()
    arrived(backend, 21)
    rescanned(agent, 4)
    assert stopped(agent)["sources"][0]["goneUnread"] == 0
    assert agent.status()["problems"] == 0


def test_archives_command_lines(site):
    acct, _, agent = archived(site, files=1)
    done = agent.command("archives", "--older-than", "30d")
    assert done.returncode == 64 and "--acknowledged" in done.stderr
    assert agent.command("archives", "--acknowledged", "--older-than", "soon").returncode == 64
    assert agent.command("archives", "--acknowledged", "x").returncode == 64
    packed = acct.gz(acct.moved(0))
    packed.write_bytes(packed.read_bytes()[:-9])
    done = agent.command("archives", "--acknowledged")
    assert done.returncode == 1 and str(packed) in done.stderr and not done.stdout


def test_without_a_store_nothing_is_safe(site):
    agent = site.agent(None, site.acct())
    for command in (["archives", "--acknowledged"], ["reconcile"]):
        done = agent.command(*command)
        assert done.returncode == 1 and "no store" in done.stderr and not done.stdout


# ---- reconcile ----

def table(done):
    """{name: (numbers, verdict)}, and the last line."""
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["file", "written", "read", "acknowledged", "dead", "skipped",
                                "ignored"]
    rows = {}
    for line in lines[1:-1]:
        cells = line.split(maxsplit=7)
        rows[cells[0]] = [int(cell) if cell != "-" else None for cell in cells[1:7]], \
            cells[7] if len(cells) > 7 else ""
    return rows, lines[-1]


def test_reconcile_counts_the_moved_files_itself(site):
    acct, _, agent = archived(site, files=2)
    acct.gz(acct.moved(1))
    done = agent.command("reconcile")
    rows, last = table(done)
    assert done.returncode == 0, done.stdout
    assert rows == {acct.moved(0).name: ([10, 10, 7, 0, 3, 0], "ok"),
                    acct.moved(1).name + ".gz": ([10, 10, 7, 0, 3, 0], "ok"),
                    "all": ([20, 20, 14, 0, 6, 0], "")}
    assert last == "2 files, 0 with a difference"


def test_reconcile_finds_what_differs(site):
    acct, _, agent = archived(site, files=4)
    append(acct.moved(0), token_rows(1, first=100)[0][0] + "\n")
    acct.moved(1).write_bytes(acct.moved(1).read_bytes().replace(b"T1-", b"T2-"))
    acct.moved(2).unlink()
    done = agent.command("reconcile")
    rows, last = table(done)
    assert done.returncode == 1
    assert rows[acct.moved(0).name] == ([11, 10, 7, 0, 3, 0], "DIFFERENCE: behind, some rows are not read yet")
    assert rows[acct.moved(1).name] == ([10] + 5 * [None],
                                        "DIFFERENCE: the store does not know this file")
    assert rows[acct.moved(3).name][1] == "ok" and len(rows) == 4
    assert last == "3 files, 2 with a difference"


def test_reconcile_reads_the_numbers_out_of_powermtas_log(site):
    """The default pattern; with a deleted file, an unknown file, and a file not in the log."""
    acct, _, agent = archived(site, files=4)
    log = site.folder / "pmta.log.gz"
    log.write_bytes(gzip.compress("".join([
        f"2026-11-21 01:00:00 acct-file {acct.dir}/{acct.moved(0).name} moved to {acct.move_to}/, "
        "10 records\n",
        "2026-11-21 01:00:00 something else: 17 records\r\n",
        f'2026-11-21 02:00:00 moved "{acct.moved(1).name}": 12 records written\n',
        f"2026-11-21 03:00:00 {acct.moved(2).name} 9 records\n",
        f"2026-11-21 03:00:01 {acct.moved(2).name} 10 records\n",
        f"2026-11-21 09:00:00 {acct.moved(9).name} 1 record\n",
        "2026-11-21 09:00:00 other-2026-11-21-0000.csv 1 record\n"]).encode()))
    acct.moved(2).unlink()
    done = agent.command("reconcile", "--pmta-log", log)
    rows, last = table(done)
    assert done.returncode == 1 and done.stderr == ""
    assert rows[acct.moved(0).name] == ([10, 10, 7, 0, 3, 0], "ok")
    assert rows[acct.moved(1).name] == ([12, 10, 7, 0, 3, 0], "DIFFERENCE: records are missing")
    assert rows[acct.moved(2).name] == ([10, 10, 7, 0, 3, 0], "ok")
    assert rows[acct.moved(3).name] == ([10, 10, 7, 0, 3, 0], "ok (counted: not in the log)")
    assert rows[acct.moved(9).name] == ([1] + 5 * [None],
                                        "DIFFERENCE: the store does not know this file")
    assert last == "5 files, 2 with a difference" and len(rows) == 6


@pytest.mark.parametrize("pattern, line", [
    (r"^moved ([^ ]+) n=([0-9]+)$", "moved /x/{} n=10"),
    (r"n=([0-9]+) of <([^>]+)>", "n=10 of <{}.gz>"),
])
def test_reconcile_with_a_pattern(site, pattern, line):
    acct, _, agent = archived(site, files=1)
    log = site.folder / "pmta.log"
    log.write_text(line.format(acct.moved(0).name), "utf-8")
    done = agent.command("reconcile", "--pmta-log", log, "--pattern", pattern)
    assert done.returncode == 0 and table(done)[0][acct.moved(0).name][1] == "ok", done.stdout
    log.write_text(line.format(acct.moved(0).name).replace("10", "11"), "utf-8")
    assert agent.command("reconcile", "--pmta-log", log, "--pattern", pattern).returncode == 1


def test_reconcile_of_some_days_and_sources(site):
    acct, _, agent = archived(site, files=1)
    later = acct.move_to / "bounces-2026-11-22-0000.csv"
    later.write_text(acct.header + "\n" + token_rows(1, first=100)[0][0] + "\n", "utf-8")

    def names(*options):
        done = agent.command("reconcile", *options)
        return [name for name in table(done)[0] if name != "all"], done.returncode
    first = acct.moved(0).name
    assert names() == ([first, later.name], 1)
    assert names("--to", "2026-11-22") == ([first], 0)
    assert names("--from", "2026-11-21 23:00:00", "--to", "2026-11-22 00:00:00") == ([first], 0)
    assert names("--from", "2026-11-22") == ([later.name], 1)
    assert names("--from", "2026-11-23") == ([], 0)


def test_reconcile_of_what_was_there_at_the_first_start(site):
    acct = site.acct()
    acct.append(token_rows(3)[0])
    acct.rotate()
    fbl = site.acct(base="fbl", header=FBL_HEADER)
    backend, agent = started(site, acct, fbl)
    up(agent)
    fbl.append(token_rows(2, kind="f")[0])
    fbl.rotate()
    arrived(backend, 2)
    rescanned(agent)
    stopped(agent)
    done = agent.command("reconcile")
    rows, last = table(done)
    assert done.returncode == 0, done.stdout
    assert "not read: it existed at the first start" in rows[acct.moved(0).name][1]
    assert rows[fbl.moved(0).name] == ([2, 2, 2, 0, 0, 0], "ok")
    assert last == "2 files, 0 with a difference, 1 existed at the first start"


def test_reconcile_command_lines(site):
    _, _, agent = archived(site, files=1)
    log = site.folder / "pmta.log"
    log.write_text("", "utf-8")
    for wrong in (["--pmta-log", log, "--pattern", "("], ["--pmta-log", log, "--pattern", "(a)"],
                  ["--from", "2026-11-22", "--to", "2026-11-21"], ["x"]):
        done = agent.command("reconcile", *wrong)
        assert done.returncode == 64 and len(done.stderr.splitlines()) <= 3, done.stderr
    done = agent.command("reconcile", "--pmta-log", site.folder / "none")
    assert done.returncode == 1 and "none" in done.stderr and not done.stdout
