"""`replay` asks before it sends what was delivered already, and knows a file by any path."""

import os
import pty
import subprocess

import pytest
from archived import archive, everything, kept
from harness import AGENT, token_row, token_rows
from sincedb import entry, imported
from steps import arrived, compare, count, records, rescanned, started, stopped, up


def delivered(site, rows=6, **settings):
    """(acct, rows, backend, agent): one moved file, all of it delivered; the agent is stopped."""
    acct, written = archive(site, files=1, rows=rows)
    backend, agent = started(site, acct, first_start="all", **settings)
    up(agent)
    arrived(backend, rows)
    rescanned(agent, 3)
    stopped(agent)
    return acct, written, backend, agent


def test_nothing_is_sent_again_without_a_yes(site):
    acct, rows, backend, agent = delivered(site)
    acct.append([token_row("T1-90")])  # not read yet
    acct.rotate()
    done = agent.command("replay", everything(acct))
    assert done.returncode == 64 and not done.stdout
    assert "6 of 7 records were delivered already" in done.stderr
    assert "--undelivered" in done.stderr and "--yes" in done.stderr
    assert count(backend) == len(rows) and not kept(agent)
    done = agent.command("replay", "--undelivered", "--dry-run", everything(acct))
    counted = dict(line.rsplit(maxsplit=1) for line in done.stdout.splitlines() if line.startswith("all"))
    done = agent.command("replay", "--undelivered", everything(acct))
    assert f"{counted['all']} record" in done.stdout, (counted, done.stdout)
    assert done.returncode == 0, done.stderr
    assert "1 record delivered" in done.stdout and "6 records left out" in done.stdout
    assert count(backend) == len(rows) + 1
    done = agent.command("replay", "--yes", everything(acct))
    assert done.returncode == 0 and count(backend) == 2 * (len(rows) + 1)
    assert agent.command("replay", "--yes", "--undelivered", acct.moved(0)).returncode == 64


@pytest.mark.parametrize("answer, status, sent", [(b"y\n", 0, 6), (b"\n", 64, 0)])
def test_a_terminal_is_asked(site, answer, status, sent):
    acct, _, backend, agent = delivered(site)
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    done = subprocess.run([AGENT, "replay", "-c", agent.conf, acct.moved(0)], stdin=theirs,
                          stdout=subprocess.DEVNULL, stderr=theirs, timeout=60, check=False)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == status and count(backend) == 6 + sent


def test_what_was_never_sent_is_not_left_out(site):
    """Passed over at the first start, skipped before records was changed, dropped."""
    acct = site.acct()
    acct.append([token_row("T1-0")])
    backend, agent = started(site, acct, first_start="now", endpoint={"refuse_limit": 0})
    backend.rule(contains="T1-3@", status=422)
    up(agent)
    acct.append([token_row("T1-1", "d"), token_row("T1-2"), token_row("T1-3")])
    acct.rotate()
    arrived(backend, 1)
    rescanned(agent, 3)
    assert agent.command("dead", "drop", "--all").returncode == 0
    stopped(agent)
    backend.clear()
    agent.sources[0]["records"] = ["b", "d"]
    agent.write_conf()
    done = agent.command("replay", "--undelivered", acct.moved(0))
    assert done.returncode == 0, done.stderr
    assert "3 records delivered" in done.stdout and "1 record left out" in done.stdout


def test_what_logstash_read_is_not_left_out(site):
    acct = site.acct()
    rows, _ = token_rows(4)
    acct.append(rows[:2])
    offset = acct.live.stat().st_size
    acct.append(rows[2:])
    backend, agent = started(site, acct)
    imported(agent, entry(acct.live, offset))
    up(agent)
    arrived(backend, 2)
    stopped(agent)
    done = agent.command("replay", "--undelivered", acct.live)
    assert done.returncode == 0, done.stderr
    compare(backend, records(rows[2:] + rows[:2]))


def test_one_file_by_several_paths_is_sent_once(site):
    """A symbolic link, "..", and a hard link under another name: the same file, source and fate."""
    acct, rows, backend, agent = delivered(site)
    linked, hard = site.folder / "linked.csv", site.folder / "hard.csv"
    linked.symlink_to(acct.moved(0))
    os.link(acct.moved(0), hard)
    around = f"{acct.move_to}/../{acct.move_to.name}/{acct.moved(0).name}"
    for path in (linked, hard, around):
        done = agent.command("replay", path)
        assert done.returncode == 64 and "6 of 6 records" in done.stderr, path
    done = agent.command("replay", "--yes", linked, hard, around, acct.moved(0))
    assert done.returncode == 0, done.stderr
    assert "replay: 1 file," in done.stderr
    assert count(backend) == 2 * len(rows)


def test_a_link_outside_of_the_folders_belongs_to_its_source(site):
    bounces = site.acct()
    fbl, rows = archive(site, files=1, rows=2, base="fbl")
    backend = site.backend()
    agent = site.agent(backend, bounces, fbl)
    hard = site.folder / "some.csv"
    os.link(fbl.moved(0), hard)
    done = agent.command("replay", hard)
    assert done.returncode == 0, done.stderr
    compare(backend, records(rows))


@pytest.mark.parametrize("command", [
    ["parse"], ["replay", "--dry-run"], ["replay"], ["import-sincedb"], ["import-logstash"],
    ["reconcile", "--pmta-log"], ["rules", "import"]])
def test_a_fifo_is_refused_at_once(site, command):
    agent = site.agent(site.backend(), site.acct())
    fifo = site.folder / "fifo.csv"
    os.mkfifo(fifo)
    up(agent)
    stopped(agent)
    config = [] if command[0] == "rules" else ["-c", agent.conf]
    done = subprocess.run([AGENT, *command[:1], *config, *command[1:], fifo], timeout=10,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "not a regular file" in done.stderr, done.stderr
    done = subprocess.run([AGENT, "check", "-c", fifo], timeout=10, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 78 and "not a regular file" in done.stderr


@pytest.mark.parametrize("magic", [b"\xfd7zXZ\0", b"BZh9", b"\x28\xb5\x2f\xfd"])
def test_files_of_other_packers_are_named(site, magic):
    agent = site.agent(site.backend(), site.acct())
    path = site.folder / "bounces-2026-11-21-0000.csv.packed"
    path.write_bytes(magic + b"\x01\x02" * 200)
    for command in (["parse"], ["replay", "--dry-run"], ["replay"]):
        done = agent.command(*command, path)
        assert done.returncode == 1 and "packed with xz, bzip2, zstd" in done.stderr, command
