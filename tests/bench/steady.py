"""Memory, archives, idle time, latency, start-up, and one source next to a dead endpoint.  Only
pmta-shipper is measured here."""

import random
import shutil
import time
from collections import defaultdict

from tools import (delivered, free_port, mb, median, now_ns, percentile, spread, table,
                   thousands)

SETTLE_S = 8  # how long a backlog is sent to a backend that is slow or down


def press(bench, name, data, rows, delay_ms=0, backend=True):
    """Deliver rows, or try to for a while.  Returns the ended run and the rows received."""
    folder = bench.folder(name)
    sink = bench.sink(folder, rows=rows, delay_ms=delay_ms) if backend else None
    url = sink.url() if sink else f"http://127.0.0.1:{free_port()}/events"
    agent = bench.agent(folder, data, url)
    if sink and not delay_ms:
        if not delivered(sink, rows, agent, every=0.005):
            raise RuntimeError(f"{name}: {rows - sink.distinct} of {rows} rows did not arrive")
    else:
        end = time.monotonic() + SETTLE_S
        while time.monotonic() < end and agent.alive():
            agent.memory()
            time.sleep(0.05)
    agent.memory()
    agent.end()
    arrived = sink.distinct if sink else 0
    bench.end()
    return agent, arrived


def memory(bench):
    """Peak RssAnon and VmRSS, for backlogs and backends of all kinds."""
    rows, many, times = bench.rows, 1000, bench.options.times
    cases = [
        (f"{rows} rows in 1 file, backend up", bench.data(rows), rows, {}),
        (f"{rows * times} rows in 1 file, backend up", bench.data(rows * times), rows * times, {}),
        (f"{rows} rows in {many} files, backend up", bench.data(rows, many), rows, {}),
        (f"{rows} rows, answers after 500 ms", bench.data(rows), rows, {"delay_ms": 500}),
        (f"{rows} rows, backend down", bench.data(rows), rows, {"backend": False}),
    ]
    lines = []
    for name, data, n, how in cases:
        agent, arrived = press(bench, "memory", data, n, **how)
        lines.append([name, str(arrived), mb(agent.anon), mb(agent.rss)])
    table("Peak memory, arrays of 500 records",
          ["", "delivered", "RssAnon", "VmRSS"], lines,
          ["Target: RssAnon at most 8 MB, and the same in all cases."])


def tenths(sink, rows, agent):
    """(records per CPU-second, peak RssAnon) of each tenth of the rows."""
    marks = [(0, 0)]
    highest = []
    for tenth in range(1, 11):
        agent.anon = 0
        want = rows * tenth // 10
        # A replay may already have ended when its last row is seen.
        if not delivered(sink, want, agent, every=0.005) and sink.distinct < want:
            raise RuntimeError(f"{rows - sink.distinct} of {rows} rows did not arrive")
        marks.append((sink.distinct, agent.ticks() if agent.alive() else agent.cpu * 100))
        highest.append(agent.anon)
    agent.end()
    return [((b[0] - a[0]) / max(1, b[1] - a[1]) * 100, most)
            for a, b, most in zip(marks, marks[1:], highest)]


def archives(bench):
    """Rate and memory, both flat, over a long backlog of moved files and over a replay of it."""
    rows = bench.options.archive_rows or bench.rows * bench.options.times
    data = bench.data(rows, 20)
    files = sorted(data.rglob("*.csv"))
    size = sum(file.stat().st_size for file in files)
    found = []
    for command in (("run",), ("replay", *files)):
        folder = bench.folder(f"archives-{command[0]}")
        sink = bench.sink(folder, rows=rows)
        agent = bench.agent(folder, data, sink.url(), command=command)
        found.append(tenths(sink, rows, agent))
        bench.end()
    lines = [[f"{i + 1}", *(cell for rate, most in tenth for cell in (thousands(rate), mb(most)))]
             for i, tenth in enumerate(zip(*found))]
    flat = []
    for of in found:
        rates, sizes = [rate for rate, _ in of], [most for _, most in of]
        flat += [f"{min(rates) / max(rates):.2f}", f"{min(sizes) / max(sizes):.2f}"]
    lines.append(["least / most", *flat])
    table(f"{size / 1e9:.1f} GB of archives, {len(files)} files, by tenths",
          ["tenth", "run: records/CPU-s", "run: peak RssAnon",
           "replay: records/CPU-s", "replay: peak RssAnon"], lines)


def rested(agent):
    """The wake-ups and the nanoseconds of CPU so far."""
    return agent.threads("voluntary_ctxt_switches"), agent.cpu_ns()


def idle(bench):
    """Wake-ups, CPU and memory of an idle agent, after few rows and after many."""
    rest = bench.options.idle
    agents = {}
    for rows in (1000, bench.rows):
        folder = bench.folder(f"idle-{rows}")
        sink = bench.sink(folder, rows=rows)
        agents[rows] = bench.agent(folder, bench.data(rows), sink.url())
        if not delivered(sink, rows, agents[rows]):
            raise RuntimeError("rows did not arrive")
    time.sleep(3)  # the last commit, with fsync, is over
    before = [rested(agent) for agent in agents.values()]
    began = now_ns()
    time.sleep(rest)
    after = [rested(agent) for agent in agents.values()]
    took = (now_ns() - began) / 1e9
    wakes = [b[0] - a[0] for a, b in zip(before, after)]
    cpu = [b[1] - a[1] for a, b in zip(before, after)]
    sizes = [agent.memory() for agent in agents.values()]
    table(f"Idle for {took:.0f} s, connected, one source",
          ["", *(f"after {rows} rows" for rows in agents), "target"], [
              ["wake-ups (voluntary context switches)", *wakes, f"at most {rest // 10}"],
              ["CPU", *(f"{ns / 1e6:.2f} ms" for ns in cpu), "almost none"],
              ["RssAnon", *(mb(anon) for anon, _ in sizes), "at most 4 MB"],
              ["VmRSS", *(mb(rss) for _, rss in sizes), "-"]])


def latency(bench):
    """The time from a row written to its request received, batch-age 0, one row at a time."""
    count = max(2000, bench.options.appends)
    lines = bench.live(count).read_bytes().splitlines(keepends=True)
    header, rows = lines[0], lines[1:]
    folder = bench.folder("latency")
    (folder / "pmta" / "moved").mkdir(parents=True)
    sink = bench.sink(folder, rows=count, times=True)
    written, chance = [], random.Random(1)
    with open(folder / "pmta" / "bounces-2026-11-21-0000.csv", "ab", buffering=0) as live:
        live.write(header)
        agent = bench.agent(folder, folder / "pmta", sink.url(), batch_age="0s")
        time.sleep(1)
        for row in rows:
            written.append(now_ns())
            live.write(row)
            time.sleep(chance.uniform(0.001, 0.006))
    if not delivered(sink, count, agent):
        raise RuntimeError(f"{count - sink.distinct} of {count} rows did not arrive")
    agent.end()
    sink.end()
    received = [ns for ns, records in sink.times() for _ in range(records)]
    if len(received) != count:
        raise RuntimeError(f"{len(received)} records received of {count} rows")
    delays = [(b - a) / 1e6 for a, b in zip(written, received)]
    if min(delays) < 0:
        raise RuntimeError("a row was received before it was written: the order was not kept")
    table(f"Row written to request received, batch-age 0, {count} single rows in "
          f"{sink.requests} requests", ["", "ms"],
          [[f"p{p}", f"{percentile(delays, p):.2f}"] for p in (50, 90, 99)] +
          [["highest", f"{max(delays):.2f}"]], ["Target: p99 below 10 ms."])


def startup(bench):
    """The time from the start of the process to the first request, with 10,000 known files."""
    files = 10_000
    rows = 2 * files
    source = bench.data(rows, files)
    folder = bench.folder("startup")
    data = folder / "pmta"
    shutil.copytree(source, data)
    live = next(data.glob("*.csv"))
    row = live.read_bytes().splitlines(keepends=True)[-1]
    sink = bench.sink(folder, "first", rows=rows)
    agent = bench.agent(folder, data, sink.url())
    if not delivered(sink, rows, agent):
        raise RuntimeError(f"{rows - sink.distinct} of {rows} rows did not arrive")
    time.sleep(1.5)
    agent.end()
    port = sink.port
    sink.end()
    delays, cpus = [], []
    for i in range(bench.runs):
        number = b"bounce-S1-%d@" % (rows + i)
        with open(live, "ab") as file:
            file.write(row.replace(b"bounce-S1-%d@" % (rows - 1), number))
        sink = bench.sink(folder, f"again{i}", rows=rows + i + 1, port=port)
        agent = bench.agent(folder, data, sink.url(), batch_age="0s")
        if not delivered(sink, 1, agent, every=0.002):
            raise RuntimeError("the new row did not arrive")
        delays.append((sink.first_ns - agent.begun_ns) / 1e6)
        agent.end()
        if sink.records != 1:
            raise RuntimeError(f"{sink.records} records received for one new row")
        cpus.append(agent.cpu * 1000)
        sink.end()
    table(f"Start with {files} known files, {bench.runs} starts", ["", "ms"],
          [["start to first request received", spread(delays, "{:.0f}")],
           ["CPU of the whole run, until stopped", spread(cpus, "{:.0f}")]],
          ["Target: first request below 100 ms."])


def isolation(bench):
    """One source's rate while the other's endpoint refuses connections, or never answers."""
    rows = bench.rows
    stuck_rows = min(rows, 100_000)
    results = defaultdict(list)
    for _ in range(bench.runs):
        for name in ("alone", "other one refused", "other one never answered"):
            folder = bench.folder("isolation")
            sink = bench.sink(folder, rows=rows)
            good, stuck = bench.data(rows), bench.data(stuck_rows, 2)
            dead = bench.sink(folder, "dead", rows=stuck_rows)
            dead.mute(True)
            port = dead.port if "never" in name else free_port()
            sources = [{"name": "good", "acct_file": good / "bounces.csv", "endpoint": "sink",
                        "records": ["b", "rb"]}]
            endpoints = [{"name": "sink", "url": sink.url(), "format": "array"}]
            if name != "alone":
                sources.append({"name": "stuck", "acct_file": stuck / "bounces.csv",
                                "move_to": stuck / "moved", "endpoint": "dead",
                                "records": ["b", "rb"]})
                endpoints.append({"name": "dead", "url": f"http://127.0.0.1:{port}/events",
                                  "format": "array"})
            agent = bench.agent(folder, None, None, sources=sources, endpoints=endpoints,
                                settings={"drain": "0s"})
            if not delivered(sink, rows, agent):
                raise RuntimeError(f"{name}: {rows - sink.distinct} of {rows} did not arrive")
            wall = (sink.last_ns - sink.first_ns) / 1e9
            agent.end()
            results[name].append((rows / wall, rows / agent.cpu))
            bench.end()
    base = results["alone"]
    lines = [[name, thousands(median([rate for rate, _ in all_of])),
              spread([a[0] / b[0] for a, b in zip(all_of, base)]),
              spread([a[1] / b[1] for a, b in zip(all_of, base)])]
             for name, all_of in results.items()]
    table(f"One source's {rows} rows next to another source that is stuck", [
        "", "records/s", "rate, alone = 1", "records/CPU-s, alone = 1"], lines,
        ["CPU is that of the whole process, including reading ahead for the stuck source."])
