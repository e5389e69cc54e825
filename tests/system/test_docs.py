"""The manual matches the program, and the README's commands exist."""

import json
import re
import shutil
import subprocess

import pytest
from harness import AGENT, ROOT, eventually

MANUAL = ROOT / "docs/pmta-shipper.8"
PAGES = [MANUAL, ROOT / "docs/pmta-shipper.conf.5", ROOT / "docs/pmta-shipper.rules.5"]
EVERYWHERE = {"-c", "--config", "-h", "--help"}  # described once, before the commands


def help_of(*args):
    done = subprocess.run([str(AGENT), *args, "--help"], capture_output=True, text=True,
                          timeout=20, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


COMMANDS = re.findall(r"^  ([a-z][a-z-]*) ", help_of(), re.MULTILINE)


def options_in_help(text):
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))


def options_in_manual(text):
    """The options in .Fl macros, each with one or several names: .Fl c , -config Ar FILE."""
    found = set()
    for line in re.findall(r"^\.(?:It|Op)? ?Fl (.*)$", text, re.MULTILINE):
        names = re.split(r" (?:Ar|Fl|Xo|Cm)\b", line)[0]
        found |= {"-" + name for name in re.findall(r"-?[a-z][a-z-]*", names)}
    return found


def section(heading, level="Sh"):
    """The text from a heading to the next one of the same or a higher level."""
    stop = r"^\.Sh " if level == "Sh" else r"^\.S[hs] "
    text = MANUAL.read_text("utf-8")
    start = re.search(rf"^\.{level} {re.escape(heading)}$", text, re.MULTILINE)
    assert start, f"the manual has no {heading}"
    return re.split(stop, text[start.end():], maxsplit=1, flags=re.MULTILINE)[0]


def synopsis(command):
    """The command's lines in the SYNOPSIS: from .Nm and .Cm to the next .Nm."""
    parts = re.split(r"^\.Nm", section("SYNOPSIS"), flags=re.MULTILINE)
    return "".join(part for part in parts if re.match(rf"\n\.Cm {command}\b", part))


def test_every_command_is_in_the_manual():
    assert len(COMMANDS) > 5
    described = re.findall(r"^\.Ss (.+)$", section("COMMANDS"), re.MULTILINE)
    assert described == COMMANDS
    assert set(re.findall(r"^\.Cm ([\w-]+)", section("SYNOPSIS"), re.MULTILINE)) == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_in_the_manual_and_no_other(command):
    options = options_in_help(help_of(command))
    assert EVERYWHERE <= options
    assert options_in_manual(section(command, "Ss")) == options - EVERYWHERE
    assert options_in_manual(synopsis(command)) == options - EVERYWHERE | {"-c"}


def test_options_of_every_command_are_described_before_them():
    before = section("COMMANDS").split("\n.Ss ")[0]
    assert options_in_manual(before) == EVERYWHERE | {"--version"}


def documented(heading, level="Ss"):
    return re.findall(r"^\.It Va (\w+)", section(heading, level), re.MULTILINE)


def names_of(value):
    """The names in an object and in its inner objects, in the manual's order."""
    names = []
    for name, inner in value.items():
        names.append(name)
        if isinstance(inner, dict) and name not in ("sentByType", "deadLetters"):
            names += names_of(inner)
    return names


def check_names(status):
    top = section("STATUS AS JSON").split("\n.Ss ")[0]
    assert sorted(re.findall(r"^\.It Va (\w+)", top, re.MULTILINE)) == sorted(status)
    assert sorted(documented("Members of a source")) == sorted(names_of(status["sources"][0]))
    assert sorted(documented("Members of an endpoint")) == sorted(names_of(status["endpoints"][0]))
    assert sorted(documented("Members of deadLetters")) == sorted(status["deadLetters"])


def running_status(agent):
    """The status of the running agent; None while it is starting."""
    status = agent.command("status", "--json").stdout
    return json.loads(status) if '"running":true' in status else None


def test_every_name_of_status_json_is_in_the_manual(site):
    agent = site.agent(None, site.acct())
    agent.start()
    check_names(eventually(lambda: running_status(agent)))
    assert agent.stop() == 0
    status = agent.status()
    assert not status["running"]
    check_names(status)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_manual_is_clean(page):
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is not installed")
    done = subprocess.run(["mandoc", "-Tlint", "-Wstyle", page], capture_output=True, text=True,
                          timeout=60, check=False)
    # Pages that ours refers to need not be installed here.
    found = [line for line in (done.stdout + done.stderr).splitlines()
             if "referenced manual not found" not in line and "outdated mandoc.db" not in line]
    assert found == []


def makefiles():
    parts = ["Makefile", "tests/lint/lint.mk", "tests/fuzz/fuzz.mk", "tests/bench/bench.mk",
             "packaging/deb/deb.mk"]
    return "".join((ROOT / part).read_text("utf-8") for part in parts)


def test_commands_of_the_readme_exist():
    readme = (ROOT / "README.md").read_text("utf-8")
    targets = set(re.findall(r"(?:^ {4}|`)make ([a-z]+)", readme, re.MULTILINE))
    assert {"demo", "check"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefiles(), re.MULTILINE), target
    commands = set(re.findall(r"(?:^ {4,}(?:\$ )?|`)pmta-shipper ([a-z-]+)", readme, re.MULTILINE))
    assert commands and commands <= set(COMMANDS)


@pytest.mark.parametrize("page", [
    "README.md", "HACKING.md", "docs/ARCHITECTURE.md", "docs/RELIABILITY.md", "docs/MIGRATING.md",
    "docs/PERFORMANCE.md"])
def test_links_lead_somewhere(page):
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target


def test_tests_named_for_promises_exist():
    """docs/RELIABILITY.md names tests for every promise; this finds tests that were renamed."""
    page = (ROOT / "docs/RELIABILITY.md").read_text("utf-8")
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*")
                      if path.suffix in (".c", ".py"))
    there = set(re.findall(r"(?:static void|def)\s+(test_\w+)\(", sources))
    assert set(re.findall(r"`(test_\w+)`", page)) <= there
    promises = re.findall(r"^\| ([TRS]\d) \|", page, re.MULTILINE)
    assert promises == [f"T{i}" for i in range(1, 7)] + [f"R{i}" for i in range(1, 5)] + \
        [f"S{i}" for i in range(1, 7)]


def test_every_complaint_and_obligation_has_a_test():
    """docs/RELIABILITY.md: each row names a test."""
    page = (ROOT / "docs/RELIABILITY.md").read_text("utf-8")
    complaints = page.split("## Complaints about other shippers")[1].split("\n## ")[0]
    rows = [line for line in complaints.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 32
    obligations = re.findall(r"^\| \d\. .*$", page, re.MULTILINE)
    assert len(obligations) == 8
    for row in rows + obligations:
        assert re.search(r"`test_\w+`", row), row


def test_make_targets_of_hacking_exist():
    hacking = (ROOT / "HACKING.md").read_text("utf-8")
    targets = set(re.findall(r"(?:^ {4}|`)make ([a-z-]+)(?=[ `]|$)", hacking, re.MULTILINE))
    assert {"check", "torture", "lint", "fuzz"} <= targets
    for target in targets | set(re.findall(r"`(lint-[a-z]+)`", hacking)):
        assert re.search(rf"^{target}:", makefiles(), re.MULTILINE), target
