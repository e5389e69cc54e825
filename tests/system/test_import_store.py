"""import-sincedb and the store: refusals, `run` asking for an import, the way back, failures."""

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from harness import AGENT, ROOT, token_rows
from sincedb import continues, entry, halves, imported
from steps import arrived, compare, delivered, records, started, stopped, up

SHIM = Path(os.environ.get("PMTA_SHIM_SO", ROOT / "build/shim.so"))


# ---- when the import is refused


def test_it_is_refused_while_an_agent_runs_and_on_a_store_with_positions(site):
    acct, backend, agent, rows, offset = halves(site)
    up(agent)
    for args in ((), ("--dry-run",)):
        imported(agent, entry(acct.live, offset), status=1, args=args)
        assert "in use by another pmta-shipper" in agent.done.stderr
    arrived(backend, 20)
    stopped(agent)
    for args in ((), ("--dry-run",)):
        imported(agent, entry(acct.live, offset), status=1, args=args)
        assert "already has positions of 1 file" in agent.done.stderr
        assert "move state.db*" in agent.done.stderr
    continues(agent, backend, rows)


def test_a_store_without_positions_is_taken(site):
    """The agent was started before and found no files."""
    acct = site.acct()
    backend, agent = started(site, acct)
    up(agent)
    stopped(agent)
    rows, _ = token_rows(20)
    acct.append(rows[:10])
    line = entry(acct.live)
    acct.append(rows[10:])
    imported(agent, line)
    continues(agent, backend, rows[10:])


def test_dry_run_prints_the_same_and_stores_nothing(site):
    acct, backend, agent, rows, offset = halves(site)
    found = imported(agent, entry(acct.live, offset), args=["--dry-run"])
    assert agent.done.stdout.endswith("dry run: nothing was stored\n")
    assert not agent.state_dir.exists()
    assert found == imported(agent, entry(acct.live, offset))
    continues(agent, backend, rows[10:])


def test_usage(site):
    agent = site.agent(None, site.acct())
    done = agent.command("import-sincedb")
    assert done.returncode == 64 and "which sincedb?" in done.stderr


def with_logstash(folder, *args):
    """The command args, run in a mount namespace in which /var/lib is folder."""
    script = 'mount --bind "$1" /var/lib && shift && exec "$@"'
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", folder, *args]


def test_run_with_a_sincedb_present_asks_for_the_import_and_runs_after_it(site):
    """A new store, and a sincedb at the path of Debian's package that names the same files."""
    acct, backend, agent, rows, offset = halves(site)
    lib = site.folder / "lib"
    keep = lib / "logstash/plugins/inputs/file"
    keep.mkdir(parents=True)
    line = entry(acct.live, offset)
    (keep / ".sincedb_1f").write_text(line, "utf-8")
    can = subprocess.run(with_logstash(lib, "true"), capture_output=True, timeout=20, check=False)
    if can.returncode != 0:
        pytest.skip("this host allows no mount namespaces")
    agent.spawn(with_logstash(lib, AGENT, "run", "-c", agent.conf))
    assert agent.wait() == 78
    assert "pmta-shipper import-sincedb SINCEDB" in agent.log()
    assert "first-start" in agent.log()
    imported(agent, line)
    agent.spawn(with_logstash(lib, AGENT, "run", "-c", agent.conf))
    agent.wait_for("started with")
    delivered(agent, backend, rows[10:])


# ---- back to Logstash


def test_back_prints_where_the_agent_stopped_as_a_sincedb(site):
    """Also for a file that has moved; the printed sincedb can be imported again."""
    acct, backend, agent, rows, offset = halves(site)
    imported(agent, entry(acct.live, offset))
    up(agent)
    busy = agent.command("import-sincedb", "--back")
    assert busy.returncode == 1 and "stop the agent first" in busy.stderr
    arrived(backend, 10)
    later, _ = token_rows(5, first=20)
    moved = acct.rotate()
    acct.append(later)
    delivered(agent, backend, rows[10:] + later)
    done = agent.command("import-sincedb", "--back")
    assert (done.returncode, done.stderr) == (0, "")
    found = [line.split(" ") for line in done.stdout.splitlines()]
    assert [(*line[:4], line[5]) for line in found] == [
        tuple(entry(path).split()[:4]) + (str(path),) for path in (moved, acct.live)]
    shutil.rmtree(agent.state_dir)
    imported(agent, done.stdout)
    more, _ = token_rows(5, first=30)
    acct.append(more)
    up(agent)
    arrived(backend, 20)
    stopped(agent)
    compare(backend, records(rows[10:] + later + more))
    assert agent.command("import-sincedb", "--back", "x").returncode == 64


# ---- calls that fail during the import


def each_failure(what, run, most=4000):
    """Let each call fail in turn.  run(environment) returns (exit status, standard error)."""
    nth = 1
    while nth < most:
        status, stderr = run({"LD_PRELOAD": str(SHIM), "PMTA_SHIM": f"{what}:{nth}"})
        yield nth, status, stderr.replace("shim: failed one\n", "")
        if "shim: failed one" not in stderr:
            return
        nth += 1 if nth < 300 else 7
    raise AssertionError(f"after {most} calls there are still more")


@pytest.mark.skipif(not SHIM.exists(), reason="no shim was built")
@pytest.mark.parametrize("what", ["alloc", "read", "write", "open"])
def test_whatever_fails_the_store_is_whole_or_not_there(site, what):
    """The import succeeds, or it fails with a message; then the same command succeeds later."""
    acct = site.acct()
    rows, _ = token_rows(30)
    acct.append(rows[:10])
    acct.rotate(begin=False)
    acct.append(rows[10:20])
    acct.rotate(begin=False)
    lines_of = [entry(acct.moved(1), name=acct.dir / acct.dated(1))]
    acct.append(rows[20:25])
    lines_of.append(entry(acct.live))
    acct.append(rows[25:])
    agent = site.agent(None, acct)
    sincedb = agent.folder / "sincedb"
    sincedb.write_text("".join(lines_of), "utf-8")
    done = []

    def run(env):
        shutil.rmtree(agent.state_dir, ignore_errors=True)
        agent.state_dir.mkdir(mode=0o700)
        one = subprocess.run([AGENT, "import-sincedb", "-c", agent.conf, sincedb],
                             env=dict(os.environ, **env), capture_output=True, text=True,
                             timeout=60, check=False)
        done.append(one.stdout)
        return one.returncode, one.stderr

    def stored():
        """The files in the store, with their positions."""
        name = agent.state_dir / "state.db"
        if not name.exists():
            return []
        db = sqlite3.connect(f"file:{name}?mode=ro", uri=True)
        try:
            return db.execute("SELECT name, offset, passed, salt, length(ladder) > 0 "
                              "FROM file ORDER BY name").fetchall()
        except sqlite3.OperationalError:
            return []
        finally:
            db.close()

    assert run({}) == (0, "")
    good, whole = done[-1], stored()
    assert len(whole) == 3
    outcomes = set()
    for nth, status, stderr in each_failure(what, run):
        assert status in (0, 1, 78), (nth, status, stderr)
        outcomes.add(status)
        if status == 0:
            assert (done[-1], stderr) == (good, ""), nth
            assert stored() == whole, nth
        else:
            assert stderr and stored() in ([], whole), (nth, status, stderr)
    assert 1 in outcomes or 78 in outcomes
