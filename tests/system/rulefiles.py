"""Files of bounce rules, bounces for them, and the `rules` commands."""

import csv
import io
import subprocess

from harness import AGENT


def rules_file(site, text, name="10-test.rules"):
    folder = site.folder / "rules.d"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return folder / name


def bounce(token, diag, status="5.0.0 (undefined status)", cat="other",
           mta="mx.example.com (1.2.3.4)", kind="b", domain="example.org"):
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(
        [kind, "2026-11-21 10:00:00+0000", "2026-11-21 10:00:00+0000", token, f"joe@{domain}", cat,
         status, "failed", diag, mta, "", "", ""])
    return out.getvalue()


def run(*args, **more):
    return subprocess.run([str(AGENT), *map(str, args)], capture_output=True, text=True, timeout=60,
                          check=False, **more)


def verdict_of(rules, text, *args):
    done = run("rules", "explain", "--rules", rules, text, *args)
    assert done.returncode == 0, done.stderr
    line = [line for line in done.stdout.splitlines() if line.startswith("verdict")][0]
    return line.split()[1].rstrip(",")
