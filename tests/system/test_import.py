"""import-sincedb: Logstash's positions as ours, shown with the real agent.

Logstash itself is not here: its position file is made by the facts that logstash/sincedb.h lists, and
what it "delivered" are the rows before the position.
"""

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from harness import AGENT, FBL_HEADER, ROOT, token_rows
from steps import append, arrived, compare, delivered, lines, records, rescanned, started, stopped, up

SHIM = Path(os.environ.get("PMTA_SHIM_SO", ROOT / "build/shim.so"))


def java_device(dev):
    """major and minor as the Java machine's Ruby computes them."""
    return dev >> 24 & 0xff, dev & 0xffffff


def kernel_device(dev):
    return os.major(dev), os.minor(dev)


def entry(path, offset=None, name=None, device=java_device, time=" 1795255200.123"):
    """A line about path; name is where Logstash knew it, offset its end if not given."""
    st = os.stat(path)
    offset = st.st_size if offset is None else offset
    major, minor = device(st.st_dev)
    where = f"{time} {name or path}" if time else ""
    return f"{st.st_ino} {major} {minor} {offset}{where}\n"


def old_entry(path, offset=None):
    return entry(path, offset, time="")


def imported(agent, *entries, status=0, args=()):
    """Run it; returns what it said of each file, by name."""
    sincedb = agent.folder / "sincedb"
    sincedb.write_text("".join(entries), "utf-8")
    done = agent.command("import-sincedb", *args, sincedb)
    assert done.returncode == status, done.stdout + done.stderr
    agent.told = done
    said = [line.split(": ", 2) for line in done.stdout.splitlines() if line.count(": ") >= 2]
    return {path.rsplit("/", 1)[1]: what for _, path, what in said}


def halves(site, **options):
    """An acct with 20 rows, of which Logstash has read 10; a backend, an agent, the position."""
    acct = site.acct(**options)
    rows, _ = token_rows(20)
    acct.append(rows[:10])
    offset = os.path.getsize(acct.live)
    acct.append(rows[10:])
    backend, agent = started(site, acct)
    return acct, backend, agent, rows, offset


def goes_on(agent, backend, rows, header=None):
    up(agent)
    return delivered(agent, backend, rows, header)


@pytest.mark.parametrize("line", [
    entry, lambda *args: entry(*args, device=kernel_device), old_entry,
    lambda *args: entry(*args, time=" 1795255200"),
    lambda *args: entry(*args, time=" 1.7952552e9")], ids=["java", "kernel", "old", "seconds", "e9"])
def test_rows_before_the_position_are_not_sent_again_and_those_after_are(site, line):
    acct, backend, agent, rows, offset = halves(site)
    said = imported(agent, line(acct.live, offset))
    assert said == {acct.live.name: f"going on at {offset} of {os.path.getsize(acct.live)}"}
    up(agent)
    later, _ = token_rows(5, first=20)
    acct.append(later)
    status = delivered(agent, backend, rows[10:] + later)
    assert status["sources"][0]["rows"]["read"] == 15


@pytest.mark.parametrize("gz", [False, True])
@pytest.mark.parametrize("volume", [False, True])
def test_a_file_that_rotates_between_import_and_start_goes_on(site, volume, gz):
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
    goes_on(agent, backend, rows[10:] + later)


def test_rows_that_logstash_missed_before_the_move_are_sent(site):
    """Rows of the last second before move-to, and whole files between two looks at the folder."""
    acct = site.acct()
    rows, _ = token_rows(40)
    acct.append(rows[:8])
    name, offset = acct.live, os.path.getsize(acct.live)
    acct.append(rows[8:10])
    first = acct.rotate(begin=False)
    acct.append(rows[10:20])  # never seen
    acct.rotate(begin=False)
    acct.append(rows[20:30])
    live_offset = os.path.getsize(acct.live)
    acct.append(rows[30:])
    backend, agent = started(site, acct)
    said = imported(agent, entry(first, offset, name), entry(acct.live, live_offset))
    assert said["bounces-2026-11-21-0000.csv"].startswith(f"going on at {offset} of ")
    assert said["bounces-2026-11-21-0001.csv"] == "not in the sincedb: from its beginning"
    goes_on(agent, backend, rows[8:20] + rows[30:])


def test_archives_are_passed_over_and_what_was_read_is_followed(site):
    """Older than all that the sincedb names: passed over, gzipped or not.  Read: only what grows."""
    acct = site.acct()
    rows, _ = token_rows(60)
    for i in range(4):
        acct.append(rows[10 * i:10 * i + 10])
        acct.rotate(begin=False)
    acct.append(rows[40:50])
    acct.gz(acct.moved(0))
    backend, agent = started(site, acct)
    names = [acct.dir / acct.dated(i) for i in range(4)]
    said = imported(agent, entry(acct.moved(2), name=names[2]), entry(acct.moved(3), name=names[3]),
                    entry(acct.live))
    older = "not in the sincedb and older than the oldest file there: passed over"
    read = "read to its end by Logstash"
    size = os.path.getsize(acct.live)
    assert said == {"bounces-2026-11-21-0000.csv.gz": older, "bounces-2026-11-21-0001.csv": older,
                    "bounces-2026-11-21-0002.csv": read, "bounces-2026-11-21-0003.csv": read,
                    acct.live.name: f"going on at {size} of {size}"}
    up(agent)
    append(acct.moved(3), lines(rows[50]))
    acct.append(rows[51:])
    arrived(backend, 10)
    acct.gz(acct.moved(1))  # none of this makes a passed or read file a new one
    acct.gz(acct.moved(2))
    rescanned(agent)
    delivered(agent, backend, rows[50:])


def test_a_compressed_file_goes_on_at_its_place_in_the_plain_one(site):
    acct, backend, agent, rows, offset = halves(site)
    name = acct.live
    line = entry(name, offset)
    acct.gz(acct.rotate())
    said = imported(agent, line, entry(acct.live))
    assert said[name.name + ".gz"] == f"going on at {offset}, by its name: another inode"
    goes_on(agent, backend, rows[10:])


def test_a_compressed_file_that_was_read_to_its_end(site):
    acct = site.acct()
    rows, _ = token_rows(20)
    acct.append(rows[:10])
    line = entry(acct.live)
    acct.gz(acct.rotate())
    acct.append(rows[10:])
    backend, agent = started(site, acct)
    said = imported(agent, line)
    assert said["bounces-2026-11-21-0000.csv.gz"] == "read to its end by Logstash"
    goes_on(agent, backend, rows[10:])


def test_the_bare_name_is_followed_by_inode_only(site):
    """bounces.csv of the sincedb was moved since; another bounces.csv is there now."""
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
    said = imported(agent, line)
    assert said[older.name].endswith("passed over")
    assert said[moved.name].startswith(f"going on at {offset} of")
    assert said[acct.live.name] == "not in the sincedb: from its beginning"
    goes_on(agent, backend, rows[15:])


def test_a_bare_name_whose_inode_is_gone_is_refused(site):
    """Nobody knows then where it stopped: neither all again nor nothing is a good answer."""
    acct, _, agent, _, offset = halves(site, bare=True)
    line = entry(acct.live, offset)
    copy = shutil.copyfile(acct.live, acct.dir / "copy")
    os.replace(copy, acct.live)
    imported(agent, line, status=1)
    assert "nobody knows where it stopped" in agent.told.stderr
    assert "first-start" in agent.told.stderr
    assert not agent.state_dir.exists()


# ---- what does not fit


def test_a_position_beyond_the_end_does_not_fit(site):
    """The file was truncated and is written anew: all of it is sent."""
    acct, backend, agent, rows, _ = halves(site)
    size = os.path.getsize(acct.live)
    said = imported(agent, entry(acct.live, size + 1), status=1)
    assert f"does not fit (byte {size + 1} of a file of {size} bytes)" in said[acct.live.name]
    assert "1 position of the sincedb did not fit" in agent.told.stderr
    goes_on(agent, backend, rows)


def test_a_position_inside_a_row_goes_back_to_its_start(site):
    """Logstash that begins at the end of a file may begin in a half-written row."""
    acct, backend, agent, rows, offset = halves(site)
    said = imported(agent, entry(acct.live, offset + 7))
    assert said[acct.live.name] == (f"going on at {offset}: Logstash stopped at {offset + 7}, in the "
                                    "middle of a row, which is sent whole")
    goes_on(agent, backend, rows[10:])


def test_a_position_inside_a_row_of_a_file_that_only_the_name_tells_does_not_fit(site):
    """The next bounces.csv may have the inode of the one before."""
    acct, backend, agent, rows, offset = halves(site, bare=True)
    older = acct.moved(7)
    others, _ = token_rows(3, first=90)
    older.write_text(acct.header + "\n" + lines(*others), "utf-8")
    said = imported(agent, entry(acct.live, offset + 7), entry(older), status=1)
    assert f"does not fit (byte {offset + 7} is in the middle of a row)" in said[acct.live.name]
    goes_on(agent, backend, rows)


def test_a_position_beyond_the_end_of_what_is_compressed_does_not_fit(site):
    acct, backend, agent, rows, _ = halves(site)
    line = entry(acct.live, os.path.getsize(acct.live) + 1)
    gz = acct.gz(acct.rotate(begin=False))
    said = imported(agent, line, status=1)
    assert "does not fit (it is beyond the end)" in said[gz.name]
    goes_on(agent, backend, rows)


def test_a_damaged_archive_is_said_and_does_not_stop_the_import(site):
    acct, backend, agent, rows, offset = halves(site)
    line = entry(acct.live, offset)
    gz = acct.gz(acct.rotate(begin=False))
    gz.write_bytes(gz.read_bytes()[:60])
    later, _ = token_rows(5, first=20)
    acct.append(later)
    said = imported(agent, line, status=1)
    assert "damaged or unfinished gzip data" in said[gz.name]
    up(agent)
    arrived(backend, 5)
    stopped(agent)
    compare(backend, records(later))


def test_a_position_between_the_lines_of_one_row_goes_back_to_its_start(site):
    """Logstash counts lines; a record may have several."""
    acct = site.acct()
    rows, _ = token_rows(10)
    torn = rows[5].replace("unknown", "un\nknown")
    rows[5] = torn
    acct.append(rows)
    offset = acct.live.read_bytes().index(b"un\nknown") + 3
    backend, agent = started(site, acct)
    said = imported(agent, entry(acct.live, offset))
    assert "in the middle of a row" in said[acct.live.name]
    goes_on(agent, backend, rows[5:])


def test_a_last_line_without_newline_was_not_read(site):
    acct = site.acct()
    rows, _ = token_rows(5)
    acct.append(rows[:4])
    offset = os.path.getsize(acct.live)
    append(acct.live, rows[4][:60])
    backend, agent = started(site, acct)
    imported(agent, entry(acct.live))  # even if Logstash says so
    up(agent)
    append(acct.live, rows[4][60:] + "\n")
    delivered(agent, backend, rows[4:])
    assert offset < os.path.getsize(acct.live)


def test_another_file_of_the_same_name_does_not_fit(site):
    acct, backend, agent, rows, offset = halves(site)
    line = entry(acct.live, offset)
    copy = shutil.copyfile(acct.live, acct.dir / "copy")
    os.replace(copy, acct.live)
    said = imported(agent, line, status=1)
    assert "another file of this name" in said[acct.live.name]
    goes_on(agent, backend, rows)


def test_an_inode_that_is_used_again_is_another_file(site):
    """The inode and device fit, and the dated name is that of an older file."""
    acct, backend, agent, rows, offset = halves(site)
    old = acct.live.with_name("bounces-2026-11-20-0007.csv")
    said = imported(agent, entry(acct.live, offset, old))
    assert said[acct.live.name] == "not in the sincedb: from its beginning"
    goes_on(agent, backend, rows)


def test_a_device_that_has_another_number_after_a_restart_is_the_same(site):
    acct, backend, agent, rows, offset = halves(site)
    line = entry(acct.live, offset, device=lambda dev: (7, dev + 99))
    assert imported(agent, line)[acct.live.name].startswith(f"going on at {offset} of")
    goes_on(agent, backend, rows[10:])


@pytest.mark.parametrize("text", ["input { file { } }\n", "12 0 5\n", "12 0 5 x\n", "12 0 5 -1\n",
                                  "99999999999999999999 0 5 1\n", "12 0 5 1 yesterday /a\n",
                                  "12 0 5 1 1.5 relative.csv\n", "0 0 5 1\n", "x" * 9000])
def test_what_is_no_sincedb_is_refused_with_its_line(site, text):
    acct, _, agent, _, offset = halves(site)
    imported(agent, entry(acct.live, offset), "\n", text, status=1)
    assert 'sincedb":3: this is no line of a sincedb' in agent.told.stderr
    assert agent.told.stdout == "" and not agent.state_dir.exists()


def test_a_sincedb_about_other_files_is_refused(site):
    acct, _, agent, _, offset = halves(site)
    other = acct.dir / "other.csv"
    other.write_text("x\n")
    imported(agent, entry(other), status=1)
    assert "is it that of another pipeline?" in agent.told.stderr
    missing = agent.command("import-sincedb", agent.folder / "nowhere")
    assert missing.returncode == 1 and "open sincedb" in missing.stderr
    assert not agent.state_dir.exists()


# ---- when it may not be done


def test_it_is_refused_beside_a_running_agent_and_on_a_store_with_positions(site):
    acct, backend, agent, rows, offset = halves(site)
    up(agent)
    for args in ((), ("--dry-run",)):
        imported(agent, entry(acct.live, offset), status=1, args=args)
        assert "in use by another pmta-shipper" in agent.told.stderr
    arrived(backend, 20)
    stopped(agent)
    for args in ((), ("--dry-run",)):
        imported(agent, entry(acct.live, offset), status=1, args=args)
        assert "already has positions of 1 file" in agent.told.stderr
        assert "move state.db*" in agent.told.stderr
    goes_on(agent, backend, rows)


def test_a_store_without_positions_is_taken(site):
    """An agent that was started before and found no file."""
    acct = site.acct()
    backend, agent = started(site, acct)
    up(agent)
    stopped(agent)
    rows, _ = token_rows(20)
    acct.append(rows[:10])
    line = entry(acct.live)
    acct.append(rows[10:])
    imported(agent, line)
    goes_on(agent, backend, rows[10:])


def test_dry_run_says_the_same_and_stores_nothing(site):
    acct, backend, agent, rows, offset = halves(site)
    said = imported(agent, entry(acct.live, offset), args=["--dry-run"])
    assert agent.told.stdout.endswith("dry run: nothing was stored\n")
    assert not agent.state_dir.exists()
    assert said == imported(agent, entry(acct.live, offset))
    goes_on(agent, backend, rows[10:])


def test_usage(site):
    agent = site.agent(None, site.acct())
    done = agent.command("import-sincedb")
    assert done.returncode == 64 and "which sincedb?" in done.stderr


# ---- several sources, several files


def test_a_source_that_logstash_did_not_read_begins_as_first_start_says(site):
    """The stock pipeline never saw complaints."""
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
    said = imported(agent, line)
    assert "a source that Logstash did not read" in said["fbl-2026-11-21-0001.csv"]
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
    goes_on(agent, backend, more)


def test_a_copy_under_way_is_left_to_the_agent(site):
    """move-to on another volume: for a moment two files have the name."""
    acct, backend, agent, rows, offset = halves(site)
    live = acct.live
    part = live.read_bytes()[:offset + 10]
    acct.moved(0).write_bytes(part)
    said = imported(agent, entry(live, offset))
    assert said[live.name].startswith(("going on", "another copy"))
    assert agent.told.stdout.count("another copy of the file before") == 1
    up(agent)
    arrived(backend, 10)
    acct.copy_away(0)
    rescanned(agent)
    delivered(agent, backend, rows[10:])


def test_other_columns_in_mid_file_are_known_at_the_position(site):
    """What is stored with a position are the columns in force there."""
    acct = site.acct()
    rows, _ = token_rows(4)
    acct.append(rows[:2])
    acct.write("type,rcpt,orig\n" "b,u1@example.org,T-a@bounce.example.com\n")
    offset = os.path.getsize(acct.live)
    acct.write("b,u2@example.org,T-b@bounce.example.com\n")
    backend, agent = started(site, acct)
    imported(agent, entry(acct.live, offset))
    goes_on(agent, backend, ["b,u2@example.org,T-b@bounce.example.com"], "type,rcpt,orig")


def test_a_file_with_nothing_but_a_header(site):
    acct = site.acct().begin()
    backend, agent = started(site, acct)
    imported(agent, entry(acct.live))
    rows, _ = token_rows(5)
    acct.append(rows)
    goes_on(agent, backend, rows)


def test_many_rows_leave_rungs_for_a_file_that_lost_its_end(site):
    """The ladder is that of a file we had read ourselves: a crash resends the last rows, not all."""
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


def beside_logstash(folder, *args):
    """Run the agent where /var/lib is folder, with a Logstash in it."""
    script = 'mount --bind "$1" /var/lib && shift && exec "$@"'
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", folder, *args]


def test_run_beside_logstash_asks_for_the_import_and_runs_after_it(site):
    """A new store, and a sincedb where Debian's package keeps it, that names the same files."""
    acct, backend, agent, rows, offset = halves(site)
    lib = site.folder / "lib"
    keep = lib / "logstash/plugins/inputs/file"
    keep.mkdir(parents=True)
    line = entry(acct.live, offset)
    (keep / ".sincedb_1f").write_text(line, "utf-8")
    can = subprocess.run(beside_logstash(lib, "true"), capture_output=True, timeout=20, check=False)
    if can.returncode != 0:
        pytest.skip("no mount namespaces here")
    agent.spawn(beside_logstash(lib, AGENT, "run", "-c", agent.conf))
    assert agent.wait() == 78
    assert "pmta-shipper import-sincedb SINCEDB" in agent.log()
    assert "first-start" in agent.log()
    imported(agent, line)
    agent.spawn(beside_logstash(lib, AGENT, "run", "-c", agent.conf))
    agent.wait_for("started with")
    delivered(agent, backend, rows[10:])


# ---- and back


def test_back_prints_where_the_agent_stopped_as_a_sincedb(site):
    """Also that of a file that moved; what it prints can be imported again."""
    acct, backend, agent, rows, offset = halves(site)
    imported(agent, entry(acct.live, offset))
    up(agent)
    busy = agent.command("import-sincedb", "--back")
    assert busy.returncode == 1 and "stop it first" in busy.stderr
    arrived(backend, 10)
    later, _ = token_rows(5, first=20)
    moved = acct.rotate()
    acct.append(later)
    delivered(agent, backend, rows[10:] + later)
    done = agent.command("import-sincedb", "--back")
    assert (done.returncode, done.stderr) == (0, "")
    said = [line.split(" ") for line in done.stdout.splitlines()]
    assert [(*line[:4], line[5]) for line in said] == [
        tuple(entry(path).split()[:4]) + (str(path),) for path in (moved, acct.live)]
    shutil.rmtree(agent.state_dir)
    imported(agent, done.stdout)
    more, _ = token_rows(5, first=30)
    acct.append(more)
    up(agent)
    arrived(backend, 20)
    stopped(agent)
    compare(backend, records(rows[10:] + later + more))
    assert agent.command("import-sincedb", "--back", "x").returncode == 64


# ---- what fails on the way


def each_failure(what, run, most=4000):
    """Let each call fail in turn; run(environment) gives (exit status, standard error)."""
    nth = 1
    while nth < most:
        status, told = run({"LD_PRELOAD": str(SHIM), "PMTA_SHIM": f"{what}:{nth}"})
        yield nth, status, told.replace("shim: failed one\n", "")
        if "shim: failed one" not in told:
            return
        nth += 1 if nth < 300 else 7
    raise AssertionError("no end of them")


@pytest.mark.skipif(not SHIM.exists(), reason="no shim was built")
@pytest.mark.parametrize("what", ["alloc", "read", "write", "open"])
def test_whatever_fails_the_store_is_whole_or_not_there(site, what):
    """Done and said, or failed and said: then the same command does it later."""
    acct = site.acct()
    rows, _ = token_rows(30)
    acct.append(rows[:10])
    acct.rotate(begin=False)
    acct.append(rows[10:20])
    acct.rotate(begin=False)
    lines_of = [entry(acct.moved(1), name=acct.dir / acct.dated(1))]
    acct.append(rows[20:25])
    lines_of.append(entry(acct.live))
    acct.append(rows[25:])
    agent = site.agent(None, acct)
    sincedb = agent.folder / "sincedb"
    sincedb.write_text("".join(lines_of), "utf-8")
    done = []

    def run(env):
        shutil.rmtree(agent.state_dir, ignore_errors=True)
        agent.state_dir.mkdir(mode=0o700)
        one = subprocess.run([AGENT, "import-sincedb", "-c", agent.conf, sincedb],
                             env=dict(os.environ, **env), capture_output=True, text=True,
                             timeout=60, check=False)
        done.append(one.stdout)
        return one.returncode, one.stderr

    def stored():
        """Which files the store knows, and from where on."""
        name = agent.state_dir / "state.db"
        if not name.exists():
            return []
        db = sqlite3.connect(f"file:{name}?mode=ro", uri=True)
        try:
            return db.execute("SELECT name, offset, passed, salt, length(ladder) > 0 "
                              "FROM file ORDER BY name").fetchall()
        except sqlite3.OperationalError:
            return []
        finally:
            db.close()

    assert run({}) == (0, "")
    good, whole = done[-1], stored()
    assert len(whole) == 3
    outcomes = set()
    for nth, status, told in each_failure(what, run):
        assert status in (0, 1, 78), (nth, status, told)
        outcomes.add(status)
        if status == 0:
            assert (done[-1], told) == (good, ""), nth
            assert stored() == whole, nth
        else:
            assert told and stored() in ([], whole), (nth, status, told)
    assert 1 in outcomes or 78 in outcomes
