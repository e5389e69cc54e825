"""A short run of tests/torture/torture.py for each format; `make torture` runs it for long."""

import subprocess
import sys
from pathlib import Path

import pytest

TORTURE = Path(__file__).resolve().parents[1] / "torture" / "torture.py"


@pytest.mark.parametrize("form, seed", [("array", 1), ("object", 2), ("ndjson", 3)])
def test_books_balance_after_kills_stops_reloads_and_a_misbehaving_backend(form, seed):
    """Obligations 1-6: nothing lost, repeats bounded and recognisable, rows balance."""
    run = subprocess.run([sys.executable, TORTURE, "--seed", str(seed), "--seconds", "20",
                          "--format", form], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
