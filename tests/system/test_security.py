"""The threats of docs/SECURITY.md, and the defence against each."""

import contextlib
import os
import socket
import sqlite3
import stat
import threading
from pathlib import Path

import pytest
from harness import BOUNCE_HEADER, eventually, free_port, token_rows
from steps import dead, dead_shown, rescanned, stopped, up
from wire import all_there, delivering, endpoint_status, finish, more, put_secret, sent, wait_state

SIGNATURE, TOKEN = "sigsecret-5f0c1e", "toksecret-77aa02"
HIDDEN = "\u202e\u2066\u061c\u200b\ufeff\U000e0041"  # turn the text around it, or are not seen
ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m\x7f" + HIDDEN
ADDRESS = "jane.doe@victim.example"


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def harmless(text, newlines=True):
    """Check that no character of text acts on a terminal, hides or turns what is shown."""
    bad = [c for c in text if (c < " " and not (newlines and c == "\n")) or "\x7f" <= c < "\xa0"
           or c in HIDDEN]
    assert not bad, repr(bad[:5])


def everything_shown(agent):
    """All texts that the agent shows: the log and the output of its commands."""
    shown = [agent.log()]
    for args in (["status"], ["status", "--json"], ["dead", "list"], ["check"],
                 ["check", "--print"]):
        done = agent.command(*args)
        shown += [done.stdout, done.stderr]
    return shown + [agent.command("dead", "show", str(letter[0])).stdout for letter in dead(agent)]


def answering(data):
    """(listener, port, requests): a port that answers every request with data, or with the pieces
    that data() yields; closing the listener stops it."""
    listener = socket.create_server(("127.0.0.1", 0))
    asked = []

    def serve(connection):
        with connection:
            try:
                asked.append(connection.recv(65536))
                for piece in data() if callable(data) else [data]:
                    connection.sendall(piece)
            except OSError:
                pass

    def loop():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()
    threading.Thread(target=loop, daemon=True).start()
    return listener, listener.getsockname()[1], asked


def refused_to_run(agent):
    """Check that the agent ends by itself with a failure.  Returns its log."""
    agent.start()
    assert agent.wait() not in (0, None)
    return agent.log()


# ---- secrets

def trusted(site, **endpoint):
    """delivering(), with an endpoint that has accepted a record, so that its refusals are final."""
    backend, agent, acct, _ = delivering(site, **endpoint)
    all_there(backend, more(acct, 1, seed="FIRST"))
    eventually(lambda: endpoint_status(agent)["recordsAccepted"] == 1)
    return backend, agent, acct


def with_secrets(site, **settings):
    return delivering(site, settings={"signature": SIGNATURE, "token": TOKEN, **settings},
                      signature_file=put_secret(site.folder / "signature", SIGNATURE),
                      token_file=put_secret(site.folder / "token", TOKEN))


def test_secrets_are_sent_and_shown_nowhere(site):
    """Not in logs (debug), status, check, dead letters, arguments or the store."""
    backend, agent, acct, _ = with_secrets(site)
    backend.rule(status=422, times=1, accepted=False, body="no")
    tokens = more(acct, 3)
    all_there(backend, tokens[1:])
    proc = Path("/proc") / str(agent.pid)
    shown = everything_shown(agent) + [(proc / "cmdline").read_text()]
    stopped(agent)
    shown += [path.read_bytes().decode("latin-1") for path in agent.state_dir.iterdir()
              if path.is_file()]
    for text in shown:
        assert SIGNATURE not in text and TOKEN not in text


def test_a_wrong_secret_is_not_shown(site):
    """Neither when the backend refuses it nor when its file is malformed."""
    backend, agent, acct, _ = with_secrets(site)
    backend.control({"set": {"signature": "another"}})
    more(acct, 1)
    wait_state(agent, "held")
    for text in everything_shown(agent):
        assert SIGNATURE not in text and TOKEN not in text
    (site.folder / "token").write_text(f"{TOKEN}\nsecond line\n")
    done = agent.command("check")
    assert done.returncode == 78 and TOKEN not in done.stdout + done.stderr


def test_memory_is_not_dumped(site):
    """No core dump, and no other process of that user may look into the memory."""
    _, agent, _, _ = delivering(site)
    proc = Path("/proc") / str(agent.pid)
    # /proc/PID of a process that is not dumpable belongs to root, whoever runs it.
    assert (proc / "mem").stat().st_uid == 0
    if os.geteuid() != 0:
        with pytest.raises(PermissionError):
            (proc / "environ").read_bytes()
    limits = (proc / "status").read_text()
    assert "CoreDumping:\t0" in limits


@pytest.mark.parametrize("bits", [0o604, 0o644, 0o602])
def test_secret_that_others_can_read_is_refused(site, bits):
    """By check, and by the running agent when it next reads the file."""
    backend, agent, acct, _ = with_secrets(site)
    os.chmod(site.folder / "signature", bits)
    done = agent.command("check")
    assert done.returncode == 78 and "chmod o=" in done.stderr
    backend.rule(status=401, times=1, accepted=False)
    tokens = more(acct, 2)
    wait_state(agent, "held")
    rescanned(agent, 1)
    before = sent(backend)
    rescanned(agent, 3)
    assert sent(backend) == before, "sent with a secret that others can read"
    os.chmod(site.folder / "signature", 0o600)
    all_there(backend, tokens)
    finish(agent, backend, tokens)


# ---- addresses

def test_addresses_are_masked(site):
    """Logs, status and dead show print j***@victim.example; --raw prints the whole address."""
    backend, agent, acct = trusted(site)
    backend.rule(status=422, times=1, accepted=False, body=f"{ADDRESS} is unknown")
    rows, _ = token_rows(2)
    acct.append([row.replace("user-T1-0@example.org", ADDRESS) for row in rows])
    number = eventually(lambda: dead(agent))[0][0]
    backend.rule(status=401, accepted=False, body=f"not for {ADDRESS}")
    more(acct, 1)
    wait_state(agent, "held")
    for text in everything_shown(agent):
        assert ADDRESS not in text and "jane" not in text
    assert "j***@victim.example" in endpoint_status(agent)["lastError"]
    assert ADDRESS in dead_shown(agent, number, "--raw")["row"]


# ---- escape sequences for terminals

def test_escape_sequences_in_a_file_name(site):
    """A file name that PowerMTA would never write is shown without its escape sequences."""
    acct = site.acct(base="boun\x1b[31mces")
    acct.begin()
    acct.append(token_rows(1)[0])
    backend = site.backend()
    agent = up(site.agent(backend, source={"acct_file": acct.dir / "b.csv"}, sources=[
        {"name": "bounces", "acct_file": acct.dir / "b.csv", "endpoint": "octeth"}]))
    name = acct.dir / f"bad{ESCAPES}.csv"
    name.write_bytes(b'type,a\nb,"open\n')
    done = agent.command("parse", name)
    assert done.returncode == 1 and "bad" in done.stderr
    harmless(done.stderr)
    harmless(agent.log())
    agent.conf.write_text(f"{HIDDEN} = {{\n", "utf-8")
    done = agent.command("check")
    assert done.returncode == 78 and "\\xe2\\x80\\xae" in done.stderr
    harmless(done.stderr)


def test_escape_sequences_in_rows_and_answers(site):
    """Hostile SMTP text in a row that is no record, and in an answer."""
    backend, agent, acct = trusted(site)
    backend.rule(status=422, times=1, accepted=False, body=f"no {ESCAPES} no")
    acct.append([f'b,{ESCAPES}"quote', token_rows(1)[0][0]])
    letters = eventually(lambda: len(dead(agent)) == 2 and dead(agent))
    backend.rule(status=403, accepted=False, body=f"go {ESCAPES} away")
    more(acct, 1)
    wait_state(agent, "held")
    texts = [agent.command("dead", "show", *raw, str(letter[0])).stdout
             for letter in letters for raw in ([], ["--raw"])]
    texts += [agent.command("dead", "list").stdout, agent.command("status").stdout,
              agent.command("status", "--json").stdout, agent.command("parse", acct.live).stderr,
              agent.command("status", "--check").stdout, agent.log()]
    texts += [agent.command("trace", letter[2]).stdout for letter in letters]
    for text in texts:
        harmless(text)
    assert "\\x1b[2J" in "".join(texts) and "\\xe2\\x80\\xae" in "".join(texts)


# ---- files on the disk

def test_state_is_for_its_owner_only(site):
    """Directory 0700, files 0600, control socket 0660, whatever the umask."""
    before = os.umask(0)
    try:
        _, agent, acct, _ = delivering(site)
        more(acct, 1)
        rescanned(agent)
    finally:
        os.umask(before)
    assert mode(agent.state_dir) == 0o700
    assert mode(agent.state_dir / "control") == 0o660
    files = [path for path in agent.state_dir.iterdir() if path.name != "control"]
    assert {path.name for path in files} >= {"state.db", "state.db-wal", "state.lock"}
    assert {mode(path) for path in files} == {0o600}


@pytest.mark.parametrize("bits", [0o777, 0o770, 0o702])
def test_state_dir_that_others_can_write_in_is_refused(site, bits):
    agent = site.agent(site.backend(), site.acct().begin())
    agent.state_dir.mkdir()
    os.chmod(agent.state_dir, bits)
    assert "can be written by others" in refused_to_run(agent)


def test_state_dir_may_be_reached_through_a_link(site):
    """systemd's DynamicUser= makes /var/lib/NAME one."""
    real = site.folder / "private"
    real.mkdir(0o700)
    agent = site.agent(site.backend(), site.acct().begin())
    agent.state_dir.symlink_to(real)
    up(agent)
    stopped(agent)
    assert (real / "state.db").exists()


@pytest.mark.parametrize("name", ["state.db", "state.lock"])
def test_symlink_in_state_dir_is_refused(site, name):
    """The link's target is neither created nor changed."""
    agent = site.agent(site.backend(), site.acct().begin())
    agent.state_dir.mkdir(0o700)
    target = site.folder / "target"
    (agent.state_dir / name).symlink_to(target)
    assert name in refused_to_run(agent)
    assert not target.exists()


def test_symlinked_accounting_file_is_not_followed(site):
    """Nor is a fifo opened, which would block the agent."""
    backend, agent, acct, _ = delivering(site)
    secret = site.folder / "shadow"
    rows, tokens = token_rows(2, seed="LINK")
    secret.write_text(BOUNCE_HEADER + "\n" + "\n".join(rows) + "\n")
    (acct.dir / "bounces-2026-11-22-0007.csv").symlink_to(secret)
    os.mkfifo(acct.dir / "bounces-2026-11-22-0008.csv")
    os.link(secret, acct.move_to / "elsewhere.csv")
    real = more(acct, 3)
    all_there(backend, real)
    rescanned(agent)
    finish(agent, backend, real)
    assert not set(tokens) & set(backend.tokens())


def test_what_is_deleted_is_overwritten(site):
    """secure_delete: a dead letter that was delivered later leaves no address in the store."""
    backend, agent, acct = trusted(site, refuse_limit=1)
    backend.rule(status=422, times=3, accepted=False)
    rows, late = token_rows(3, seed="SECRETROW")
    acct.append(rows)
    all_there(backend, late)
    eventually(lambda: not dead(agent))
    stopped(agent)
    assert sqlite3.connect(agent.state_dir / "state.db").execute(
        "SELECT count(*) FROM dead").fetchone() == (0,)
    assert b"SECRETROW" not in (agent.state_dir / "state.db").read_bytes()


# ---- a hostile backend

def memory_kib(agent):
    for line in (Path("/proc") / str(agent.pid) / "status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1])
    raise AssertionError("no VmHWM")


def test_a_10_mb_answer_is_broken_off(site):
    """The beginning of the body decides; the rest is not kept in memory."""
    backend, agent, acct, _ = delivering(site)
    before = memory_kib(agent)
    backend.rule(big_body=10 << 20)
    tokens = more(acct, 5)
    all_there(backend, tokens)
    eventually(lambda: endpoint_status(agent)["recordsAccepted"] == 5)
    assert memory_kib(agent) - before < 8 << 10
    finish(agent, backend, tokens)


def endless_headers():
    yield b"HTTP/1.1 200 OK\r\n"
    while True:
        yield b"X-Filler: " + b"x" * 1000 + b"\r\n"


def endless_line():
    yield b"HTTP/1.1 200 OK\r\nX-Filler: "
    while True:
        yield b"x" * 65536


def endless_interim():
    while True:
        yield b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize("answer", [endless_headers, endless_line, endless_interim])
def test_endless_headers_are_bounded(site, answer):
    """In memory and in time; the record is kept, and the agent still answers."""
    listener, port, _ = answering(answer)
    acct = site.acct().begin()
    agent = up(site.agent(f"http://127.0.0.1:{port}/?type=pmta", acct, endpoint={"timeout": "2s"}))
    before = memory_kib(agent)
    acct.append(token_rows(1)[0])
    wait_state(agent, "retrying", "held")
    assert memory_kib(agent) - before < 16 << 10
    assert agent.status()["sources"][0]["rows"]["acknowledged"] == 0
    listener.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(site, status):
    """Neither the record nor the secret is sent to the address in the answer."""
    listener, port, asked = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    backend, agent, acct, _ = delivering(
        site, signature_file=put_secret(site.folder / "signature", SIGNATURE))
    backend.rule(status=status, headers={"Location": f"http://127.0.0.1:{port}/"}, accepted=False)
    more(acct, 1)
    wait_state(agent, "held")
    rescanned(agent, 3)
    assert not asked
    listener.close()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/",
                                 "smtp://127.0.0.1/", "//127.0.0.1/", "http://example.org/"])
def test_only_https_or_http_to_this_host(site, url):
    """Any other url is a mistake in the configuration."""
    agent = site.agent(url, site.acct().begin())
    done = agent.command("check")
    assert done.returncode == 78 and "'url'" in done.stderr


def test_the_environment_names_no_proxy(site):
    """Only the configuration decides where records are sent."""
    listener, port, asked = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    backend = site.backend()
    acct = site.acct().begin()
    proxy = f"http://127.0.0.1:{port}"
    agent = up(site.agent(backend, acct), env={"http_proxy": proxy, "https_proxy": proxy,
                                               "ALL_PROXY": proxy})
    tokens = more(acct, 2)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    assert not asked
    listener.close()


def test_retry_after_is_at_most_an_hour(site):
    """A backend that asks for an endless delay is tried again after an hour, and reported."""
    backend, agent, acct, _ = delivering(site)
    backend.rule(status=503, headers={"Retry-After": "99999999999999"}, accepted=False)
    more(acct, 1)
    wait_state(agent, "retrying")
    assert 0 < endpoint_status(agent)["nextAttemptMs"] <= 3600_000
    agent.wait_for("(Retry-After asks for 99999999999999 s; an hour at most); trying again in")


# ---- other local users

def test_listeners_are_read_only(site):
    """Nothing can be changed through metrics-listen, and it answers nothing but status."""
    port = free_port()
    _, agent, _, _ = delivering(site)
    agent.stop()
    agent.settings["metrics_listen"] = f"127.0.0.1:{port}"
    agent.write_conf()
    up(agent)

    def ask(request):
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(request)
            return connection.makefile("rb").readline().split()[1]
    end = b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    assert ask(b"GET /status" + end + b"\r\n") == b"200"
    assert ask(b"POST /status" + end + b"Content-Length: 2\r\n\r\nxx") in (b"403", b"405")
    assert ask(b"GET /../../etc/passwd" + end + b"\r\n") == b"404"
    assert ask(b"GET /" + b"a" * 100000 + end + b"\r\n")[:1] == b"4"


def test_idle_connections_do_not_stop_delivery(site):
    """A client holds all the connections that the agent allows."""
    port = free_port()
    backend = site.backend()
    acct = site.acct().begin()
    agent = up(site.agent(backend, acct, metrics_listen=f"127.0.0.1:{port}"))
    held = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
    for connection in held[:16]:
        connection.sendall(b"GET /status HTTP/1.1\r\nX: ")
    tokens = more(acct, 5)
    all_there(backend, tokens)
    for connection in held:
        connection.close()
    finish(agent, backend, tokens)


# ---- clients of the listeners

def connected(family, address, n):
    """n clients that have each sent the beginning of a request."""
    clients = []
    for _ in range(n):
        client = socket.socket(family)
        client.connect(address)
        client.sendall(b"GET /status HTTP/1.1\r\nX: ")
        clients.append(client)
    return clients


def trickle(clients, over):
    """Sends a byte from each client now and then, so that none of them counts as silent."""
    while not over.wait(0.2):
        for client in clients:
            with contextlib.suppress(OSError):
                client.sendall(b"x")


@pytest.mark.parametrize("local", [True, False], ids=["control", "tcp"])
def test_idle_and_slow_clients_keep_nobody_out(site, local):
    port = free_port()
    agent = up(site.agent(None, site.acct(), metrics_listen=f"127.0.0.1:{port}"))
    fd = os.open(agent.state_dir, os.O_PATH)
    clients = connected(socket.AF_UNIX, f"/proc/self/fd/{fd}/control", 40) if local else \
        connected(socket.AF_INET, ("127.0.0.1", port), 40)
    over = threading.Event()
    slow = threading.Thread(target=trickle, args=(clients, over), daemon=True)
    slow.start()
    try:
        for _ in range(3):
            if local:
                assert agent.command("status").stdout.startswith("pmta-shipper")
                assert agent.status()["running"]
            else:
                with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
                    sock.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
                    assert b"ok" in sock.makefile("rb").read()
    finally:
        over.set()
        slow.join()
        os.close(fd)
        for client in clients:
            client.close()
