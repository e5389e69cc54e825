"""Reading /metrics as Prometheus does."""

import re
import urllib.error
import urllib.request

from harness import eventually, free_port

SAMPLE = re.compile(r'^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-z]+)="([^"\\]*)"(?:,|$)')


def watched(agent):
    """Give an agent that is not yet running a port for metrics-listen."""
    agent.port = free_port()
    agent.settings["metrics_listen"] = f"127.0.0.1:{agent.port}"
    agent.write_conf()
    return agent


def fetch(agent, path, method="GET", **headers):
    """(status, headers, body)"""
    request = urllib.request.Request(f"http://127.0.0.1:{agent.port}{path}", method=method,
                                     headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.headers, e.read().decode()


def types(text):
    """name -> type of every family."""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))


def parse(text):
    """{(name, frozenset of (label, value)): number}; every line must be well-formed."""
    samples = {}
    for line in text.splitlines():
        if line.startswith("#"):
            assert re.match(r"# (HELP|TYPE) [a-z0-9_]+ \S", line), line
            continue
        name, labels, value = SAMPLE.match(line).groups()
        pairs = LABEL.findall(labels or "")
        assert sum(len(k) + len(v) + 4 for k, v in pairs) in (len(labels or "") + 1,
                                                              len(labels or "")), line
        key = name, frozenset(pairs)
        assert key not in samples, f"twice: {line}"
        samples[key] = float(value)
    return samples


class Scrape:
    def __init__(self, text):
        self.text, self.samples = text, parse(text)

    def get(self, name, **labels):
        """The one sample with at least these labels; None if there is none."""
        found = self.all(name, **labels)
        assert len(found) < 2, found
        return next(iter(found.values()), None)

    def all(self, name, **labels):
        wanted = set(labels.items())
        name = name if name.startswith("process_") else "pmta_shipper_" + name
        return {key: value for key, value in self.samples.items()
                if key[0] == name and wanted <= set(key[1])}


def scrape(agent):
    status, headers, text = fetch(agent, "/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return Scrape(text)


def until(agent, name, value, **labels):
    """The first scrape in which that sample has that value."""
    def there():
        now = scrape(agent)
        return now if now.get(name, **labels) == value else None
    return eventually(there)
