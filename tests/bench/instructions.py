#!/usr/bin/python3
"""Compare the instructions per record with the figures in tests/bench/instructions.

callgrind counts them, so the load of the machine does not matter.  The cost of a record is the
difference between a run over many rows and one over few, divided by the difference of the rows; the
cost of the start is in both.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

from tools import AGENT, BIN, LIBCSV, Bench, delivered, say

KEPT = Path(__file__).resolve().with_name("instructions")
FEW, MANY = 1000, 21_000
SLACK = 0.05


def valgrind(folder):
    """The command; it leaves the profile in folder, to find the code that became more expensive."""
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind.out"]


def collected(run):
    """The instructions of a run that has ended."""
    found = re.search(r"Collected : (\d+)", run.text())
    if run.status != 0 or not found:
        raise RuntimeError(f"{run.log.name}: exit status {run.status}: {run.text()[-500:]}")
    return int(found.group(1))


def parse(bench, rows):
    folder = bench.folder(f"parse-{rows}")
    conf = folder / "agent.conf"
    conf.write_text('source bounces {\nacct-file = "/none/bounces.csv"\nendpoint = "sink"\n}\n'
                    'endpoint sink {\nurl = ""\n}\n')
    shell = ["sh", "-c", 'exec "$@" >/dev/null', "sh"]
    return collected(bench.run(
        shell + valgrind(folder) + [AGENT, "parse", "-c", conf, bench.live(rows)],
        folder / "parse.log").wait())


def run(bench, rows):
    folder = bench.folder(f"run-{rows}")
    sink = bench.sink(folder, rows=rows)
    agent = bench.agent(folder, bench.data(rows), sink.url(), under=valgrind(folder))
    if not delivered(sink, rows, agent):
        raise RuntimeError(f"run: {rows - sink.distinct} of {rows} rows did not arrive: "
                           f"{agent.text()[-500:]}")
    agent.end()
    sink.end()
    return collected(agent)


def libcsv(bench, rows):
    """The floor, which is only reported."""
    folder = bench.folder(f"libcsv-{rows}")
    return collected(bench.run(valgrind(folder) + [LIBCSV, bench.live(rows)],
                               folder / "libcsv.log").wait())


COMMANDS = {"parse": parse, "run": run}


def measure(bench, command):
    few, many = (command(bench, rows) for rows in (FEW, MANY))
    return (many - few) / (MANY - FEW)


def kept():
    lines = [line.split() for line in KEPT.read_text().splitlines()]
    return {line[0]: int(line[1]) for line in lines if line and line[0] != "#"}


def verdict(name, found, limit):
    """True if found exceeds the kept figure by no more than the slack."""
    change = found / limit - 1
    if change > SLACK:
        say(f"{name}: {found:.0f} instructions per record, {change:+.1%} against the limit {limit} "
            f"in {os.path.relpath(KEPT)}: more than the slack of {SLACK:.0%}.  Look with "
            f"callgrind_annotate at {BIN}/instructions/{name}-{MANY}/callgrind.out, or raise the "
            "figure and explain in the commit what is gained for it")
        return False
    hint = f"; well below: lower the figure to {found:.0f} with --keep" if change < -SLACK else ""
    say(f"{name}: {found:.0f} instructions per record, {change:+.1%} against {limit}{hint}")
    return True


def keep(found):
    lines = [line for line in KEPT.read_text().splitlines() if line.startswith("#")]
    lines += [f"{name} {count:.0f}" for name, count in found.items()]
    KEPT.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true",
                        help="write the measured figures into the file")
    options = parser.parse_args()
    options.rows, options.runs, options.work = MANY, 1, BIN / "instructions"
    bench = Bench(options)
    try:
        found = {name: measure(bench, command) for name, command in COMMANDS.items()}
        floor = measure(bench, libcsv)
    finally:
        bench.end()
    if options.keep:
        keep(found)
    say(f"libcsv alone: {floor:.0f} instructions per record; " + ", ".join(
        f"{name} has {count / floor:.2f} times that" for name, count in found.items()))
    good = [verdict(name, count, kept()[name]) for name, count in found.items()]
    say("instructions: " + ("within the slack" if all(good) else "too many"))
    return 0 if all(good) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        sys.exit(f"instructions: {error}")
