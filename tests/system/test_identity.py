"""The identity of files: names and inodes only find candidates, and the proof decides.

DESIGN.md, "Identity" and its table; tailer.h, T6.
"""

import os
import shutil
import signal

import pytest
from harness import BOUNCE_HEADER, eventually, token_rows
from steps import (
    accepted, append, arrived, compare, dead, delivered, lines, order_of, put, pwrite, records,
    rescanned, settled, source_status, started, stopped, up)


def read_so_far(backend, agent, acct, rows):
    """Start, deliver rows, stop."""
    acct.append(rows)
    up(agent)
    arrived(backend, len(rows))
    stopped(agent)


def repeated(backend, old, new):
    """Check that all rows arrived, new ones once, repeats under one eventId.  Returns the number of
    repeats."""
    got = accepted(backend)
    ids = {}
    for record, event_id in got:
        assert ids.setdefault(record, event_id) == event_id, "a repeat has another eventId"
    assert set(ids) == set(records(old + new))
    want_once = set(records(new))
    assert len([1 for record, _ in got if record in want_once]) == len(new)
    return len(got) - len(old) - len(new)


def end_of(acct, rows):
    """The offset after these rows at the beginning of a file."""
    return len(lines(acct.header, *rows, eol=acct.eol))


# ---- row 1: the last proof matches


def test_the_same_file_under_another_name_and_inode(site):
    """Row 1: the same file, whatever its name, inode or size."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(30)
    read_so_far(backend, agent, acct, rows[:10])
    with open(acct.live, "rb"):  # so that its inode is not reused
        put(acct.moved(3), acct.live.read_bytes() + lines(*rows[10:20]).encode())
        acct.live.unlink()
        acct.number = 4
        acct.append(rows[20:])
        up(agent)
        delivered(agent, backend, rows)


# ---- row 2: an earlier rung, same inode


@pytest.mark.parametrize("running", [False, True])
def test_a_file_that_a_crash_shortened_continues_at_the_last_row_left(site, running):
    """Row 2: new rows are not skipped, and the whole file is not sent again."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(600)
    acct.append(rows[:500])
    up(agent)
    arrived(backend, 500)
    if not running:
        stopped(agent)
    os.truncate(acct.live, end_of(acct, rows[:480]))
    append(acct.live, lines(*rows[500:]))
    if not running:
        up(agent)
    eventually(lambda: {record for record, _ in accepted(backend)} == set(records(rows)))
    rescanned(agent)
    source = stopped(agent)["sources"][0]
    assert source["crashes"] == 1 and source["truncations"] == 0
    assert repeated(backend, rows[:500], rows[500:]) <= 100
    assert "lost its end" in agent.log()


def test_a_crash_that_cut_a_row_in_two(site):
    """Row 2 and R3: the row joined from two halves is a dead letter; later rows are delivered."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(520)
    read_so_far(backend, agent, acct, rows[:500])
    os.truncate(acct.live, end_of(acct, rows[:480]) - 100)
    append(acct.live, lines(*rows[500:]))
    up(agent)
    eventually(lambda: set(records(rows[501:])) <= {record for record, _ in accepted(backend)})
    rescanned(agent)
    assert repeated(backend, rows[:500], rows[501:]) <= 100
    (_, kind, _, _, reason), = dead(agent)
    assert kind == "unreadable" and "cells" in reason
    stopped(agent)


def test_a_crash_that_left_nuls_at_the_end(site):
    """Row 2: the file has its old size, and its end is NULs; rows written after them are read."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(600)
    read_so_far(backend, agent, acct, rows[:500])
    keep = end_of(acct, rows[:450])
    pwrite(acct.live, b"\0" * (end_of(acct, rows[:500]) - keep), keep)
    append(acct.live, lines(*rows[500:]))
    up(agent)
    eventually(lambda: {record for record, _ in accepted(backend)} == set(records(rows)))
    rescanned(agent)
    source = stopped(agent)["sources"][0]
    assert source["crashes"] == 1 and source["nulBytes"] == end_of(acct, rows[:500]) - keep
    assert source["rows"]["dead"] == 0
    assert repeated(backend, rows[:500], rows[500:]) <= 200


def test_nuls_at_the_end_that_grow_later(site):
    """Row 2: the start finds NULs at the end; rows are written after them while the agent runs."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(220)
    read_so_far(backend, agent, acct, rows[:200])
    keep = end_of(acct, rows[:190])
    pwrite(acct.live, b"\0" * (end_of(acct, rows[:200]) - keep), keep)
    append(acct.live, b"\0" * 5000)
    up(agent)
    rescanned(agent)
    append(acct.live, lines(*rows[200:210]))
    eventually(lambda: set(records(rows[200:210])) <= {record for record, _ in accepted(backend)})
    stopped(agent)
    append(acct.live, lines(*rows[210:]))
    up(agent)
    eventually(lambda: set(records(rows)) <= {record for record, _ in accepted(backend)})
    stopped(agent)
    assert repeated(backend, rows[:200], rows[200:]) <= 100


# ---- row 4: no proof matches


@pytest.mark.parametrize("running", [False, True])
def test_a_file_emptied_by_a_script_keeps_its_header(site, running):
    """`: > F`: PowerMTA writes on without a header.  Rows that fit the last header of the source are
    read under it, and others become dead letters, also after a restart."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(40)
    other = "b,2026-11-21 10:00:00+0000,bounce-x@bounce.example.com,r@example.org,failed,5.1.1 (bad)"
    acct.append(rows[:20])
    up(agent)
    arrived(backend, 20)
    if not running:
        settled(agent)
        stopped(agent)
    put(acct.live, lines(rows[20], other))
    if not running:
        up(agent)
    arrived(backend, 21)
    eventually(lambda: len(dead(agent)) == 1)
    settled(agent)
    agent.kill9()
    acct.append(rows[21:] + [other])
    up(agent)
    arrived(backend, 40)
    eventually(lambda: len(dead(agent)) == 2)
    assert {letter[-1] for letter in dead(agent)} == {"no header line"}
    assert "does not begin with a header line" in agent.log()
    assert "1 file does not begin with a header line" in agent.command("status").stdout
    assert agent.command("dead", "retry", "--all").returncode == 0
    eventually(lambda: "its row is not a record" in agent.log())
    stopped(agent)
    compare(backend, records(rows))
    parsed = agent.command("parse", acct.live)  # with the header that the store knows
    assert parsed.stdout.count("\n") == 20 and parsed.stderr.count("no header line") == 2
    assert parsed.returncode == 1


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize("longer", [False, True])
def test_a_file_rewritten_in_place_is_read_from_its_beginning(site, running, longer):
    """Row 4: the file is truncated and rewritten, shorter or longer, before the next look."""
    acct = site.acct()
    backend, agent = started(site, acct)
    old, _ = token_rows(50)
    new, _ = token_rows(80 if longer else 20, first=100)
    acct.append(old)
    up(agent)
    arrived(backend, 50)
    if running:
        agent.signal(signal.SIGSTOP)
    else:
        stopped(agent)
    put(acct.live, lines(BOUNCE_HEADER, *new))
    if running:
        agent.signal(signal.SIGCONT)
    else:
        up(agent)
    status = delivered(agent, backend, old + new)
    assert status["sources"][0]["truncations"] == 1
    assert "was truncated or rewritten" in agent.log()


def test_a_file_truncated_and_growing_again_while_followed(site):
    """Row 4: truncated several times, as logrotate's copytruncate does."""
    acct = site.acct()
    backend, agent = started(site, acct)
    up(agent)
    everything = []
    for i in range(4):
        rows, _ = token_rows(10, first=10 * i)
        everything += rows
        os.truncate(acct.live, 0) if i else None
        for row in [acct.header, *rows]:
            append(acct.live, lines(row))
        arrived(backend, len(everything))
    status = delivered(agent, backend, everything)
    assert status["sources"][0]["truncations"] == 3


def test_a_truncated_file_that_stays_empty_for_a_while(site):
    """Row 4: an empty file is no problem, and its next rows are read."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(20)
    acct.append(rows[:10])
    up(agent)
    arrived(backend, 10)
    os.truncate(acct.live, 0)
    rescanned(agent)
    append(acct.live, lines(acct.header, *rows[10:]))
    status = delivered(agent, backend, rows)
    assert status["sources"][0]["truncations"] == 1
    assert status["problems"] == 0


@pytest.mark.parametrize("running", [False, True])
def test_an_inode_used_again_by_another_file(site, running):
    """Row 4: the next file has the inode of a deleted one."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(60)
    acct.append(rows[:30])
    up(agent)
    arrived(backend, 30)
    if running:
        agent.signal(signal.SIGSTOP)
    else:
        stopped(agent)
    inode = acct.live.stat().st_ino
    hidden = acct.dir / "hidden"
    os.rename(acct.live, hidden)
    acct.number = 1
    put(hidden, lines(BOUNCE_HEADER, *rows[30:]))
    os.rename(hidden, acct.live)
    assert acct.live.stat().st_ino == inode
    if running:
        agent.signal(signal.SIGCONT)
    else:
        up(agent)
    delivered(agent, backend, rows)


def test_a_row_longer_than_before_in_the_same_place(site):
    """T6: leading bytes alone prove nothing: here header and first row are the same."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(30)
    read_so_far(backend, agent, acct, rows[:20])
    put(acct.live, lines(BOUNCE_HEADER, rows[0], *rows[20:]))
    os.utime(acct.live, (1, 1))  # the rest of the old rows is not being written
    up(agent)
    arrived(backend, 30)
    rescanned(agent)
    stopped(agent)
    assert set(records(rows)) == {record for record, _ in accepted(backend)}


# ---- one follower per identity


def moved_copy(source, target):
    """Make a copy that appears whole."""
    shutil.copyfile(source, target.parent / "hidden")
    os.rename(target.parent / "hidden", target)


@pytest.mark.parametrize("how", [os.link, shutil.copyfile, moved_copy])
def test_a_second_path_of_a_file_is_not_sent_again(site, how):
    """One follower per identity, however many paths lead to it: a hard link, a copy."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(40)
    acct.append(rows[:10])
    up(agent)
    arrived(backend, 10)
    how(acct.live, acct.moved(0))
    how(acct.live, acct.dir / acct.dated(5))
    rescanned(agent)
    acct.append(rows[10:20])
    arrived(backend, 20)
    rescanned(agent)
    stopped(agent)
    acct.append(rows[20:30])
    up(agent)
    arrived(backend, 30)
    rescanned(agent)
    acct.live.unlink()
    acct.moved(0).unlink()
    acct.number = 6
    acct.append(rows[30:])
    delivered(agent, backend, rows)


def test_files_with_the_same_header_and_no_rows_are_files_of_their_own(site):
    """The first line is the same in every file of a source: it proves nothing."""
    acct = site.acct()
    backend, agent = started(site, acct)
    up(agent)
    for _ in range(4):
        acct.begin()
        acct.rotate(begin=False)
    acct.begin()
    rescanned(agent)
    rows, _ = token_rows(25)
    for i in range(4):
        append(acct.moved(i), lines(*rows[5 * i:5 * i + 5]))
        arrived(backend, 5 * i + 5)
    acct.append(rows[20:])
    delivered(agent, backend, rows)


def test_many_empty_files(site):
    """Empty files are followed, too: rows written into them are read."""
    acct = site.acct()
    backend, agent = started(site, acct)
    for i in range(5):
        put(acct.dir / acct.dated(i), b"")
    up(agent)
    rescanned(agent)
    stopped(agent)
    up(agent)
    rows, _ = token_rows(25)
    for i in range(5):
        put(acct.dir / acct.dated(i), lines(BOUNCE_HEADER, *rows[5 * i:5 * i + 5]))
    delivered(agent, backend, rows)


# ---- names


def test_names_that_only_look_alike(site):
    """acct-file means exactly that file and its dated ones."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, tokens = token_rows(20)
    strangers = ["bounces-eu-2026-11-21-0000.csv", "bounces-2026-11-21-0000.csv.bak",
                 "bounces-2026-11-21.csv", "bounces-2026-11-21-.csv", "bounces-2026-1-21-0000.csv",
                 "bounces-2026-13-21-0000.csv", "xbounces-2026-11-21-0000.csv", "bounces.csv.1",
                 "bounces-2026-11-21-0000.csv~", ".bounces-2026-11-21-0000.csv", "bounces.CSV",
                 "bounces-2026-11-21-0000", "bounces-2026-11-21-0000.csv.gz.part"]
    for name, row in zip(strangers, rows):
        put(acct.dir / name, lines(BOUNCE_HEADER, row))
        put(acct.move_to / name, lines(BOUNCE_HEADER, row))
    acct.append(rows[13:])
    up(agent)
    for name in strangers:
        append(acct.dir / name, lines(rows[0]))
    delivered(agent, backend, rows[13:])


def test_what_is_no_regular_file_is_left_alone(site):
    """A symbolic link, a folder or a pipe with the right name is neither followed nor opened."""
    acct = site.acct(number=9)
    backend, agent = started(site, acct)
    rows, _ = token_rows(10)
    elsewhere = put(site.folder / "elsewhere.csv", lines(BOUNCE_HEADER, *rows[:5]))
    os.symlink(elsewhere, acct.dir / acct.dated(0))
    (acct.dir / acct.dated(1)).mkdir()
    os.mkfifo(acct.dir / acct.dated(2))
    acct.append(rows[5:])
    up(agent)
    append(elsewhere, lines(rows[0]))
    delivered(agent, backend, rows[5:])


def test_numbers_beyond_four_digits(site):
    """NNNN may have more digits and is compared as a number, also by a running agent."""
    acct = site.acct(number=9998)
    backend, agent = started(site, acct, endpoint={"in_flight": 1})
    up(agent)
    rows, tokens = token_rows(60)
    for i in range(6):
        acct.append(rows[10 * i:10 * i + 10])
        acct.rotate()
    assert acct.number == 10004
    delivered(agent, backend, rows)
    assert source_status(agent)["filesBehind"] == 0
    assert sorted(order_of(backend)) == sorted(tokens)


def test_an_acct_file_without_extension(site):
    """An acct-file without extension works live and moved."""
    acct = site.acct(base="acct", ext="")
    backend, agent = started(site, acct)
    rows, _ = token_rows(20)
    acct.append(rows[:10])
    up(agent)
    arrived(backend, 10)
    acct.rotate()
    acct.append(rows[10:])
    delivered(agent, backend, rows)


def test_entries_of_deleted_files_do_not_confuse_new_ones_of_the_same_name(site):
    """Same name, other bytes and another inode: a new file."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(30)
    acct.append(rows[:10])
    up(agent)
    arrived(backend, 10)
    with open(acct.live, "rb"):
        acct.live.unlink()
        acct.append(rows[10:20])
        arrived(backend, 20)
        stopped(agent)
        with open(acct.live, "rb"):
            acct.live.unlink()
            acct.append(rows[20:])
            up(agent)
            delivered(agent, backend, rows)
    compare(backend, records(rows))
