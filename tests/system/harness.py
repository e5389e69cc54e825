"""The base of the system tests: the stand-in backend, the agent, accounting files, the books.

Nothing here binds a fixed port.  Every process ends with the test that started it.
"""

import atexit
import functools
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.request
from collections import Counter, namedtuple
from pathlib import Path

from accounting import (  # noqa: F401  (the tests import them from here)
    BOUNCE_HEADER, FBL_HEADER, Acct, Written, read_manifest, token_row, token_rows)
from control import asked
from nursery import BACKEND, Nursery, die_with_parent  # noqa: F401  (tests import it from here)

ROOT = Path(__file__).resolve().parents[2]
AGENT = Path(os.environ.get("PMTA_SHIPPER", ROOT / "build/pmta-shipper"))
WRITER = Path(os.environ.get("PMTA_WRITER", ROOT / "build/pmta-writer"))
CERTS = ROOT / "fixtures/tls/make-certs.sh"

VERSION = re.search(r"^## \[([0-9][^]]*)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)[1]

WEBHOOK = "/system/bounce_webhook?type=pmta"


def eventually(fn, timeout=20):
    """Call fn until it returns a true value, and return that value.  Questions that cost much,
    such as a process, are asked half of the time at most: they would slow down what they wait for."""
    begun = time.monotonic()
    while True:
        asked_at = time.monotonic()
        value = fn()
        if value:
            return value
        now = time.monotonic()
        if asked_at > begun + timeout:
            raise AssertionError(f"not within {timeout} s; last seen: {value!r}")
        time.sleep(max(0.01, min(now - asked_at, 0.5)))


class Process:
    """A child process with its output in files."""

    def __init__(self, folder, name):
        self.name = name
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.stdout_path = self.folder / f"{name}.stdout"
        self.stderr_path = self.folder / f"{name}.stderr"
        self.child = None
        self.exit_status = None

    def spawn(self, args, env=None):
        assert not self.running(), f"{self.name} is already running"
        self.exit_status = None
        with open(self.stdout_path, "ab") as out, open(self.stderr_path, "ab") as err:
            self.child = Nursery.child(args, out, err, env)
        return self

    @property
    def pid(self):
        return self.child.pid

    def running(self):
        return self.child is not None and self.child.poll() is None

    def signal(self, number):
        self.child.send_signal(number)

    def wait(self, timeout=20):
        """The exit status, negative for a signal."""
        self.exit_status = self.child.wait(timeout)
        return self.exit_status

    def stop(self, timeout=20):
        """Send SIGTERM and wait."""
        if self.running():
            self.signal(signal.SIGTERM)
        return self.wait(timeout)

    def kill9(self):
        """Send SIGKILL and wait."""
        if self.running():
            self.signal(signal.SIGKILL)
        return self.wait()

    def end(self):
        """For teardown: end the process, whatever its state."""
        if self.running():
            self.child.kill()
            self.child.wait()

    def stderr(self):
        return self.stderr_path.read_text("utf-8", "replace") if self.stderr_path.exists() else ""

    def stdout(self):
        return self.stdout_path.read_text("utf-8", "replace") if self.stdout_path.exists() else ""


def as_options(settings):
    """{"max_events": 5, "keep_bodies": True} as --max-events 5 --keep-bodies."""
    args = []
    for name, value in settings.items():
        option = "--" + name.replace("_", "-")
        if value is True:
            args.append(option)
        elif value is not None and value is not False:
            args += [option, str(value)]
    return args


class Backend(Process):
    """The stand-in for Octeth; settings are its options with underscores."""

    def __init__(self, folder, name="backend", tls=None, **settings):
        super().__init__(folder, name)
        self.tls = Path(tls) if tls else None
        self.settings = settings
        self.store = self.folder / f"{name}.db"
        self.port_file = self.folder / f"{name}.port"
        self.port = 0
        if self.tls:
            self.settings.setdefault("tls_cert", self.tls / "good.pem")
            self.settings.setdefault("tls_key", self.tls / "good.key")

    def start(self):
        self.port_file.unlink(missing_ok=True)
        args = [BACKEND, "--port", self.port, "--port-file", self.port_file, "--store", self.store]
        self.spawn(args + as_options(self.settings))
        eventually(lambda: self.port_file.exists() or not self.running())
        assert self.running(), self.stderr()
        self.port = int(self.port_file.read_text())
        return self

    def kill(self):
        return self.kill9()

    def restart(self):
        """Stop, and start again on the same port and store; the rules are lost."""
        self.stop()
        return self.start()

    def url(self, path=WEBHOOK, host="127.0.0.1"):
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def _call(self, path, body=None):
        context = None
        if self.tls:
            import ssl
            context = ssl.create_default_context(cafile=self.tls / "ca.pem")
            if self.settings.get("client_ca"):
                context.load_cert_chain(self.tls / "client.pem", self.tls / "client.key")
        with urllib.request.urlopen(self.url(path), body,
                                    timeout=20, context=context) as answer:
            return json.load(answer)

    def control(self, *items):
        """Send rules, {"clear": True} or {"set": {...}}: see the stand-in's help."""
        return self._call("/_control", json.dumps(items).encode())

    def rule(self, **spec):
        return self.control(spec)

    def clear(self):
        return self.control({"clear": True})

    def rules(self):
        return self._call("/_control")

    def stats(self, fast=False):
        return self._call("/_stats?fast" if fast else "/_stats")

    def query(self, sql, *values):
        """Rows of the store as dictionaries, whether the backend is running or not."""
        db = sqlite3.connect(self.store, timeout=20)
        db.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in db.execute(sql, values)]
        finally:
            db.close()

    def requests(self):
        return self.query("SELECT * FROM requests ORDER BY id")

    def events(self, accepted=True):
        """The accepted events (accepted=None: all that were received), each parsed as "event"."""
        rows = self.query("SELECT * FROM events ORDER BY id")
        if accepted is not None:
            rows = [row for row in rows if bool(row["accepted"]) == accepted]
        for row in rows:
            row["event"] = json.loads(row["json"])
        return rows

    def tokens(self):
        """How often each token was accepted."""
        rows = self.query("SELECT token, count(*) n FROM events WHERE accepted = 1 GROUP BY token")
        return Counter({row["token"]: row["n"] for row in rows})


def conf_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "{ " + ", ".join(conf_value(str(item)) for item in value) + " }"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{text}"'


def conf_lines(settings, indent=""):
    return [f"{indent}{name.replace('_', '-')} = {conf_value(value)}"
            for name, value in settings.items() if value is not None]


def conf_section(kind, settings):
    inner = {name: value for name, value in settings.items() if name != "name"}
    return [f"{kind} {settings['name']} {{"] + conf_lines(inner, "    ") + ["}"]


def conf_text(settings, sources, endpoints):
    lines = conf_lines(settings)
    for source in sources:
        lines += conf_section("source", source)
    for endpoint in endpoints:
        lines += conf_section("endpoint", endpoint)
    return "\n".join(lines) + "\n"


QUICK = {"log_level": "debug", "metrics_listen": "", "rescan": "300ms"}
QUICK_ENDPOINT = {"retry_min": "20ms", "retry_max": "300ms", "hold_interval": "300ms",
                  "batch_age": "20ms"}


class Agent(Process):
    """The program under test.

    settings are global keys with underscores.  Without sources there is one source for each of
    accts, named after its base.  source and endpoint change values of every source and endpoint.
    A value of None leaves a key out.
    """

    def __init__(self, folder, backend=None, accts=(), name="agent", sources=None, endpoints=None,
                 source=None, endpoint=None, **settings):
        super().__init__(folder, name)
        self.conf = self.folder / f"{name}.conf"
        self.state_dir = self.folder / f"{name}.state"
        self.settings = dict(QUICK, state_dir=self.state_dir)
        self.settings.update(settings)
        self.sources = [dict(one, **(source or {})) for one in sources or map(source_of, accts)]
        if endpoints is None:
            url = backend if isinstance(backend, str) else backend.url() if backend else ""
            endpoints = [{"name": "octeth", "url": url, "format": "object"}]
            if isinstance(backend, Backend) and backend.tls:
                endpoints[0]["ca_file"] = backend.tls / "ca.pem"
        self.endpoints = [dict(QUICK_ENDPOINT, **dict(one, **(endpoint or {})))
                          for one in endpoints]
        self.write_conf()

    def write_conf(self):
        """Write the configuration from settings, sources and endpoints, which a test may change."""
        self.conf.write_text(conf_text(self.settings, self.sources, self.endpoints), "utf-8")

    def start(self, *args, env=None):
        if env:
            env = dict(os.environ, **env)
        return self.spawn([AGENT, "run", "-c", self.conf, *args], env)

    def hup(self):
        self.signal(signal.SIGHUP)

    def log(self):
        return self.stderr()

    def wait_for(self, text, timeout=20, times=1):
        """Wait until the log contains text that many times; fail early if the agent has ended."""
        def seen():
            found = self.log().count(text) >= times
            assert found or self.running() or self.log().count(text) >= times, \
                f"the agent ended without logging {text!r}:\n{self.log()[-2000:]}"
            return found
        eventually(seen, timeout)

    def command(self, name, *args, stdin=None, timeout=60):
        """Run another subcommand on the same configuration."""
        return subprocess.run([str(AGENT), name, "-c", str(self.conf), *map(str, args)],
                              input=stdin, capture_output=True, text=True, timeout=timeout,
                              check=False)

    def status(self):
        """The JSON of `status --json`, without the cost of a process while the agent runs."""
        if self.running():
            try:
                return asked(self)
            except OSError:
                pass  # it is starting or ending
        return json.loads(self.command("status", "--json").stdout)


def source_of(acct):
    """The source section for an Acct."""
    return {
        "name": acct.base.replace("-", "_"),
        "acct_file": acct.dir / (acct.base + acct.ext),
        "move_to": acct.move_to,
        "records": ["f"] if acct.base == "fbl" else ["b", "rb"],
        "endpoint": "octeth",
    }


Books = namedtuple("Books", "lost repeated unexpected")


def books(backend, tokens):
    """Compare the tokens written with the tokens accepted.

    lost: tokens that never arrived; repeated: {token: times} of those that arrived more than once;
    unexpected: tokens that nobody wrote.
    """
    arrived = backend.tokens()
    written = set(tokens)
    return Books([token for token in written if token not in arrived],
                 {token: n for token, n in arrived.items() if n > 1},
                 [token for token in arrived if token not in written])


def all_arrived(backend, tokens):
    """True if the backend has accepted all tokens; for eventually()."""
    arrived = backend.tokens()
    return all(token in arrived for token in tokens)


class Writer(Process):
    """pmta-writer, writing into an Acct's folders; options are spelled with underscores."""

    def __init__(self, folder, acct, name="writer", **options):
        super().__init__(folder, name)
        self.manifest = self.folder / f"{name}.manifest"
        self.options = {"dir": acct.dir, "acct": acct.base + acct.ext, "move_to": acct.move_to,
                        "bare": acct.bare, "manifest": self.manifest}
        if acct.base == "fbl":
            self.options["types"] = "f"
        self.options.update(options)

    def start(self):
        return self.spawn([WRITER] + as_options(self.options))

    def run(self, timeout=120):
        """Write everything.  Returns the manifest."""
        self.start()
        assert self.wait(timeout) == 0, self.stderr()
        return self.written()

    def written(self):
        return read_manifest(self.manifest)

    def tokens(self):
        return [row.token for row in self.written()]


def free_port():
    """A port that nobody listens on at the moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@functools.cache
def made_certs():
    """Certificates, made once in each process that runs tests."""
    folder = tempfile.mkdtemp(prefix="pmta-certs-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run([CERTS, folder], check=True, capture_output=True)
    return folder


class Site:
    """One host for one test: creates the processes in one folder and ends them all."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.processes = []

    def _keep(self, process):
        self.processes.append(process)
        return process

    def backend(self, start=True, **settings):
        backend = self._keep(Backend(self.folder, **settings))
        return backend.start() if start else backend

    def agent(self, backend=None, *accts, **settings):
        return self._keep(Agent(self.folder, backend, accts, **settings))

    def writer(self, acct, **options):
        return self._keep(Writer(self.folder, acct, **options))

    def acct(self, **options):
        return Acct(self.folder, **options)

    def certs(self):
        """A folder with a test CA and certificates; see make-certs.sh.  Each test has a copy."""
        folder = self.folder / "tls"
        if not folder.exists():
            shutil.copytree(made_certs(), folder)
        return folder

    def end(self, show_logs=True):
        for process in reversed(self.processes):
            process.end()
        for process in self.processes:
            if show_logs and isinstance(process, Agent):
                print(f"--- end of the log of {process.name}:\n{process.log()[-4000:]}")
