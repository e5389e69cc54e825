"""The commands that read files themselves: without memory, and when root runs them."""

import os
import subprocess
from pathlib import Path

import pytest
from harness import AGENT, ROOT, books, token_rows
from steps import arrived, rescanned, started, stopped, up

SHIM = Path(os.environ.get("PMTA_SHIM_SO", ROOT / "build/shim.so"))
SANITIZED = "/san/" in os.environ.get("PMTA_SHIPPER", "")

needs_shim = pytest.mark.skipif(not SHIM.exists() or SANITIZED, reason="shim and sanitizer")
STEP = 31


def without(agent, nth, command, *args):
    """Run a command whose nth allocation fails; None if it makes fewer allocations."""
    env = dict(os.environ, LD_PRELOAD=str(SHIM), PMTA_SHIM=f"alloc:{nth}")
    done = subprocess.run([str(AGENT), command, "-c", str(agent.conf), *map(str, args)], env=env,
                          capture_output=True, text=True, timeout=60, check=False)
    return done if "shim: failed one" in done.stderr else None


def allocations(agent, command):
    nth = STEP
    while without(agent, nth, command) is not None:
        nth += STEP
    return nth


def delivered(site):
    acct = site.acct()
    backend, agent = started(site, acct, first_start="all")
    rows, tokens = token_rows(8)
    for part in (rows[:4] + ['b,bad"quote'], rows[4:]):
        acct.append(part)
        acct.rotate()
    acct.gz(acct.moved(1))
    up(agent)
    arrived(backend, len(rows))
    rescanned(agent)
    stopped(agent)
    return acct, backend, agent, tokens


@needs_shim
def test_without_memory_no_configuration_is_half_read(site):
    _, agent = started(site, site.acct())
    good = agent.command("check", "--print")
    nth = 1
    done = without(agent, nth, "check", "--print")
    while done:
        assert done.returncode in (0, 78), (nth, done.returncode, done.stderr)
        assert done.stdout == good.stdout or done.returncode == 78, (nth, done.stdout)
        assert done.returncode == 0 or "memory" in done.stderr, (nth, done.stderr)
        nth += 3
        done = without(agent, nth, "check", "--print")
    assert nth > 100


@needs_shim
def test_without_memory_commands_fail_and_say_so(site):
    """No crash, and no shorter output that looks complete."""
    acct, _, agent, tokens = delivered(site)
    loaded = allocations(agent, "directives")
    for command in (["trace", f"user-{tokens[6]}@example.org"], ["archives", "--acknowledged"],
                    ["reconcile"], ["parse", "--format", "octeth-process", acct.moved(0)]):
        good = agent.command(*command)
        nth = loaded
        done = without(agent, nth, *command)
        while done:
            assert done.returncode in (0, 1), (command, nth, done.stderr)
            assert done.stdout == good.stdout or done.returncode == 1, (command, nth, done.stdout)
            assert done.returncode == 0 or len(done.stderr.splitlines()) > 1, (command, nth)
            nth += STEP
            done = without(agent, nth, *command)
        assert nth > loaded, command


@needs_shim
def test_without_memory_a_replay_continues_or_fails(site):
    acct, backend, agent, tokens = delivered(site)
    loaded = 2 * allocations(agent, "directives")  # replay loads the configuration twice
    everything = str(acct.move_to / "*")
    for nth in range(loaded, loaded + 40 * STEP, STEP):
        done = without(agent, nth, "replay", "--yes", everything)
        assert done is None or done.returncode == 1, (nth, done)  # one row is no record
    done = agent.command("replay", "--yes", "--restart", everything)
    assert "8 records delivered, 0 refused, 1 row was no record" in done.stdout, done.stderr
    assert not books(backend, tokens).lost and not books(backend, tokens).unexpected


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_root_leaves_no_files_of_its_own(site):
    """The progress of a replay belongs to the service's user, who must be able to continue it."""
    acct, backend, agent, tokens = delivered(site)
    for folder in [site.folder, *site.folder.parents]:
        if folder.stat().st_uid != 0 or str(folder) in ("/", "/tmp"):
            break
        folder.chmod(0o711)
    for path in [agent.state_dir, *agent.state_dir.iterdir()]:
        os.chown(path, 65534, 65534)
    backend.rule(contains=tokens[1], status=422)
    put_aside = acct.moved(1).with_name(acct.moved(1).name + ".gz")
    put_aside.chmod(0o600)
    done = agent.command("replay", "--yes", str(acct.move_to / "*"))
    assert done.returncode == 1 and "Permission denied (it is read as the user of the service)" \
        in done.stderr
    assert {path.stat().st_uid for path in agent.state_dir.rglob("*")} == {65534}
    assert len(list((agent.state_dir / "replay").iterdir())) == 2
    put_aside.chmod(0o644)
    done = agent.command("replay", "--yes", str(acct.move_to / "*"))
    assert "4 records delivered now (7 in all)" in done.stdout, done.stdout + done.stderr
    assert agent.command("reconcile").returncode == 0
