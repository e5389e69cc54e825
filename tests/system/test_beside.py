"""Files beside the template, which are not read, are named with the line that makes them readable."""

import shlex
import shutil
import subprocess

import pytest
from findings import doctor
from harness import eventually, token_rows
from steps import arrived, delivered, rescanned, source_status, started, stopped, up

PLACES = ("xz", "done", "folder", "link")


def put_beside(site, **settings):
    """(acct, backend, agent, rows, lines): a stopped agent, and its files in forms not read."""
    acct = site.acct()
    backend, agent = started(site, acct, **settings)
    rows, _ = token_rows(30, kind=["b", "rb"])
    up(agent)
    for i in range(2):
        acct.append(rows[10 * i:10 * i + 10])
        arrived(backend, 10 * i + 10)
        acct.rotate()
    backend.rule(status=503)
    acct.append(rows[20:])
    acct.rotate()
    eventually(lambda: source_status(agent)["filesBehind"] == 1)
    rescanned(agent)
    stopped(agent)
    moved = acct.move_to
    acct.moved(0).rename(f"{acct.moved(0)}.done")
    (moved / "2026-11").mkdir()
    acct.moved(1).rename(moved / "2026-11" / acct.moved(1).name)
    subprocess.run(["xz", acct.moved(2)], check=True)
    (acct.dir / "bounces.csv").symlink_to("/nowhere/bounces.csv")
    names = {"xz": f"{acct.moved(2).name}.xz", "done": f"{acct.moved(0).name}.done",
             "folder": "2026-11", "link": "bounces.csv"}
    lines = {
        "xz": f'"{names["xz"]}" in "{moved}" is not read: packed with xz',
        "done": f'"{names["done"]}" in "{moved}" is not read: not a name of acct-file',
        "folder": f'"2026-11" in "{moved}" is not read: a folder with files of acct-file',
        "link": f'"bounces.csv" in "{acct.dir}" is not read: a symbolic link'}
    fixes = {
        "xz": f"xz -d {shlex.quote(f'{acct.moved(2)}.xz')}",
        "done": f"mv -n {shlex.quote(f'{acct.moved(0)}.done')} {shlex.quote(str(acct.moved(0)))}",
        "folder": f"mv -n {moved}/2026-11/bounces* {moved}/",
        "link": f"set acct-file or move-to to what this shows: readlink -f {acct.dir}/bounces.csv"}
    backend.clear()
    return acct, backend, agent, rows, {place: (lines[place], fixes[place]) for place in PLACES}


def attention(agent, level):
    return {(one["text"], one["fix"]) for one in agent.status()["attention"]
            if one["level"] == level}


@pytest.mark.skipif(not shutil.which("xz"), reason="there is no xz")
def test_files_beside_the_template_are_named_until_they_are_readable(site):
    acct, backend, agent, rows, named = put_beside(site)
    lost = (f'rows of "{acct.moved(2).name}" are not delivered; they are '
            f'likely in "{acct.moved(2).name}.xz", which is not read', named["xz"][1])
    # Stopped: the store knows what is missing.
    notices = set(named.values()) - {named["xz"]}
    assert attention(agent, "notice") == notices
    assert lost in attention(agent, "warning")
    assert source_status(agent)["filesBeside"] == 4
    for command in (["reconcile"], ["archives", "--acknowledged"]):
        errors = agent.command(*command).stderr
        for line, fix in named.values():
            assert f"bounces: {line} -> {fix}\n" in errors, errors
    found = doctor(agent)
    for line, fix in named.values():
        assert found.one("info", "source bounces", line) == (line, fix)
    # Running: each once in the log, with its line; the missing rows are a warning.
    up(agent)
    agent.wait_for("they are likely in")
    assert lost in attention(agent, "warning")
    assert attention(agent, "notice") == notices
    assert "are likely in" in agent.command("status", "--check").stdout
    (acct.move_to / f"{acct.moved(0).name}.1.done").write_text("x\n", "utf-8")
    rescanned(agent)
    for line, fix in named.values():
        assert agent.log().count("is not read: " + line.split("is not read: ")[1]) == 1
        assert f"; to deliver its rows: {fix}" in agent.log()
    # The printed lines make them readable: what is missing arrives, the rest is not repeated.
    (acct.move_to / f"{acct.moved(0).name}.1.done").unlink()
    (acct.dir / "bounces.csv").unlink()
    for place in ("xz", "done", "folder"):
        subprocess.run(["sh", "-c", named[place][1]], check=True)
    eventually(lambda: source_status(agent)["filesBeside"] == 0)
    assert not any("are likely in" in text for text, _ in attention(agent, "warning"))
    delivered(agent, backend, rows)
