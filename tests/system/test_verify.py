"""directives --verify: PowerMTA's configuration against the sources' needs, with file and line."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

import pytest
from harness import AGENT

STOCK_B = ("timeQueued,timeLogged,orig,rcpt,bounceCat,dsnStatus,dsnAction,dsnDiag,dsnMta,jobId,"
           "vmta,header_X-FBLId")
STOCK_RB = "timeLogged,orig,rcpt,bounceCat,dsnStatus,dsnAction,dsnDiag,dsnMta,header_X-FBLId"
PROCESSORS = """relay-domain bounce.example.com
<bounce-processor>
    deliver-unmatched-email yes
    <address-list>
        domain bounce.example.com
    </address-list>
</bounce-processor>
"""


class Host:
    """A source "bounces" in its own folder, and PowerMTA's configuration for it."""

    def __init__(self, folder, move_to=True):
        self.folder = folder
        self.live = folder / "pmta"
        self.moved = folder / "pmta" / "moved" if move_to is True else move_to
        self.live.mkdir()
        if self.moved and move_to is True:
            self.moved.mkdir()
        self.conf = folder / "shipper.conf"
        self.pmta = folder / "config"
        lines = [f'state-dir = "{folder}/state"', "source bounces {",
                 f'acct-file = "{self.live}/bounces.csv"', 'endpoint = "octeth"']
        if self.moved:
            lines.append(f'move-to = "{self.moved}"')
        self.conf.write_text("\n".join(lines + ["}", 'endpoint octeth { url = "" }', ""]))

    def block(self, **change):
        """The acct-file block; a value of None leaves its line out."""
        values = {"move-interval": "1h", "move-to": self.moved, "records": "b, rb",
                  "record-fields b": STOCK_B, "record-fields rb": STOCK_RB,
                  "world-readable": "yes"}
        values.update({name.replace("_", "-"): value for name, value in change.items()})
        if not values["move-to"]:
            values["move-interval"] = None
        inner = [f"    {name} {value}" for name, value in values.items() if value is not None]
        return "\n".join([f"<acct-file {self.live}/bounces.csv>", *inner, "</acct-file>", ""])

    def verify(self, text, processors=PROCESSORS):
        self.pmta.write_text(text + processors)
        return subprocess.run([AGENT, "directives", "-c", self.conf, "--verify", self.pmta],
                              capture_output=True, text=True, timeout=20, check=False)

    def line_of(self, part):
        lines = self.pmta.read_text().splitlines()
        return next(i for i, line in enumerate(lines, 1) if part in line)


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def findings(done, level="problem"):
    """[(what, text, fix)] of that level."""
    found = []
    for line in done.stdout.splitlines():
        if line.startswith(level + " "):
            what, rest = line[9:].split(": ", 1)
            text, _, fix = rest.partition(" -> ")
            found.append((what, text, fix))
    return found


def the_problem(host, done, part):
    """Check that there is only one problem, in the line with part.  Returns its text and fix."""
    assert done.returncode == 1, done.stdout + done.stderr
    (what, text, fix), = findings(done)
    assert what == f"{host.pmta}:{host.line_of(part)}"
    return text, fix


def fixed(host, text, wrong, line):
    """Check that verify finds nothing when line replaces the wrong one, or is put first into the
    block."""
    if wrong:
        text = "\n".join("    " + line if wrong in one else one for one in text.split("\n"))
    else:
        text = text.replace(".csv>\n", f".csv>\n    {line}\n")
    done = host.verify(text)
    assert (done.returncode, findings(done)) == (0, []), done.stdout


def test_what_directives_prints_is_fine(host):
    printed = subprocess.run([AGENT, "directives", "-c", host.conf], capture_output=True, text=True,
                             timeout=20, check=True).stdout
    done = host.verify(printed)
    assert done.returncode == 0 and not done.stderr
    assert done.stdout == f"{host.pmta}: fine: it logs what every source needs\n"


def test_extended_directives_are_fine(host):
    printed = subprocess.run([AGENT, "directives", "-c", host.conf, "--extended"],
                             capture_output=True, text=True, timeout=20, check=True).stdout
    done = host.verify(printed)
    assert done.returncode == 0
    assert findings(done, "info") and not findings(done) and not findings(done, "warning")


# name: (change of the block, text of the line the finding is about, words of the finding)
CHANGES = {
    "records missing": ({"records": "b"}, "records b", "lacks rb"),
    "a field missing": ({"record-fields b": STOCK_B.replace("dsnDiag,", "")}, "record-fields b ",
                        "without dsnDiag"),
    "fields excluded": ({"record-fields b": "*,!orig,!rcpt,header_X-FBLId"}, "record-fields b ",
                        "without orig, rcpt"),
    "a header not named": ({"record-fields rb": "*"}, "record-fields rb", "header_X-FBLId"),
    "no record-fields": ({"record-fields rb": None}, "<acct-file", "header_X-FBLId"),
    "other move-to": ({"move-to": "/var/log"}, "move-to", "looks in"),
    "no move-to": ({"move-to": None}, "<acct-file", "no move-to"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_difference_has_its_place_and_the_line_that_fixes_it(host, name):
    change, part, words = CHANGES[name]
    text = host.block(**change)
    done = host.verify(text)
    problem, fix = the_problem(host, done, part)
    assert words in problem
    fixed(host, text, None if part == "<acct-file" else part, fix)


def test_a_file_with_d_rows_is_left_alone_and_the_block_to_paste_is_printed(host):
    """Without records PowerMTA logs d and b, and somebody may read the d rows."""
    text = host.block(records=None)
    done = host.verify(text)
    problem, fix = the_problem(host, done, "<acct-file")
    assert "only d and b" in problem
    path = re.search(r'set acct-file = "(.*)" in source bounces', fix)[1]
    block = [line[4:] for line in done.stdout.splitlines() if line.startswith("    ")]
    assert block[0] == f"<acct-file {path}>" and block[-1] == "</acct-file>"
    host.conf.write_text(host.conf.read_text().replace(f"{host.live}/bounces.csv", path))
    done = host.verify(text + "\n".join(block) + "\n")
    assert done.returncode == 0 and done.stdout.endswith(": fine: it logs what every source needs\n")


def test_fine_only_without_anything_to_look_at(host):
    done = host.verify(host.block(**{"odd-thing": "yes"}))
    assert done.returncode == 1 and done.stdout.endswith("but 1 thing could not be checked\n")
    done = host.verify(host.block(**{"queue-filter": "*/a"}))
    assert done.returncode == 0 and done.stdout.endswith(": no problem, but 1 warning\n")


@pytest.mark.parametrize("value, part, words", [("no", "world-readable", "is off"),
                                                (None, "<acct-file", "off by default")])
def test_files_that_only_a_group_reads_are_fixed_by_joining_it(host, value, part, words):
    """Never by making mail addresses readable for everybody on the host."""
    text, fix = the_problem(host, host.verify(host.block(**{"world-readable": value})), part)
    assert words in text and "group pmta" in text
    assert fix == "usermod -a -G pmta pmta-shipper, and restart the service"


def test_names_of_types_and_order_of_fields_do_not_matter(host):
    fields = ",".join(reversed(STOCK_B.split(",")))
    text = host.block(**{"records": "BOUNCE,  remote-bounce,d", "record-fields b": None,
                         "record-fields bounce": fields.replace(",", ", ")})
    done = host.verify(text)
    assert (done.returncode, findings(done)) == (0, []), done.stdout
    assert any("d rows" in text for _, text, _ in findings(done, "info"))


def test_columns_of_files_without_a_header(host):
    """If the live file has no header, PowerMTA's order of fields has to be that of the source."""
    text = host.block(**{"record-fields b": ",".join(reversed(STOCK_B.split(",")))})
    assert host.verify(text).returncode == 0
    (host.live / "bounces-2026-11-21-0000.csv").write_text("b,2026-11-21 10:00:00+0000,x\n")
    problem, fix = the_problem(host, host.verify(text), "<acct-file")
    assert "bounces-2026-11-21-0000.csv" in problem and "wrong names" in problem
    line = re.match(r"(record-fields = \{ .* \}) in source bounces", fix)[1]
    host.conf.write_text(host.conf.read_text().replace("source bounces {",
                                                       "source bounces {\n" + line))
    assert host.verify(text).returncode == 0


def test_move_to_on_another_volume(tmp_path):
    if os.stat("/dev/shm").st_dev == os.stat(tmp_path).st_dev:
        pytest.skip("one volume only")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        host = Host(tmp_path, Path(other))
        problem, fix = the_problem(host, host.verify(host.block()), "move-to")
        assert "another volume" in problem and str(host.live) in fix


def test_move_to_that_does_not_exist_is_a_warning(host):
    host.moved.rmdir()
    done = host.verify(host.block())
    assert done.returncode == 0
    (_, text, fix), = findings(done, "warning")
    assert "does not exist" in text and fix.startswith(f"mkdir -p {host.moved} && chown --reference=")


def test_powermta_moves_and_the_source_does_not_know(tmp_path):
    host = Host(tmp_path, None)
    text = host.block(**{"move-to": "/somewhere"})
    problem, fix = the_problem(host, host.verify(text), "move-to")
    assert "does not look" in problem and fix.startswith('move-to = "/somewhere" in source bounces')


@pytest.mark.parametrize("value,status", [("1d", 1), ("4h", 1), ("8d", 0), ("never", 0),
                                          (None, 0)])
def test_delete_after_without_move_to(tmp_path, value, status):
    host = Host(tmp_path, None)
    text = host.block(**{"delete-after": value})
    done = host.verify(text)
    assert done.returncode == status, done.stdout
    if status:
        problem, fix = the_problem(host, done, "delete-after")
        assert f"delete-after {value}" in problem
        fixed(host, text, "delete-after", fix)


def test_delete_after_is_void_with_move_to(host):
    done = host.verify(host.block(**{"delete-after": "1d"}))
    assert done.returncode == 0
    assert any("has no effect" in text for _, text, _ in findings(done, "info"))


def test_no_block_for_a_source(host):
    done = host.verify("<acct-file /elsewhere/other.csv>\n</acct-file>\n")
    assert done.returncode == 1
    (what, text, fix), = findings(done)
    assert what == "source bounces" and "no <acct-file" in text and "directives -c" in fix


def test_the_block_writes_to_another_folder(host):
    done = host.verify(host.block().replace(str(host.live) + "/b", "/opt/b"))
    (what, text, fix), = findings(done)
    assert what == "source bounces" and f"{host.pmta}:1 writes /opt/bounces.csv" in text
    assert fix.startswith('acct-file = "/opt/bounces.csv" in')


def test_two_blocks_for_a_file(host):
    again = host.block().replace("/bounces.csv", "//bounces.csv")
    done = host.verify(host.block() + again)
    (what, text, _), = findings(done)
    assert what == f"{host.pmta}:{host.line_of('//bounces.csv')}" and f"{host.pmta}:1" in text


def test_blocks_in_included_files(host):
    (host.folder / "acct.conf").write_text("\n" + host.block(records="b"))
    done = host.verify("include acct.conf\ninclude gone.conf\n")
    assert done.returncode == 1
    places = [what for what, _, _ in findings(done)]
    assert places == [f"{host.pmta}:2", f"{host.folder}/acct.conf:5"]


@pytest.mark.parametrize("processors,level,words", [
    ("", "warning", "no <bounce-processor>"),
    (PROCESSORS.replace("relay-domain bounce.", "relay-domain other."), "problem",
     "no relay-domain for bounce.example.com"),
    (PROCESSORS.replace("relay-domain bounce.", "relay-domain *."), None, None),
])
def test_what_rb_rows_need(host, processors, level, words):
    """Without a bounce-processor there are none, which is right if Octeth is the MX."""
    done = host.verify(host.block(), processors)
    assert done.returncode == (1 if level == "problem" else 0)
    if level is None:
        assert not findings(done) and not findings(done, "warning")
    else:
        (_, text, fix), = findings(done, level)
        assert words in text and fix


def test_a_configuration_that_is_not_there(host):
    done = subprocess.run([AGENT, "directives", "-c", host.conf, "--verify", "/no/such"],
                          capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == 'pmta-shipper: read "/no/such": No such file or directory\n'


@pytest.mark.parametrize("path, words", [("/dev/null", "not a file"), ("/etc", "a folder")])
def test_a_path_that_is_no_configuration_of_powermta_is_refused(host, path, words):
    """The message names the file to give instead."""
    done = subprocess.run([AGENT, "directives", "-c", host.conf, "--verify", path],
                          capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1 and not done.stdout
    line, = done.stderr.splitlines()
    assert line.startswith(f'pmta-shipper: read "{path}": {words}')
    assert line.endswith("; give the path of PowerMTA's configuration, such as /etc/pmta/config")


def test_extended_and_verify_do_not_go_together(host):
    done = subprocess.run([AGENT, "directives", "-c", host.conf, "--verify", "x", "--extended"],
                          capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 64 and len(done.stderr.splitlines()) == 1


def test_control_characters_of_the_file_stay_harmless(host):
    done = host.verify(host.block() + "include \x1bgone\n")
    assert "\x1b" not in done.stdout and "\\x1b" in done.stdout
