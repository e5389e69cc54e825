"""The store's files are deleted, moved or replaced while the agent runs."""

import shutil
import signal

from harness import Agent, books, eventually, token_rows
from steps import stopped, up
from wire import all_there, delivering, more


def continued(backend, agent, acct, tokens):
    """Check that an agent started now knows all that was delivered."""
    up(agent)
    tokens += more(acct, 2, seed="LAST")
    all_there(backend, tokens)
    stopped(agent)
    assert books(backend, tokens) == ([], {}, [])


def test_a_store_deleted_under_the_agent_is_written_again(site):
    """Also when the agent is killed then: nothing is lost, and nothing sent again."""
    backend, agent, acct, tokens = delivering(site, 20)
    all_there(backend, tokens)
    for path in agent.state_dir.glob("state.*"):
        path.unlink()
    tokens += more(acct, 5, seed="A")
    agent.wait_for("the store is written again from what the agent holds, nothing is lost")
    all_there(backend, tokens)
    eventually(lambda: agent.status()["sources"][0]["rows"]["acknowledged"] == 25)
    agent.kill9()
    continued(backend, agent, acct, tokens)


def test_a_store_deleted_right_before_a_stop_is_written_again(site):
    backend, agent, acct, tokens = delivering(site, 20)
    all_there(backend, tokens)
    (agent.state_dir / "state.db").unlink()
    assert agent.stop() == 0
    continued(backend, agent, acct, tokens)


def test_an_older_store_put_in_its_place_is_set_aside(site):
    backend, agent, acct, tokens = delivering(site, 20)
    all_there(backend, tokens)
    stopped(agent)
    shutil.copy(agent.state_dir / "state.db", site.folder / "backup")
    up(agent)
    tokens += more(acct, 5, seed="A")
    all_there(backend, tokens)
    (site.folder / "backup").rename(agent.state_dir / "state.db")
    more_of_them = more(acct, 1, seed="B")
    agent.wait_for('the other file is kept as "')
    tokens += more_of_them
    all_there(backend, tokens)
    stopped(agent)
    assert (agent.state_dir / "state.db.replaced").exists()
    continued(backend, agent, acct, tokens)


def test_an_agent_whose_store_another_one_has_taken_ends(site):
    """Two agents would deliver the same rows, and each would move the other's positions."""
    backend, agent, acct, tokens = delivering(site, 5)
    all_there(backend, tokens)
    agent.state_dir.rename(site.folder / "gone")
    second = Agent(site.folder, backend, [acct], name="second", state_dir=agent.state_dir,
                   runtime_dir=site.folder / "run", first_start="now")
    site.processes.append(second)
    agent.signal(signal.SIGSTOP)  # it must not be first to make the folder again
    up(second)
    agent.signal(signal.SIGCONT)
    acct.append(token_rows(1, seed="X")[0])
    assert agent.wait() == 1
    assert "is in use by another pmta-shipper; stop that one first; nothing new is sent" in agent.log()
    stopped(second)


def test_a_store_that_is_overwritten_is_not_written_to(site):
    """cp of an older copy over it: the same file, with other bytes."""
    backend, agent, acct, tokens = delivering(site, 5)
    all_there(backend, tokens)
    for n in range(2):  # each clean stop moves the log into the database
        stopped(agent)
        if n == 0:
            older = (agent.state_dir / "state.db").read_bytes()
        up(agent)
        tokens += more(acct, 1, seed=f"R{n}")
        all_there(backend, tokens)
        eventually(lambda: agent.status()["sources"][0]["rows"]["inFlight"] == 0)
    right = (agent.state_dir / "state.db").read_bytes()
    with open(agent.state_dir / "state.db", "r+b") as store:
        store.write(older)
    more_of_them = more(acct, 1, seed="A")
    assert agent.wait() == 1
    assert "was overwritten while the agent ran" in agent.log()
    agent.start()
    assert agent.wait() == 1
    assert "are not of the same run" in agent.log()
    (agent.state_dir / "state.db").write_bytes(right)
    tokens += more_of_them
    up(agent)
    all_there(backend, tokens)
    stopped(agent)
    assert not books(backend, tokens).lost


def test_while_the_store_cannot_be_written_again_nothing_is_sent(site):
    backend, agent, acct, tokens = delivering(site, 5)
    all_there(backend, tokens)
    agent.state_dir.rename(site.folder / "gone")
    agent.state_dir.write_text("in its place")
    agent.wait_for("nothing new is sent until it works")
    waiting = more(acct, 3, seed="W")
    agent.state_dir.unlink()
    tokens += waiting
    all_there(backend, tokens)
    eventually(lambda: agent.status()["sources"][0]["rows"]["acknowledged"] == 8)
    agent.kill9()
    continued(backend, agent, acct, tokens)
