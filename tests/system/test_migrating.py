"""The commands of docs/MIGRATING.md, run as they are written.

They run in a folder that stands for the host: their /etc, /var and /run are below it, and sudo and
systemctl are stand-ins.  So is Logstash, which delivers the rows after the positions in its
sincedb.  The output is compared with the page, except for numbers.  PMTA_WRITE_PAGE=1 writes the
page again with the output of this run.
"""

import json
import os
import re
import subprocess
import urllib.request
from pathlib import Path

import pytest
from harness import AGENT, FBL_HEADER, ROOT, die_with_parent, eventually, token_rows
from accounting import Acct

PAGE = ROOT / "docs/MIGRATING.md"

SUDO = """#!/bin/bash
[ "$1" != -u ] || shift 2
exec "$@"
"""
INSTALL = """#!/bin/bash
# The group belongs to the package and does not exist here.
exec /usr/bin/install $(printf '%s ' "$@" | sed 's/-g pmta-shipper//')
"""
SYSTEMCTL = """#!/bin/bash
# The test answers this, and does what systemd would do.
echo "$@" >"$ROOT/systemctl.new" && mv "$ROOT/systemctl.new" "$ROOT/systemctl.asked"
while [ -e "$ROOT/systemctl.asked" ]; do sleep 0.02; done
"""
SHIPPER = """#!/bin/bash
# As installed by the package: the configuration in /etc, and the package's folders.
command=$1
shift
set -- "$command" -c "$ROOT/etc/pmta-shipper/pmta-shipper.conf" "$@"
[ "$command" = import-logstash ] || exec "$AGENT" "$@"
"$AGENT" "$@" || exit
sed -i "s,\\"/var/lib/,\\"$ROOT/var/lib/,; s,\\"/run/,\\"$ROOT/run/,; s,127.0.0.1:9468,," \
	"$ROOT/etc/pmta-shipper/pmta-shipper.conf"
"""
PIPELINE = """input {
  file {
    path => "PATH/bounces-*.csv"
    start_position => "beginning"
    sincedb_path => "SINCEDB"
  }
}
filter {
  csv { columns => ["logType", "timeQueued", "timeLogged", "orig", "rcpt"] }
}
output {
  http {
    url => "URL"
    http_method => "post"
    format => "json"
    headers => { "X-Octeth-Signature" => "hush" }
  }
}
"""


def blocks(text):
    """[(line number, command, lines it prints)] of the page."""
    found = []
    for number, line in enumerate(text.splitlines()):
        if line.startswith("    $ "):
            found.append((number, line[6:], []))
        elif line.startswith("    ") and found:
            found[-1][2].append(line[4:])
    return found


class Logstash:
    """Reads live files from their positions, delivers each row, and writes its position file."""

    def __init__(self, sincedb, folder, url):
        self.sincedb, self.folder, self.url = sincedb, folder, url
        self.on = True

    def positions(self):
        lines = self.sincedb.read_text("utf-8").splitlines() if self.sincedb.exists() else []
        return {int(line.split()[0]): line for line in lines}

    def send(self, row):
        cells = row.split(",")
        event = {"logType": cells[0], "orig": cells[3], "header_X-FBLId": cells[-1]}
        request = urllib.request.Request(self.url, json.dumps(event).encode(), {
            "Content-Type": "application/json", "X-Octeth-Signature": "hush"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status == 200

    def run(self):
        """Read everything, as Logstash does once a second."""
        known = self.positions()
        for path in sorted(self.folder.glob("bounces-*.csv")):
            st = path.stat()
            offset = int(known[st.st_ino].split()[3]) if st.st_ino in known else 0
            data = path.read_bytes()[offset:]
            data = data[:data.rfind(b"\n") + 1]
            for row in data.decode().splitlines():
                if row.startswith(("b,", "rb,")):
                    self.send(row)
            known[st.st_ino] = (f"{st.st_ino} {st.st_dev >> 24 & 0xff} {st.st_dev & 0xffffff} "
                                f"{offset + len(data)} 1795255200.25 {path}")
        self.sincedb.write_text("".join(line + "\n" for line in known.values()), "utf-8")


class Host:
    """The folder that stands for the host, and the programs that run on it."""

    def __init__(self, site):
        self.site = site
        self.root = site.folder / "host"
        for folder in ("etc/pmta-shipper", "etc/logstash/conf.d", "var/lib/logstash",
                       "var/lib/pmta-shipper", "run/pmta-shipper", "bin",
                       "var/log/pmta/accounting/bounces", "var/log/pmta/accounting/fbl"):
            (self.root / folder).mkdir(parents=True)
        (self.root / "var/lib/pmta-shipper").chmod(0o700)
        for name, text in (("sudo", SUDO), ("install", INSTALL), ("systemctl", SYSTEMCTL),
                           ("pmta-shipper", SHIPPER)):
            (self.root / "bin" / name).write_text(text, "utf-8")
            (self.root / "bin" / name).chmod(0o755)
        self.logs = self.root / "var/log/pmta"
        self.backend = site.backend(signature="hush")
        self.url = self.backend.url()
        self.logstash = Logstash(self.root / "var/lib/logstash/sincedb-pmta", self.logs, self.url)
        self.agent = site.agent(None)
        self.asked = []
        pipeline = PIPELINE.replace("PATH", str(self.logs)).replace("URL", self.url)
        (self.root / "etc/logstash/conf.d/oempro.conf").write_text(
            pipeline.replace("SINCEDB", str(self.logstash.sincedb)), "utf-8")
        self.env = dict(os.environ, ROOT=str(self.root), AGENT=str(AGENT.resolve()),
                        PATH=f"{self.root}/bin:{os.environ['PATH']}")

    def acct(self, base, header=None):
        acct = Acct(self.site.folder, base=base, **({"header": header} if header else {}))
        acct.dir, acct.move_to = self.logs, self.logs / "accounting" / base
        return acct

    def systemctl(self, words):
        """Do what systemd would do for this systemctl command."""
        self.asked.append(words)
        what, unit = words.split()
        if unit == "logstash":
            if what == "stop":
                self.logstash.run()
            self.logstash.on = {"stop": False, "start": True}.get(what, self.logstash.on)
        elif what == "stop":
            assert self.agent.stop() == 0, self.agent.log()
        elif what in ("start", "restart"):
            conf = self.root / "etc/pmta-shipper/pmta-shipper.conf"
            self.agent.spawn([AGENT, "run", "-c", conf])
            self.agent.wait_for("started with")

    def shell(self, command):
        """Run a command of the page.  Returns (exit status, lines printed)."""
        command = re.sub(r"(?<![\w/])/(etc|var|run)/", rf"{self.root}/\1/", command)
        with open(self.root / "out", "wb") as out:
            child = subprocess.Popen(["bash", "-c", command], stdout=out, stderr=out, env=self.env,
                                     stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        ask = self.root / "systemctl.asked"

        def ended():
            if ask.exists():
                self.systemctl(ask.read_text("utf-8").strip())
                ask.unlink()
            return child.poll() is not None
        eventually(ended, 60)
        printed = (self.root / "out").read_text("utf-8")
        printed = printed.replace(str(self.root), "").replace(
            " -c /etc/pmta-shipper/pmta-shipper.conf", "")  # the place where a host has it
        return child.returncode, printed.replace(
            self.url, "https://octeth.example.com/system/bounce_webhook?type=pmta").splitlines()


def plain(lines):
    """The lines with numbers replaced by N."""
    return [re.sub(r"\d+", "N", line) for line in lines]


def write_page(text, printed):
    """Write the page with the printed lines under each command."""
    out, shows = [], {number: lines for number, _, lines in printed}
    skip = False
    for number, line in enumerate(text.splitlines()):
        if number in shows:
            out += [line] + [f"    {shown}" for shown in shows[number]]
            skip = True
        elif not (skip and line.startswith("    ")):
            out.append(line)
            skip = False
    PAGE.write_text("\n".join(out) + "\n", "utf-8")


@pytest.fixture(name="host")
def _host(site):
    return Host(site)


def test_the_page_as_it_is_written(host):
    bounces, fbl = host.acct("bounces"), host.acct("fbl", FBL_HEADER)
    rows, tokens = token_rows(60, kind=["b", "rb"])
    complaints, complained = token_rows(10, kind="f", seed="F")
    old, _ = token_rows(5, first=100)
    bounces.append(old)  # before Logstash first ran
    bounces.rotate(begin=False)
    bounces.append(rows[:20])
    fbl.append(complaints)
    host.logstash.run()
    # Rows the stock pipeline loses: those written right before the move, and a file it never sees.
    bounces.append(rows[20:22])
    bounces.rotate(begin=False)
    bounces.append(rows[22:25])
    bounces.rotate(begin=False)
    bounces.append(rows[25:40])
    host.logstash.run()
    more = {"systemctl stop logstash": rows[40:45],       # Logstash still reads these
            "import-sincedb --dry-run": rows[45:50],      # these wait in the file
            "systemctl restart pmta-shipper": rows[50:55],
            "import-sincedb --back": rows[55:]}           # Logstash reads these again

    text = PAGE.read_text("utf-8")
    printed = []
    for number, command, _ in blocks(text):
        for marker, new in more.items():
            if marker in command:
                bounces.append(new)
        if "behindBytes" in command:
            eventually(lambda: set(tokens[:55] + complained) <= set(host.backend.tokens()))
        status, lines = host.shell(command)
        assert status == 0, (command, lines)
        assert "hush" not in "".join(lines)
        printed.append((number, command, lines))
    host.logstash.run()

    if os.environ.get("PMTA_WRITE_PAGE"):
        write_page(text, printed)
    assert host.backend.tokens() == {token: 1 for token in tokens + complained}
    assert host.asked == ["stop logstash", "disable logstash", "restart pmta-shipper",
                          "stop pmta-shipper", "disable pmta-shipper", "enable logstash",
                          "start logstash"]
    for (_, command, lines), (_, _, shown) in zip(printed, blocks(PAGE.read_text("utf-8"))):
        assert plain(lines) == plain(shown), command


def test_the_page_is_installed():
    assert "docs/MIGRATING.md" in (ROOT / "Makefile").read_text("utf-8")
    assert "docs/MIGRATING.md" in Path(ROOT / "packaging/deb/pmta-shipper.docs").read_text("utf-8")
