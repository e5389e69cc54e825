"""A success that is none: 2xx answers that say "failed", come from a page, or came too early."""

import gzip
import socket
import threading

import pytest
from harness import eventually, token_rows
from wire import ARRAY, all_there, delivering, endpoint_status, finish, letters, log_about, more, sent

NOTICE = "<br />\n<b>Notice</b>:  Undefined index in <b>/a.php</b> on line <b>3</b><br />\n"


@pytest.mark.parametrize("body", [
    '{ "Success" : false }',
    '\ufeff\n{"success":false,"ErrorCode":99}',
    NOTICE + '{"Success":false}',
    "PHP Fatal error:  Uncaught Error: no database in /a.php:3",
])
def test_a_success_that_says_failed_is_tried_again(site, body):
    backend, agent, acct, _ = delivering(site)
    backend.rule(times=3, body=body, accepted=False)
    tokens = more(acct, 4)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    assert sent(backend) == len(tokens) + 3
    assert not letters(agent)
    assert log_about(agent, "trying again")


def test_a_page_holds_the_endpoint(site):
    """A login page takes nothing, whatever its status; what waited is delivered once it is gone."""
    backend, agent, acct, _ = delivering(site, hold_interval="1s")
    backend.rule(body="\n<!DOCTYPE html><title>Log in</title>", accepted=False,
                 headers={"Content-Type": "application/json"})
    tokens = more(acct, 4)
    agent.wait_for("held, nothing is lost")
    status = endpoint_status(agent)
    assert status["state"] == "held"
    assert "accept-html" in status["lastError"]
    backend.clear()
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    assert not letters(agent)


def test_a_page_may_be_the_way_to_say_yes(site):
    backend, agent, acct, _ = delivering(site, accept_html=True)
    backend.rule(body="<html><body>thank you</body></html>")
    tokens = more(acct, 4)
    all_there(backend, tokens)
    finish(agent, backend, tokens)
    assert sent(backend) == len(tokens)


class Odd(threading.Thread):
    """A server that answers as a function says: request (its head, a reader) to answer."""

    def __init__(self, answer, early=False):
        super().__init__(daemon=True)
        self.answer = answer
        self.early = early
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.asked = 0
        self.open = []  # a connection with bytes unread that is closed is reset
        self.start()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        self.open.append(client)
        with client.makefile("rb") as reader:
            lines = []
            while (line := reader.readline().strip()):
                lines.append(line.lower())
            if not lines:
                return
            size = next(int(x.split(b":")[1]) for x in lines if x.startswith(b"content-length:"))
            self.asked += 1
            client.sendall(self.answer(reader, size, self.asked))
            if not self.early:
                client.close()


def answer(body, headers=""):
    return (f"HTTP/1.1 200 OK\r\nConnection: close\r\n{headers}"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def test_a_packed_answer_is_read(site):
    """gzip, asked for or not: "failed" in it is a failure."""
    def reply(reader, size, n):
        reader.read(size)
        body = b'{"Success":false}' if n <= 2 else b'{"Success":true}'
        return answer(gzip.compress(body), "Content-Encoding: gzip\r\n")
    odd = Odd(reply)
    _, agent, acct, _ = delivering(site, url=odd.url)
    before = odd.asked
    tokens = more(acct, 1)
    eventually(lambda: agent.status()["sources"][0]["rows"]["acknowledged"] >= len(tokens))
    assert odd.asked >= before + 1
    assert endpoint_status(agent)["retries"] >= 2


@pytest.mark.parametrize("encoding", ["gzip", "zstd-of-tomorrow"])
def test_a_body_that_cannot_be_unpacked_says_nothing(site, encoding):
    """A server that names a wrong encoding has taken the records: once is enough."""
    def reply(reader, size, n):
        reader.read(size)
        return answer(b"thank you", f"Content-Encoding: {encoding}\r\n")
    odd = Odd(reply)
    _, agent, acct, _ = delivering(site, path=ARRAY, url=odd.url, batch_age="0s")
    more(acct, 1)
    eventually(lambda: agent.status()["sources"][0]["rows"]["acknowledged"] == 1)
    assert odd.asked == 1
    assert endpoint_status(agent)["retries"] == 0


def test_a_success_before_the_request_was_sent_is_tried_again(site):
    """The server reads 1,000 bytes of megabytes and says yes; it cannot have taken the rest.

    It resets nothing: the answer alone has to show that it came too early."""
    early, whole = [], []

    def reply(reader, size, n):
        if size > 4 << 20 and len(early) < 3:
            early.append(size)
            reader.read(1000)
        else:
            whole.append(len(reader.read(size)))
        return answer(b"OK")
    odd = Odd(reply, early=True)
    _, agent, acct, _ = delivering(site, path=ARRAY, url=odd.url, batch_records=10000,
                                   batch_bytes="16MiB")
    rows, tokens = token_rows(10000, size=1200)
    acct.append(rows)
    eventually(lambda: agent.status()["sources"][0]["rows"]["acknowledged"] >= len(tokens))
    assert early and max(whole) >= min(early)
    assert endpoint_status(agent)["retries"] == len(early)
    assert "before all of the request was sent" in agent.log()
