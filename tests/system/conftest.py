"""Fixtures of the system tests; see harness.py."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness  # noqa: E402

# Tests of many seconds.
LONG = (
    "test_torture.py", "test_an_allocation_that_fails", "test_one_failing_call_in_turn_loses_nothing[alloc",
    "test_whatever_fails_the_store_is_whole", "test_no_memory_is_reported", "test_every_allocation",
    "test_replay_agent.py", "test_a_slow_resolver", "test_with_one_request_at_a_time")


def pytest_collection_modifyitems(items):
    """Spread the long tests over the first half: xdist hands out runs of tests, which become short
    towards the end, and no worker should end with a long one."""
    long = [item for item in items if any(name in item.nodeid for name in LONG)]
    if len(long) == len(items):
        return
    short = [item for item in items if item not in long]
    step = len(items) // 2 // max(len(long), 1)
    for n, item in enumerate(long):
        short.insert(n * step, item)
    items[:] = short


@pytest.fixture
def site(tmp_path):
    """A folder with backends, agents and writers, all of which end with the test."""
    one = harness.Site(tmp_path)
    yield one
    one.end()
