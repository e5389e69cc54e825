"""Stores made by an earlier version and by a later one."""

import sqlite3
from contextlib import closing

import pytest
from harness import eventually
from steps import VERSION, set_back, stopped, up, version_of
from wire import all_there, buried, delivering, finish, letters, more


def earlier(site, version):
    """(backend, agent, acct, tokens, victims): a stopped agent with delivered rows, a dead letter,
    and a store of that version."""
    backend, agent, acct, _ = delivering(site)
    backend.rule(contains='"orig":"bounce-V', status=422)
    tokens = more(acct, 20, "A")
    all_there(backend, tokens)
    victims = more(acct, 1, "V")
    eventually(lambda: len(letters(agent)) == 1)
    stopped(agent)
    assert version_of(agent.state_dir / "state.db") == VERSION
    set_back(agent, version)
    return backend, agent, acct, tokens, victims


@pytest.mark.parametrize("version", range(1, VERSION))
def test_an_earlier_store_is_brought_up_to_date_with_a_copy_kept(site, version):
    """No loss, no repeats, dead letters are kept; the copy is the store before the upgrade."""
    backend, agent, acct, tokens, victims = earlier(site, version)
    tokens += more(acct, 20, "B")
    up(agent)
    agent.wait_for(f"from version {version} to {VERSION}")
    all_there(backend, tokens)
    assert buried(agent) == victims
    finish(agent, backend, tokens + victims, lost=victims)
    copy = agent.state_dir / f"state.db.v{version}"
    assert version_of(copy) == version
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("SELECT count(*) FROM dead").fetchone() == (1,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    up(agent)
    stopped(agent)
    assert agent.log().count("updated from version") == 1


def test_without_a_copy_an_earlier_store_stays_as_it_is(site):
    """If the copy fails, the agent does not start, logs one line, and leaves the store as it is."""
    _, agent, _, _, _ = earlier(site, VERSION - 1)
    in_the_way = agent.state_dir / f"state.db.v{VERSION - 1}"
    in_the_way.mkdir()
    (in_the_way / "x").touch()
    agent.start()
    eventually(lambda: not agent.running())
    assert "the store is unchanged" in agent.log()
    assert version_of(agent.state_dir / "state.db") == VERSION - 1


def test_commands_that_read_say_that_an_earlier_store_waits_for_run(site):
    _, agent, _, _, _ = earlier(site, VERSION - 1)
    for command in (["status"], ["dead", "list"]):
        done = agent.command(*command)
        assert done.returncode == 1
        assert "the next 'run' updates it" in done.stderr
    assert version_of(agent.state_dir / "state.db") == VERSION - 1


def test_a_later_store_is_refused_and_left_alone(site):
    """After a downgrade: a clear message that says what to do, and no start from zero."""
    backend, agent, _, tokens = delivering(site, 5)
    all_there(backend, tokens)
    stopped(agent)
    with closing(sqlite3.connect(agent.state_dir / "state.db", isolation_level=None)) as db:
        db.execute("PRAGMA user_version = 99")
    agent.start()
    eventually(lambda: not agent.running())
    assert "made by a newer pmta-shipper" in agent.log() and "install the newer one" in agent.log()
    assert version_of(agent.state_dir / "state.db") == 99
