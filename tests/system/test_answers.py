"""The answer table of DESIGN.md ("On the wire"), one test for each row: the fate of the records."""

import pytest
from harness import eventually
from steps import rescanned, stopped, up
from wire import (
    ARRAY, all_there, asked, buried, delivering, endpoint_status, finish, letters, log_about, more,
    orig, put_secret, requests_with, sent, wait_state)

REJECT_BODIES = ["MySQL Error", "Fatal error", "<br />\n<b>Fatal error", '{"Success":false']


# ---- 2xx

@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_is_accepted(site, status):
    """Row "2xx": accepted and committed; the position is at the end of the file.  S1."""
    backend, agent, acct, tokens = delivering(site)
    backend.rule(status=status)
    tokens = more(acct, 6)
    all_there(backend, tokens)
    eventually(lambda: agent.status()["sources"][0]["offset"] == acct.live.stat().st_size)
    finish(agent, backend, tokens)
    assert sent(backend) == len(tokens)


@pytest.mark.parametrize("body", REJECT_BODIES)
def test_2xx_with_a_reject_body_is_a_failure(site, body):
    """Row "2xx, body starting with one of reject-body": like 503, retried with the same key."""
    backend, agent, acct, _ = delivering(site)
    backend.rule(times=3, body=body + ": no database", accepted=False)
    tokens = more(acct, 4)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    assert sent(backend) == len(tokens) + 3
    assert not letters(agent)
    assert log_about(agent, "trying again")


def test_reject_body_is_a_prefix_and_configured(site):
    """Only the beginning of the body is compared, and only with the configured texts."""
    backend, agent, acct, _ = delivering(site, reject_body=["no:"])
    backend.rule(times=2, body="no: not now", accepted=False)
    backend.rule(times=1, body="MySQL Error: not configured here")
    backend.rule(body="all well, no: problem")
    tokens = more(acct, 5)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    assert sent(backend) == len(tokens) + 2


@pytest.mark.parametrize("body", [
    '{"Success":true,"ProcessedCount":3,"ErrorCount":2}',
    '{"ErrorCount": 2, "Errors": ["' + "x" * 9000 + '"]}',
])
def test_error_count_makes_partial_dead_letters(site, body):
    """Row "2xx, JSON ErrorCount above 0": the rows are kept as partial and never sent again."""
    backend, agent, _, _ = delivering(site, path=ARRAY)
    backend.rule(times=1, body=body)
    tokens = more(site.acct(), 5)
    all_there(backend, tokens)
    agent.wait_for("2 of 5 events failed")
    last = more(site.acct(), 3, "L")
    all_there(backend, last)
    stopped(agent)
    up(agent)
    final = more(site.acct(), 1, "F")
    all_there(backend, final)
    status = finish(agent, backend, tokens + last + final)
    assert sorted(buried(agent)) == tokens
    assert {letter["kind"] for letter in letters(agent)} == {"partial"}
    assert letters(agent)[0]["answer"].startswith(body[:40])
    assert status["sources"][0]["rows"]["acknowledged"] == 9


def test_error_count_of_zero_is_plain_success(site):
    """Octeth's bulk API answers ErrorCount 0 if all events were processed."""
    backend, agent, acct, _ = delivering(site, path="/api/v1/process_pmta_log_file",
                                         settings={"semantics": "octeth"})
    tokens = more(acct, 5)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    assert not letters(agent)


# ---- 400, 413, 422

@pytest.mark.parametrize("status", [400, 413, 422])
def test_refused_batch_is_bisected(site, status):
    """Row "400, 422, 413 to a batch": halved down to the one record; the others go once.  S5."""
    backend, agent, acct, _ = delivering(site, path=ARRAY, batch_records=64)
    first = more(acct, 1, "A")
    all_there(backend, first)
    backend.rule(contains=orig("M-37"), status=status, body="no such thing")
    tokens = more(acct, 64)
    all_there(backend, set(tokens) - {"M-37"})
    eventually(lambda: letters(agent))
    finish(agent, backend, first + tokens, lost=["M-37"])
    letter, = letters(agent)
    assert buried(agent) == ["M-37"]
    assert (letter["kind"], letter["status"], letter["answer"]) == \
        ("refused", str(status), "no such thing")
    sizes = [request["nevents"] for request in requests_with(backend, "M-37")]
    assert sizes[0] == 64 and sizes[-1] == 1 and sizes == sorted(sizes, reverse=True)
    assert len(sizes) == 7, "one request for each size"


def test_413_above_a_limit_only_splits(site):
    """A backend that takes few events in one request gets few; no record is a dead letter."""
    backend, agent, acct, _ = delivering(site, path=ARRAY, settings={"max_events": 9})
    tokens = more(acct, 200)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    assert not letters(agent)


def test_bisected_batch_survives_a_kill(site):
    """Halves replace their parent in the store: a kill -9 while halving loses nothing."""
    backend, agent, acct, _ = delivering(site, path=ARRAY, in_flight=1)
    first = more(acct, 1, "A")
    all_there(backend, first)
    backend.rule(contains=orig("M-70"), status=422)
    backend.rule(max_events=16, times=1)
    backend.rule(max_events=16, delay_ms=400)
    tokens = more(acct, 100)
    eventually(lambda: any(1 < r["nevents"] <= 16 for r in backend.requests()))
    agent.kill9()
    backend.clear()
    backend.rule(contains=orig("M-70"), status=422)
    up(agent)
    all_there(backend, set(tokens) - {"M-70"})
    eventually(lambda: buried(agent) == ["M-70"])
    finish(agent, backend, first + tokens, lost=["M-70"], repeated=tokens)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_refused_single_record_is_a_dead_letter(site, status):
    """Row "400, 413, 422 to a single record": a dead letter with the answer's text, then commit."""
    backend, agent, acct, _ = delivering(site)
    first = more(acct, 3, "A")
    all_there(backend, first)
    backend.rule(contains=orig("M-2"), status=status, body="the <reason>\nin two lines")
    tokens = more(acct, 5)
    all_there(backend, set(tokens) - {"M-2"})
    eventually(lambda: letters(agent))
    status_now = finish(agent, backend, first + tokens, lost=["M-2"])
    letter, = letters(agent)
    assert buried(agent) == ["M-2"]
    assert letter["kind"] == "refused" and letter["status"] == str(status)
    assert letter["answer"].startswith("the <reason>")
    assert letter["file"].endswith(acct.live.name) and letter["header"] == acct.header
    assert len(requests_with(backend, "M-2")) == 1
    assert status_now["sources"][0]["offset"] == acct.live.stat().st_size
    assert status_now["sources"][0]["rows"]["dead"] == 1


def test_endpoint_that_never_accepted_is_held(site):
    """"if this endpoint has ever accepted anything": a wrong URL makes no dead letters.  S5."""
    backend, agent, acct, _ = delivering(site, path=ARRAY, batch_records=8)
    backend.rule(status=400, body="what is this?")
    tokens = more(acct, 30)
    agent.wait_for("refuses everything sent so far")
    eventually(lambda: sum(r["nevents"] == 1 for r in backend.requests()) >= 3)
    wait_state(agent, "held")
    assert not letters(agent)
    backend.clear()
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    assert not letters(agent)


def refused_run(site, n=12, **endpoint):
    """An endpoint that accepted records and then refuses all: held, with 5 dead letters."""
    backend, agent, acct, _ = delivering(site, refuse_limit=5, **endpoint)
    first = more(acct, 3, "A")
    all_there(backend, first)
    backend.rule(status=422, body="no")
    tokens = first + more(acct, n)
    agent.wait_for("refuses record after record")
    wait_state(agent, "held")
    assert len(letters(agent)) == 5, "no more than refuse-limit"
    return backend, agent, acct, tokens


def test_refusals_in_a_row_hold_and_are_tried_once_more(site):
    """After refuse-limit refusals in a row the endpoint is held; their dead letters are retried."""
    backend, agent, _, tokens = refused_run(site)
    backend.clear()
    all_there(backend, tokens)
    eventually(lambda: not letters(agent))
    finish(agent, backend, tokens)


def test_second_try_is_the_last(site):
    """A record that is refused again after the hold stays a dead letter and is not sent again."""
    backend, agent, acct, tokens = refused_run(site)
    victim = buried(agent)[0]
    backend.clear()
    backend.rule(contains=orig(victim), status=422, body="still no")
    all_there(backend, set(tokens) - {victim})
    eventually(lambda: buried(agent) == [victim])
    last = more(acct, 5, "L")
    all_there(backend, last)
    finish(agent, backend, tokens + last, lost=[victim])
    assert len(requests_with(backend, victim)) == 2


def test_run_of_refusals_survives_a_restart(site):
    """"The count is stored": a restart makes no more dead letters and keeps the second try."""
    backend, agent, _, tokens = refused_run(site)
    stopped(agent)
    up(agent)
    wait_state(agent, "held")
    assert len(letters(agent)) == 5
    stopped(agent)
    backend.clear()
    up(agent)
    all_there(backend, tokens)
    eventually(lambda: not letters(agent))
    finish(agent, backend, tokens)


def test_run_of_refusals_ends_with_another_url(site):
    """The log advises to check url: after a change, records refused under the old one go, too."""
    backend, agent, _, tokens = refused_run(site)
    backend.clear()
    backend.rule(path="wrong", status=422)
    agent.endpoints[0]["url"] = backend.url("/system/right?type=pmta")
    agent.write_conf()
    agent.hup()
    all_there(backend, tokens)
    eventually(lambda: not letters(agent))
    finish(agent, backend, tokens)


def test_second_try_survives_stops_and_reloads(site):
    """The second try is due until it is answered: no reload, stop or kill loses it."""
    backend, agent, _, tokens = refused_run(site)
    backend.control({"clear": True}, {"skip": 1, "status": 503})
    agent.wait_for("accepting again")
    agent.hup()
    agent.wait_for("reload: done")
    wait_state(agent, "retrying")
    for end in (agent.stop, agent.kill9):
        end()
        up(agent)
        wait_state(agent, "retrying")
    backend.clear()
    all_there(backend, tokens)
    eventually(lambda: not letters(agent))
    finish(agent, backend, tokens)


def test_second_tries_take_as_much_memory_as_records_at_most(site):
    """"Memory is fixed by the configuration", however long the run: the other letters wait."""
    backend, agent, acct, _ = delivering(site, refuse_limit=100, in_flight=2, retry_max="100ms")
    tokens = more(acct, 3, "A")
    all_there(backend, tokens)
    backend.rule(status=422, body="no")
    tokens += more(acct, 110)
    agent.wait_for("refuses record after record")
    eventually(lambda: len(letters(agent)) == 100)
    backend.control({"clear": True}, {"skip": 1, "status": 503})
    agent.wait_for("accepting again")
    wait_state(agent, "retrying")
    rescanned(agent)
    assert 0 < agent.status()["endpoints"][0]["recordsWaiting"] <= 2 * (2 * 2 + 1)
    backend.clear()
    all_there(backend, tokens)
    eventually(lambda: not letters(agent))
    finish(agent, backend, tokens)


def test_a_run_that_is_lifted_before_the_last_one_had_its_tries_costs_it_none(site):
    """Letters of the first run whose second try had no room yet are retried with the next run."""
    backend, agent, acct, _ = delivering(site, refuse_limit=20, in_flight=2, retry_max="100ms")
    tokens = more(acct, 3, "A")
    all_there(backend, tokens)
    backend.rule(status=422, body="no")
    tokens += more(acct, 30, "X")
    agent.wait_for("refuses record after record")
    eventually(lambda: len(letters(agent)) == 20)
    first = buried(agent)
    backend.control({"clear": True}, *({"contains": orig(token), "status": 500} for token in first))
    all_there(backend, set(tokens) - set(first))
    backend.rule(status=422, body="no")
    tokens += more(acct, 30, "Y")
    eventually(lambda: len(letters(agent)) == 40)
    backend.clear()
    all_there(backend, tokens)
    eventually(lambda: not letters(agent))
    finish(agent, backend, tokens)


def test_2xx_resets_the_count_of_refusals(site):
    """"any 2xx resets it": scattered refusals never make the agent hold an endpoint."""
    backend, agent, acct, _ = delivering(site, refuse_limit=2, in_flight=1)
    tokens = more(acct, 3, "A")
    all_there(backend, tokens)
    backend.rule(every=2, status=422)
    tokens += more(acct, 30)
    eventually(lambda: len(letters(agent)) + len(backend.tokens()) == len(tokens))
    assert not log_about(agent, "; held, nothing is lost")
    finish(agent, backend, tokens, lost=buried(agent))
    assert len(letters(agent)) == 15


def test_refuse_limit_zero_never_holds(site):
    """refuse-limit = 0: every refusal is final, from the first one."""
    backend, agent, acct, _ = delivering(site, refuse_limit=0)
    backend.rule(status=400)
    tokens = more(acct, 60)
    eventually(lambda: len(letters_fast(agent)) == 60)
    finish(agent, backend, tokens, lost=tokens)
    assert not log_about(agent, "; held, nothing is lost")


def letters_fast(agent):
    return agent.command("dead", "list").stdout.splitlines()


# ---- 401, 403, 404, any other 4xx, any 3xx

HELD = {
    401: "signature-file or token-file", 403: "signature-file or token-file",
    404: "the path in url",
    405: "does not accept POST", 407: "proxy", 410: "the path in url", 409: "check url",
    415: "check url", 451: "check url", 301: "check url", 302: "check url", 303: "check url",
    307: "check url", 308: "check url", 304: "",
}


@pytest.mark.parametrize("status", HELD)
def test_held(site, status):
    """Row "401, 403, 404, any other 4xx, any 3xx": held; the log names the key to change."""
    backend, agent, acct, _ = delivering(site)
    first = more(acct, 2, "A")
    all_there(backend, first)
    backend.rule(status=status, headers={"Location": backend.url("/elsewhere")}, body="go away")
    tokens = more(acct, 8)
    agent.wait_for("held, nothing is lost")
    wait_state(agent, "held")
    assert HELD[status] in endpoint_status(agent)["lastError"]
    assert not letters(agent)
    backend.clear()
    all_there(backend, tokens)
    agent.wait_for("accepting again")
    finish(agent, backend, first + tokens)
    assert {(r["method"], r["path"]) for r in backend.requests()} == \
        {("POST", "/system/bounce_webhook?type=pmta")}, "a redirect was followed"
    line, = log_about(agent, "held, nothing is lost")
    assert f"HTTP {status}" in line and HELD[status] in line


def test_held_is_tried_every_hold_interval_only(site):
    """One probe per hold-interval, whatever arrives meanwhile."""
    backend, agent, acct, _ = delivering(site, hold_interval="1h")
    backend.rule(status=403)
    tokens = more(acct, 3)
    agent.wait_for("held, nothing is lost")
    wait_state(agent, "held")
    eventually(lambda: endpoint_status(agent)["inFlight"] == 0)
    before = sent(backend)
    tokens += more(acct, 50, "N")
    eventually(lambda: endpoint_status(agent)["recordsWaiting"] > 20)
    assert sent(backend) == before <= 2
    backend.clear()
    agent.hup()
    all_there(backend, tokens)
    finish(agent, backend, tokens)


@pytest.mark.parametrize("key,setting", [("signature_file", "signature"), ("token_file", "token")])
def test_secret_is_read_again_before_a_probe(site, tmp_path, key, setting):
    """"secrets re-read first": a corrected secret needs no reload; it is never shown."""
    secret = put_secret(tmp_path / "secret", "wrong-secret")
    backend, agent, acct, _ = delivering(site, settings={setting: "right-secret"}, **{key: secret})
    tokens = more(acct, 5)
    agent.wait_for("held, nothing is lost")
    assert not backend.tokens()
    put_secret(secret, "right-secret")
    all_there(backend, tokens)
    shown = agent.command("status").stdout + agent.command("check", "--print").stdout
    finish(agent, backend, tokens)
    assert "right-secret" not in agent.log() + shown and "wrong-secret" not in agent.log() + shown


def test_secret_that_others_can_read_holds(site, tmp_path):
    """"refused when others can read them": also if the mode changes while the agent runs."""
    secret = put_secret(tmp_path / "secret", "sesame")
    backend, agent, acct, _ = delivering(site, settings={"signature": "sesame"},
                                         signature_file=secret)
    first = more(acct, 2, "A")
    all_there(backend, first)
    backend.control({"set": {"signature": "another"}})
    tokens = more(acct, 2)
    agent.wait_for("held, nothing is lost")
    secret.chmod(0o644)
    put_secret(secret, "another")
    eventually(lambda: "can be read by others" in asked(agent)["endpoints"][0]["lastError"])
    secret.chmod(0o640)
    all_there(backend, tokens)
    finish(agent, backend, first + tokens)


def test_secret_through_a_link(site, tmp_path):
    """A secret file may be a symbolic link into a secret store; `check` accepts it, too."""
    put_secret(tmp_path / "real", "sesame")
    (tmp_path / "link").symlink_to("real")
    backend, agent, acct, _ = delivering(site, settings={"signature": "sesame"},
                                         signature_file=tmp_path / "link")
    tokens = more(acct, 2)
    all_there(backend, tokens)
    finish(agent, backend, tokens)


# ---- text of answers on the screen and in the log

def test_answers_are_shown_masked_and_harmless(site):
    """Addresses of an answer are masked, and its control characters escaped, in log and status."""
    backend, agent, acct, _ = delivering(site)
    first = more(acct, 1, "A")
    all_there(backend, first)
    text = "unknown: someone@example.org \x1b[31m"
    backend.rule(status=401, times=1, body=text)
    backend.rule(status=422, times=1, body=text)
    tokens = more(acct, 3)
    eventually(lambda: letters_fast(agent))
    shown = agent.log() + agent.command("status").stdout + agent.command("status", "--json").stdout
    shown += agent.command("dead", "list").stdout
    stopped(agent)
    assert "someone@" not in shown and "s***@example.org" in shown
    assert "\x1b" not in shown
    assert set(buried(agent)) <= set(tokens)
