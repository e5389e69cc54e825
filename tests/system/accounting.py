"""Accounting files made by hand, rows for them, and pmta-writer's manifest."""

import gzip
import os
import random
import shutil
import time
from collections import namedtuple
from pathlib import Path

BOUNCE_HEADER = ("type,timeQueued,timeLogged,orig,rcpt,bounceCat,dsnStatus,dsnAction,dsnDiag,"
                 "dsnMta,jobId,vmta,header_X-FBLId")
FBL_HEADER = "type,timeLogged,format,header_To,header_Return-Path,reportedDomain,header_X-FBLId"


class Acct:
    """Accounting files made by hand: a live file, its successors, and the folder they move to."""

    def __init__(self, folder, base="bounces", ext=".csv", header=BOUNCE_HEADER, eol="\n",
                 bare=False, date="2026-11-21", move=True, number=0):
        self.base, self.ext, self.header, self.eol = base, ext, header, eol
        self.bare, self.date, self.number = bare, date, number
        self.dir = Path(folder) / "pmta"
        self.dir.mkdir(parents=True, exist_ok=True)
        self.move_to = self.dir / f"moved-{base}" if move else None
        if move:
            self.move_to.mkdir(exist_ok=True)

    def dated(self, number=None):
        number = self.number if number is None else number
        return f"{self.base}-{self.date}-{number:04d}{self.ext}"

    @property
    def live(self):
        """Path of the live file."""
        return self.dir / (self.base + self.ext if self.bare else self.dated())

    def moved(self, number):
        """Path of a moved file."""
        return (self.move_to or self.dir) / self.dated(number)

    def write(self, data):
        """Append bytes or text unchanged."""
        with open(self.live, "ab") as out:
            out.write(data.encode() if isinstance(data, str) else data)

    def begin(self):
        """Create the live file, with a header unless the header is empty."""
        self.write(self.header + self.eol if self.header else b"")
        return self

    def append(self, rows):
        """Append whole rows; create the file first if it does not exist."""
        if not self.live.exists():
            self.begin()
        self.write("".join(row + self.eol for row in rows))

    def pieces(self, rows, seed=1, pause=0.001):
        """Append rows in random pieces."""
        if not self.live.exists():
            self.begin()
        data = "".join(row + self.eol for row in rows).encode()
        dice = random.Random(seed)
        while data:
            size = dice.randint(1, 200)
            self.write(data[:size])
            data = data[size:]
            time.sleep(pause)

    def rotate(self, order="move-first", begin=True):
        """Begin the next file and move the old one away.  Returns the old file's new path."""
        old, old_number = self.live, self.number
        target = self.moved(old_number)
        self.number += 1
        if order == "create-first" and begin:
            self.begin()
        if target != old:
            os.rename(old, target)
        if order == "move-first" and begin:
            self.begin()
        return target

    def copy_away(self, number, remove=True):
        """Move as between volumes: the same bytes under another inode."""
        source = self.dir / self.dated(number)
        target = shutil.copyfile(source, self.moved(number))
        if remove:
            source.unlink()
        return Path(target)

    def gz(self, path):
        """Compress as a cron job would, leaving only PATH.gz."""
        path = Path(path)
        target = path.with_name(path.name + ".gz")
        with open(path, "rb") as data, gzip.open(target, "wb") as out:
            shutil.copyfileobj(data, out)
        path.unlink()
        return target


def quoted(cell):
    if any(c in cell for c in ',"\r\n'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def token_row(token, kind="b", diag="smtp;550 5.1.1 unknown, \"really\"", size=0):
    """One valid row of at least size bytes."""
    orig, rcpt = f"bounce-{token}@bounce.example.com", f"user-{token}@example.org"
    logged = "2026-11-21 10:00:00+0000"
    if kind == "f":
        cells = ["f", logged, "arf", f'"Doe, John" <{rcpt}>', f"<{orig}>", "example.com",
                 f"{token}:abc"]
        return ",".join(map(quoted, cells))
    remote = kind == "rb"
    cells = [kind, "" if remote else "2026-11-21 09:59:58+0000", logged, orig, rcpt, "bad-mailbox",
             "5.1.1 (bad destination mailbox address)", "failed", diag,
             "mx.example.org (192.0.2.1)", "" if remote else "job-1", "" if remote else "vmta-1",
             f"{token}:abc"]
    missing = size - len(",".join(map(quoted, cells)))
    if missing > 0:
        cells[8] += "x" * missing
    return ",".join(map(quoted, cells))


def token_rows(n, first=0, kind="b", seed="T1", **more):
    """(rows, tokens): n valid rows.  kind may be a list; its types take turns."""
    kinds = [kind] if isinstance(kind, str) else kind
    tokens = [f"{seed}-{i}" for i in range(first, first + n)]
    rows = [token_row(token, kinds[i % len(kinds)], **more) for i, token in enumerate(tokens)]
    return rows, tokens


Written = namedtuple("Written", "type token time_ns file end")


def read_manifest(path):
    """The rows pmta-writer recorded; a last line that a kill cut off does not count."""
    if not Path(path).exists():
        return []
    lines = Path(path).read_text("utf-8").split("\n")[:-1]
    entries = []
    for line in lines:
        kind, token, time_ns, file, end = line.split("\t")
        entries.append(Written(kind, token, int(time_ns), file, int(end)))
    return entries
