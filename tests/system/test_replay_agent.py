"""`replay` while an agent runs: both together stay within the configured limits."""

import fcntl

from archived import archive, everything, replaying
from harness import eventually, token_rows
from steps import arrived, compare, count, records, stopped, up
from wire import control


def backlogged(site, in_flight, **endpoint):
    """(acct, rows, backend, agent): an archive, a backend slow enough to have requests in flight,
    and a running agent."""
    acct, rows = archive(site, files=2, rows=60)
    backend = site.backend()
    backend.rule(delay_ms=15)
    agent = site.agent(backend, acct, first_start="now", rescan="100ms",
                       endpoint=dict(in_flight=in_flight, **endpoint))
    up(agent)
    return acct, rows, backend, agent


def both_at_work(site, in_flight):
    acct, rows, backend, agent = backlogged(site, in_flight)
    fresh, _ = token_rows(300, first=1000)
    acct.append(fresh)
    replay = replaying(site, agent, everything(acct))
    assert replay.wait(60) == 0, replay.stderr()
    arrived(backend, len(rows) + len(fresh), 60)
    assert "shared with the running agent" in replay.stderr()
    stopped(agent)
    compare(backend, records(rows + fresh))
    assert backend.stats()["in_flight_max"] <= in_flight
    assert "a replay has started" in agent.log() and "the replay has ended" in agent.log()
    return backend


def test_together_they_have_no_more_requests_in_flight_than_configured(site):
    both_at_work(site, 6)


def test_with_one_request_at_a_time_they_take_turns(site):
    backend = both_at_work(site, 1)
    fresh = [int(row["token"].split("-")[1]) >= 1000 for row in backend.events()]
    # Neither of the two waits until the other has finished.
    assert fresh.index(True) < len(fresh) - 1 - fresh[::-1].index(False)
    assert fresh.index(False) < len(fresh) - 1 - fresh[::-1].index(True)


def test_a_rate_is_shared(site):
    """Both together are not faster than the configuration allows."""
    acct, rows, backend, agent = backlogged(site, 8, requests_per_minute=1200)
    fresh, _ = token_rows(30, first=1000)
    acct.append(fresh)
    replay = replaying(site, agent, acct.moved(0))
    arrived(backend, len(fresh), 60)
    assert replay.wait(60) == 0, replay.stderr()
    times = sorted(row["time"] // 1000000 for row in backend.requests())
    assert len(times) == len(fresh) + len(rows) // 2
    # 50 ms apart on average; a busy machine only makes it slower.
    assert times[-1] - times[0] >= (len(times) - 4) * 50, times


def test_an_agent_that_dies_leaves_all_of_it_and_a_replay_that_dies_too(site):
    acct, rows, backend, agent = backlogged(site, 4)
    replay = replaying(site, agent, everything(acct))
    agent.wait_for("a replay has started")
    agent.kill9()
    assert replay.wait(60) == 0, replay.stderr()
    compare(backend, records(rows))
    up(agent)
    backend.rule(status=503)
    replay.begin(agent, everything(acct))
    agent.wait_for("a replay has started", times=2)
    replay.kill9()
    agent.wait_for("the replay has ended", timeout=30)  # its lease was not renewed
    backend.clear()
    stopped(agent)


def test_while_the_agent_is_held_the_replay_waits(site):
    acct, rows, backend, agent = backlogged(site, 4)
    backend.clear()
    backend.rule(status=401)
    acct.append(token_rows(1, first=1000)[0])
    agent.wait_for("held, nothing is lost")
    replay = replaying(site, agent, everything(acct))
    eventually(lambda: "waiting, nothing is lost: endpoint octeth: held" in replay.stderr())
    refused = len(backend.requests())
    assert refused and count(backend) == 0
    backend.clear()
    assert replay.wait(60) == 0, replay.stderr()
    arrived(backend, len(rows) + 1)
    stopped(agent)


def locked(path):
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = open(path, "w", encoding="ascii")
    fcntl.flock(held, fcntl.LOCK_EX)
    return held


def test_nothing_is_sent_when_the_agent_cannot_be_asked(site):
    acct, _ = archive(site, files=1)
    backend = site.backend()
    agent = site.agent(backend, acct)
    with locked(agent.state_dir / "state.lock"):
        done = agent.command("replay", acct.moved(0))
    assert done.returncode == 1 and "does not answer" in done.stderr
    assert not backend.requests()


def test_one_replay_at_a_time(site):
    acct, _ = archive(site, files=1)
    backend = site.backend()
    agent = site.agent(backend, acct)
    with locked(agent.state_dir / "replay" / "lock"):
        done = agent.command("replay", acct.moved(0))
    assert done.returncode == 1 and "another replay is running" in done.stderr
    assert not backend.requests()


def test_the_share_is_asked_for_over_the_control_socket_only(site):
    """A lease changes what the agent sends, so metrics-listen must not give one."""
    acct, _, _, agent = backlogged(site, 4)
    assert control(agent, "POST", "/replay/share?endpoint=octeth&flying=0")[0] == 200
    assert control(agent, "GET", "/replay/share")[0] == 405
    assert acct


def test_a_pause_holds_for_a_replay_when_no_agent_runs(site):
    """After pause and stop nothing is sent, and an error explains why; after resume it is sent."""
    acct, rows = archive(site, files=1)
    backend = site.backend()
    agent = up(site.agent(backend, acct, first_start="now"))
    assert agent.command("pause", "octeth").returncode == 0
    stopped(agent)
    done = agent.command("replay", acct.moved(0))
    assert done.returncode == 1 and "is paused: nothing is sent" in done.stderr
    assert not backend.tokens()
    up(agent)
    assert agent.command("resume", "octeth").returncode == 0
    stopped(agent)
    assert agent.command("replay", acct.moved(0)).returncode == 0
    assert len(backend.tokens()) == len(rows)
