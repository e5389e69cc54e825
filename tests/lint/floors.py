"""The table of rooms in the Makefile, with the floor of each room."""

import re
from pathlib import Path


def floors():
    """{room: floor}, lowest floor first."""
    table = {}
    for match in re.finditer(r"^FLOOR_(\d+)\s*:=(.*)$", Path("Makefile").read_text("utf-8"), re.M):
        table.update(dict.fromkeys(match.group(2).split(), int(match.group(1))))
    return dict(sorted(table.items(), key=lambda entry: entry[1]))


def against(table, room, other):
    """The position of other if room may not use it, "beside" or "above"; else None."""
    if other == room or table[other] < table[room]:
        return None
    return "beside" if table[other] == table[room] else "above"
