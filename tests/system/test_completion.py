"""The completions offer names of the configuration; tests/deb/completion checks the options."""

import shutil
import subprocess
from pathlib import Path

import pytest
from harness import ROOT

FOLDER = ROOT / "packaging/completion"
LIBRARY = "/usr/share/bash-completion/bash_completion"
CONF = """
state-dir = "/x"
# source commented {
source bounces {
    acct-file = "/a/bounces.csv"
}
  source "fbl-eu" {
}
endpoint octeth {
	url = ""
}
"""


def shell(*args):
    done = subprocess.run(args, capture_output=True, text=True, timeout=60, check=False, cwd=FOLDER)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.split()


@pytest.fixture(name="conf")
def _conf(tmp_path):
    path = tmp_path / "a.conf"
    path.write_text(CONF, "utf-8")
    return path


def bash_offers(*words):
    script = (f'. {LIBRARY}; . ./pmta-shipper.bash; COMP_WORDS=(pmta-shipper "$@"); COMP_CWORD=$#;'
              'COMP_LINE="pmta-shipper $*"; COMP_POINT=${#COMP_LINE}; _pmta_shipper;'
              'printf "%s\\n" "${COMPREPLY[@]}"')
    return shell("bash", "-c", script, "-", *map(str, words))


@pytest.mark.skipif(not Path(LIBRARY).exists(), reason="no bash-completion here")
def test_bash_offers_names_of_the_configuration(conf):
    assert bash_offers("parse", "-c", conf, "--source", "") == ["bounces", "fbl-eu"]
    assert bash_offers("parse", "--config", conf, "--source", "f") == ["fbl-eu"]
    assert bash_offers("dead", "-c", conf, "--endpoint", "") == ["octeth"]
    assert bash_offers("parse", "-c", "/nowhere", "--source", "") == []


def zsh_offers(*words):
    script = ('_describe() { print -lr -- $found; }; _files() { : };'
              'words=(pmta-shipper "$@"); CURRENT=$#words; . ./_pmta-shipper')
    return shell("zsh", "-fc", script, "-", *map(str, words))


@pytest.mark.skipif(not shutil.which("zsh"), reason="no zsh here")
def test_zsh_offers_names_of_the_configuration(conf):
    assert zsh_offers("parse", "-c", conf, "--source", "") == ["bounces", "fbl-eu"]
    assert zsh_offers("dead", "list", "--config", conf, "--endpoint", "") == ["octeth"]
    assert zsh_offers("pause", "-c", conf, "--endpoint", "") == ["octeth"]
    assert zsh_offers("parse", "-c", "/nowhere", "--source", "") == []
