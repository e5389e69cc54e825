"""Files that are copied to another volume or compressed: the same rows under another inode.

DESIGN.md, "Which files, in what order", the identity table.
"""

import gzip
import os
import shutil

import pytest
from harness import BOUNCE_HEADER, all_arrived, books, eventually, token_rows
from steps import (
    append, arrived, compare, delivered, lines, put, records, rescanned, source_status, started,
    stopped, up)


def test_a_copy_to_another_volume_that_grows_in_pieces(site):
    """Identity table, row 3: the agent waits for the copy; then it is the same file under another
    inode."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(400)
    acct.append(rows[:300])
    up(agent)
    arrived(backend, 300)
    acct.append(rows[300:350])
    old, target = acct.live, acct.moved(0)
    data = old.read_bytes()
    acct.number += 1
    acct.begin()
    for at in range(0, len(data), 20000):
        append(target, data[at:at + 20000])
        rescanned(agent, 1)
    old.unlink()
    acct.append(rows[350:])
    status = delivered(agent, backend, rows)
    assert status["sources"][0]["goneUnread"] == 0


def test_copies_that_appear_whole_wait_for_no_rescan(site):
    """Rows are written, and right after that a whole copy on another volume appears: the agent
    checks a waiting copy again when the answer may have changed, without waiting for a rescan."""
    acct = site.acct()
    backend, agent = started(site, acct, rescan="1h")
    up(agent)
    rows, _ = token_rows(25 * 30)
    for i in range(0, len(rows), 30):
        acct.append(rows[i:i + 10])
        arrived(backend, i + 10)
        acct.append(rows[i + 10:i + 20])
        hidden = acct.move_to / "hidden"
        shutil.copyfile(acct.live, hidden)
        os.rename(hidden, acct.moved(acct.number))
        acct.live.unlink()
        acct.number += 1
        acct.append(rows[i + 20:i + 30])
        arrived(backend, i + 30)
    stopped(agent)
    compare(backend, records(rows))
    assert "differs from byte" not in agent.log()


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize("piece", [3000, 40000])
def test_a_copy_of_which_little_is_there_yet_is_waited_for(site, piece, running):
    """Identity table, row 3: however short the copy is, and however far apart the rungs are."""
    acct = site.acct()
    backend, agent = started(site, acct, endpoint={"format": "array", "batch_records": 500})
    agent.endpoints[0]["url"] = backend.url("/in")
    agent.write_conf()
    rows, _ = token_rows(2010)
    acct.append(rows[:2000])
    up(agent)
    arrived(backend, 2000)
    eventually(lambda: source_status(agent)["behindBytes"] == 0)
    if not running:
        stopped(agent)
    data = acct.live.read_bytes()
    append(acct.moved(0), data[:piece])
    if not running:
        up(agent)
    rescanned(agent)
    append(acct.moved(0), data[piece:2 * piece])
    rescanned(agent)
    append(acct.moved(0), data[2 * piece:])
    rescanned(agent)
    acct.live.unlink()
    append(acct.moved(0), lines(*rows[2000:]))
    status = delivered(agent, backend, rows)
    assert status["sources"][0]["rows"]["dead"] == 0


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize("share", [0.02, 0.97])
def test_a_gz_made_in_the_other_folder_is_waited_for(site, share, running):
    """gzip -c bounces.csv >moved/bounces.csv.gz; rm bounces.csv, seen half way."""
    acct = site.acct()
    backend, agent = started(site, acct, endpoint={"format": "array", "batch_records": 500})
    agent.endpoints[0]["url"] = backend.url("/in")
    agent.write_conf()
    rows, _ = token_rows(2100)
    acct.append(rows[:2000])
    up(agent)
    arrived(backend, 2000)
    eventually(lambda: source_status(agent)["behindBytes"] == 0)
    if not running:
        stopped(agent)
    acct.append(rows[2000:])
    packed = acct.moved(0).with_suffix(".csv.gz")
    data = gzip.compress(acct.live.read_bytes())
    cut = int(len(data) * share)
    append(packed, data[:cut])
    if not running:
        up(agent)
    rescanned(agent, 3)
    append(packed, data[cut:])
    rescanned(agent)
    acct.live.unlink()
    status = delivered(agent, backend, rows)
    assert status["sources"][0]["rows"]["dead"] == 0


def test_a_copy_to_another_volume_while_stopped(site):
    """Identity table, row 1: the last proof matches under another inode."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(40)
    acct.append(rows[:10])
    up(agent)
    arrived(backend, 10)
    stopped(agent)
    acct.append(rows[10:20])
    keep = open(acct.live, "rb")  # so that its inode is not reused
    acct.copy_away(0)
    acct.number += 1
    acct.append(rows[20:])
    up(agent)
    status = delivered(agent, backend, rows)
    keep.close()
    assert status["sources"][0]["copies"] == 1 and status["sources"][0]["goneUnread"] == 0


def test_a_half_made_copy_at_start_is_waited_for(site):
    """Identity table, row 3: the agent starts while the copy is being made."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(400)
    acct.append(rows)
    up(agent)
    arrived(backend, 400)
    stopped(agent)
    data = acct.live.read_bytes()
    append(acct.moved(0), data[:len(data) // 2])
    keep = open(acct.live, "rb")
    acct.live.unlink()
    up(agent)
    rescanned(agent)
    append(acct.moved(0), data[len(data) // 2:])
    late, _ = token_rows(5, first=1000)
    append(acct.moved(0), lines(*late))
    delivered(agent, backend, rows + late)
    keep.close()


@pytest.mark.parametrize("running", [False, True])
def test_an_unfinished_file_is_gzipped(site, running):
    """The NAME.csv.gz of an unfinished file is read on from the committed (uncompressed) offset."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(900, kind=["b", "rb"])
    acct.append(rows[:300])
    up(agent)
    arrived(backend, 300)
    if running:
        backend.rule(status=503)
    else:
        stopped(agent)
    acct.append(rows[300:600])
    old = acct.rotate()
    acct.append(rows[600:])
    if running:
        rescanned(agent)
    acct.gz(old)
    if running:
        rescanned(agent)
        backend.clear()
    else:
        up(agent)
    delivered(agent, backend, rows)


def test_a_gz_of_a_file_never_seen(site):
    """A .gz that appears in move-to while the agent is stopped is a file like any other."""
    acct = site.acct()
    backend, agent = started(site, acct)
    up(agent)
    stopped(agent)
    rows, _ = token_rows(20)
    acct.append(rows[:10])
    acct.gz(acct.rotate())
    acct.append(rows[10:])
    up(agent)
    delivered(agent, backend, rows)


def test_a_gz_of_a_delivered_file_is_not_sent_again(site):
    """One follower per identity: compressing a delivered file sends nothing, nor does a restart."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(40)
    acct.append(rows[:20])
    old = acct.rotate()
    agent.settings["first_start"] = "all"
    agent.write_conf()
    up(agent)
    arrived(backend, 20)
    acct.gz(old)
    rescanned(agent)
    stopped(agent)
    acct.append(rows[20:])
    up(agent)
    rescanned(agent)
    delivered(agent, backend, rows)


def test_a_damaged_gz_is_logged_and_the_next_file_is_read(site):
    """A file that cannot be read is logged, passed over, and tried again at each rescan."""
    acct = site.acct()
    backend, agent = started(site, acct)
    up(agent)
    stopped(agent)
    rows, _ = token_rows(40)
    data = gzip.compress(lines(BOUNCE_HEADER, *rows[:20]).encode())
    packed = put(acct.moved(0).with_suffix(".csv.gz"), data[:len(data) // 2])
    acct.number = 1
    acct.append(rows[20:])
    up(agent)
    eventually(lambda: all_arrived(backend, [f"T1-{i}" for i in range(20, 40)]))
    agent.wait_for("damaged or unfinished gzip data")
    assert agent.command("status").returncode == 1
    put(packed, data)
    delivered(agent, backend, rows)


def test_the_stand_in_writer_moving_to_another_volume(site):
    """Identity table, rows 3 and 1, many times: pmta-writer copies slowly and then unlinks."""
    acct = site.acct()
    backend, agent = started(site, acct, endpoint={"format": "array"})
    agent.endpoints[0]["url"] = backend.url("/in")
    agent.write_conf()
    up(agent)
    tokens = site.writer(acct, records=2000, rotate_every=100, move_by="copy", rate=2000).run()
    written = [row.token for row in tokens]
    arrived(backend, len(written))
    rescanned(agent)
    stopped(agent)
    assert books(backend, written) == ([], {}, [])
