"""Files that are closed, moved or removed: none of their rows is lost or repeated.

DESIGN.md, "Which files, in what order"; tailer.h, T2 to T4.
"""

import os

import pytest
from harness import BOUNCE_HEADER, books, eventually, token_rows
from steps import (
    accepted, append, arrived, compare, delivered, lines, order_of, put, records, rescanned,
    source_status, started, stopped, up)

ORDERS = ["create-first", "move-first"]


@pytest.mark.parametrize("order", ORDERS)
def test_each_rotation_is_followed(site, order):
    """T4, move-to: PowerMTA may move the old file before or after it begins the next one."""
    acct = site.acct()
    backend, agent = started(site, acct)
    up(agent)
    everything = []
    for i in range(5):
        rows, _ = token_rows(20, first=20 * i, kind=["b", "rb"])
        acct.append(rows)
        everything += rows
        arrived(backend, len(everything))
        acct.rotate(order)
    status = delivered(agent, backend, everything)
    assert status["sources"][0]["rotations"] == 5


@pytest.mark.parametrize("order", ORDERS)
def test_rows_written_right_before_the_rotation_are_read(site, order):
    """T4: unread bytes of a file that moves are read, even if its successor already exists."""
    acct = site.acct()
    backend, agent = started(site, acct)
    acct.begin()
    up(agent)
    rows, _ = token_rows(3000)
    acct.append(rows[:2990])
    acct.rotate(order)
    acct.append(rows[2990:])
    delivered(agent, backend, rows)


@pytest.mark.parametrize("files", [1, 20])
def test_rotation_while_stopped(site, files):
    """move-to is an input, too: a file that moved while the agent was stopped is read on from its
    position."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, tokens = token_rows(10 * (files + 2))
    acct.append(rows[:10])
    up(agent)
    arrived(backend, 10)
    stopped(agent)
    for i in range(1, files + 1):
        acct.append(rows[10 * i:10 * i + 5])
        acct.rotate()
        acct.append(rows[10 * i + 5:10 * i + 10])
    acct.append(rows[10 * files + 10:])
    up(agent)
    delivered(agent, backend, rows)


def test_files_that_came_and_moved_while_stopped_are_read_from_their_first_byte(site):
    """first-start applies once: every later file is read whole, also in move-to."""
    acct = site.acct()
    backend, agent = started(site, acct)
    up(agent)
    stopped(agent)
    rows, _ = token_rows(30)
    for i in range(3):
        acct.append(rows[10 * i:10 * i + 10])
        acct.rotate(begin=False)
    up(agent)
    delivered(agent, backend, rows)


def test_three_hundred_rotations_quickly(site):
    """T3: inotify events that are merged or late cost no data."""
    acct = site.acct()
    backend, agent = started(site, acct, endpoint={"format": "array", "batch_records": 50},
                             endpoints=None)
    agent.endpoints[0]["url"] = backend.url("/in")
    agent.write_conf()
    up(agent)
    rows, _ = token_rows(600)
    for i in range(300):
        acct.append(rows[2 * i:2 * i + 2])
        acct.rotate(ORDERS[i % 2])
    status = delivered(agent, backend, rows)
    assert status["sources"][0]["goneUnread"] == 0


def test_older_files_come_first(site):
    """T2: date, then N as a number (9999 before 10000), the bare name last."""
    acct = site.acct()
    rows, tokens = token_rows(6)
    names = ["bounces-2025-12-31-0007.csv", "bounces-2026-11-21-0002.csv",
             "bounces-2026-11-21-9999.csv", "bounces-2026-11-21-10000.csv",
             "bounces-2026-11-22-0000.csv", "bounces.csv"]
    for name, row in sorted(zip(names, rows)):
        put((acct.move_to if "9999" in name else acct.dir) / name, lines(BOUNCE_HEADER, row))
    backend, agent = started(site, acct, first_start="all", endpoint={"in_flight": 1})
    up(agent)
    delivered(agent, backend, rows)
    assert order_of(backend) == tokens


def test_a_late_row_in_a_moved_file_is_read(site):
    """A finished file is followed as long as it exists; later rows are read."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(30)
    acct.append(rows[:10])
    up(agent)
    arrived(backend, 10)
    old = acct.rotate()
    acct.append(rows[10:20])
    arrived(backend, 20)
    rescanned(agent)
    append(old, lines(*rows[20:25]))
    arrived(backend, 25)
    stopped(agent)
    append(old, lines(*rows[25:]))
    up(agent)
    delivered(agent, backend, rows)


def test_a_file_unlinked_while_open_is_read_to_its_end(site):
    """T4: reading continues through the descriptor, however slow the backend is."""
    acct = site.acct(move=False)
    backend, agent = started(site, acct, endpoint={"in_flight": 1, "batch_records": 1})
    backend.rule(status=503)
    rows, _ = token_rows(2000)
    acct.append(rows)
    up(agent)
    eventually(backend.requests)
    acct.live.unlink()
    rescanned(agent)
    backend.clear()
    delivered(agent, backend, rows)


def test_files_waiting_for_their_turn_survive_being_deleted(site):
    """The oldest unread files are kept open: a cron job that deletes them costs no rows."""
    acct = site.acct()
    backend, agent = started(site, acct)
    backend.rule(status=503)
    rows, _ = token_rows(100)
    for i in range(10):
        acct.append(rows[10 * i:10 * i + 10])
        acct.rotate()
    agent.settings["first_start"] = "all"
    agent.write_conf()
    up(agent)
    eventually(backend.requests)
    rescanned(agent)
    for i in range(10):
        acct.moved(i).unlink()
    rescanned(agent)
    backend.clear()
    status = delivered(agent, backend, rows)
    assert status["sources"][0]["goneUnread"] == 0


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize("begun", [False, True])
def test_a_file_that_was_deleted_unread_is_counted_and_logged(site, begun, running):
    """A file that was deleted unread is counted and logged, and `status` exits with status 1."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(20)
    up(agent)
    if begun:
        acct.append(rows[:10])
        arrived(backend, 10)
    backend.rule(status=503)
    acct.append(rows[10:])
    rescanned(agent)
    if running:
        agent.kill9()
    else:
        assert agent.stop() == 0
    gone = acct.live
    gone.unlink()
    backend.clear()
    more, _ = token_rows(5, first=100)
    acct.number += 1
    acct.append(more)
    up(agent)
    arrived(backend, 15 if begun else 5)
    agent.wait_for("disappeared before all")
    assert gone.name in [line for line in agent.log().splitlines() if "disappeared before all" in line][0]
    done = agent.command("status")
    assert done.returncode == 1 and "disappeared before all of it was delivered" in done.stdout
    assert source_status(agent)["goneUnread"] == 1
    stopped(agent)
    assert agent.command("status").returncode == 1
    compare(backend, records((rows[:10] if begun else []) + more))


def test_a_last_line_without_newline_of_a_moved_file(site):
    """T1: it is a record if the number of its cells fits."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(11)
    acct.append(rows[:9])
    acct.write(rows[9])
    up(agent)
    arrived(backend, 9)
    rescanned(agent)
    assert len(accepted(backend)) == 9
    acct.rotate()
    acct.append(rows[10:])
    status = delivered(agent, backend, rows)
    assert status["sources"][0]["rows"]["dead"] == 0


def test_a_last_line_that_is_cut_off_is_a_dead_letter(site):
    """T1, R3: fewer cells than columns and no newline: the rest of the row is unknown."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(11)
    acct.append(rows[:9])
    acct.write(rows[9][:60])
    up(agent)
    arrived(backend, 9)
    old = acct.rotate()
    acct.append(rows[10:])
    eventually(lambda: source_status(agent)["rows"]["dead"] == 1)
    delivered(agent, backend, rows[:9] + rows[10:])
    number = agent.command("dead", "list").stdout.split()[0]
    shown = agent.command("dead", "show", "--raw", number).stdout
    assert rows[9][:60] in shown and old.name in shown and "cut off" in shown


def test_a_last_line_without_newline_in_an_unlinked_file(site):
    """T1: a file that was unlinked and unchanged for one rescan counts as finished."""
    acct = site.acct(move=False)
    backend, agent = started(site, acct)
    rows, _ = token_rows(5)
    acct.append(rows[:4])
    acct.write(rows[4])
    up(agent)
    arrived(backend, 4)
    acct.live.unlink()
    delivered(agent, backend, rows)


def test_the_next_file_is_begun_only_when_the_one_before_is_read(site):
    """T2 under a slow backend: rows of several rotations arrive in their order."""
    acct = site.acct()
    backend, agent = started(site, acct, endpoint={"in_flight": 1})
    backend.rule(delay_ms=1)
    rows, tokens = token_rows(300)
    up(agent)
    for i in range(3):
        acct.append(rows[100 * i:100 * i + 100])
        acct.rotate(ORDERS[i % 2])
    delivered(agent, backend, rows)
    assert order_of(backend) == tokens


def test_fair_order_alternates_the_newest_and_the_oldest(site):
    """order = "fair": new bounces do not wait until hours of backlog are delivered."""
    acct = site.acct()
    backend, agent = started(site, acct, first_start="all", source={"order": "fair"},
                             endpoint={"format": "array", "batch_records": 10, "in_flight": 1})
    agent.endpoints[0]["url"] = backend.url("/in")
    agent.write_conf()
    rows, tokens = token_rows(1100)
    for i in range(10):
        acct.append(rows[100 * i:100 * i + 100])
        acct.rotate()
    acct.append(rows[1000:])
    up(agent)
    delivered(agent, backend, rows)
    order = order_of(backend)
    newest = [order.index(token) for token in tokens[1000:]]
    assert max(newest) < 300, "the newest file waited for the backlog"
    assert order.index(tokens[99]) < 300, "the oldest file waited for the newest"


def test_without_move_to_rotated_files_stay_next_to_the_live_one(site):
    """No move-to: dated files are in the same folder, and each is read to its end."""
    acct = site.acct(move=False)
    backend, agent = started(site, acct)
    up(agent)
    rows, _ = token_rows(100)
    for i in range(5):
        acct.append(rows[20 * i:20 * i + 20])
        acct.rotate()
    delivered(agent, backend, rows)


def test_a_file_renamed_within_its_folder_is_the_same(site):
    """T6: a file is the same under any name; Fluent Bit and syslog-ng get this wrong."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(30)
    acct.append(rows[:10])
    up(agent)
    arrived(backend, 10)
    os.rename(acct.live, acct.dir / acct.dated(7))
    acct.number = 7
    rescanned(agent)
    acct.append(rows[10:20])
    arrived(backend, 20)
    stopped(agent)
    os.rename(acct.live, acct.moved(9))
    append(acct.moved(9), lines(*rows[20:]))
    up(agent)
    delivered(agent, backend, rows)


def test_the_stand_in_writer_rotating_at_full_speed(site):
    """Every row that pmta-writer writes over many rotations arrives once; T2 to T4."""
    acct = site.acct()
    backend, agent = started(site, acct, endpoint={"format": "array"})
    agent.endpoints[0]["url"] = backend.url("/in")
    agent.write_conf()
    up(agent)
    writer = site.writer(acct, records=20000, rotate_every=500, types="b=70,rb=30")
    tokens = [row.token for row in writer.run()]
    arrived(backend, len(tokens))
    stopped(agent)
    assert books(backend, tokens) == ([], {}, [])


def test_rows_in_both_files_during_a_rotation_that_takes_long(site):
    """create-first, and PowerMTA still appends to the old file before moving it."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(40)
    acct.append(rows[:10])
    up(agent)
    arrived(backend, 10)
    old = acct.live
    acct.number += 1
    acct.append(rows[10:20])
    arrived(backend, 20)
    append(old, lines(*rows[20:30]))
    arrived(backend, 30)
    os.rename(old, acct.moved(0))
    acct.append(rows[30:])
    delivered(agent, backend, rows)
    compare(backend, records(rows))
