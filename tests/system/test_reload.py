"""SIGHUP: "check the new file, stop reading, drain, ... start again in the same process"."""

from harness import eventually
from steps import up
from wire import ARRAY, all_there, delivering, finish, judge, more, sent, state


def test_url_changes_under_load(site):
    """The url changes between two backends while rows come: each row arrives at exactly one."""
    backend, agent, acct, _ = delivering(site)
    other = site.backend(name="other")
    tokens = []
    for i in range(6):
        tokens += more(acct, 150, f"N{i}")
        agent.endpoints[0]["url"] = (other if i % 2 == 0 else backend).url()
        agent.write_conf()
        agent.hup()
        agent.wait_for("reload: done", times=i + 1)
    eventually(lambda: not set(tokens) - set(backend.tokens()) - set(other.tokens()))
    assert not set(backend.tokens()) & set(other.tokens())
    finish(agent, backend, tokens, lost=other.tokens())
    judge(other, tokens, lost=backend.tokens())
    assert other.tokens()


def test_format_changes_under_load(site):
    """The format changes several times with requests in flight: no key has two bodies."""
    backend, agent, acct, _ = delivering(site, path=ARRAY, batch_records=10)
    backend.rule(delay_ms=5)
    tokens = []
    for i, form in enumerate(["ndjson", "object", "array", "ndjson", "array"]):
        tokens += more(acct, 100, f"N{i}")
        agent.endpoints[0].update(format=form, batch_records=7 + i)
        agent.write_conf()
        agent.hup()
        agent.wait_for("reload: done", times=i + 1)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    types = {request["content_type"] for request in backend.requests()}
    assert types == {"application/json", "application/x-ndjson"}


def test_format_changes_while_unanswered(site):
    """Batches cut again in another format have new keys; rows sent before may come twice."""
    backend, agent, acct, _ = delivering(site, path=ARRAY, batch_records=10,
                                         settings={"keep_bodies": True})
    agent.settings["drain"] = "200ms"
    agent.write_conf()
    agent.hup()
    agent.wait_for("reload: done")
    backend.rule(times=2, hang=True, accepted=True)
    tokens = more(acct, 60)
    eventually(lambda: sent(backend) == 2)
    agent.endpoints[0].update(format="ndjson", batch_records=4)
    agent.write_conf()
    agent.hup()
    agent.wait_for("new boundaries and keys for")
    all_there(backend, tokens)
    finish(agent, backend, tokens, repeated=tokens[:20])



def test_endpoint_without_url_is_idle_until_it_has_one(site):
    """"An empty url means not configured yet: run stays idle and says so"."""
    backend = site.backend()
    acct = site.acct().begin()
    tokens = more(acct, 10)
    agent = up(site.agent("", acct))
    agent.wait_for("not configured yet")
    assert state(agent) == "unconfigured"
    agent.endpoints[0]["url"] = backend.url()
    agent.write_conf()
    agent.hup()
    all_there(backend, tokens)
    finish(agent, backend, tokens)
