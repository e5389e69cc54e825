"""Files at rest: the commands must report the same about them as the running agent.

`status` of a stopped agent uses the store and the folders.  It is compared with the status of an
agent started in the same folders while the receiver accepts nothing, and with the store after that.
"""

import gzip
import os
import random
import shutil

import pytest
from harness import eventually, token_rows
from steps import append, arrived, rescanned, started, stopped, up

NINES = 9999
SHOWN = ("file", "offset", "size", "behindBytes", "filesBehind", "filesKnown", "filesUnreadable",
         "unreadableFile", "unreadableAdvice", "goneUnread")
SEEDS = range(int(os.environ.get("PMTA_AT_REST", "6")))


def shown(status):
    return {name: status["sources"][0][name] for name in SHOWN}


class Folders:
    """Random changes to accounting files; self.done lists the steps taken."""

    def __init__(self, acct, seed):
        self.acct = acct
        self.dice = random.Random(seed)
        self.rows = 0
        self.done = []
        self.acct.number = self.dice.choice((0, NINES - 2))
        self.hidden = 0

    def files(self, folder=None):
        folders = [folder] if folder else [self.acct.dir, self.acct.move_to]
        return [path for place in folders for path in sorted(place.glob("bounces-*.csv"))
                if path.is_file() and not path.is_symlink()]

    def some(self, folder=None):
        return self.dice.choice(self.files(folder) or [None])

    def grow(self, path=None):
        rows, _ = token_rows(self.dice.randint(1, 3), first=self.rows)
        self.rows += len(rows)
        path = path or self.acct.live
        if not path.exists():
            append(path, self.acct.header + "\n")
        append(path, "".join(row + "\n" for row in rows))

    def half_a_row(self):
        self.rows += 1
        append(self.acct.live, token_rows(1, first=self.rows - 1)[0][0]
               if self.acct.live.exists() else self.acct.header[:20])
        self.rotate()  # nothing may be appended after half a row

    def rotate(self):
        if self.acct.live.exists():
            self.acct.rotate(begin=self.dice.random() < 0.5)

    def compress(self):
        path = self.some(self.acct.move_to)
        if path:
            self.acct.gz(path)

    def gzip_at_work(self):
        path = self.some()
        if path:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes())[:-9])

    def damaged_gz(self):
        self.acct.number += 1
        whole = gzip.compress((self.acct.header + "\n" + token_rows(1, first=9000)[0][0]).encode())
        path = self.acct.moved(self.acct.number - 1)
        path.with_name(path.name + ".gz").write_bytes(whole[:-self.dice.randint(1, 12)])

    def delete(self):
        path = self.some(self.acct.move_to)
        if path:
            path.unlink()

    def delete_and_make_another(self):
        """Under the same inode, if the file system reuses it."""
        path = self.some(self.acct.move_to)
        if path:
            path.unlink()
            self.acct.number += 1
            self.grow()

    def copy(self):
        """As to another volume: another inode, and the original is deleted."""
        path = self.some(self.acct.dir)
        if path and path != self.acct.live:
            shutil.copyfile(path, self.acct.move_to / path.name)
            path.unlink()

    def move_late(self):
        """The file stays in the live folder when its successor is created."""
        if self.acct.live.exists():
            self.acct.number += 1
            self.grow()

    def hard_link(self):
        """Under an older name: the folder's order decides which of the two names is the file's."""
        paths = self.files(self.acct.move_to)[:-1]
        if paths:
            self.hidden += 1
            os.link(paths[0], paths[0].with_name(f"bounces-2026-11-20-{self.hidden:04d}.csv"))

    def no_files(self):
        self.hidden += 1
        folder = self.dice.choice((self.acct.dir, self.acct.move_to))
        name = f"bounces-2026-11-23-{self.hidden:04d}.csv"
        kind = self.dice.randrange(5)
        if kind == 0:
            (folder / name).mkdir()
        elif kind == 1:
            os.mkfifo(folder / name)
        elif kind == 2 and self.files():
            (folder / name).symlink_to(self.some())
        elif kind == 3:
            (folder / name.replace(".csv", ".CSV")).write_text("b,", "utf-8")
        else:
            (folder / (name + ".GZ")).write_text("b,", "utf-8")

    def empty(self):
        self.acct.number += 1
        self.acct.live.touch()

    def header_alone(self):
        self.acct.number += 1
        self.acct.begin()

    def step(self, kinds):
        kind = self.dice.choice(kinds)
        self.done.append(kind)
        getattr(self, kind)()


RUNNING = ["grow", "grow", "grow", "rotate", "rotate", "compress", "copy", "move_late", "no_files"]
STOPPED = RUNNING + ["gzip_at_work", "delete", "delete_and_make_another", "hard_link", "empty",
                     "header_alone", "half_a_row", "damaged_gz"]


def same(first, second, steps):
    wrong = {name: (value, second[name]) for name, value in first.items() if value != second[name]}
    assert not wrong, f"{wrong}\n{' '.join(steps)}"


@pytest.mark.parametrize("first_start", ["all", "live"])
@pytest.mark.parametrize("seed", SEEDS)
def test_status_of_a_stopped_agent_is_that_of_a_running_one(site, seed, first_start):
    acct = site.acct()
    folders = Folders(acct, seed)
    for _ in range(6):
        folders.step(RUNNING)
    backend, agent = started(site, acct, first_start=first_start)
    up(agent)
    for _ in range(8):
        folders.step(RUNNING)
    eventually(lambda: agent.status()["sources"][0]["behindBytes"] == 0)
    rescanned(agent, 4)
    running = shown(agent.status())
    same(running, shown(stopped(agent)), folders.done)

    for _ in range(10):
        folders.step(STOPPED)
    offline = shown(agent.status())
    backend.rule(status=503)
    up(agent)
    rescanned(agent, 6)
    running = shown(agent.status())
    same(offline, running, folders.done)
    assert agent.stop() == 0
    same(running, shown(agent.status()), folders.done)


def archived(site, number=0):
    """Two moved files that are delivered, and a live one."""
    acct = site.acct(number=number)
    backend, agent = started(site, acct, first_start="all")
    for _ in range(2):
        acct.append(token_rows(3, first=3 * (acct.number - number))[0])
        acct.rotate()
    up(agent)
    arrived(backend, 6)
    rescanned(agent)
    stopped(agent)
    return acct, backend, agent


def test_the_newest_file_is_that_of_the_largest_number(site):
    acct, _, agent = archived(site, number=NINES - 1)
    assert acct.live.name.endswith("-10000.csv")
    assert agent.status()["sources"][0]["file"] == acct.live.name


def read_by_doctor(agent):
    lines = [line for line in agent.command("doctor").stdout.splitlines() if " can read " in line]
    assert lines
    return lines


def test_gzip_at_work_is_no_file_more(site):
    """An unfinished .gz next to its plain file, in every command that reads files."""
    acct, backend, agent = archived(site)
    path = acct.moved(1)
    packed = path.with_name(path.name + ".gz")
    before = {command: agent.command(*command) for command in (
        ("status", "--json"), ("reconcile",), ("archives", "--acknowledged"),
        ("trace", "user-T1-4@example.org"))}
    doctor = read_by_doctor(agent)
    packed.write_bytes(gzip.compress(path.read_bytes())[:-9])
    for command, done in before.items():
        again = agent.command(*command)
        assert (again.returncode, again.stdout) == (done.returncode, done.stdout), command
        assert "gzip" not in again.stderr
    assert read_by_doctor(agent) == doctor
    done = agent.command("replay", "--dry-run", packed)
    assert done.returncode == 0 and "3" in done.stdout.split(), done.stderr
    done = agent.command("replay", "--yes", acct.move_to / "*.gz")
    assert done.returncode == 0 and "3 records delivered" in done.stdout, done.stderr


def test_what_is_compressed_while_nobody_runs_is_known(site):
    acct, _, agent = archived(site)
    before = shown(agent.status())
    for number in (0, 1):
        acct.gz(acct.moved(number))
    same(before, shown(agent.status()), ["compress"])
    assert len(agent.command("archives", "--acknowledged").stdout.splitlines()) == 2


def test_a_gz_that_waits_is_behind_without_an_agent_too(site):
    acct = site.acct()
    backend, agent = started(site, acct, first_start="all")
    backend.rule(status=503)
    acct.append(token_rows(3)[0])
    packed = acct.gz(acct.rotate())
    up(agent)
    running = eventually(lambda: (one := shown(agent.status()))["filesBehind"] == 1 and one)
    assert running["behindBytes"] == packed.stat().st_size
    assert agent.stop() == 0
    same(running, shown(agent.status()), ["compress"])


def test_a_file_deleted_unread_while_stopped_is_reported_before_the_next_start(site):
    acct = site.acct()
    backend, agent = started(site, acct, first_start="all")
    acct.append(token_rows(3)[0])
    up(agent)
    arrived(backend, 3)
    backend.rule(status=503)
    acct.append(token_rows(3, first=3)[0])
    rescanned(agent, 3)
    assert agent.stop() == 0 and shown(agent.status())["filesBehind"] == 1
    acct.live.unlink()
    done = agent.command("status")
    assert done.returncode == 1 and "1 file was deleted before it was read" in done.stdout
    offline = shown(agent.status())
    up(agent)
    eventually(lambda: agent.status()["sources"][0]["goneUnread"] == 1)
    same(offline, shown(agent.status()), ["delete"])
