"""Commands to the running agent: dead retry, drop and export, pause, resume, drain."""

import json
import os
import signal
import socket
import sqlite3
import urllib.error
import urllib.request

import pytest
from harness import eventually, free_port
from steps import cpu_seconds, rescanned, stopped, up
from wire import (
    ARRAY, all_there, buried, delivering, finish, letters, more, orig, requests_with, sent, state,
    wait_state)

BAD = ['b,"bad"quote'] * 3


def with_letters(site, n=4, **settings):
    """(backend, agent, acct, tokens, victims): n refused rows among others that were accepted."""
    backend, agent, acct, _ = delivering(site, source={"records": ["b", "rb"]}, **settings)
    tokens = more(acct, 3, "A")
    all_there(backend, tokens)
    backend.rule(contains='"orig":"bounce-V', status=422, body="no such")
    victims = more(acct, n, "V")
    after = more(acct, 3, "B")
    all_there(backend, after)
    eventually(lambda: len(letters(agent)) == n)
    return backend, agent, acct, tokens + victims + after, victims


def output(agent, *args, status=0):
    """Run a command that must exit with status.  Returns its stdout and stderr."""
    done = agent.command(*args)
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


# ---- dead retry

def test_retried_dead_letters_are_delivered_and_leave_the_list(site):
    """dead retry --all: records that are accepted now leave the list; they keep their eventIds."""
    backend, agent, _, tokens, _ = with_letters(site)
    backend.clear()
    assert "4 dead letters are tried again" in output(agent, "dead", "retry", "--all")
    all_there(backend, tokens)
    eventually(lambda: not letters(agent))
    agent.wait_for("dead letters tried again: 4 delivered, 0 refused again, 0 that cannot be sent")
    finish(agent, backend, tokens)


def test_a_retry_that_fails_again_is_one_dead_letter(site):
    """Not two, and with the second answer; the endpoint is not held because of it."""
    backend, agent, acct, tokens, victims = with_letters(site, refuse_limit=3, n=2)
    backend.clear()
    backend.rule(contains='"orig":"bounce-V', status=413, body="still too large")
    number = output(agent, "dead", "list").split()[0]
    output(agent, "dead", "retry", number)
    agent.wait_for("0 delivered, 1 refused again")
    eventually(lambda: [letter["status"] for letter in letters(agent)] == ["413", "422"])
    assert "still too large" in letters(agent)[0]["answer"]
    assert sorted(buried(agent)) == sorted(victims)
    for i in range(3):
        output(agent, "dead", "retry", "--all")
        agent.wait_for("0 delivered, 2 refused again", times=i + 1)
    assert state(agent) == "ok"
    last = more(acct, 2, "L")
    all_there(backend, last)
    finish(agent, backend, tokens + last, lost=victims)


@pytest.mark.parametrize("options, meant", [
    (["--reason", "http 413"], ["V-1"]),
    (["--endpoint", "octeth"], ["V-0", "V-1"]),
    (["--endpoint", "other"], []),
    (["--kind", "unreadable"], []),
    (["--source", "bounces", "--newer-than", "1h"], ["V-0", "V-1"]),
    (["--older-than", "1h"], []),
])
def test_filters_say_which_are_retried(site, options, meant):
    """By endpoint, source, kind, reason and age; exit status 1 if the filter matches none."""
    backend, agent, acct, _ = delivering(site, 2)
    backend.rule(contains=orig("V-0"), status=422)
    backend.rule(contains=orig("V-1"), status=413)
    victims = more(acct, 2, "V")
    assert victims == ["V-0", "V-1"]
    eventually(lambda: len(letters(agent)) == 2)
    backend.clear()
    before = sent(backend)
    assert len(output(agent, "dead", "list", *options).splitlines()) == len(meant)
    output(agent, "dead", "retry", *options, status=0 if meant else 1)
    all_there(backend, meant)
    eventually(lambda: sorted(buried(agent)) == sorted(set(victims) - set(meant)))
    assert sent(backend) - before == len(meant)


def test_hundreds_of_letters_are_retried_while_new_records_are_sent(site):
    """A few at a time, each once, and new rows are sent meanwhile."""
    backend, agent, acct, tokens, victims = with_letters(site, n=300, refuse_limit=0)
    backend.clear()
    output(agent, "dead", "retry", "--endpoint", "octeth")
    fresh = more(acct, 50, "N")
    all_there(backend, tokens + fresh)
    eventually(lambda: not letters(agent))
    agent.wait_for("dead letters tried again: 300 delivered")
    assert all(len(requests_with(backend, victim)) == 2 for victim in victims[::50])
    finish(agent, backend, tokens + fresh)


def test_rows_that_are_no_records_cannot_be_retried(site):
    """They stay dead letters, and the log counts them; they can only be dropped."""
    backend, agent, acct, _ = delivering(site)
    acct.append(BAD)
    eventually(lambda: len(letters(agent)) == 3)
    output(agent, "dead", "retry", "--all")
    agent.wait_for("0 delivered, 0 refused again, 3 that cannot be sent")
    assert agent.log().count("cannot be sent again: its row is not a record; it is kept") == 3
    assert len(letters(agent)) == 3
    assert sent(backend) == 0


def test_a_retry_waits_while_the_endpoint_is_held(site):
    """A retry does not shorten the hold; when the endpoint accepts again, the letters are sent."""
    backend, agent, acct, tokens, _ = with_letters(site, hold_interval="200ms")
    backend.clear()
    backend.rule(status=401)
    late = more(acct, 1, "H")
    wait_state(agent, "held")
    output(agent, "dead", "retry", "--all")
    backend.clear()
    all_there(backend, tokens + late)
    eventually(lambda: not letters(agent))
    finish(agent, backend, tokens + late)


def test_a_second_retry_counts_the_letters_that_are_out_already(site):
    """They are not sent twice, and their results are counted once, by the second retry."""
    backend, agent, acct, tokens, _ = with_letters(site, hold_interval="200ms")
    backend.clear()
    backend.rule(status=401)
    late = more(acct, 1, "H")
    wait_state(agent, "held")
    output(agent, "dead", "retry", "--all")
    output(agent, "dead", "retry", "--all")
    backend.clear()
    all_there(backend, tokens + late)
    eventually(lambda: not letters(agent))
    agent.wait_for("dead letters tried again: 4 delivered, 0 refused again, 0 that cannot be sent")
    finish(agent, backend, tokens + late)


def test_letters_for_an_endpoint_without_url_do_not_wait_for_ever(site):
    """Nobody knows when it gets one: the retry ends, and they stay dead letters."""
    backend, agent, _, _, victims = with_letters(site)
    agent.endpoints[0]["url"] = ""
    agent.write_conf()
    agent.hup()
    agent.wait_for("reload: done")
    output(agent, "dead", "retry", "--all")
    agent.wait_for("dead letters tried again: 0 delivered, 0 refused again, 4 that cannot be sent")
    assert sorted(buried(agent)) == sorted(victims)


def test_a_stop_in_the_middle_of_a_retry_loses_no_letter(site):
    """Records that were not accepted are still dead letters after a stop, a reload and a kill."""
    backend, agent, acct, tokens, victims = with_letters(site, hold_interval="1h")
    backend.clear()
    backend.rule(status=403)
    late = more(acct, 1, "H")
    wait_state(agent, "held")
    for end in (agent.stop, agent.kill9):
        output(agent, "dead", "retry", "--all")
        agent.hup()
        agent.wait_for("reload: done")
        output(agent, "dead", "retry", "--all")
        end()
        up(agent)
        assert sorted(buried(agent)) == sorted(victims)
    backend.clear()
    agent.hup()
    all_there(backend, late)
    output(agent, "dead", "retry", *[line.split()[0] for line in
                                     output(agent, "dead", "list").splitlines()])
    all_there(backend, tokens)
    eventually(lambda: not letters(agent))
    finish(agent, backend, tokens + late)


def test_a_letter_that_was_out_at_a_reload_can_be_tried_again(site):
    """The reload ends its try without an answer; the next retry sends it again."""
    backend, agent, _, tokens, _ = with_letters(site, n=40, hold_interval="1h", refuse_limit=0)
    backend.clear()
    backend.rule(status=403)
    output(agent, "dead", "retry", "--all")
    wait_state(agent, "held")
    agent.hup()
    agent.wait_for("reload: done")
    backend.clear()
    output(agent, "dead", "retry", "--all")
    agent.wait_for("dead letters tried again: 40 delivered, 0 refused again, 0 that cannot be sent")
    eventually(lambda: not letters(agent))
    finish(agent, backend, tokens)


def test_letters_that_make_the_receiver_fail_do_not_hold_up_new_records(site):
    """The receiver always answers HTTP 500 to them: new records still have room, and pass them."""
    backend, agent, acct, tokens, victims = with_letters(
        site, n=40, refuse_limit=0, in_flight=2, retry_min="50ms", retry_max="100ms")
    backend.clear()
    backend.rule(contains='"orig":"bounce-V', status=500)
    output(agent, "dead", "retry", "--all")
    wait_state(agent, "retrying")
    before = sent(backend)
    eventually(lambda: sent(backend) > before + 5)
    fresh = more(acct, 50, "N")
    all_there(backend, fresh)
    finish(agent, backend, tokens + fresh, lost=victims)


def test_a_letter_that_is_out_is_not_sent_again_when_its_run_is_lifted(site):
    """Retried by hand while the endpoint is held for refusals: after the hold only the other
    letters get their second try."""
    backend, agent, acct, tokens = delivering(
        site, 3, in_flight=8, refuse_limit=20, retry_min="500ms", retry_max="1s",
        hold_interval="1s")
    all_there(backend, tokens)
    backend.rule(contains='"orig":"bounce-V', status=422)
    victims = more(acct, 21, "V")
    wait_state(agent, "held")
    eventually(lambda: len(letters(agent)) == 20)
    output(agent, "dead", "retry", "--all")
    backend.clear()
    all_there(backend, victims)
    eventually(lambda: not letters(agent))
    finish(agent, backend, tokens + victims)


def put_letters(agent, n, reason):
    """Put n dead letters that can never be sent into the store of a stopped agent."""
    with sqlite3.connect(agent.state_dir / "state.db") as store:
        store.executemany(
            "INSERT INTO dead(id, source, endpoint, file, start, end, kind, reason, status,"
            " answer, header, row, row_is_json, made, run) VALUES(randomblob(16), 'bounces',"
            " 'octeth', 'x.csv', 0, 400, 'unreadable', ?, 0, '', '', ?, 0, 1, 0)",
            ((reason(i), "b," * 200) for i in range(n)))
    store.close()


def test_a_retry_continues_while_nothing_else_happens(site):
    """Letters that cannot be sent get no answers: the next ones must not wait for a rescan."""
    backend, agent, acct, tokens = delivering(site, 3)
    all_there(backend, tokens)
    agent.stop()
    put_letters(agent, 900, lambda i: "some")
    agent.settings["rescan"] = "1h"
    agent.write_conf()
    up(agent)
    output(agent, "dead", "retry", "--all")
    agent.wait_for("dead letters tried again: 0 delivered, 0 refused again, 900 that cannot be sent")
    assert agent.log().count("cannot be sent again") <= 150, "one line for each letter"
    finish(agent, backend, tokens)


def test_a_retry_that_waits_does_not_search_the_store_again_and_again(site):
    """The last of a hundred thousand letters match, and the endpoint has no room for them."""
    backend, agent, acct, tokens = delivering(
        site, 3, path=ARRAY, in_flight=1, retry_min="50ms", retry_max="100ms")
    all_there(backend, tokens)
    agent.stop()
    put_letters(agent, 99900, lambda i: f"reason {i // 99000}")
    up(agent)
    backend.rule(status=503)
    rows = more(acct, 6000)
    wait_state(agent, "retrying")
    output(agent, "dead", "retry", "--reason", "reason 1")
    rescanned(agent)
    before = cpu_seconds(agent)
    rescanned(agent, 5)
    assert cpu_seconds(agent) - before < 0.5
    backend.clear()
    all_there(backend, rows)
    agent.wait_for("dead letters tried again: 0 delivered, 0 refused again, 900 that cannot be sent")
    finish(agent, backend, tokens + rows)


# ---- dead drop and export

def test_dropped_letters_are_gone_and_the_others_stay(site):
    """By number, by eventId, by filter; without any of these nothing is dropped."""
    backend, agent, _, tokens, victims = with_letters(site, n=5)
    first, second = [line.split() for line in output(agent, "dead", "list").splitlines()][:2]
    output(agent, "dead", "drop", status=64)
    output(agent, "dead", "drop", "nonsense", status=64)
    output(agent, "dead", "drop", "99999", status=1)
    assert len(letters(agent)) == 5
    event_id = letters(agent)[1]["eventId"]
    assert "1 dead letter dropped" in output(agent, "dead", "drop", first[0])
    assert "1 dead letter dropped" in output(agent, "dead", "drop", event_id)
    assert second[0] not in [line.split()[0] for line in output(agent, "dead", "list").splitlines()]
    assert "3 dead letters dropped" in output(agent, "dead", "drop", "--reason", "no such")
    assert not letters(agent) and agent.status()["deadLetters"]["records"] == 0
    agent.wait_for("dropped by command")
    finish(agent, backend, tokens, lost=victims)


def test_a_filter_that_cannot_be_read_means_no_letter(site):
    """An age before 1970, an age of 0, an empty value: these never match every letter."""
    backend, agent, _, tokens, victims = with_letters(site, n=2)
    for command in ("drop", "retry"):
        output(agent, "dead", command, "--older-than", "40000d", status=1)
        output(agent, "dead", command, "--newer-than", "0s", "--endpoint", "octeth", status=1)
        output(agent, "dead", command, "--older-than", "200000000000d", status=64)
        output(agent, "dead", command, "--source", "", status=1)
        for query in ("source", "kind", "to=-5", "from", "from=soon",
                      "kind=refused&to=99999999999999999999"):
            with socket.socket(socket.AF_UNIX) as control:
                control.connect(str(agent.state_dir / "control"))
                control.sendall(f"POST /dead/{command}?{query} HTTP/1.0\r\n"
                                "Content-Length: 0\r\n\r\n".encode())
                answer = control.makefile().read()
            assert answer.partition("\n\n")[2].startswith("1\n"), answer
    assert len(letters(agent)) == 2
    output(agent, "dead", "retry", "--newer-than", "40000d")
    finish(agent, backend, tokens, lost=victims)


def test_dropping_letters_lets_reading_resume_after_a_full_list(site):
    """At dead-max-records reading stops; when there is room again, it resumes by itself."""
    backend, agent, acct, _ = delivering(site)
    agent.settings["dead_max_records"] = 3
    agent.write_conf()
    agent.hup()
    agent.wait_for("reload: done")
    acct.append(BAD)
    eventually(lambda: agent.status()["deadLetters"]["full"])
    late = more(acct, 3)
    output(agent, "dead", "drop", "--kind", "unreadable")
    all_there(backend, late)
    finish(agent, backend, late)


def test_export_gives_a_json_object_a_letter(site):
    """dead export: full, unmasked rows and answers for jq and scripts; with or without an agent."""
    backend, agent, acct, _, victims = with_letters(site, n=2)
    acct.append(['b,"bad"quote\\back\t\x01'])
    eventually(lambda: len(letters(agent)) == 3)
    exported = [json.loads(line) for line in output(agent, "dead", "export").splitlines()]
    assert [e["kind"] for e in exported] == ["refused", "refused", "unreadable"]
    assert all(f"bounce-{v}@" in e["row"] for v, e in zip(victims, exported))
    assert exported[2]["row"].startswith('b,"bad"quote\\back\t\x01')
    assert exported[0]["answer"] == "no such" and exported[0]["status"] == 422
    assert exported[0]["header"].startswith("type,")
    stopped(agent)
    assert len(output(agent, "dead", "export", "--kind", "unreadable").splitlines()) == 1


@pytest.mark.parametrize("command", [
    ["dead", "retry", "--all"], ["dead", "drop", "--all"], ["pause", "octeth"], ["drain"]])
def test_commands_that_need_an_agent_fail_without_one(site, command):
    """Without an agent: exit status 1, one line that says what to do, and no change."""
    _, agent, _, _, _ = with_letters(site, n=1)
    stopped(agent)
    message = output(agent, *command, status=1)
    assert "start the service" in message and len(message.splitlines()) == 1
    assert len(letters(agent)) == 1


# ---- pause and resume

def test_a_paused_endpoint_gets_nothing_until_it_is_resumed(site):
    """The pause lasts over a stop, a kill and a reload; after resume all rows arrive once."""
    backend, agent, acct, _ = delivering(site)
    first = more(acct, 2, "A")
    all_there(backend, first)
    assert "is paused" in output(agent, "pause", "octeth")
    assert "; to continue: pmta-shipper resume octeth\n" in output(agent, "status", status=1)
    before = sent(backend)
    rest = more(acct, 40, "P")
    for end in (agent.stop, agent.kill9):
        end()
        up(agent)
        assert state(agent) == "paused"
    agent.hup()
    agent.wait_for("reload: done")
    assert state(agent) == "paused" and sent(backend) == before
    assert "resumes" in output(agent, "resume", "octeth")
    all_there(backend, first + rest)
    finish(agent, backend, first + rest)


def test_pausing_an_endpoint_that_does_not_exist_is_an_error(site):
    _, agent, _, _ = delivering(site)
    assert "no endpoint" in output(agent, "pause", "nowhere", status=1)
    output(agent, "pause", status=64)
    output(agent, "pause", "octeth", "octeth", status=64)


def test_changes_are_taken_over_the_control_socket_only(site):
    """metrics-listen answers no command, whatever the method."""
    port = free_port()
    backend, agent, _, _ = delivering(site)
    stopped(agent)
    agent.settings["metrics_listen"] = f"127.0.0.1:{port}"
    agent.write_conf()
    up(agent)
    for path in ("/pause?endpoint=octeth", "/dead/drop", "/dead/retry", "/drain"):
        for method in ("POST", "GET"):
            request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=10)
            assert refused.value.code == 404
    assert state(agent) == "ok"


def test_all_addresses_that_cannot_be_listened_on_are_logged(site, tmp_path):
    """Delivery continues, and one failure does not hide the other."""
    backend, agent, acct, _ = delivering(site)
    stopped(agent)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        agent.settings["metrics_listen"] = f"127.0.0.1:{port}"
        agent.settings["runtime_dir"] = str(tmp_path / "no" / "such")
        agent.write_conf()
        up(agent)
        all_there(backend, more(acct, 3))
    found = [line for line in agent.log().splitlines() if "nothing answers there" in line]
    assert len(found) == 2
    assert "no/such" in found[0] and f'listen on "127.0.0.1:{port}"' in found[1]
    assert agent.stop() == 0


# ---- drain

def test_drain_ends_with_0_only_when_everything_is_delivered(site):
    """With rows unread or in flight: status 1 after --timeout, with the rest; then status 0."""
    backend, agent, acct, _ = delivering(site, retry_min="50ms", retry_max="100ms")
    backend.rule(status=503)
    tokens = more(acct, 5)
    assert "5 rows in flight" in output(agent, "drain", "--timeout", "300ms", status=1)
    backend.clear()
    assert "drained: 0 bytes behind" in output(agent, "drain", "--timeout", "20s")
    all_there(backend, tokens, timeout=0)
    assert agent.status()["sources"][0]["offset"] == acct.live.stat().st_size
    finish(agent, backend, tokens)


def test_drain_sees_what_was_written_before_it_was_asked(site):
    """Rows and the request reach a busy agent at the same moment: the rows count."""
    backend, agent, acct, tokens = delivering(site, 3)
    all_there(backend, tokens)
    output(agent, "drain", "--timeout", "20s")
    fd = os.open(agent.state_dir, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(f"/proc/self/fd/{fd}/control")
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"ok\n" in sock.recv(4096)
        agent.signal(signal.SIGSTOP)
        late = more(acct, 3, "L")
        sock.sendall(b"GET /drain HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        agent.signal(signal.SIGCONT)
        answer = sock.makefile("rb").read()
    os.close(fd)
    assert answer.split(b"\r\n\r\n", 1)[1].startswith(b"1\n"), answer
    all_there(backend, late)
    finish(agent, backend, tokens + late)


def test_drain_waits_for_an_open_batch(site):
    """A batch that waits for batch-age is not delivered yet."""
    backend, agent, acct, _ = delivering(site, path=ARRAY, batch_age="600ms")
    tokens = more(acct, 3)
    eventually(lambda: agent.status()["sources"][0]["rows"]["inFlight"] == 3)
    output(agent, "drain", "--timeout", "20s")
    all_there(backend, tokens, timeout=0)
    finish(agent, backend, tokens)
