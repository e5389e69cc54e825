"""SIGHUP: "check the new file, stop reading, drain, ... start again in the same process"."""

from harness import eventually
from scrape import fetch, watched
from steps import up
from wire import ARRAY, all_there, asked, delivering, finish, judge, more, sent, state


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


def renamed(agent, name):
    agent.sources[0]["name"] = name
    agent.write_conf()


def reloaded(agent, times=1):
    agent.hup()
    agent.wait_for("reload: done", times=times)


def test_a_source_of_another_name_loses_and_repeats_nothing(site):
    """A rename while stopped, and by reload; a dead letter follows it."""
    backend, agent, acct, tokens = delivering(site, 20)
    all_there(backend, tokens)
    backend.rule(contains='"orig":"bounce-V', status=422, times=1)
    victims = more(acct, 1, "V")
    eventually(lambda: asked(agent)["deadLetters"]["records"] == 1)
    agent.stop()
    tokens += more(acct, 20, "A")
    renamed(agent, "one")
    up(agent)
    all_there(backend, tokens)
    tokens += more(acct, 20, "B")
    renamed(agent, "two")
    reloaded(agent)
    all_there(backend, tokens)
    assert agent.command("dead", "retry", "--source", "two").returncode == 0
    all_there(backend, victims)
    finish(agent, backend, tokens + victims)


def test_another_acct_file_is_said_and_not_drained(site):
    """check, run and drain name the files left behind; nothing is lost when they are back."""
    backend, agent, acct, tokens = delivering(site, 20)
    all_there(backend, tokens)
    agent.stop()
    tokens += more(acct, 20, "A")
    place = agent.sources[0]["acct_file"]
    agent.sources[0].update(name="other", acct_file=acct.dir / "others.csv", move_to="")
    agent.write_conf()
    check = agent.command("check")
    assert check.returncode == 0
    assert "undelivered bytes is no longer followed" in check.stdout, check.stdout
    up(agent)
    agent.wait_for("undelivered bytes is no longer followed")
    drain = agent.command("drain", "--timeout", "1s")
    assert drain.returncode == 1
    assert "no longer followed" in drain.stderr
    agent.sources[0].update(acct_file=place, move_to=acct.move_to)
    agent.write_conf()
    reloaded(agent)
    all_there(backend, tokens)
    assert agent.command("drain", "--timeout", "10s").returncode == 0
    assert "no longer followed" not in agent.command("check").stdout
    finish(agent, backend, tokens)


def test_rows_in_a_source_removed_before_are_a_problem(site):
    """status and drain named nothing: its file was delivered at the reload, and grew later."""
    backend, acct, other = site.backend(), site.acct().begin(), site.acct(base="other").begin()
    tokens = more(acct, 3) + more(other, 3, "O")
    agent = up(watched(site.agent(backend, acct, other)))
    all_there(backend, tokens)
    assert agent.command("drain", "--timeout", "10s").returncode == 0
    agent.sources.pop()
    agent.write_conf()
    reloaded(agent)
    assert fetch(agent, "/readyz")[2] == "ready\n"
    more(other, 3, "P")
    eventually(lambda: "1 problem" in fetch(agent, "/readyz")[2])
    for ask in (["status"], ["status", "--check"], ["drain", "--timeout", "100ms"]):
        answer = agent.command(*ask)
        assert answer.returncode == 1, (ask, answer.stdout)
        assert "no longer followed" in answer.stdout + answer.stderr, ask
    other.live.unlink()
    eventually(lambda: agent.command("status").returncode == 0)
    finish(agent, backend, tokens)


def test_a_reload_with_another_rescan_keeps_deleted_files(site):
    """1,900 of 1,900 rows were lost: the file was open, and the reload closed it."""
    backend, agent, acct, tokens = delivering(site, 5, path=ARRAY)
    all_there(backend, tokens)
    backend.rule(status=503)
    tokens += more(acct, 200, "A")
    eventually(lambda: asked(agent)["endpoints"][0]["state"] == "retrying")
    acct.live.unlink()
    agent.settings.update(rescan="200ms", drain="100ms")
    agent.write_conf()
    reloaded(agent)
    backend.clear()
    all_there(backend, tokens)
    finish(agent, backend, tokens)
