"""A short run of tests/torture/torture.py for each format; `make torture` runs it for longer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import AGENT
from steps import put

TORTURE = Path(__file__).resolve().parents[1] / "torture" / "torture.py"


@pytest.mark.parametrize("form, seed", [("array", 1), ("object", 2), ("ndjson", 3)])
def test_books_balance_after_kills_stops_reloads_and_a_misbehaving_backend(form, seed):
    """Obligations 1 to 6: no loss, repeats are bounded and recognisable, and the books balance."""
    run = subprocess.run([sys.executable, TORTURE, "--seed", str(seed), "--seconds", "20",
                          "--format", form], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]


def test_torture_loses_nothing_when_the_agent_is_slow_to_start(tmp_path):
    """A busy machine: files moved before the first start are not expected to be delivered."""
    slow = put(tmp_path / "slow", f'#!/bin/sh\n[ "$1" != run ] || sleep 1\nexec "{AGENT}" "$@"\n')
    slow.chmod(0o755)
    run = subprocess.run([sys.executable, TORTURE, "--seed", "2", "--seconds", "1",
                          "--format", "object"], env=dict(os.environ, PMTA_SHIPPER=str(slow)),
                         capture_output=True, text=True, check=False)
    assert ", lost 0, " in run.stdout, run.stdout[-6000:] + run.stderr[-2000:]
