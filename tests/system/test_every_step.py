"""The agent is killed at every step, and every allocation and I/O call fails once in turn.

The points are those of base/fault.h in a build with FAULTS=1; tests/torture/shim.c makes the calls
fail.  Whatever happens, after a plain start the books balance.
"""

import os
import signal
from pathlib import Path

import pytest
from harness import ROOT, all_arrived, books, eventually, token_rows
from steps import compare, records

FAULTS = Path(os.environ.get("PMTA_SHIPPER_FAULTS", ROOT / "build/faults/pmta-shipper"))
SHIM = Path(os.environ.get("PMTA_SHIM_SO", ROOT / "build/shim.so"))

POINTS = ["after-read", "after-add", "after-send", "after-answer", "in-commit", "after-commit",
          "in-rotation"]
IN_FLIGHT, RECORDS = 2, 5

needs_faults = pytest.mark.skipif(not FAULTS.exists(), reason="make FAULTS=1")
needs_shim = pytest.mark.skipif(
    not SHIM.exists() or "/san/" in os.environ.get("PMTA_SHIPPER", ""),
    reason="the shim and a sanitizer both replace the allocator")


def write(acct, n):
    """Write n rows into two files, and move the first file away."""
    rows, tokens = token_rows(n)
    acct.begin()
    acct.append(rows[:n // 2])
    acct.rotate()
    acct.append(rows[n // 2:])
    return tokens


def finish(site, backend, agent, tokens):
    """Run a plain agent on the same store until nothing is missing.  Returns the books."""
    plain = site.agent(backend, *[], name="plain", sources=agent.sources,
                       endpoints=agent.endpoints, state_dir=agent.state_dir, first_start="all")
    plain.start()
    plain.wait_for(" started with ")
    eventually(lambda: all_arrived(backend, tokens))
    assert plain.stop() == 0
    return books(backend, tokens)


def set_up(site, form="array"):
    backend = site.backend()
    acct = site.acct()
    agent = site.agent(backend, acct, first_start="all", endpoint={
        "format": form, "url": backend.url("/x"), "in_flight": IN_FLIGHT,
        "batch_records": RECORDS})
    return backend, acct, agent


@needs_faults
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("nth", [1, 2, 7])
def test_killed_at_every_step_loses_nothing(site, point, nth):
    """T5, S1, obligation 6: at most the records in flight are repeated."""
    backend, acct, agent = set_up(site)
    rows, tokens = token_rows(60)
    acct.begin()
    agent.spawn([FAULTS, "run", "-c", agent.conf],
                dict(os.environ, PMTA_FAULT=f"{point}:{nth}"))
    agent.wait_for(" started with ")
    for n in range(0, 60, 6):
        acct.append(rows[n:n + 6])
        if n % 12 == 6:
            acct.rotate()
        if not agent.running():
            break
        eventually(lambda: not agent.running() or all_arrived(backend, tokens[:n + 6]))
    n += 6
    acct.append(rows[n:])
    died = not agent.running()
    assert died or nth == 7, "the point was not reached"
    agent.kill9()
    lost, repeated, unexpected = finish(site, backend, agent, tokens)
    assert not lost and not unexpected
    assert sum(repeated.values()) - len(repeated) <= IN_FLIGHT * RECORDS
    assert backend.stats()["keys_with_two_bodies"] == 0


def run_failing(site, what, nth):
    """Returns true if the failing call occurred.  Whether the agent continues or ends, the books
    balance."""
    backend, acct, agent = set_up(site)
    tokens = write(acct, 40)
    env = dict(os.environ, LD_PRELOAD=str(SHIM), PMTA_SHIM=f"{what}:{nth}")
    agent.spawn([os.environ.get("PMTA_SHIPPER", ROOT / "build/pmta-shipper"), "run", "-c",
                 agent.conf], env)
    try:
        eventually(lambda: not agent.running() or " started with " in agent.log())
        eventually(lambda: not agent.running() or all_arrived(backend, tokens), timeout=10)
    except AssertionError:
        # The agent runs on, but one failure has stopped its progress.
        raise AssertionError(f"{what}:{nth} stalls the agent:\n{agent.log()[-1500:]}") from None
    status = agent.stop() if agent.running() else agent.wait()
    assert status in (0, 1, 78), f"{what}:{nth}: {agent.log()[-1500:]}"
    lost, repeated, unexpected = finish(site, backend, agent, tokens)
    assert not lost and not unexpected, (what, nth)
    assert sum(repeated.values()) - len(repeated) <= IN_FLIGHT * RECORDS, (what, nth)
    return "shim: failed one" in agent.log()


# Columns that differ from the default ones of files without a header.
SHORT = "type,x-time,x-logged,orig,rcpt,bounceCat,dsnStatus,dsnAction,dsnDiag,a,b,c,d"


@needs_shim
@pytest.mark.parametrize("part", range(4))
def test_an_allocation_that_fails_between_two_files_leaves_nothing_behind(site, part):
    """T2: the interrupted line is read again without a restart, and a restart has its columns."""
    for nth in range(1 + part, 80, 4):
        backend = site.backend(name=f"backend{nth}")
        acct = site.acct(base=f"bounces{nth}", header=SHORT)
        agent = site.agent(backend, acct, name=f"agent{nth}", first_start="all", rescan="100ms",
                           endpoint={"format": "array", "url": backend.url("/x")})
        agent.start(env={"LD_PRELOAD": str(SHIM), "PMTA_SHIM": f"alloc:{nth}",
                         "PMTA_SHIM_SIGNAL": "1"})
        agent.wait_for(" started with ")
        agent.signal(signal.SIGUSR1)
        rows, tokens = token_rows(10)
        acct.begin()
        acct.append(rows[:4])
        acct.rotate()
        acct.append(rows[4:8])
        try:
            eventually(lambda: all_arrived(backend, tokens[:8]), 10)
            eventually(lambda: agent.status()["sources"][0]["behindBytes"] == 0, 10)
        except AssertionError:
            raise AssertionError(f"{nth}: {agent.status()['sources']}\n{agent.log()}") from None
        assert agent.stop() == 0
        agent.start()
        acct.append(rows[8:])
        eventually(lambda: all_arrived(backend, tokens))
        assert agent.stop() == 0
        compare(backend, records(rows, SHORT))
        backend.stop()


STEPS = {
    "alloc": list(range(1, 400, 23)) + list(range(400, 6000, 331)),
    "read": list(range(1, 40, 3)),
    "write": list(range(1, 60, 5)),
    "sync": [1, 2, 3, 4],
    "open": list(range(1, 60, 4)),
}
if os.environ.get("PMTA_EVERY_STEP"):  # every call: takes some minutes
    STEPS = {"alloc": list(range(1, 1500)), "read": list(range(1, 60)),
             "write": list(range(1, 120)), "sync": list(range(1, 9)), "open": list(range(1, 70))}
PARTS = 2 if not os.environ.get("PMTA_EVERY_STEP") else 8


@needs_shim
@pytest.mark.parametrize("what, part", [(what, part) for what in STEPS for part in range(PARTS)])
def test_one_failing_call_in_turn_loses_nothing(site, tmp_path_factory, what, part):
    """Allocations, reads, writes, syncs and opens: the Nth call fails once."""
    from harness import Site
    came = 0
    for nth in STEPS[what][part::PARTS]:
        inner = Site(tmp_path_factory.mktemp(f"{what}{nth}"))
        try:
            came += run_failing(inner, what, nth)
        finally:
            inner.end(show_logs=False)
    assert came > 0
