"""pmta-writer writes what its options and its manifest say: all other tests depend on it."""

import csv
import io
import time

import harness
import pytest
from harness import BOUNCE_HEADER, FBL_HEADER, eventually


def rows_of(data):
    """The rows of a file's text, with the header first."""
    return list(csv.reader(io.StringIO(data, newline=""), strict=True))


def read(path):
    return path.read_bytes().decode("utf-8")


def test_header_is_the_union_of_octeths_directives(site):
    acct = site.acct()
    site.writer(acct, records=50, types="b=50,rb=50").run()
    rows = rows_of(read(acct.live))
    assert ",".join(rows[0]) == BOUNCE_HEADER
    assert len(rows) == 51
    assert all(len(row) == len(rows[0]) for row in rows)
    fbl = site.acct(base="fbl")
    site.writer(fbl, name="fbl-writer", records=5).run()
    assert ",".join(rows_of(read(fbl.live))[0]) == FBL_HEADER


def test_cells_of_other_types_are_empty(site):
    acct = site.acct()
    site.writer(acct, records=100, types="b,rb").run()
    rows = [dict(zip(BOUNCE_HEADER.split(","), row)) for row in rows_of(read(acct.live))[1:]]
    remote = [row for row in rows if row["type"] == "rb"]
    assert remote and len(remote) < len(rows)
    for row in rows:
        empty = [name for name in ("timeQueued", "jobId", "vmta") if row[name] == ""]
        assert len(empty) == (3 if row["type"] == "rb" else 0)
        assert row["orig"].startswith("bounce-S1-") and row["timeLogged"]


def test_tokens_of_the_manifest_are_in_the_rows(site):
    acct = site.acct(base="fbl")
    entries = site.writer(acct, records=40, quoted_newlines=20, seed=9).run()
    rows = rows_of(read(acct.live))[1:]
    assert [entry.token for entry in entries] == [f"S9-{n}" for n in range(40)]
    for entry, row in zip(entries, rows):
        assert entry.type == row[0] == "f"
        assert f"bounce-{entry.token}@bounce.example.com" in row[4]
        assert row[6].startswith(entry.token + ":")


def test_manifest_offsets_are_row_ends(site):
    acct = site.acct()
    entries = site.writer(acct, records=30, eol="crlf", quoted_newlines=30).run()
    data = acct.live.read_bytes()
    assert entries[-1].end == len(data)
    assert all(data[entry.end - 2:entry.end] == b"\r\n" for entry in entries)


def test_same_seed_same_bytes(site):
    texts = []
    for run in ("one", "two", "three"):
        acct = harness.Acct(site.folder / run)
        seed = 8 if run == "three" else 7
        site.writer(acct, name=run, records=200, seed=seed, quoted_newlines=10, short_rows=True,
                    invalid_utf8=5, pieces=run == "two").run()
        texts.append(acct.live.read_bytes())
    assert texts[0] == texts[1] != texts[2]


def test_rows_can_be_taken_up_in_the_middle(site):
    whole = harness.Acct(site.folder / "whole")
    site.writer(whole, name="whole", records=20).run()
    rest = harness.Acct(site.folder / "rest")
    site.writer(rest, name="rest", records=5, first_record=15, no_header=True).run()
    assert read(whole.live).endswith(read(rest.live))


@pytest.mark.parametrize("order", ["move-first", "create-first"])
def test_rotation_moves_every_finished_file(site, order):
    acct = site.acct()
    entries = site.writer(acct, records=95, rotate_every=10, rotation=order).run()
    moved = sorted(path.name for path in acct.move_to.iterdir())
    assert moved == [acct.dated(n) for n in range(9)]
    assert [path.name for path in acct.dir.glob("*.csv")] == [acct.dated(9)]
    for path in [*acct.move_to.iterdir(), acct.dir / acct.dated(9)]:
        rows = rows_of(read(path))
        assert ",".join(rows[0]) == BOUNCE_HEADER
        assert len(rows) - 1 == sum(entry.file == path.name for entry in entries)


def test_rotation_without_move_to_leaves_files(site):
    acct = site.acct(move=False)
    site.writer(acct, records=30, rotate_every=10).run()
    assert len(list(acct.dir.glob("bounces-2026-11-21-000?.csv"))) == 3


def test_rotation_by_time(site):
    acct = site.acct()
    site.writer(acct, records=100, rate=500, rotate_ms=20).run()
    assert len(list(acct.move_to.iterdir())) >= 3


def test_moving_by_copy_gives_another_inode(site):
    acct = site.acct()
    writer = site.writer(acct, records=0, rate=200, move_by="copy")
    writer.start()
    inode = eventually(lambda: acct.live.exists() and acct.live.stat().st_ino)
    writer.stop()
    site.writer(acct, name="second", records=3, rotate_every=2, first_number=1, move_by="copy",
                move_last=True).run()
    assert acct.moved(1).stat().st_ino != inode
    assert not (acct.dir / acct.dated(1)).exists()


def test_bare_name(site):
    acct = site.acct(bare=True)
    site.writer(acct, records=25, rotate_every=10).run()
    assert acct.live.name == "bounces.csv" and len(rows_of(read(acct.live))) == 6
    site.writer(acct, name="again", records=2, first_record=25).run()
    assert len(rows_of(read(acct.live))) == 8
    assert sorted(path.name for path in acct.move_to.iterdir()) == [acct.dated(0), acct.dated(1)]


def test_a_new_day_begins_at_number_zero(site):
    acct = site.acct()
    site.writer(acct, records=4, step_ms=12 * 3600 * 1000, first_number=5).run()
    names = sorted(path.name for path in [*acct.move_to.iterdir(), *acct.dir.glob("*.csv")])
    assert names == ["bounces-2026-11-21-0005.csv", "bounces-2026-11-22-0000.csv"]


def test_a_restart_takes_the_next_number_or_appends(site):
    acct = site.acct()
    site.writer(acct, name="first", records=3).run()
    site.writer(acct, name="second", records=3, first_record=3).run()
    assert (acct.dir / acct.dated(1)).exists()
    site.writer(acct, name="third", records=3, first_record=6, append=True).run()
    assert not (acct.dir / acct.dated(2)).exists()
    rows = rows_of(read(acct.dir / acct.dated(1)))
    assert [row[0] for row in rows].count("type") == 1 and len(rows) == 7


def test_no_final_newline(site):
    acct = site.acct()
    site.writer(acct, records=20, rotate_every=10, no_final_newline=True).run()
    for path in (acct.moved(0), acct.dir / acct.dated(1)):
        data = path.read_bytes()
        assert not data.endswith(b"\n") and len(rows_of(data.decode())) == 11


def test_header_options(site):
    acct = site.acct()
    site.writer(acct, records=10, no_header=True).run()
    assert len(rows_of(read(acct.live))) == 10
    again = harness.Acct(site.folder / "again")
    site.writer(again, name="again", records=10, repeat_header=4).run()
    kinds = [row[0] for row in rows_of(read(again.live))]
    assert [n for n, kind in enumerate(kinds) if kind == "type"] == [0, 5, 10]


def test_odd_contents(site):
    acct = site.acct()
    site.writer(acct, records=300, epoch_times=True, invalid_utf8=20, quoted_newlines=20,
                short_rows=True, size=0).run()
    data = acct.live.read_bytes()
    with pytest.raises(UnicodeDecodeError):
        data.decode()
    rows = rows_of(data.decode("latin-1"))
    assert all(row[2].isdigit() for row in rows[1:])
    assert {len(row) for row in rows} == {12, 13}
    assert any("\n" in cell for row in rows for cell in row)


def test_fields_and_types(site):
    acct = site.acct()
    site.writer(acct, records=60, types="d,b,t,tq,r,rs,rb", fields="b *").run()
    rows = rows_of(read(acct.live))
    assert {row[0] for row in rows[1:]} == {"d", "b", "t", "tq", "r", "rs", "rb"}
    assert {"dlvTlsCipher", "vmtaPool", "srcMta"} <= set(rows[0])
    assert len(set(rows[0])) == len(rows[0])


@pytest.mark.parametrize("size", [300, 1000])
def test_mean_size(site, size):
    acct = site.acct()
    site.writer(acct, records=2000, size=size).run()
    assert 0.8 * size < acct.live.stat().st_size / 2000 < 1.5 * size


def test_large_file(site):
    acct = site.acct()
    entries = site.writer(acct, large_file=50000, records=None).run()
    assert len(entries) == 50000
    assert entries[-1].end == acct.live.stat().st_size


def test_sigterm_ends_after_a_whole_row(site):
    acct = site.acct()
    writer = site.writer(acct, records=0, rate=2000, pieces=True)
    writer.start()
    eventually(lambda: len(writer.written()) > 20)
    assert writer.stop() == 0
    data = acct.live.read_bytes()
    assert writer.written()[-1].end == len(data) and data.endswith(b"\n")
    assert f"records {len(writer.written())} files 1" in writer.stdout()


@pytest.mark.parametrize("pieces", [False, True])
def test_manifest_is_right_after_sigkill(site, pieces):
    acct = site.acct()
    writer = site.writer(acct, records=0, rotate_every=50, pieces=pieces)
    writer.start()
    eventually(lambda: len(writer.written()) > 120)
    time.sleep(0.01)
    writer.kill9()
    entries = writer.written()
    for entry in entries:
        path = acct.dir / entry.file
        path = path if path.exists() else acct.move_to / entry.file
        data = path.read_bytes()
        assert data[:entry.end].endswith(b"\n")
        assert data[:entry.end].rstrip().rsplit(b"\n", 1)[-1].count(entry.token.encode()) == 2
    last = entries[-1]
    extra = [path for path in acct.dir.glob("*.csv") if path.name == last.file]
    if extra:
        assert extra[0].read_bytes()[last.end:].count(b"\n") <= 1


def test_mistakes_are_usage_errors(site):
    acct = site.acct()
    for options in ({"rate": "x"}, {"rotation": "sideways"}, {"quoted_newlines": 101}):
        writer = site.writer(acct, name="wrong", **options)
        writer.start()
        assert writer.wait() == 64
    assert "see --help" in writer.stderr()
