"""Descriptors, signals and limits that the agent inherits from the process that starts it."""

import os
import resource
import subprocess

import pytest
from harness import AGENT, all_arrived, books, die_with_parent, eventually, token_rows
from steps import stopped
from wire import all_there, delivering, more


def closed(*descriptors):
    """For a new child: these standard descriptors are closed."""
    def close():
        die_with_parent()
        for fd in descriptors:
            os.close(fd)
    return close


def test_a_log_that_goes_nowhere_goes_into_no_file_of_ours(site):
    """Started with descriptors 0 to 2 closed, as by some init scripts."""
    backend, acct = site.backend(), site.acct().begin()
    agent = site.agent(backend, acct)
    child = subprocess.Popen([AGENT, "run", "-c", agent.conf], preexec_fn=closed(0, 1, 2))
    try:
        tokens = more(acct, 5)
        all_there(backend, tokens)
        for fd in range(3):
            assert os.readlink(f"/proc/{child.pid}/fd/{fd}") == "/dev/null"
    finally:
        child.terminate()
        assert child.wait(20) == 0
    for path in agent.state_dir.rglob("*"):
        assert b"started with" not in path.read_bytes(), path
    assert (agent.state_dir / "state.lock").stat().st_size == 0


@pytest.mark.parametrize("args", [["--version"], ["--help"]])
def test_output_without_a_place_is_a_failure(args):
    """A closed standard output is no /dev/null: nothing was printed."""
    done = subprocess.run([AGENT, *args], preexec_fn=closed(1), stderr=subprocess.PIPE, text=True,
                          check=False)
    assert (done.returncode, done.stderr) == (
        1, "pmta-shipper: cannot write to standard output\n")


def test_the_agent_may_open_as_many_files_as_the_system_allows(site):
    agent = site.agent(None, site.acct())
    agent.spawn(["prlimit", "--nofile=256:1024", AGENT, "run", "-c", agent.conf])
    agent.wait_for("started with")
    assert resource.prlimit(agent.pid, resource.RLIMIT_NOFILE) == (1024, 1024)


def test_many_sources_leave_descriptors_for_sockets(site):
    """12 sources with 33 files each, under a limit of 220: files wait for their turn."""
    backend = site.backend()
    backend.rule(status=503)
    accts = [site.acct(base=f"s{i}") for i in range(12)]
    tokens = []
    for i, acct in enumerate(accts):
        for n in range(33):
            tokens += more(acct, 1, seed=f"S{i:02}{n:02}")
            acct.rotate()
    agent = site.agent(backend, *accts, first_start="all", log_level="info")
    agent.spawn(["prlimit", "--nofile=220:220", AGENT, "run", "-c", agent.conf])
    agent.wait_for("each source keeps 5 files open ahead instead of 32")
    eventually(backend.requests)
    assert agent.status()["endpoints"][0]["state"] == "retrying"
    backend.clear()
    all_there(backend, tokens)
    stopped(agent)
    assert "Too many open files" not in agent.log()
    assert books(backend, tokens) == ([], {}, [])


def test_a_limit_of_file_sizes_is_like_a_full_disk(site):
    """SIGXFSZ would end the agent; now it waits, says why, and continues when there is room."""
    backend, agent, acct, tokens = delivering(site, 1)
    all_there(backend, tokens)
    room = (agent.state_dir / "state.db-wal").stat().st_size + 20000
    resource.prlimit(agent.pid, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    for part in range(40):
        tokens += more(acct, 1, seed=f"P{part}")
        if "File too large" in agent.log():
            break
        eventually(lambda: all_arrived(backend, tokens) or "File too large" in agent.log())
    agent.wait_for("disk I/O error (File too large); nothing new is sent until it works")
    resource.prlimit(agent.pid, resource.RLIMIT_FSIZE,
                     (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    all_there(backend, tokens)
    stopped(agent)
    assert not books(backend, tokens).lost
