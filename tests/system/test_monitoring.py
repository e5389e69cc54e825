"""docs/monitoring: alerts fire when they should, and all metrics are exposed and explained."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from harness import FBL_HEADER, ROOT, token_rows
from scrape import parse, types, until, watched
from steps import up

FOLDER = ROOT / "docs/monitoring"
TESTS = sorted((ROOT / "tests/monitoring").glob("rules-test*.yml"))
RULES, BOARD = FOLDER / "pmta-shipper.rules.yml", FOLDER / "grafana-dashboard.json"
PROMTOOL = next((str(path) for path in [ROOT / "build/prometheus/usr/bin/promtool",
                                        Path(shutil.which("promtool") or "/none")]
                 if path.exists()), None)
needs_promtool = pytest.mark.skipif(
    not PROMTOOL, reason="promtool is not there (make system unpacks it)")
NAME = re.compile(r"\b((?:pmta_shipper|process)_[a-z0-9_]+)")
WITH_LABELS = re.compile(r"\b((?:pmta_shipper|process)_[a-z0-9_]+)\{([^}]*)\}")
FROM_PROMETHEUS = {"instance", "job", "le"}


def promtool(*args):
    done = subprocess.run([PROMTOOL, *map(str, args)], capture_output=True, text=True, timeout=120,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_promtool
def test_rules_are_rules():
    printed = promtool("check", "rules", RULES)
    assert f"{len(alerts())} rules found" in printed


@needs_promtool
@pytest.mark.parametrize("file", TESTS, ids=lambda path: path.stem)
def test_each_alert_fires_when_it_should_and_not_otherwise(file):
    promtool("test", "rules", file)


def alerts():
    return re.findall(r"- alert: (\w+)", RULES.read_text("utf-8"))


def expressions(rules):
    """The expr of every rule."""
    blocks = re.findall(r"^ +expr: (.*?)\n +(?:for|labels):", rules, re.MULTILINE | re.DOTALL)
    assert len(blocks) == len(alerts())
    return blocks


def board_expressions():
    board = json.loads(BOARD.read_text("utf-8"))
    found = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    assert len(found) > 20
    return found + [variable.get("definition", "") for variable in board["templating"]["list"]]


@pytest.fixture
def exposed(site):
    """(names of families, {name of sample: labels}) of an agent in use."""
    backend = site.backend()
    acct, fbl = site.acct().begin(), site.acct(base="fbl", header=FBL_HEADER).begin()
    acct.append(token_rows(2)[0])
    starter = ROOT / "conf/rules.d/50-starter.rules"
    agent = up(watched(site.agent(backend, acct, fbl, rules=[starter])))
    text = until(agent, "source_shipped_records_total", 2, source="bounces").text
    labels = {}
    for name, pairs in parse(text):
        labels.setdefault(name, set()).update(label for label, _ in pairs)
    for name in types(text):  # families without samples until there is a value
        labels.setdefault(name, {"source"})
    return set(types(text)), labels


def test_rules_and_dashboard_use_what_is_exposed(exposed):
    _, labels = exposed
    for expr in expressions(RULES.read_text("utf-8")) + board_expressions():
        used = set(NAME.findall(expr))
        assert used <= set(labels), used - set(labels)
        for name, matchers in WITH_LABELS.findall(expr):
            asked = set(re.findall(r"([a-z]+)(?:=~|!~|!=|=)", matchers))
            assert asked <= labels[name] | FROM_PROMETHEUS, (name, asked)


def test_every_metric_is_explained_and_no_other(exposed):
    families, _ = exposed
    page = (FOLDER / "README.md").read_text("utf-8").split("## The metrics")[1]
    assert set(re.findall(r"`((?:pmta_shipper|process)_[a-z0-9_]+)`", page)) == families


def test_every_alert_is_explained_and_tested():
    page = (FOLDER / "README.md").read_text("utf-8")
    tests = "".join(file.read_text("utf-8") for file in TESTS)
    explained = re.findall(r"^\| (PmtaShipper[^|]*) \|", page, re.MULTILINE)
    assert sorted(sum((cell.split(", ") for cell in explained), [])) == sorted(alerts())
    for alert in alerts():
        assert alert in tests, alert


def test_the_dashboard_can_be_imported():
    """Panels have unique ids, do not overlap, and use the data source variable."""
    board = json.loads(BOARD.read_text("utf-8"))
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                 for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken and at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == "${datasource}"
