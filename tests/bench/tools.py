"""Tools for the measurements: processes with their CPU time, the sink, rows, tables."""

import mmap
import os
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

from harness import (  # noqa: E402,F401
    AGENT, CERTS, ROOT, WRITER, as_options, conf_text, die_with_parent, free_port)

BIN = ROOT / "build/bench"
SINK = BIN / "sink"
LIBCSV = BIN / "libcsv_alone"
STALLED_S = 30  # a sender that delivers no record for that long will not deliver the rest
MB = 1024 * 1024


def say(text=""):
    print(text, flush=True)


def now_ns():
    return time.monotonic_ns()


class Run:
    """A process from start to end.  cpu is user and system time of all its threads, in seconds;
    anon and rss are the highest values seen by memory(), in bytes."""

    def __init__(self, args, log, env=None):
        self.log = Path(log)
        with open(self.log, "ab") as out:
            self.begun_ns = now_ns()
            self.child = subprocess.Popen([str(arg) for arg in args], stdin=subprocess.DEVNULL,
                                          stdout=out, stderr=out, env=env,
                                          preexec_fn=die_with_parent)
        self.pid = self.child.pid
        self.status = None
        self.cpu = self.wall = 0.0
        self.anon = self.rss = 0

    def _reap(self, flags):
        """Not Popen.wait(), which would lose the resource usage."""
        if self.status is None:
            pid, status, usage = os.wait4(self.pid, flags)
            if pid:
                self.status = self.child.returncode = os.waitstatus_to_exitcode(status)
                self.cpu = usage.ru_utime + usage.ru_stime
                self.wall = (now_ns() - self.begun_ns) / 1e9
        return self.status is not None

    def alive(self):
        return not self._reap(os.WNOHANG)

    def wait(self):
        self._reap(0)
        return self

    def end(self, timeout=60):
        """Send SIGTERM, and wait for its end."""
        if self.alive():
            os.kill(self.pid, signal.SIGTERM)
        limit = time.monotonic() + timeout
        while self.alive():
            if time.monotonic() > limit:
                os.kill(self.pid, signal.SIGKILL)
                self.wait()
                raise RuntimeError(f"{self.log.name}: did not end after SIGTERM")
            time.sleep(0.005)
        return self

    def kill(self):
        if self.alive():
            os.kill(self.pid, signal.SIGKILL)
            self.wait()

    def proc(self, name):
        return Path(f"/proc/{self.pid}/{name}").read_text("ascii", "replace")

    def memory(self):
        """(RssAnon, VmRSS) now, in bytes."""
        found = dict(line.split(":", 1) for line in self.proc("status").splitlines())
        sizes = [int(found.get(name, "0 kB").split()[0]) * 1024 for name in ("RssAnon", "VmRSS")]
        self.anon = max(self.anon, sizes[0])
        self.rss = max(self.rss, sizes[1])
        return sizes

    def threads(self, field):
        """The sum of a field of /proc/PID/status over all threads."""
        total = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            for line in (task / "status").read_text("ascii", "replace").splitlines():
                if line.startswith(field + ":"):
                    total += int(line.split()[1])
        return total

    def ticks(self):
        """CPU ticks used so far, user and system."""
        fields = self.proc("stat").rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def cpu_ns(self):
        """CPU time of all threads so far, finer than ticks."""
        return sum(int((task / "schedstat").read_text().split()[0])
                   for task in Path(f"/proc/{self.pid}/task").iterdir())

    def text(self):
        return self.log.read_text("utf-8", "replace")


class Sink(Run):
    """The receiver.  Its counters are read from shared memory, which does not disturb it."""

    FIELDS = ("requests", "records", "distinct", "body_bytes", "wire_bytes", "connections",
              "first_ns", "last_ns", "bad")

    def __init__(self, folder, name="sink", rows=0, delay_ms=0, times=False, port=0):
        self.stats_file = folder / f"{name}.stats"
        self.times_file = folder / f"{name}.times" if times else None
        port_file = folder / f"{name}.port"
        port_file.unlink(missing_ok=True)
        super().__init__([SINK, "--port-file", port_file] + as_options(
            {"stats": self.stats_file, "rows": rows, "delay_ms": delay_ms, "port": port,
             "times": self.times_file}), folder / f"{name}.log")
        while not port_file.exists():
            if not self.alive():
                raise RuntimeError(self.text())
            time.sleep(0.005)
        self.port = int(port_file.read_text())
        with open(self.stats_file, "rb") as file:
            self.map = mmap.mmap(file.fileno(), 8 * len(self.FIELDS), prot=mmap.PROT_READ)

    def __getattr__(self, name):
        if name in Sink.FIELDS:
            return struct.unpack_from("=Q", self.map, 8 * Sink.FIELDS.index(name))[0]
        raise AttributeError(name)

    def url(self, path="/events", host="127.0.0.1"):
        return f"http://{host}:{self.port}{path}"

    def mute(self, on):
        os.kill(self.pid, signal.SIGUSR1 if on else signal.SIGUSR2)

    def times(self):
        """[(ns, records)] of each request.  The sink must have ended."""
        return [tuple(map(int, line.split())) for line in self.times_file.read_text().splitlines()]


class Bench:
    """Options, and a folder with a subfolder for each measurement."""

    def __init__(self, options):
        self.options = options
        self.rows = options.rows
        self.runs = options.runs
        self.work = Path(options.work).resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self.started = []

    def folder(self, name):
        path = self.work / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def run(self, args, log, env=None):
        self.started.append(Run(args, log, env))
        return self.started[-1]

    def sink(self, folder, name="sink", **options):
        self.started.append(Sink(folder, name, **options))
        return self.started[-1]

    def end(self):
        for one in self.started:
            one.kill()
        self.started.clear()

    def data(self, rows, files=1):
        """A folder of accounting files with that many rows; created once, and only read.

        If there are several files, all except the last are in its folder "moved"."""
        path = self.work / f"rows-{rows}-{files}"
        if not (path / "complete").exists():
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(parents=True)
            args = ["--dir", path, "--step-ms", 1, "--size", 0, "--large-file", rows]
            if files > 1:
                args += ["--move-to", path / "moved", "--rotate-every", -(-rows // files)]
                (path / "moved").mkdir()
            subprocess.run([str(arg) for arg in [WRITER] + args], check=True,
                           stdout=subprocess.DEVNULL)
            for file in path.rglob("*.csv"):
                with open(file, "rb") as text:  # read once, so that all tools find it in memory
                    if any(b"{" in block for block in iter(lambda: text.read(MB), b"")):
                        raise RuntimeError(f"{file}: has a brace, which the sink would count")
            (path / "complete").touch()
        return path

    def live(self, rows):
        """The one file of data(rows)."""
        return next(self.data(rows).glob("*.csv"))

    def agent(self, folder, data, url, name="agent", sources=None, endpoints=None, settings=None,
              source=None, under=(), command=("run",), **endpoint):
        """Start pmta-shipper with a new store on a folder of data(), under a command."""
        conf = folder / f"{name}.conf"
        if sources is None:
            moved = data / "moved"
            sources = [{"name": "bounces", "acct_file": data / "bounces.csv",
                        "move_to": moved if moved.is_dir() else None,
                        "records": ["b", "rb"], "endpoint": "sink", **(source or {})}]
        if endpoints is None:
            endpoints = [{"name": "sink", "url": url, "format": "array", **endpoint}]
        settings = {"state_dir": folder / f"{name}.state", "metrics_listen": "",
                    "log_level": "info", "first_start": "all", **(settings or {})}
        conf.write_text(conf_text(settings, sources, endpoints), "utf-8")
        return self.run([*under, AGENT, *command, "-c", conf], folder / f"{name}.log")


def delivered(sink, rows, *runs, every=0.02):
    """Wait until the sink has rows different rows.  False if the sender ended or stalled.

    The memory of the runs is measured ten times a second."""
    last, since, looked = -1, time.monotonic(), 0.0
    while sink.distinct < rows:
        now = time.monotonic()
        if sink.distinct != last:
            last, since = sink.distinct, now
        if now - since > STALLED_S or not all(run.alive() for run in runs):
            return False
        if now - looked > 0.1:
            looked = now
            for run in runs:
                run.memory()
        time.sleep(every)
    for run in runs:  # a short run may have ended between two looks
        if run.alive():
            run.memory()
    return True


def median(values):
    return statistics.median(values)


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p / 100))]


def table(title, head, rows, notes=()):
    """Print a table as Markdown."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [head] + rows) for i in range(len(head))]
    say(f"\n### {title}\n")
    for i, row in enumerate([head] + rows):
        say("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
        if i == 0:
            say("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    for note in notes:
        say(f"\n{note}")


def spread(values, form="{:.2f}"):
    """The median, and the lowest and the highest value of all runs."""
    if len(values) == 1:
        return form.format(values[0])
    return f"{form} ({form} to {form})".format(median(values), min(values), max(values))


def mb(size):
    return f"{size / MB:.1f} MB"


def thousands(n):
    return f"{n / 1000:.1f} k"
