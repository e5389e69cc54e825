#!/usr/bin/python3
"""Measure speed and memory of pmta-shipper and of other programs.  make bench builds the tools.

Figures of one run can be compared with each other, but not with those of another machine or hour.
"""

import argparse
import os
import platform
import shutil
import sys
import time

import limits
import steady
import throughput
from tools import BIN, Bench, say

PARTS = {
    "throughput": throughput.throughput,
    "tls": throughput.tls,
    "objects": throughput.objects,
    "memory": steady.memory,
    "archives": steady.archives,
    "idle": steady.idle,
    "latency": steady.latency,
    "startup": steady.startup,
    "isolation": steady.isolation,
    "limits": limits.limits,
}


def options():
    text = "\n".join(f"  {name:<12}{part.__doc__.splitlines()[0]}" for name, part in PARTS.items())
    parser = argparse.ArgumentParser(description=__doc__, epilog="parts:\n" + text,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300_000, help="rows in each run (300000)")
    parser.add_argument("--runs", type=int, default=3, help="number of runs of each (3)")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    parser.add_argument("--times", type=int, default=5, metavar="N",
                        help="memory is also measured with N times the rows (5)")
    parser.add_argument("--archive-rows", type=int, default=0, metavar="N",
                        help="rows of the archives (default: as for memory; 28 million are 10 GB)")
    parser.add_argument("--appends", type=int, default=2000, help="rows for latency (2000)")
    parser.add_argument("--idle", type=int, default=30, metavar="S", help="idle seconds (30)")
    parser.add_argument("--work", default=BIN / "work", help="where rows and logs are kept")
    parser.add_argument("--keep", action="store_true", help="do not remove them at the end")
    args = parser.parse_args()
    args.only = args.only.split(",")
    for name in args.only:
        if name not in PARTS:
            parser.error(f"there is no {name}; there are {', '.join(PARTS)}")
    return args


def machine():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as cpuinfo:
        model = next((line.split(":", 1)[1].strip() for line in cpuinfo
                      if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} x {model}, Linux {platform.release().split('-')[0]}, " \
           f"load {os.getloadavg()[0]:.1f} at the start"


def main():
    args = options()
    bench = Bench(args)
    begun = time.monotonic()
    say(f"{time.strftime('%Y-%m-%d')}, {machine()}")
    failed = []
    try:
        for name in args.only:
            try:
                PARTS[name](bench)
            except (OSError, RuntimeError) as error:
                say(f"\n{name}: {error}")
                failed.append(name)
            finally:
                bench.end()
    finally:
        if not args.keep:
            shutil.rmtree(bench.work, ignore_errors=True)
    say(f"\nbench: {time.monotonic() - begun:.0f} s" +
        (f"; no figures for {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
