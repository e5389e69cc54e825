"""A server that serves the agent's own page, headers included, with a status and a history made by
the test: the last hour of a real agent takes an hour."""

import http.server
import json
import threading
import urllib.request


def wave(n, height, width=9):
    return [int(height * (1 + ((i * 7) % width) / width)) for i in range(n)]


def hour(n=60):
    return {
        "stepSeconds": 60, "ageSeconds": 12,
        "sources": [
            {"name": "bounces", "read": wave(n, 900), "acknowledged": wave(n, 850, 11),
             "behindBytes": [int(4e6 * i / 60) if 20 < i < 45 else 0 for i in range(n)]},
            {"name": "fbl", "read": wave(n, 12), "acknowledged": wave(n, 12),
             "behindBytes": [0] * n}],
        "endpoints": [
            {"name": "octeth", "requests": wave(n, 900), "accepted": wave(n, 850),
             "latencyMs": [None if 20 < i < 26 else 40.5 + i % 13 for i in range(n)]},
            {"name": "complaints", "requests": wave(n, 12), "accepted": wave(n, 12),
             "latencyMs": [22.5 + i % 5 for i in range(n)]}],
        "bounces": [{"category": name, "records": wave(n, height, 5 + height % 7)}
                    for name, height in [("bad-mailbox", 400), ("spam-related", 210),
                                         ("quota-issues", 120), ("policy-related", 60),
                                         ("bad-domain", 40), ("message-expired", 20),
                                         ("routing-errors", 9), ("other", 5)]]}


class PageSite:
    """GET / returns the agent's page; /status and /history return self.status and self.history."""

    def __init__(self, agent_url, status, history):
        self.agent_url, self.status, self.history = agent_url, status, history
        self.asked = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *args):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request):
        if request.path == "/":
            with urllib.request.urlopen(self.agent_url, timeout=20) as page:
                headers, body = page.headers.items(), page.read()
        else:
            self.asked += request.path == "/status"
            what = self.status if request.path == "/status" else self.history
            headers = [("Content-Type", "application/json")]
            body = json.dumps(what).encode()
        request.send_response(200 if has_answer(self, request.path) else 503)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "date"):
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def end(self):
        self.server.shutdown()
        self.server.server_close()


def has_answer(site, path):
    return path == "/" or (site.status if path == "/status" else site.history) is not None
