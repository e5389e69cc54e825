"""Fixtures of the system tests; see harness.py."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness  # noqa: E402


@pytest.fixture
def site(tmp_path):
    """A folder with backends, agents and writers, all of which end with the test."""
    one = harness.Site(tmp_path)
    yield one
    one.end()
