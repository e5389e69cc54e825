#!/usr/bin/python3
"""Compares the rows pmta-writer wrote with the events the stand-in accepted:
books.py STORE MANIFEST...

Prints "written N lost N repeated N".  Exits with status 0 if rows were written and none was lost.
"""

import sqlite3
import sys
from collections import Counter


def main():
    store, *manifests = sys.argv[1:]
    written = set()
    for manifest in manifests:
        with open(manifest, encoding="ascii") as lines:
            written.update(line.split("\t")[1] for line in lines)
    db = sqlite3.connect(store, timeout=20)
    arrived = Counter(dict(db.execute(
        "SELECT token, count(*) FROM events WHERE accepted = 1 GROUP BY token")))
    lost = sum(token not in arrived for token in written)
    repeated = sum(arrived[token] - 1 for token in written if token in arrived)
    print(f"written {len(written)} lost {lost} repeated {repeated}")
    return 0 if written and not lost else 1


sys.exit(main())
