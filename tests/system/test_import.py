"""import-sincedb: the agent continues at Logstash's positions.

Logstash itself does not run here.  Its position file is made as logstash/sincedb.h describes it,
and the rows before the position are the ones it "delivered".
"""

import os
import shutil

import pytest
from harness import FBL_HEADER, token_rows
from sincedb import continues, entry, halves, imported, kernel_device, old_entry
from steps import (
    append, arrived, compare, delivered, lines, records, rescanned, started, stopped, up)


@pytest.mark.parametrize("line", [
    entry, lambda *args: entry(*args, device=kernel_device), old_entry,
    lambda *args: entry(*args, time=" 1795255200"),
    lambda *args: entry(*args, time=" 1.7952552e9")], ids=["java", "kernel", "old", "seconds", "e9"])
def test_rows_before_the_position_are_not_sent_again_and_those_after_are(site, line):
    acct, backend, agent, rows, offset = halves(site)
    found = imported(agent, line(acct.live, offset))
    assert found == {acct.live.name: f"continues at {offset} of {os.path.getsize(acct.live)}"}
    up(agent)
    later, _ = token_rows(5, first=20)
    acct.append(later)
    status = delivered(agent, backend, rows[10:] + later)
    assert status["sources"][0]["rows"]["read"] == 15


@pytest.mark.parametrize("gz", [False, True])
@pytest.mark.parametrize("volume", [False, True])
def test_a_file_that_rotates_between_import_and_start_continues(site, volume, gz):
    acct, backend, agent, rows, offset = halves(site)
    imported(agent, entry(acct.live, offset))
    later, _ = token_rows(5, first=20)
    number, acct.number = acct.number, acct.number + 1
    if volume:
        acct.copy_away(number)
    else:
        os.rename(acct.dir / acct.dated(number), acct.moved(number))
    if gz:
        acct.gz(acct.moved(number))
    acct.append(later)
    continues(agent, backend, rows[10:] + later)


def test_rows_that_logstash_missed_before_the_move_are_sent(site):
    """Rows of the last second before the move, and whole files between two scans of the folder."""
    acct = site.acct()
    rows, _ = token_rows(40)
    acct.append(rows[:8])
    name, offset = acct.live, os.path.getsize(acct.live)
    acct.append(rows[8:10])
    first = acct.rotate(begin=False)
    acct.append(rows[10:20])  # Logstash never sees this file
    acct.rotate(begin=False)
    acct.append(rows[20:30])
    live_offset = os.path.getsize(acct.live)
    acct.append(rows[30:])
    backend, agent = started(site, acct)
    found = imported(agent, entry(first, offset, name), entry(acct.live, live_offset))
    assert found["bounces-2026-11-21-0000.csv"].startswith(f"continues at {offset} of ")
    assert found["bounces-2026-11-21-0001.csv"] == "not in the sincedb: read from its beginning"
    continues(agent, backend, rows[8:20] + rows[30:])


def test_archives_are_passed_over_and_what_was_read_is_followed(site):
    """Files older than all in the sincedb are passed over, gzipped or not.  Of files that Logstash
    has read, only later rows are sent."""
    acct = site.acct()
    rows, _ = token_rows(60)
    for i in range(4):
        acct.append(rows[10 * i:10 * i + 10])
        acct.rotate(begin=False)
    acct.append(rows[40:50])
    acct.gz(acct.moved(0))
    backend, agent = started(site, acct)
    names = [acct.dir / acct.dated(i) for i in range(4)]
    found = imported(agent, entry(acct.moved(2), name=names[2]),
                     entry(acct.moved(3), name=names[3]), entry(acct.live))
    older = "not in the sincedb and older than the oldest file there: passed over"
    read = "read to its end by Logstash"
    size = os.path.getsize(acct.live)
    assert found == {"bounces-2026-11-21-0000.csv.gz": older, "bounces-2026-11-21-0001.csv": older,
                     "bounces-2026-11-21-0002.csv": read, "bounces-2026-11-21-0003.csv": read,
                     acct.live.name: f"continues at {size} of {size}"}
    up(agent)
    append(acct.moved(3), lines(rows[50]))
    acct.append(rows[51:])
    arrived(backend, 10)
    acct.gz(acct.moved(1))  # compressing a file that was passed over or read makes no new file
    acct.gz(acct.moved(2))
    rescanned(agent)
    delivered(agent, backend, rows[50:])


def test_a_compressed_file_continues_at_its_offset_in_the_plain_one(site):
    acct, backend, agent, rows, offset = halves(site)
    name = acct.live
    line = entry(name, offset)
    acct.gz(acct.rotate())
    found = imported(agent, line, entry(acct.live))
    assert found[name.name + ".gz"] == f"continues at {offset}, matched by name: another inode"
    continues(agent, backend, rows[10:])


def test_a_compressed_file_that_was_read_to_its_end(site):
    acct = site.acct()
    rows, _ = token_rows(20)
    acct.append(rows[:10])
    line = entry(acct.live)
    acct.gz(acct.rotate())
    acct.append(rows[10:])
    backend, agent = started(site, acct)
    found = imported(agent, line)
    assert found["bounces-2026-11-21-0000.csv.gz"] == "read to its end by Logstash"
    continues(agent, backend, rows[10:])


def test_the_bare_name_is_followed_by_inode_only(site):
    """The sincedb's bounces.csv has been moved since, and there is another bounces.csv now."""
    acct = site.acct(bare=True)
    rows, _ = token_rows(40)
    acct.append(rows[:10])
    older = acct.rotate(begin=False)
    acct.append(rows[10:15])
    offset = os.path.getsize(acct.live)
    acct.append(rows[15:20])
    line = entry(acct.live, offset)
    moved = acct.rotate(begin=False)
    acct.append(rows[20:])
    backend, agent = started(site, acct)
    found = imported(agent, line)
    assert found[older.name].endswith("passed over")
    assert found[moved.name].startswith(f"continues at {offset} of")
    assert found[acct.live.name] == "not in the sincedb: read from its beginning"
    continues(agent, backend, rows[15:])


def test_a_bare_name_whose_inode_is_gone_is_refused(site):
    """Where Logstash stopped is unknown: neither all rows again nor none would be right."""
    acct, _, agent, _, offset = halves(site, bare=True)
    line = entry(acct.live, offset)
    copy = shutil.copyfile(acct.live, acct.dir / "copy")
    os.replace(copy, acct.live)
    imported(agent, line, status=1)
    assert "it is unknown where Logstash stopped" in agent.done.stderr
    assert "first-start" in agent.done.stderr
    assert not agent.state_dir.exists()


# ---- positions that do not fit


def test_a_position_beyond_the_end_does_not_fit(site):
    """The file was truncated and written anew: all of it is sent."""
    acct, backend, agent, rows, _ = halves(site)
    size = os.path.getsize(acct.live)
    found = imported(agent, entry(acct.live, size + 1), status=1)
    assert f"does not fit (byte {size + 1} of a file of {size} bytes)" in found[acct.live.name]
    assert "1 position of the sincedb did not fit" in agent.done.stderr
    continues(agent, backend, rows)


def test_a_position_inside_a_row_goes_back_to_its_start(site):
    """If Logstash began at the end of a file, that may be inside a half-written row."""
    acct, backend, agent, rows, offset = halves(site)
    found = imported(agent, entry(acct.live, offset + 7))
    assert found[acct.live.name] == (f"continues at {offset}: Logstash stopped at {offset + 7}, in the "
                                    "middle of a row, which is sent whole")
    continues(agent, backend, rows[10:])


def test_a_position_inside_a_row_does_not_fit_if_the_inode_may_be_reused(site):
    """The next bounces.csv may have the inode of the previous one."""
    acct, backend, agent, rows, offset = halves(site, bare=True)
    older = acct.moved(7)
    others, _ = token_rows(3, first=90)
    older.write_text(acct.header + "\n" + lines(*others), "utf-8")
    found = imported(agent, entry(acct.live, offset + 7), entry(older), status=1)
    assert f"does not fit (byte {offset + 7} is in the middle of a row)" in found[acct.live.name]
    continues(agent, backend, rows)


def test_a_position_beyond_the_end_of_what_is_compressed_does_not_fit(site):
    acct, backend, agent, rows, _ = halves(site)
    line = entry(acct.live, os.path.getsize(acct.live) + 1)
    gz = acct.gz(acct.rotate(begin=False))
    found = imported(agent, line, status=1)
    assert "does not fit (it is beyond the end)" in found[gz.name]
    continues(agent, backend, rows)


def test_a_damaged_archive_is_reported_and_does_not_stop_the_import(site):
    acct, backend, agent, rows, offset = halves(site)
    line = entry(acct.live, offset)
    gz = acct.gz(acct.rotate(begin=False))
    gz.write_bytes(gz.read_bytes()[:60])
    later, _ = token_rows(5, first=20)
    acct.append(later)
    found = imported(agent, line, status=1)
    assert "damaged or unfinished gzip data" in found[gz.name]
    up(agent)
    arrived(backend, 5)
    stopped(agent)
    compare(backend, records(later))


def test_a_position_between_the_lines_of_one_row_goes_back_to_its_start(site):
    """Logstash counts lines, and a record may have several."""
    acct = site.acct()
    rows, _ = token_rows(10)
    torn = rows[5].replace("unknown", "un\nknown")
    rows[5] = torn
    acct.append(rows)
    offset = acct.live.read_bytes().index(b"un\nknown") + 3
    backend, agent = started(site, acct)
    found = imported(agent, entry(acct.live, offset))
    assert "in the middle of a row" in found[acct.live.name]
    continues(agent, backend, rows[5:])


def test_a_last_line_without_newline_was_not_read(site):
    acct = site.acct()
    rows, _ = token_rows(5)
    acct.append(rows[:4])
    offset = os.path.getsize(acct.live)
    append(acct.live, rows[4][:60])
    backend, agent = started(site, acct)
    imported(agent, entry(acct.live))  # even if the sincedb claims it was
    up(agent)
    append(acct.live, rows[4][60:] + "\n")
    delivered(agent, backend, rows[4:])
    assert offset < os.path.getsize(acct.live)


def test_another_file_of_the_same_name_does_not_fit(site):
    acct, backend, agent, rows, offset = halves(site)
    line = entry(acct.live, offset)
    copy = shutil.copyfile(acct.live, acct.dir / "copy")
    os.replace(copy, acct.live)
    found = imported(agent, line, status=1)
    assert "another file of this name" in found[acct.live.name]
    continues(agent, backend, rows)


def test_an_inode_that_is_used_again_is_another_file(site):
    """Inode and device match, but the dated name is that of an older file."""
    acct, backend, agent, rows, offset = halves(site)
    old = acct.live.with_name("bounces-2026-11-20-0007.csv")
    found = imported(agent, entry(acct.live, offset, old))
    assert found[acct.live.name] == "not in the sincedb: read from its beginning"
    continues(agent, backend, rows)


def test_a_device_that_has_another_number_after_a_restart_is_the_same(site):
    acct, backend, agent, rows, offset = halves(site)
    line = entry(acct.live, offset, device=lambda dev: (7, dev + 99))
    assert imported(agent, line)[acct.live.name].startswith(f"continues at {offset} of")
    continues(agent, backend, rows[10:])


@pytest.mark.parametrize("text", ["input { file { } }\n", "12 0 5\n", "12 0 5 x\n", "12 0 5 -1\n",
                                  "99999999999999999999 0 5 1\n", "12 0 5 1 yesterday /a\n",
                                  "12 0 5 1 1.5 relative.csv\n", "0 0 5 1\n", "x" * 9000])
def test_what_is_no_sincedb_is_refused_with_its_line(site, text):
    acct, _, agent, _, offset = halves(site)
    imported(agent, entry(acct.live, offset), "\n", text, status=1)
    assert 'sincedb":3: not a line of a sincedb' in agent.done.stderr
    assert agent.done.stdout == "" and not agent.state_dir.exists()


def test_a_sincedb_about_other_files_is_refused(site):
    acct, _, agent, _, offset = halves(site)
    other = acct.dir / "other.csv"
    other.write_text("x\n")
    imported(agent, entry(other), status=1)
    assert "does it belong to another pipeline?" in agent.done.stderr
    missing = agent.command("import-sincedb", agent.folder / "nowhere")
    assert missing.returncode == 1 and "open sincedb" in missing.stderr
    assert not agent.state_dir.exists()


# ---- several sources, several files


def test_a_source_that_logstash_did_not_read_begins_as_first_start_says(site):
    """The stock pipeline never reads complaints."""
    acct = site.acct()
    fbl = site.acct(base="fbl", header=FBL_HEADER)
    rows, _ = token_rows(20)
    complaints, _ = token_rows(20, kind="f", seed="F")
    acct.append(rows[:10])
    line = entry(acct.live)
    acct.append(rows[10:])
    fbl.append(complaints[:10])
    fbl.rotate(begin=False)
    fbl.append(complaints[10:])
    backend, agent = started(site, acct, fbl)
    found = imported(agent, line)
    assert "a source that Logstash did not read" in found["fbl-2026-11-21-0001.csv"]
    up(agent)
    arrived(backend, 20)
    rescanned(agent, 1)
    stopped(agent)
    compare(backend, records(rows[10:] + complaints[10:]))


def test_first_start_now_holds_for_such_a_source(site):
    acct = site.acct()
    fbl = site.acct(base="fbl", header=FBL_HEADER)
    complaints, _ = token_rows(20, kind="f", seed="F")
    rows, _ = token_rows(5)
    acct.append(rows)
    fbl.append(complaints[:10])
    backend, agent = started(site, acct, fbl, first_start="now")
    imported(agent, entry(acct.live))
    fbl.append(complaints[10:])
    up(agent)
    arrived(backend, 10)
    rescanned(agent, 1)
    stopped(agent)
    compare(backend, records(complaints[10:]))


def test_several_sincedbs_are_one(site):
    acct = site.acct()
    fbl = site.acct(base="fbl", header=FBL_HEADER)
    rows, _ = token_rows(5)
    complaints, _ = token_rows(5, kind="f", seed="F")
    acct.append(rows)
    fbl.append(complaints)
    backend, agent = started(site, acct, fbl)
    for name, path in (("one", acct.live), ("two", fbl.live)):
        (agent.folder / name).write_text(entry(path), "utf-8")
    done = agent.command("import-sincedb", agent.folder / "one", agent.folder / "two")
    assert done.returncode == 0, done.stderr
    more, _ = token_rows(1, first=5)
    acct.append(more)
    continues(agent, backend, more)


def test_a_copy_under_way_is_left_to_the_agent(site):
    """move-to on another volume: during the copy two files have the same name."""
    acct, backend, agent, rows, offset = halves(site)
    live = acct.live
    part = live.read_bytes()[:offset + 10]
    acct.moved(0).write_bytes(part)
    found = imported(agent, entry(live, offset))
    assert found[live.name].startswith(("continues at", "another copy"))
    assert agent.done.stdout.count("another copy of the previous file") == 1
    up(agent)
    arrived(backend, 10)
    acct.copy_away(0)
    rescanned(agent)
    delivered(agent, backend, rows[10:])


def test_other_columns_in_mid_file_are_known_at_the_position(site):
    """The columns in force at a position are stored with it."""
    acct = site.acct()
    rows, _ = token_rows(4)
    acct.append(rows[:2])
    acct.write("type,rcpt,orig\n" "b,u1@example.org,T-a@bounce.example.com\n")
    offset = os.path.getsize(acct.live)
    acct.write("b,u2@example.org,T-b@bounce.example.com\n")
    backend, agent = started(site, acct)
    imported(agent, entry(acct.live, offset))
    continues(agent, backend, ["b,u2@example.org,T-b@bounce.example.com"], "type,rcpt,orig")


def test_a_file_with_nothing_but_a_header(site):
    acct = site.acct().begin()
    backend, agent = started(site, acct)
    imported(agent, entry(acct.live))
    rows, _ = token_rows(5)
    acct.append(rows)
    continues(agent, backend, rows)


def test_many_rows_leave_rungs_for_a_file_that_lost_its_end(site):
    """An imported file has the same ladder as one we read ourselves: after a crash of the host only
    the last rows are sent again, not all."""
    acct = site.acct()
    rows, _ = token_rows(3000)
    acct.append(rows)
    backend, agent = started(site, acct)
    imported(agent, entry(acct.live))
    data = acct.live.read_bytes()
    cut = data.index(rows[2990].encode())
    os.truncate(acct.live, cut)
    later, _ = token_rows(5, first=5000)
    acct.append(later)
    up(agent)
    agent.wait_for("lost its end")
    arrived(backend, 5)
    rescanned(agent, 1)
    stopped(agent)
    assert len(backend.events()) < 100
