"""Logstash's position files (sincedb), and imports of them."""

import os

from harness import token_rows
from steps import delivered, started, up


def java_device(dev):
    """Major and minor number as JRuby computes them."""
    return dev >> 24 & 0xff, dev & 0xffffff


def kernel_device(dev):
    return os.major(dev), os.minor(dev)


def entry(path, offset=None, name=None, device=java_device, time=" 1795255200.123"):
    """A sincedb line about path; name is its path in the sincedb, offset by default its end."""
    st = os.stat(path)
    offset = st.st_size if offset is None else offset
    major, minor = device(st.st_dev)
    where = f"{time} {name or path}" if time else ""
    return f"{st.st_ino} {major} {minor} {offset}{where}\n"


def old_entry(path, offset=None):
    return entry(path, offset, time="")


def imported(agent, *entries, status=0, args=()):
    """Run import-sincedb; agent.done is its result.  Returns {file name: text about that file}."""
    sincedb = agent.folder / "sincedb"
    sincedb.write_text("".join(entries), "utf-8")
    done = agent.command("import-sincedb", *args, sincedb)
    assert done.returncode == status, done.stdout + done.stderr
    agent.done = done
    found = [line.split(": ", 2) for line in done.stdout.splitlines() if line.count(": ") >= 2]
    return {path.rsplit("/", 1)[1]: what for _, path, what in found}


def halves(site, **options):
    """(acct, backend, agent, rows, offset): 20 rows, of which Logstash has read the first 10."""
    acct = site.acct(**options)
    rows, _ = token_rows(20)
    acct.append(rows[:10])
    offset = os.path.getsize(acct.live)
    acct.append(rows[10:])
    backend, agent = started(site, acct)
    return acct, backend, agent, rows, offset


def continues(agent, backend, rows, header=None):
    up(agent)
    return delivered(agent, backend, rows, header)
