"""One agent in each runtime-dir, and commands that reach their own agent only."""

import os
import shutil
from pathlib import Path

import pytest
from harness import eventually
from steps import stopped, up
from wire import all_there, more


def beside(site):
    """(backend, first, second, accts): two agents with one runtime-dir, the first one started."""
    backend = site.backend()
    accts = [site.acct(base=base).begin() for base in ("bounces", "others")]
    first, second = (site.agent(backend, acct, name=name, runtime_dir=site.folder / "run")
                     for acct, name in zip(accts, ("first", "second")))
    return backend, up(first), second, accts


def test_a_second_agent_in_a_runtime_dir_is_refused(site):
    backend, first, second, accts = beside(site)
    second.start()
    assert second.wait() == 1
    assert second.log().count("\n") == 1
    assert (f'runtime-dir "{site.folder}/run" is in use by another pmta-shipper (pid {first.pid}, '
            f'configuration "{first.conf}", state-dir "{first.state_dir}"): give each its own '
            "runtime-dir, or stop that one first") in second.log()
    all_there(backend, more(accts[0], 1))
    assert first.status()["sources"][0]["rows"]["acknowledged"] == 1
    first.kill9()  # its socket and its lock file stay
    tokens = more(accts[1], 1, seed="N")
    up(second)
    all_there(backend, tokens)
    stopped(second)


def test_commands_do_not_act_on_an_agent_of_another_configuration(site):
    _, first, second, _ = beside(site)
    another = f"another agent answers at \"{site.folder}/run/control\" (pid {first.pid}, "
    for args in (["pause", "octeth"], ["dead", "drop", "--all"], ["drain"]):
        done = second.command(*args)
        assert done.returncode == 1, done.stdout
        assert another in done.stderr and "; nothing was done" in done.stderr, done.stderr
    done = second.command("status")
    assert done.returncode == 1 and another in done.stderr and "bounces" not in done.stdout
    assert first.status()["endpoints"][0]["state"] == "ok"
    assert first.command("pause", "octeth").returncode == 0


def test_an_agent_is_found_by_any_name_of_its_state_dir(site):
    _, first, _, _ = beside(site)
    (site.folder / "link").symlink_to(first.state_dir)
    first.settings["state_dir"] = site.folder / "link"
    first.write_conf()
    assert first.command("pause", "octeth").returncode == 0


@pytest.mark.parametrize("what", ["folder", "socket"])
def test_a_socket_deleted_under_the_agent_comes_back(site, what):
    _, first, second, accts = beside(site)
    if what == "folder":
        shutil.rmtree(site.folder / "run")
    else:
        (site.folder / "run/control").unlink()
    more(accts[0], 1)
    first.wait_for("listening there again")
    eventually(lambda: first.command("status").returncode == 0)
    second.start()
    assert second.wait() == 1 and "is in use by another pmta-shipper" in second.log()
    stopped(first)
    assert not (site.folder / "run/control").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_run_by_root_leaves_no_files_of_root(site):
    """The service could not open the store afterwards."""
    backend, acct = site.backend(), site.acct().begin()
    agent = site.agent(backend, acct, runtime_dir=site.folder / "run")
    for folder in [site.folder, *site.folder.parents]:
        if folder.stat().st_uid != 0 or str(folder) in ("/", "/tmp"):
            break
        folder.chmod(0o711)
    agent.state_dir.mkdir(0o700)
    os.chown(agent.state_dir, 65534, 65534)
    up(agent)
    all_there(backend, more(acct, 3))
    uid = next(line for line in Path(f"/proc/{agent.pid}/status").read_text().splitlines()
               if line.startswith("Uid:"))
    assert uid.split()[1:] == ["65534"] * 4
    assert "started by root: continuing as user 65534" in agent.log()
    assert agent.command("status").returncode == 0
    stopped(agent)
    up(agent, "--dry-run")
    assert agent.stop() == 0
    made = [path for top in (agent.state_dir, site.folder / "run")
            for path in [top, *top.rglob("*")]]
    assert len(made) > 4 and {path.stat().st_uid for path in made} == {65534}
