"""Children of the test run, started cheaply: a small process that has the stand-in backend loaded
forks them and gives them away.

Starting python and importing asyncio for each backend costs a tenth of a second of CPU, ten times
what a test does with it, and forking the large process of pytest costs more than starting the
agent.  The forks become children of the test run itself, because it is their subreaper, so they
are waited for, and end with it, like any other child.
"""

import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

BACKEND = Path(__file__).resolve().parents[2] / "fixtures/backend"

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LIBC = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    """In a new child: end when the test run ends, for whatever reason."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


# ---- the nursery: a process of its own

def load_backend():
    sys.path.insert(0, str(BACKEND.parent))
    loader = SourceFileLoader("backend", str(BACKEND))
    module = module_from_spec(spec_from_loader("backend", loader))
    loader.exec_module(module)
    return module


def become(order, files, backend, parent):
    """In the new child: never returns."""
    while os.getppid() != parent:  # until the nursery's half of the fork has ended
        time.sleep(0.0002)
    die_with_parent()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, fd in enumerate(files, 1):
        os.dup2(fd, number)
    os.closerange(3, 4096)
    for number in (signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    if order["args"][0] != str(BACKEND):
        os.execvpe(order["args"][0], order["args"], order["env"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.update(order["env"])
    sys.argv = order["args"]
    backend.main()


def give_birth(order, files, backend, parent):
    """Returns the pid of a process that belongs to the test run."""
    read, write = os.pipe()
    first = os.fork()
    if first == 0:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                become(order, files, backend, parent)
                status = 0
            except SystemExit as end:
                if isinstance(end.code, str):
                    print(end.code, file=sys.stderr)
                status = end.code if isinstance(end.code, int) else int(end.code is not None)
            except BaseException:  # whatever it is, this process must not go on as a nursery
                sys.excepthook(*sys.exc_info())
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        os.write(write, str(pid).encode())
        os._exit(0)
    os.waitpid(first, 0)
    os.close(write)
    pid = int(os.read(read, 20))
    os.close(read)
    return pid


def serve(orders, parent):
    die_with_parent()
    backend = load_backend()
    while True:
        text, files, _, _ = socket.recv_fds(orders, 1 << 20, 2)
        if not text:
            return
        orders.send(str(give_birth(json.loads(text), files, backend, parent)).encode())
        for fd in files:
            os.close(fd)


# ---- the test run

class Child:
    """A child that the nursery made; the part of subprocess.Popen that the tests use."""

    def __init__(self, pid):
        self.pid = pid
        self.returncode = None

    def poll(self):
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout=None):
        if self.poll() is None:
            fd = os.pidfd_open(self.pid)
            try:
                if not select.select([fd], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            finally:
                os.close(fd)
        return self.poll()

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


class Nursery:
    """Made at the first use, one for each process that runs tests."""

    orders = None

    @classmethod
    def open(cls):
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)
        cls.orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            subprocess.Popen([sys.executable, "-S", __file__, str(theirs.fileno())],
                             pass_fds=[theirs.fileno()])

    @classmethod
    def child(cls, args, out, err, env=None):
        """Start a program, or the stand-in backend, with its output in these files."""
        if cls.orders is None:
            cls.open()
        order = {"args": [str(arg) for arg in args], "env": dict(env or os.environ)}
        socket.send_fds(cls.orders, [json.dumps(order).encode()], [out.fileno(), err.fileno()])
        return Child(int(cls.orders.recv(20)))


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), os.getppid())
