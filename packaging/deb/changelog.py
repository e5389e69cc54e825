#!/usr/bin/python3
"""Prints CHANGELOG.md as a Debian changelog, so that versions are written in one place only.

A heading "## [0.2.0] - 2026-12-01" makes an entry of that day, 0:00 UTC.  An unreleased entry is
dated an hour after the release before it, so that the same sources always give the same package.
"""

import re
import sys
import textwrap
from datetime import datetime, timedelta, timezone

MAINTAINER = "pmta-shipper developers <pmta-shipper@packages.example.org>"
BEGUN = {"version": "0.0.1", "date": "2026-11-21",
         "items": ["Packaging begun; not released."]}
HEADING = re.compile(r"## \[(\d[^\]]*)\] - (\S+)")


def entries(text):
    found = []
    for line in text.splitlines():
        heading = HEADING.match(line)
        if heading:
            found.append({"version": heading[1], "date": heading[2], "items": []})
        elif found and line.startswith("- "):
            found[-1]["items"].append(line[2:])
        elif found and line.startswith("  ") and found[-1]["items"]:
            found[-1]["items"][-1] += " " + line.strip()
    return found + [BEGUN]


def set_times(found):
    before = None
    for entry in reversed(found):
        try:
            entry["time"] = datetime.strptime(entry["date"], "%Y-%m-%d").replace(
                tzinfo=timezone.utc)
        except ValueError:
            entry["time"] = before + timedelta(hours=1)
        before = entry["time"]


def wrapped(items):
    """Debian requires fewer than 80 columns."""
    return "\n".join(
        textwrap.fill(item, 79, initial_indent="  * ", subsequent_indent="    ",
                      break_long_words=False, break_on_hyphens=False) for item in items)


def main():
    with open(sys.argv[1], encoding="utf-8") as changelog:
        found = entries(changelog.read())
    if len(found) < 2:
        sys.exit(f"{sys.argv[1]}: no heading with a version")
    set_times(found)
    for number, entry in enumerate(found):
        items = entry["items"] or ["No changes that a user could notice."]
        print("\n" if number else "", end="")
        print(f"pmta-shipper ({entry['version']}) bookworm; urgency=medium\n")
        print(wrapped(items))
        print(f"\n -- {MAINTAINER}  {entry['time']:%a, %d %b %Y %H:%M:%S +0000}")


main()
