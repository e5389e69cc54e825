"""`parse` prints the records of the golden files, and reports each bad row with its offset.

The value of eventId depends on bytes and offset.  Here it must only be well-formed, differ from row
to row, and be the same for the same row.
"""

import json
import re

import pytest
from harness import BOUNCE_HEADER, FBL_HEADER, ROOT, token_rows

ACCT = ROOT / "fixtures/acct"
GOLDEN = ROOT / "fixtures/golden"
BAD = ROOT / "fixtures/bad"

SOURCES = [
    {"name": "bounces", "acct_file": "/var/log/pmta/bounces.csv", "records": ["b", "rb"],
     "endpoint": "octeth"},
    {"name": "fbl", "acct_file": "/var/log/pmta/fbl.csv", "records": ["f"], "endpoint": "octeth"},
    {"name": "mixed", "acct_file": "/var/log/pmta/acct.csv", "records": ["b", "rb", "f"],
     "endpoint": "octeth",
     "record_fields": ["b timeLogged,orig", "rb timeLogged,orig", "f timeLogged,orig"]},
]

GOOD_FILES = sorted(path.stem for path in ACCT.glob("*.csv"))
BAD_FILES = sorted(path.stem for path in BAD.glob("*.csv"))


@pytest.fixture(name="agent")
def new_agent(site):
    """An agent that runs commands only and is never started."""
    return site.agent(log_level="info", sources=SOURCES, endpoints=[
        {"name": "octeth", "url": "http://127.0.0.1:9/system/bounce_webhook?type=pmta",
         "format": "object"}])


def source_for(name):
    if name.startswith("fbl"):
        return "fbl"
    return "mixed" if name.startswith("mixed") else "bounces"


def records_in(text):
    """Records of NDJSON as lists of (name, value), so that order and repeated names count."""
    return [json.loads(line, object_pairs_hook=list) for line in text.split("\n") if line]


def without_ids(records):
    """The records with each eventId checked and replaced by "*"."""
    ids = [record[-1][1] for record in records]
    assert all(record[-1][0] == "eventId" for record in records)
    assert all(re.fullmatch("[0-9a-f]{32}", value) for value in ids)
    assert len(set(ids)) == len(ids)
    return [record[:-1] + [("eventId", "*")] for record in records]


def bad_rows(stderr, name):
    """[(offset, line)] of the bad rows reported."""
    found = []
    for line in stderr.splitlines():
        match = re.search(re.escape(name) + r":(\d+)", line)
        if match:
            found.append((int(match.group(1)), line))
    return found


def orig_tokens(records):
    return [re.match("bounce-(.*)@", dict(record)["orig"]).group(1) for record in records]


def test_every_sample_has_a_golden_file():
    assert GOOD_FILES == sorted(path.stem for path in GOLDEN.glob("*.json"))
    assert BAD_FILES == sorted(path.stem for path in BAD.glob("*.expect"))


@pytest.mark.parametrize("name", GOOD_FILES)
def test_golden(agent, name):
    done = agent.command("parse", "--source", source_for(name), ACCT / f"{name}.csv")
    want = records_in((GOLDEN / f"{name}.json").read_text("utf-8"))
    assert without_ids(records_in(done.stdout)) == want
    assert not bad_rows(done.stderr, f"{name}.csv")
    assert done.returncode == 0


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_rows_are_reported_and_cost_no_good_ones(agent, name):
    expect = json.loads((BAD / f"{name}.expect").read_text("utf-8"))
    done = agent.command("parse", "--source", expect["source"], BAD / f"{name}.csv")
    records = records_in(done.stdout)
    assert orig_tokens(records) == expect["good"]
    reported = bad_rows(done.stderr, f"{name}.csv")
    assert [offset for offset, _ in reported] == [bad["offset"] for bad in expect["bad"]]
    for (_, line), bad in zip(reported, expect["bad"]):
        assert all(word.lower() in line.lower() for word in bad["words"]), line
    for record in expect.get("records", []):
        assert list(record.items()) in without_ids(records)
    assert done.returncode == (1 if expect["bad"] else 0)


def test_an_oversized_record_is_reported_and_passed_over(agent, tmp_path):
    rows, tokens = token_rows(3)
    rows[1] = rows[1].replace("unknown", "x" * 70000)
    path = tmp_path / "bounces-2026-11-21-0000.csv"
    path.write_text("\n".join([BOUNCE_HEADER, *rows]) + "\n", "utf-8")
    done = agent.command("parse", path)
    assert orig_tokens(records_in(done.stdout)) == [tokens[0], tokens[2]]
    (offset, line), = bad_rows(done.stderr, path.name)
    assert offset == len(BOUNCE_HEADER) + len(rows[0]) + 2 and "record-max" in line
    assert done.returncode == 1


def test_source_is_chosen_by_file_name(agent, tmp_path):
    path = tmp_path / "fbl-2026-11-21-0003.csv"
    path.write_bytes((ACCT / "fbl.csv").read_bytes())
    done = agent.command("parse", path)
    want = records_in((GOLDEN / "fbl.json").read_text("utf-8"))
    assert without_ids(records_in(done.stdout)) == want


def test_a_row_keeps_its_event_id_whatever_the_file_is_called(agent, tmp_path):
    copy = tmp_path / "elsewhere.csv"
    copy.write_bytes((ACCT / "bounces.csv").read_bytes())
    first = agent.command("parse", "--source", "bounces", ACCT / "bounces.csv").stdout
    assert first
    assert agent.command("parse", "--source", "bounces", copy).stdout == first


def test_several_files_and_gzip(agent, site):
    acct = site.acct()
    rows, tokens = token_rows(6, kind=["b", "rb"])
    acct.append(rows[:3])
    first = acct.rotate()
    acct.append(rows[3:])
    plain = agent.command("parse", first, acct.live).stdout
    assert orig_tokens(records_in(plain)) == tokens
    packed = acct.gz(first)
    assert agent.command("parse", packed, acct.live).stdout == plain


def test_what_the_writer_writes_comes_out_whole(agent, site):
    """All unusual options at once; the count, the order and the tokens must be right."""
    for base, types in (("bounces", "b=60,rb=30,d=10"), ("fbl", "f")):
        acct = site.acct(base=base)
        written = site.writer(acct, name=base, records=500, types=types, eol="crlf",
                              short_rows=True, quoted_newlines=10, invalid_utf8=5,
                              repeat_header=50, no_final_newline=True).run()
        done = agent.command("parse", "--source", base, acct.live)
        assert done.returncode == 0, done.stderr
        want = [row.token for row in written if row.type != "d"]
        assert orig_tokens(records_in(done.stdout)) == want


def test_a_missing_file_is_one_clear_line(agent, tmp_path):
    done = agent.command("parse", "--source", "bounces", tmp_path / "none.csv")
    assert done.returncode == 1 and not done.stdout
    assert "none.csv" in done.stderr and len(done.stderr.splitlines()) == 1


# ---- for Octeth's Process page ----

STATUS = 'b,,2026-11-21 10:00:00+0000,{orig},u@example.org,{cat},{status},failed,text,mx,,,'


@pytest.mark.parametrize("status, category, verdict", [
    ("5.1.1 (bad destination mailbox address)", "policy-related", "Hard"),
    ("5.1.10", "other", "Hard"),
    ("5.1.2", "", "Hard"),
    ("5.2.1 (mailbox disabled)", "other", "Hard"),
    ("5.7.1 (delivery not authorized)", "bad-mailbox", "Soft"),
    ("4.2.2 (mailbox full)", "quota-issues", "Soft"),
    ("4.1.1", "bad-mailbox", "Soft"),
    ("5.0.0 (undefined status)", "bad-mailbox", "Hard"),
    ("5.0.0 (undefined status)", "spam-related", "Soft"),
    ("", "inactive-mailbox", "Hard"),
    ("", "bad-domain", "Hard"),
    ("", "message-expired", "Soft"),
    ("5.1.100", "other", "Soft"),
    ("550 5.1.1", "bad-mailbox", "Hard"),
])
def test_octeth_process_hard_and_soft(agent, tmp_path, status, category, verdict):
    path = tmp_path / "bounces-2026-11-21-0000.csv"
    row = STATUS.format(orig="bounce-1@x.example.com", cat=category, status=status)
    path.write_text(f"{BOUNCE_HEADER}\n{row}\n", "utf-8")
    done = agent.command("parse", "--format", "octeth-process", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"bounce,bounce-1@x.example.com,{verdict}\n"


def test_octeth_process_of_every_type(agent, site):
    acct = site.acct(base="acct")
    rows, tokens = token_rows(3, kind=["b", "rb", "d"])
    acct.append(rows)
    done = agent.command("parse", "--format", "octeth-process", "--source", "bounces", acct.live)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"bounce,bounce-{token}@bounce.example.com,Hard" for token in tokens[:2]]
    fbl = site.acct(base="fbl", header=FBL_HEADER)
    rows, tokens = token_rows(2, kind="f")
    fbl.append(rows)
    done = agent.command("parse", "--format", "octeth-process", fbl.live)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"complaint,user-{token}@example.org" for token in tokens]


def test_octeth_process_reports_rows_without_an_address(agent, tmp_path):
    path = tmp_path / "bounces-2026-11-21-0000.csv"
    bad = [STATUS.format(orig=orig, cat="other", status="5.1.1") for orig in
           ("", "nobody", '"a,b@example.org"', '"""a b""@example.org"')]
    good = STATUS.format(orig="<bounce-1@x.example.com>", cat="other", status="5.1.1")
    path.write_text("\n".join([BOUNCE_HEADER, *bad, good]) + "\n", "utf-8")
    done = agent.command("parse", "--format", "octeth-process", path)
    assert done.stdout == "bounce,bounce-1@x.example.com,Hard\n"
    assert len(bad_rows(done.stderr, path.name)) == len(bad) and done.returncode == 1
    assert agent.command("parse", "--format", "xml", path).returncode == 64
