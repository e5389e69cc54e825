#!/usr/bin/python3
"""Kill, stop, reload and starve the agent while a simulated PowerMTA writes; then check the books.

    torture.py [--seed S] [--seconds T] [--format array|object|ndjson]

All choices come from the one printed seed.  At the end every record written is at the backend
(lost = 0), the repeats are at most the records in flight at the kills, every repeat has the eventId
of the first delivery, no idempotency key carried two bodies, positions equal file sizes, and rows
read = acknowledged + dead + skipped + ignored.
"""

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

from harness import Site, books, eventually  # noqa: E402

RULES = [
    {"status": 503}, {"status": 500}, {"status": 502}, {"status": 504}, {"status": 408},
    {"status": 425}, {"status": 429, "headers": {"Retry-After": "1"}}, {"status": 401},
    {"status": 403}, {"status": 404}, {"status": 302, "headers": {"Location": "/"}},
    {"reset": "headers"}, {"reset": "body"}, {"reset": "after", "accepted": True},
    {"close": True, "accepted": True}, {"close": True}, {"garbage": True},
    {"status": 200, "body": "MySQL Error: gone away", "accepted": False},
    {"status": 200, "delay_ms": 300}, {"status": 200, "cut": 20},
    {"status": 200, "delay_ms": 1500, "accepted": True}, {"big_body": 10000000}, {"slow": True},
    {"status": 200, "continues": 1}, {"hang": True, "accepted": True}, {"hang": True},
]


class Torture:
    def __init__(self, seed, seconds, form, folder):
        self.random = random.Random(seed)
        self.seed = seed
        self.seconds = seconds
        self.site = Site(folder)
        self.form = form
        self.interruptions = 0
        self.counts = {}

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def set_up(self):
        self.backend = self.site.backend()
        self.bounces = self.site.acct()
        self.fbl = self.site.acct(base="fbl")
        path = "/system/bounce_webhook" + ("?type=pmta" if self.form == "object" else "")
        self.in_flight = 8 if self.form == "object" else 3
        self.records = 1 if self.form == "object" else 40
        self.agent = self.site.agent(
            self.backend, self.bounces, self.fbl, log_level="info", drain="2s",
            endpoint={"format": self.form, "url": self.backend.url(path),
                      "in_flight": self.in_flight, "timeout": "1s", "batch_records": self.records,
                      "retry_max": "200ms", "hold_interval": "200ms"})
        r = self.random
        self.writers = [
            self.site.writer(
                acct, name="writer-" + acct.base, records=0, rate=r.choice([300, 800]),
                rotate_ms=r.choice([150, 700, 2000]), seed=self.seed * 10 + n,
                rotation=r.choice(["move-first", "create-first"]),
                eol=r.choice(["lf", "crlf"]), quoted_newlines=r.choice([0, 5]),
                pieces=r.random() < 0.3, invalid_utf8=r.choice([0, 3]), move_last=True)
            for n, acct in enumerate([self.bounces, self.fbl])]

    def start_agent(self):
        """Return once its signal handlers are in place."""
        times = self.agent.log().count(" started with ")
        self.agent.start()
        self.agent.wait_for(" started with ", times=times + 1)

    def kill(self):
        self.agent.kill9()
        self.start_agent()

    def stop(self):
        if self.agent.stop(30) != 0:
            raise AssertionError("exit status %d at SIGTERM" % self.agent.exit_status)
        self.start_agent()

    def freeze(self):
        self.agent.signal(signal.SIGSTOP)
        time.sleep(self.random.uniform(0.1, 1.6))
        self.agent.signal(signal.SIGCONT)

    def reload(self):
        if self.random.random() < 0.3:
            good = self.agent.conf.read_text()
            self.agent.conf.write_text(good + "\nnonsense = 1\n")
            self.agent.hup()
            time.sleep(0.1)
            self.agent.conf.write_text(good)
        else:
            for endpoint in self.agent.endpoints:
                endpoint["batch_records"] = self.random.randint(1, self.records)
            self.agent.write_conf()
            self.agent.hup()

    def misbehave(self):
        rule = dict(self.random.choice(RULES), times=self.random.randint(1, 12),
                    chance=self.random.choice([0.3, 1.0]))
        self.count(json.dumps({key: rule[key] for key in rule if key not in ("times", "chance")}))
        self.backend.control(rule)

    def bounce_backend(self):
        self.backend.stop()
        time.sleep(self.random.uniform(0, 0.5))
        self.backend.start()

    def step(self):
        """One act.  All except misbehave() may leave requests processed but unanswered."""
        what, weight = zip(*[(self.kill, 4), (self.stop, 2), (self.freeze, 1), (self.reload, 2),
                             (self.misbehave, 10), (self.bounce_backend, 1)])
        action = self.random.choices(what, weight)[0]
        self.count(action.__name__)
        self.interruptions += action != self.misbehave
        action()
        assert self.agent.running(), self.agent.log()[-3000:]

    def run(self):
        self.set_up()
        # Files moved before the first start would not be read (first-start).
        self.start_agent()
        for writer in self.writers:
            writer.start()
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            self.step()
            time.sleep(self.random.uniform(0.02, 0.6))
        for writer in self.writers:
            writer.stop()
        self.backend.clear()

    def settle(self):
        """Wait until nothing is behind; then stop."""
        if not self.backend.running():
            self.backend.start()
        self.backend.clear()
        written = [row for writer in self.writers for row in writer.written()]

        def done():
            status = self.agent.status()
            return all(s["behindBytes"] == 0 and s["rows"]["inFlight"] == 0
                       for s in status["sources"])
        eventually(done, 60)
        if self.agent.stop() != 0:
            raise AssertionError("exit status %d" % self.agent.exit_status)
        return written

    def may_repeat(self):
        """Records in flight at each interruption, and records taken without an answer."""
        taken = self.backend.query(
            "SELECT coalesce(sum(nevents), 0) n FROM requests WHERE fault IS NOT NULL "
            "AND fault <> '' AND id IN (SELECT request_id FROM events WHERE accepted = 1)")[0]["n"]
        late = sum(n for what, n in self.counts.items() if "delay_ms" in what)
        return (self.interruptions + 12 * late) * self.in_flight * self.records + taken

    def balance(self, written):
        problems = []
        lost, repeated, unexpected = books(self.backend, [row.token for row in written])
        repeats = sum(n - 1 for n in repeated.values())
        stats = self.backend.stats()
        status = self.agent.status()
        for source in status["sources"]:
            rows = source["rows"]
            if rows["read"] != sum(rows[k] for k in rows if k != "read"):
                problems.append(f"rows do not balance: {rows}")
            if source["behindBytes"] or source["goneUnread"]:
                problems.append(f"behind or gone unread: {source}")
        if lost:
            missing = set(lost)
            files = sorted({row.file for row in written if row.token in missing})
            problems.append(f"lost {len(lost)}: {lost[:5]}, of {len(files)} files: {files[:5]}")
        ids = self.backend.query(
            "SELECT token, count(DISTINCT event_id) n FROM events GROUP BY token HAVING n > 1")
        if ids:
            problems.append(f"{len(ids)} repeats with another eventId: {ids[:3]}")
        if stats["keys_with_two_bodies"]:
            problems.append(f"keys with two bodies: {stats['keys_with_two_bodies']}")
        if status["deadLetters"]["records"]:
            problems.append(f"dead letters: {status['deadLetters']}")
        if repeats > self.may_repeat():
            problems.append(f"repeated {repeats}, more than the {self.may_repeat()} in flight")
        received = self.backend.query(
            "SELECT count(*) n FROM events WHERE accepted = 1")[0]["n"]
        print(f"seed {self.seed} {self.form}: written {len(written)}, received {received}, "
              f"lost {len(lost)}, repeated {repeats} (at most {self.may_repeat()}), "
              f"unexpected {len(unexpected)}, "
              f"faults {json.dumps(self.counts)}")
        return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--format", choices=["array", "object", "ndjson"])
    parser.add_argument("--keep", action="store_true", help="keep the folder if there is a problem")
    args = parser.parse_args()
    form = args.format or random.Random(args.seed).choice(["array", "object", "ndjson"])
    print(f"torture: seed {args.seed}, {args.seconds:.0f} s, {form}", flush=True)
    folder = tempfile.mkdtemp(prefix="pmta-torture-")
    torture = Torture(args.seed, args.seconds, form, folder)
    problems = ["the run did not end"]
    try:
        torture.run()
        problems = torture.balance(torture.settle())
    finally:
        torture.site.end(show_logs=bool(problems))
        if not (problems and args.keep):
            shutil.rmtree(folder)
        else:
            print("kept", folder)
    for problem in problems:
        print("PROBLEM:", problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
