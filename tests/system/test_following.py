"""The agent follows files while PowerMTA writes them, and sends no record before it is complete.

DESIGN.md, "Which files, in what order" and "A record"; tailer.h, T1 to T3; reader.h, R2.
"""

import os
import shutil
import signal

import pytest
from harness import AGENT, BOUNCE_HEADER, WEBHOOK, eventually, token_row, token_rows
from steps import (
    accepted, append, arrived, compare, count, dead, delivered, lines, order_of, put, record_of,
    records, rescanned, source_status, started, stopped, up)

NOBODY = 65534


# ---- names and folders


@pytest.mark.parametrize("bare", [False, True])
def test_a_live_file_is_followed(site, bare):
    """The dated live file, or the bare name of older set-ups; every field of every record."""
    acct = site.acct(bare=bare)
    backend, agent = started(site, acct)
    up(agent)
    rows, _ = token_rows(60, kind=["b", "rb"])
    for i in range(0, 60, 20):
        acct.append(rows[i:i + 20])
        arrived(backend, i + 20)
    delivered(agent, backend, rows)


def test_dated_and_bare_name_at_once(site):
    """`bounces.csv` means exactly that file and its dated ones: both are read."""
    dated, bare = site.acct(), site.acct(bare=True)
    backend, agent = started(site, dated)
    up(agent)
    rows, _ = token_rows(80)
    for i in range(0, 80, 20):
        dated.append(rows[i:i + 10])
        bare.append(rows[i + 10:i + 20])
        arrived(backend, i + 20)
    delivered(agent, backend, rows)


def test_bounces_and_complaints_side_by_side(site):
    """Sources are independent; the columns of each type come from its own file."""
    acct = site.acct()
    header = "type,timeLogged,format,header_To,header_Return-Path,reportedDomain,header_X-FBLId"
    fbl = site.acct(base="fbl", header=header)
    backend, agent = started(site, acct, fbl)
    up(agent)
    rows, _ = token_rows(30, kind=["b", "rb"])
    complaints, _ = token_rows(30, kind="f", seed="T2")
    for i in range(0, 30, 10):
        acct.append(rows[i:i + 10])
        fbl.append(complaints[i:i + 10])
    delivered(agent, backend, rows + complaints)


def test_a_moved_file_is_an_input_of_its_own(site):
    """move-to is an input, too: a file that appears there and was never seen live is read whole."""
    acct = site.acct()
    backend, agent = started(site, acct)
    up(agent)
    rows, _ = token_rows(20)
    put(acct.moved(3), lines(BOUNCE_HEADER, *rows))
    delivered(agent, backend, rows)


def test_folders_that_do_not_exist_yet(site):
    """The agent waits for a missing directory: the live one, move-to or a parent of them."""
    acct = site.acct()
    shutil.rmtree(acct.dir)
    backend, agent = started(site, acct)
    agent.sources[0]["acct_file"] = site.folder / "a/b/bounces.csv"
    agent.sources[0]["move_to"] = site.folder / "a/c/moved"
    agent.write_conf()
    up(agent)
    agent.wait_for("waiting for it")
    rows, _ = token_rows(20)
    acct.dir, acct.move_to = site.folder / "a/b", site.folder / "a/c/moved"
    acct.dir.mkdir(parents=True)
    acct.append(rows[:10])
    arrived(backend, 10)
    acct.move_to.mkdir(parents=True)
    acct.rotate()
    acct.append(rows[10:])
    delivered(agent, backend, rows)


def test_a_folder_that_is_removed_and_made_again(site):
    """The inotify watch is lost with the folder; the rescan finds the new one."""
    acct = site.acct(move=False)
    backend, agent = started(site, acct)
    up(agent)
    rows, _ = token_rows(30)
    for i in range(3):
        acct.append(rows[10 * i:10 * i + 10])
        arrived(backend, 10 * i + 10)
        if i < 2:
            shutil.rmtree(acct.dir)
            if i == 1:
                rescanned(agent)
            acct.dir.mkdir()
            acct.number += 1
    delivered(agent, backend, rows)


def test_a_folder_that_is_renamed_away_and_back(site):
    """One watch for each directory, on the one that has the name now."""
    acct = site.acct(move=False)
    backend, agent = started(site, acct)
    rows, _ = token_rows(30)
    acct.append(rows[:10])
    up(agent)
    arrived(backend, 10)
    away = acct.dir.with_name("away")
    os.rename(acct.dir, away)
    acct.dir.mkdir()
    acct.number += 1
    acct.append(rows[10:20])
    arrived(backend, 20)
    shutil.rmtree(acct.dir)
    os.rename(away, acct.dir)
    append(acct.dir / acct.dated(0), lines(*rows[20:]))
    delivered(agent, backend, rows)


# ---- lines


def test_half_a_line_is_not_sent(site):
    """T1: a line is sent only when its newline is there, wherever it was cut."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(6)
    acct.append(rows[:1])
    up(agent)
    arrived(backend, 1)
    for i, row in enumerate(rows[1:], 1):
        cut = len(row) * i // 5
        append(acct.live, row[:cut])
        rescanned(agent, 1)
        assert count(backend) == i
        append(acct.live, row[cut:] + "\n")
        arrived(backend, i + 1)
    delivered(agent, backend, rows)


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_lines_that_arrive_byte_by_byte(site, eol):
    """R2: the records are the same if every byte, also of the header, arrives alone."""
    acct = site.acct(eol=eol)
    backend, agent = started(site, acct)
    up(agent)
    rows = [token_row("T1-0", diag='smtp;550 "a", b'), token_row("T1-1", "rb", diag="x\ny")]
    want = records(rows)
    for byte in lines(BOUNCE_HEADER, *rows, eol=eol).encode():
        append(acct.live, bytes([byte]))
    arrived(backend, 2)
    rescanned(agent, 1)
    stopped(agent)
    compare(backend, want)


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_lines_in_random_pieces(site, eol):
    """T1: many pieces, with line ends inside quotes."""
    acct = site.acct(eol=eol)
    backend, agent = started(site, acct)
    up(agent)
    rows, _ = token_rows(150, kind=["b", "rb"], diag='smtp;550-5.1.1 one\nsmtp;550 "two"')
    acct.pieces(rows, pause=0)
    delivered(agent, backend, rows)


def test_a_kill_in_the_midst_of_a_row_of_several_lines(site):
    """R2: a start at any committed position gives the same records from there on."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(3, diag="one\ntwo\nthree")
    acct.append(rows[:1])
    cut = rows[1].index("two") + 1
    append(acct.live, rows[1][:cut])
    up(agent)
    arrived(backend, 1)
    rescanned(agent, 1)
    agent.kill9()
    up(agent)
    append(acct.live, rows[1][cut:] + "\n")
    arrived(backend, 2)
    stopped(agent)
    acct.append(rows[2:])
    up(agent)
    delivered(agent, backend, rows)


def test_half_a_record_waits_while_another_file_is_read(site):
    """T2, R2: one file has half a record of several lines while the other has rows."""
    dated, bare = site.acct(), site.acct(bare=True)
    backend, agent = started(site, dated)
    rows, _ = token_rows(8, diag="one\ntwo\nthree")
    up(agent)
    dated.append(rows[:1])
    cut = rows[1].index("two") + 1
    append(dated.live, rows[1][:cut])
    bare.append(rows[2:5])
    arrived(backend, 4)
    rescanned(agent, 1)
    append(dated.live, rows[1][cut:] + "\n" + lines(rows[5]))
    bare.append(rows[6:])
    delivered(agent, backend, rows)


# ---- headers


def test_a_file_without_header(site):
    """The columns are the union of the source's record-fields, as in PowerMTA.  A row of a type that
    is not shipped needs no columns to be skipped."""
    acct = site.acct(header="")
    fields = ["b timeLogged,orig,rcpt,header_X-FBLId", "rb timeLogged,orig,dsnDiag"]
    header = "type,timeLogged,orig,rcpt,header_X-FBLId,dsnDiag"
    backend, agent = started(site, acct, source={"record_fields": fields})
    rows = [f"b,2026-11-21,bounce-T1-{i}@bounce.example.com,r@example.org,T1-{i}:x," for i in range(5)]
    rows += [f"rb,2026-11-21,bounce-T1-{i}@bounce.example.com,,,later" for i in range(5, 10)]
    acct.append(rows[:7])
    up(agent)
    arrived(backend, 7)
    stopped(agent)
    acct.append(["d,2026-11-21,delivered"] + rows[7:])
    up(agent)
    status = delivered(agent, backend, rows, header)
    assert status["sources"][0]["rows"]["skipped"] == 1 and not dead(agent)


def test_a_file_without_header_nor_record_fields(site):
    """The default columns are those of Octeth's directives."""
    acct = site.acct(header="")
    backend, agent = started(site, acct)
    rows, _ = token_rows(10, kind=["b", "rb"])
    acct.append(rows)
    up(agent)
    delivered(agent, backend, rows)


def test_a_header_in_pieces_and_rows_much_later(site):
    """T1: the header, too, is used only when it is complete."""
    acct = site.acct()
    backend, agent = started(site, acct)
    up(agent)
    for i in range(0, len(BOUNCE_HEADER), 10):
        append(acct.live, BOUNCE_HEADER[i:i + 10])
    rescanned(agent, 1)
    append(acct.live, "\n")
    rescanned(agent, 1)
    stopped(agent)
    up(agent)
    rows, _ = token_rows(5)
    append(acct.live, rows[0])
    rescanned(agent, 1)
    append(acct.live, "\n" + lines(*rows[1:]))
    delivered(agent, backend, rows)


def test_an_empty_file_that_gets_rows_later(site):
    """Empty files occur: they are no problem, neither while running nor after a restart."""
    acct = site.acct()
    backend, agent = started(site, acct)
    put(acct.live, b"")
    up(agent)
    rescanned(agent)
    assert agent.command("status").returncode == 0
    rows, _ = token_rows(5)
    acct.begin()
    acct.append(rows)
    delivered(agent, backend, rows)


def test_a_header_repeated_in_mid_file(site):
    """Any row whose first cell is `type` is a header, wherever it is."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(40)
    for i in range(0, 20, 5):
        acct.begin()
        acct.append(rows[i:i + 5])
    up(agent)
    arrived(backend, 20)
    acct.begin()
    acct.append(rows[20:])
    status = delivered(agent, backend, rows)
    assert status["sources"][0]["rows"]["read"] == 40


def test_a_changed_header_in_mid_file(site):
    """The columns in force are stored with the position: a restart in mid-file has them."""
    acct = site.acct()
    backend, agent = started(site, acct)
    other = "type,timeLogged,orig,rcpt,dsnStatus,header_X-FBLId"
    rows, _ = token_rows(40)
    want = records(rows)
    acct.append(rows[:20])
    acct.append([other])
    short = [f"b,2026,bounce-T2-{i}@bounce.example.com,r@example.org,5.0.0,T2-{i}:x"
             for i in range(40)]
    want += records(short, other)
    acct.append(short[:20])
    up(agent)
    arrived(backend, 40)
    stopped(agent)
    acct.append(short[20:30])
    up(agent)
    arrived(backend, 50)
    eventually(lambda: agent.status()["sources"][0]["behindBytes"] == 0)
    agent.kill9()
    acct.append(short[30:] + [BOUNCE_HEADER] + rows[20:])
    up(agent)
    arrived(backend, 80)
    stopped(agent)
    compare(backend, want)


def test_the_header_survives_a_rotation_to_a_file_with_another(site):
    """Columns come from each file's own header; values never move to another column."""
    acct = site.acct()
    backend, agent = started(site, acct)
    up(agent)
    headers = [BOUNCE_HEADER, "type,timeLogged,orig,rcpt", "type,orig,timeLogged,vmta,rcpt"]
    want = []
    for i, header in enumerate(headers):
        acct.header = header
        cells = {name: f"{name}{i}" for name in header.split(",")}
        cells.update(type="b", orig=f"bounce-T1-{i}@bounce.example.com")
        row = ",".join(cells[name] for name in header.split(","))
        want.append(record_of(row, header))
        acct.append([row])
        acct.rotate(begin=False)
    arrived(backend, 3)
    stopped(agent)
    compare(backend, want)


# ---- files that cannot be read, events that are lost


@pytest.fixture(name="open_folder")
def folder_for_nobody(tmp_path):
    """Make the parent folders accessible to another user, as far as they are ours."""
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_uid == os.geteuid() and folder != folder.parent:
            folder.chmod(folder.stat().st_mode | 0o011)
    return tmp_path


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"),
                    reason="needs root and setpriv, to run as another user")
def test_an_unreadable_file_is_passed_over_until_it_can_be_read(site, open_folder):
    """A file that cannot be read is logged, passed over, and tried again at each rescan."""
    acct = site.acct()
    backend, agent = started(site, acct)
    agent.state_dir.mkdir(mode=0o700)
    os.chown(agent.state_dir, NOBODY, NOBODY)
    rows, _ = token_rows(30)
    acct.append(rows[:10])
    closed = acct.live
    closed.chmod(0)
    acct.number += 1
    acct.append(rows[10:20])
    run = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    program = put(open_folder / "pmta-shipper", AGENT.read_bytes())
    program.chmod(0o755)
    agent.spawn([*run, program, "run", "-c", agent.conf])
    agent.wait_for("started with")
    arrived(backend, 10)
    agent.wait_for("Permission denied")
    assert str(closed) in agent.log()
    rescanned(agent)
    assert agent.log().count("Permission denied") == 1, "logged at every rescan"
    done = agent.command("status")
    assert done.returncode == 1 and "cannot be read" in done.stdout
    closed.chmod(0o644)
    arrived(backend, 20)
    acct.append(rows[20:])
    arrived(backend, 30)
    assert agent.command("status").returncode == 0
    delivered(agent, backend, rows)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"),
                    reason="needs root and setpriv, to run as another user")
def test_a_folder_whose_files_may_be_listed_and_not_reached_is_waited_for(site, open_folder):
    """chmod -R without X removes the x of folders, too: the files in them count as neither deleted
    nor lost."""
    acct = site.acct(move=False)
    backend, agent = started(site, acct)
    agent.state_dir.mkdir(mode=0o700)
    os.chown(agent.state_dir, NOBODY, NOBODY)
    rows, _ = token_rows(30)
    acct.append(rows[:10])
    run = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    program = put(open_folder / "pmta-shipper", AGENT.read_bytes())
    program.chmod(0o755)
    acct.live.chmod(0)
    agent.spawn([*run, program, "run", "-c", agent.conf])
    agent.wait_for("started with")
    acct.dir.chmod(0o744)
    agent.wait_for(f'folder "{acct.dir}" of source "bounces": Permission denied')
    rescanned(agent, 6)
    assert " lost" not in agent.log()
    assert f"chmod g+rx {acct.dir}" in agent.log()
    assert agent.command("status").returncode == 1
    acct.dir.chmod(0o755)
    acct.live.chmod(0o644)
    arrived(backend, 10)
    acct.append(rows[10:])
    delivered(agent, backend, rows)


def test_events_that_are_lost_cost_no_data(site):
    """T3: the inotify queue overflows while the agent is stopped; the rescan finds everything."""
    acct = site.acct()
    backend, agent = started(site, acct, endpoint={"format": "array"})
    agent.endpoints[0]["url"] = backend.url("/in")
    agent.write_conf()
    rows, _ = token_rows(100)
    acct.append(rows[:10])
    up(agent)
    arrived(backend, 10)
    limit = int(open("/proc/sys/fs/inotify/max_queued_events", encoding="ascii").read())
    if limit > 100000:
        pytest.skip("the kernel's queue is too long to be filled")
    agent.signal(signal.SIGSTOP)
    noise = [acct.dir / f"noise-{i}" for i in range(2)]
    for i in range(limit // 2 + 10):  # two names in turn, so that no two events are merged
        noise[i % 2].touch()
    acct.append(rows[10:50])
    acct.rotate()
    acct.append(rows[50:])
    agent.signal(signal.SIGCONT)
    status = delivered(agent, backend, rows)
    assert status["sources"][0]["goneUnread"] == 0


def test_order_within_a_file_with_one_request_at_a_time(site):
    """T2: the lines of one file arrive in file order and without a gap."""
    acct = site.acct()
    backend, agent = started(site, acct, endpoint={"in_flight": 1})
    up(agent)
    rows, tokens = token_rows(300)
    acct.pieces(rows, pause=0)
    delivered(agent, backend, rows)
    assert order_of(backend) == tokens


def test_an_empty_url_idles_and_then_delivers(site):
    """An empty url means not configured yet: `run` stays idle and logs that."""
    acct = site.acct()
    backend, agent = started(site, acct)
    agent.endpoints[0]["url"] = ""
    agent.write_conf()
    rows, _ = token_rows(10)
    acct.append(rows)
    up(agent)
    agent.wait_for("not configured yet")
    rescanned(agent)
    assert "not configured yet" in agent.command("status").stdout
    assert source_status(agent)["rows"]["acknowledged"] == 0 and not backend.requests()
    agent.endpoints[0]["url"] = backend.url(WEBHOOK)
    agent.write_conf()
    agent.hup()
    delivered(agent, backend, rows)
    assert len(accepted(backend)) == 10
