"""Helpers for tests of delivery: the requests on the wire, and the balance at the end."""

import json
from pathlib import Path

from control import asked, control  # noqa: F401  (the tests import them from here)
from harness import books, eventually, token_rows
from steps import conserved, stopped, up

ARRAY = "/events"
SLOW = {"retry_min": "1h", "retry_max": "2h", "hold_interval": "1h"}


def orig(token):
    """Text that a body contains only if it carries this token's event."""
    return f'"orig":"bounce-{token}@'


def delivering(site, n=0, path=None, backend=None, settings=None, source=None, **endpoint):
    """(backend, agent, acct, tokens): a running agent with n rows in its file.

    With path the format is array, unless endpoint sets another one.
    """
    backend = backend or site.backend(**(settings or {}))
    acct = site.acct().begin()
    rows, tokens = token_rows(n)
    acct.append(rows)
    if path:
        endpoint = {"url": backend.url(path), "format": "array", **endpoint}
    agent = up(site.agent(backend, acct, endpoint=endpoint, source=source))
    return backend, agent, acct, tokens


def more(acct, n, seed="M"):
    """Append n more rows.  Returns their tokens."""
    rows, tokens = token_rows(n, seed=seed)
    acct.append(rows)
    return tokens


def all_there(backend, tokens, timeout=20):
    """Wait until all of tokens were accepted."""
    missing = set(tokens)

    def none_missing():
        missing.difference_update(backend.tokens())
        return not missing
    try:
        eventually(none_missing, timeout)
    except AssertionError:
        raise AssertionError(f"{len(missing)} did not arrive: {sorted(missing)[:5]}") from None


def requests_with(backend, token):
    """The requests that carried a token, in their order."""
    return backend.query(
        "SELECT * FROM requests WHERE id IN (SELECT request_id FROM events WHERE token = ?)"
        " ORDER BY id", token)


def sent(backend):
    """The number of the agent's requests; a restarted backend resets its own counters."""
    return backend.query("SELECT count(*) n FROM requests")[0]["n"]


def judge(backend, tokens, lost=(), repeated=()):
    """Check what must always hold.  lost: tokens that must be missing; repeated: tokens that may
    have arrived more than once."""
    found = books(backend, tokens)
    assert set(found.lost) == set(lost), f"lost {sorted(found.lost)[:5]}"
    extra = set(found.repeated) - set(repeated)
    assert not extra, f"repeated {sorted(extra)[:5]}"
    assert not found.unexpected, found.unexpected[:5]
    assert not backend.query(
        "SELECT token FROM events GROUP BY token HAVING count(DISTINCT event_id) > 1"), \
        "a row was sent under two eventIds"
    assert not backend.query(
        "SELECT event_id FROM events GROUP BY event_id HAVING count(DISTINCT json) > 1"), \
        "one eventId for two events"
    assert not backend.query(
        "SELECT key FROM requests WHERE fault NOT IN ('headers', 'body', 'early') AND key != ''"
        " AND status NOT IN (401) GROUP BY key HAVING count(DISTINCT body_hash) > 1"), \
        "one key for two bodies"


def finish(agent, backend, tokens, lost=(), repeated=()):
    """Stop cleanly and compare.  Returns the last status."""
    status = stopped(agent)
    judge(backend, tokens, lost, repeated)
    return status


def patience(fault):
    """A timeout, short only if nothing answers: on a busy machine good answers are late, too."""
    return "400ms" if "hang" in fault else "30s"


def late(fault, tokens):
    """The tokens that may come twice: on a busy machine an answer may come after the timeout."""
    return tokens if "hang" in fault else ()


def letters(agent):
    """All fields of the dead letters, as texts: [{"kind": ..., "status": ..., ...}].  One process
    whatever their number: one for each letter would take longer than a test waits."""
    done = agent.command("dead", "export")
    assert done.returncode == 0, done.stderr
    return [{name: str(value) for name, value in json.loads(line).items()}
            for line in done.stdout.splitlines()]


def buried(agent):
    """Tokens of the rows that are dead letters."""
    return [letter["row"].split("bounce-")[1].split("@")[0] for letter in letters(agent)]


def endpoint_status(agent, i=0):
    return conserved(agent.status())["endpoints"][i]


def state(agent, i=0):
    return endpoint_status(agent, i)["state"]


def wait_state(agent, *states, i=0):
    eventually(lambda: state(agent, i) in states)


def log_about(agent, text="endpoint \""):
    return [line for line in agent.log().splitlines() if text in line]


def put_secret(path, text):
    """Write a secret file with the mode that the agent requires."""
    path = Path(path)
    path.touch(0o600)
    path.write_text(text + "\n", "ascii")
    return path


def bodies(backend):
    """The request bodies of a backend that keeps them."""
    return [bytes(row["body"]) for row in backend.requests()]


def events_of(body):
    return json.loads(body)
