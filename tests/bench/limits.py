"""Rows that keep coming while requests are few: a limit per minute, or answers that take long.
Only pmta-shipper is measured here."""

import time

from tools import table

SECONDS = 40
RATE = 25  # rows a second, as of a large host on a quiet day


def keep_writing(live, rows):
    """Append the rows at RATE."""
    began = time.monotonic()
    for n, row in enumerate(rows):
        live.write(row)
        time.sleep(max(0, began + (n + 1) / RATE - time.monotonic()))


def trickle(bench, name, backlog, delay_ms=0, **endpoint):
    """One case: its row of the table."""
    count = backlog + SECONDS * RATE
    lines = bench.live(count).read_bytes().splitlines(keepends=True)
    folder = bench.folder("limits")
    (folder / "pmta" / "moved").mkdir(parents=True)
    sink = bench.sink(folder, rows=count, delay_ms=delay_ms)
    with open(folder / "pmta" / "bounces-2026-11-21-0000.csv", "ab", buffering=0) as live:
        live.write(b"".join(lines[:1 + backlog]))
        agent = bench.agent(folder, folder / "pmta", sink.url(), **endpoint)
        keep_writing(live, lines[1 + backlog:])
    arrived, requests = sink.distinct, sink.requests
    agent.end()
    bench.end()
    return [name, str(count), f"{arrived / count:.1%}", str(requests),
            f"{arrived / max(1, requests):.0f}"]


def limits(bench):
    """Rows at 25 a second under limits of requests, and with slow answers one at a time."""
    slow = {"in_flight": 1, "delay_ms": 1500}
    table(f"{RATE} rows a second for {SECONDS} s, arrays of 500, batch-age 1 s",
          ["", "rows", "delivered by then", "requests", "records per request"],
          [trickle(bench, "100 requests per minute", 0, requests_per_minute=100),
           trickle(bench, "30 requests per minute", 0, requests_per_minute=30),
           trickle(bench, "30 per minute, 5,000 rows waiting", 5000, requests_per_minute=30),
           trickle(bench, "answers after 1.5 s, 1 in flight", 0, **slow),
           trickle(bench, "the same, 5,000 rows waiting", 5000, **slow)],
          ["A limit of requests must not become one of records: all but the rows of the last two "
           "requests are delivered when the writer ends."])
