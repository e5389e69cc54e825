"""Help: the examples of each command, and suggestions after a typing error."""

import re
import subprocess

import pytest
from harness import AGENT


def run(*args):
    return subprocess.run([str(AGENT), *args], capture_output=True, text=True, timeout=20,
                          check=False)


def commands():
    return re.findall(r"^  ([a-z-]+) ", run("--help").stdout, re.MULTILINE)


def test_every_command_has_examples_that_are_command_lines():
    for command in commands():
        text = run(command, "--help").stdout
        assert "\nExamples:\n" in text, command
        for line in text.split("\nExamples:\n")[1].strip().splitlines():
            assert re.match(rf" *(\S+ \| *|sudo )?pmta-shipper {command}\b", line), line


@pytest.mark.parametrize("args, meant", [
    (["statsu"], "status"), (["chek"], "check"), (["rum"], "run"),
    (["status", "--jsn"], "--json"), (["run", "--dryrun"], "--dry-run"),
    (["parse", "--sicne=2026-11-21Z"], "--since"), (["status", "--confg", "x"], "--config"),
])
def test_a_slip_is_answered_with_what_was_meant(args, meant):
    done = run(*args)
    assert done.returncode == 64 and f"(did you mean '{meant}'?)" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_is_no_slip_gets_no_guess():
    for args in (["frobnicate"], ["status", "--frobnicate"], ["x"]):
        done = run(*args)
        assert done.returncode == 64 and "did you mean" not in done.stderr
    assert "--json takes no value" in run("status", "--json=1").stderr
