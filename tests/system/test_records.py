"""The fate of every kind of row in a running agent: delivered, skipped or a dead letter.

DESIGN.md, "A record" and the law of conservation; reader.h, R1 to R4.
"""

import json
import random
import re

import pytest
from harness import (
    AGENT, BOUNCE_HEADER, FBL_HEADER, ROOT, all_arrived, eventually, token_row, token_rows)
from steps import (
    accepted, append, arrived, compare, conserved, count, dead, dead_shown, delivered, lines,
    put, record_of, rescanned, settled, source_status, started, stopped, up)

BAD = ROOT / "fixtures/bad"
EXPECTED = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(BAD.glob("*.expect"))}
HEADER = "type,orig,dsnDiag"


def row(token, diag=""):
    return f"b,bounce-{token}@bounce.example.com,{diag}"


def good(*tokens):
    return [record_of(row(token), HEADER) for token in tokens]


def one_bad_row(site, bad, finish=False, **settings):
    """Deliver a file with a good row, a bad one and two good rows.  Returns (agent, acct, offset of
    the bad row)."""
    acct = site.acct(header=HEADER)
    backend, agent = started(site, acct, **settings)
    bad = bad.encode() if isinstance(bad, str) else bad
    acct.append([row("T1-0")])
    at = acct.live.stat().st_size
    acct.write(bad + b"\n")
    acct.append([row("T1-1"), row("T1-2")])
    up(agent)
    if finish:
        arrived(backend, 1)
        acct.rotate()
    arrived(backend, 3)
    rescanned(agent, 1)
    stopped(agent)
    compare(backend, good("T1-0", "T1-1", "T1-2"))
    return agent, acct, at


# ---- the sample files


def test_the_sample_files_with_bad_rows(site):
    """R3: each sample's good rows arrive, and each bad one is a dead letter with its place."""
    acct = site.acct()
    backend, agent = started(site, acct, first_start="all")
    names, tokens = {}, []
    # The one without a header comes first: another file's would apply to it.
    order = sorted(EXPECTED.items(), key=lambda item: item[0] != "first-row-bad")
    for number, (stem, expect) in enumerate(order):
        data = (BAD / f"{stem}.csv").read_bytes()
        for token in set(expect["good"]):  # the samples use the same tokens
            data = data.replace(f"bounce-{token}@".encode(), f"bounce-S{number}-{token}@".encode())
            tokens.append(f"S{number}-{token}")
        put(acct.moved(number), data)
        names[acct.dated(number)] = stem
    up(agent)
    bad = sum(len(expect["bad"]) for expect in EXPECTED.values())
    eventually(lambda: {record["orig"].split("@")[0][7:] for record in
                        (dict(found) for found, _ in accepted(backend))} == set(tokens))
    eventually(lambda: source_status(agent)["rows"]["dead"] == bad)
    status = stopped(agent)
    assert status["sources"][0]["rows"]["acknowledged"] == len(tokens) == count(backend)
    reported = {}
    for _, kind, _, place, reason in dead(agent):
        name, _, _ = place.rpartition(":")
        reported.setdefault(names[name], []).append(reason)
        assert kind == "unreadable"
    for stem, expect in EXPECTED.items():
        assert len(reported.get(stem, [])) == len(expect["bad"]), stem
        for one, reason in zip(expect["bad"], reported.get(stem, [])):
            assert all(word.lower() in reason.lower() for word in one["words"]), (stem, reason)
    assert status["deadLetters"]["records"] == bad


# ---- rows that are no records: their bytes, file, offset and reason


@pytest.mark.parametrize("bad, reason", [
    ('b,bounce-x@bounce.example.com,a,b', "more cells than columns"),
    ('b,bounce-x@bounce.example.com,"a"b', "bad quoting"),
    ('b,bounce-x@bounce.example.com,a"b"', "bad quoting"),
    ('b,bounce-x@bounce.example.com,a\0b', "NUL byte inside"),
    ('2026-11-21 10:00:00,bounce-x@bounce.example.com,a', "not a record type"),
    (',bounce-x@bounce.example.com,a', "not a record type"),
    ('B,bounce-x@bounce.example.com,a', "not a record type"),
    ('bounce,bounce-x@bounce.example.com,a', "not a record type"),
    ("b,bounce-x@bounce.example.com," + "a" * 5000, "longer than record-max"),
    ("\xff\xfe garbage, without end", "not a record type"),
])
def test_a_row_that_is_no_record(site, bad, reason):
    """R3: it becomes a dead letter with bytes, header, file, offset and reason."""
    bad = bad.encode("latin-1")
    agent, acct, at = one_bad_row(site, bad, record_max="4KiB")
    (number, kind, event_id, place, why), = dead(agent)
    assert kind == "unreadable" and reason in why
    assert place == f"{acct.live.name}:{at}"
    shown = dead_shown(agent, number, "--raw")
    assert shown["eventId"] == event_id and re.fullmatch("[0-9a-f]{32}", event_id)
    assert shown["bytes"] == f"{at} to {at + len(bad) + 1}"
    assert shown["header"] == HEADER and shown["source"] == "bounces"
    raw = shown["row"]
    if reason.startswith("longer"):
        assert raw.startswith(bad[:4000].decode())
    elif bad.isascii() and b"\0" not in bad:
        assert raw.startswith(bad.decode())


@pytest.mark.parametrize("bad", [
    'b,bounce-x@bounce.example.com,"never closed',
    '"never closed',
    'b,bounce-x@bounce.example.com,"never closed\nb,bounce-y@bounce.example.com,"nor this',
])
def test_an_unclosed_quote_costs_its_line_alone(site, bad):
    """R3: it is cut back to its first line, and the next line is read as the start of a record."""
    agent, acct, at = one_bad_row(site, bad, finish=True)
    letters = dead(agent)
    assert [place for _, _, _, place, _ in letters][0] == f"{acct.moved(0).name}:{at}"
    assert len(letters) == 1 + bad.count("\n")
    assert all("quot" in why for _, _, _, _, why in letters)


def test_bad_rows_do_not_tear_the_batch_they_stand_in(site):
    """Lines that are read again after the first line of a bad record join the same batch."""
    acct = site.acct(header=HEADER)
    backend, agent = started(site, acct, endpoint={"format": "array"})
    agent.endpoints[0]["url"] = backend.url("/in")
    agent.write_conf()
    acct.append([row("T1-0"), 'b,"unclosed', 'b,x"y', row("T1-1"), 'b,"bad"quote', row("T1-2")])
    up(agent)
    arrived(backend, 3)
    stopped(agent)
    compare(backend, good("T1-0", "T1-1", "T1-2"))
    assert len(dead(agent)) == 3
    assert len(backend.requests()) == 1


def test_an_unclosed_quote_gives_up_at_record_max(site):
    """R1: no buffer grows beyond record-max; reading of the live file continues."""
    acct = site.acct(header=HEADER)
    backend, agent = started(site, acct, record_max="4KiB")
    tokens = [f"T1-{i}" for i in range(200)]
    acct.append([row("T1-0"), 'b,x@example.org,"never closed'])
    acct.append([row(token) for token in tokens[1:]])
    up(agent)
    eventually(lambda: all_arrived(backend, tokens))
    (_, kind, _, _, why), = dead(agent)
    assert kind == "unreadable" and "quote not closed" in why
    stopped(agent)
    compare(backend, good(*tokens))


def test_a_record_of_just_record_max_is_delivered_and_a_longer_one_is_not(site):
    """record-max (here 4 KiB) counts the bytes of the record without its line end."""
    acct = site.acct(header=HEADER)
    backend, agent = started(site, acct, record_max="4KiB")
    fits = row("T1-1", "x" * (4096 - len(row("T1-1"))))
    over = row("T1-2", "x" * (4096 - len(row("T1-2")) + 2))
    assert len(fits) == 4096
    acct.append([row("T1-0"), fits, over, row("T1-3")])
    up(agent)
    arrived(backend, 3)
    stopped(agent)
    got = accepted(backend)
    assert record_of(fits, HEADER) in [record for record, _ in got]
    (_, _, _, _, why), = dead(agent)
    assert "longer than record-max" in why and len(got) == 3


def test_a_line_of_megabytes_is_passed_over_in_fixed_memory(site):
    """R1: a long line is a dead letter with its first record-max bytes, and costs no memory."""
    acct = site.acct(header=HEADER)
    backend, agent = started(site, acct)
    acct.append([row("T1-0")])
    at = acct.live.stat().st_size
    acct.write(b"x" * (40 << 20))
    up(agent)
    arrived(backend, 1)
    acct.write(b"x" * 1000 + b"\n")
    acct.append([row("T1-1")])
    arrived(backend, 2)
    peak = re.search(r"VmHWM:\s+(\d+) kB", open(f"/proc/{agent.pid}/status").read())
    if "san" not in str(AGENT):
        assert int(peak.group(1)) < 40 << 10
    (number, _, _, place, why), = dead(agent)
    assert place.endswith(f":{at}") and "longer than record-max" in why
    assert dead_shown(agent, number)["bytes"] == f"{at} to {at + (40 << 20) + 1001}"
    stopped(agent)
    compare(backend, good("T1-0", "T1-1"))


def test_an_extremely_long_header_does_not_stop_the_file(site):
    """R1: more columns than any file has: a dead letter, and the agent continues."""
    acct = site.acct(header="")
    backend, agent = started(site, acct)
    acct.append(["type," + ",".join(f"c{i}" for i in range(5000))])
    acct.append([HEADER, row("T1-0")])
    up(agent)
    arrived(backend, 1)
    stopped(agent)
    compare(backend, good("T1-0"))


# ---- rows that are records


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_rows_as_rfc_4180_has_them(site, eol):
    """R4: blanks, doubled quotes, commas and line ends inside quotes are kept as written."""
    acct = site.acct(header=HEADER, eol=eol)
    backend, agent = started(site, acct)
    cells = [" blank at both ends ", "a,b", 'say "yes"', '""', "two\nlines", "two\r\nlines",
             "two\n\nlines\n", "tab\tand \x07 bell", "bücher.de", "\u2028", "'", "\\", "{}[]", "\x7f",
             "lone\rCR", "0", " ", "-"]
    rows = [row(f"T1-{i}", '"' + cell.replace('"', '""') + '"') for i, cell in enumerate(cells)]
    acct.append(rows)
    up(agent)
    arrived(backend, len(rows))
    stopped(agent)
    assert not dead(agent)
    found = {event["orig"]: event.get("dsnDiag") for event in map(dict, dict(accepted(backend)))}
    for i, cell in enumerate(cells):
        assert found[f"bounce-T1-{i}@bounce.example.com"] == cell


def test_short_rows_and_blank_lines(site):
    """Missing cells at the end of a row are empty.  Blank lines are skipped."""
    acct = site.acct(header=HEADER)
    backend, agent = started(site, acct)
    acct.append(["", row("T1-0")[:-1], "", "   ", row("T1-1", "d"), "\t"])
    acct.append([row("T1-2")])
    up(agent)
    arrived(backend, 3)
    status = stopped(agent)
    assert status["sources"][0]["rows"]["read"] == 3
    compare(backend, good("T1-0", "T1-2") + [record_of(row("T1-1", "d"), HEADER)])


def test_a_byte_order_mark_before_the_header(site):
    """Files with a BOM occur: it is no part of the first column's name."""
    acct = site.acct(header="\ufeff" + BOUNCE_HEADER)
    backend, agent = started(site, acct)
    rows, _ = token_rows(5)
    acct.append(rows)
    up(agent)
    delivered(agent, backend, rows)


def test_a_column_name_that_stands_twice(site):
    """From its second occurrence on it gets a suffix: _2, _3."""
    header = "type,orig,ip,ip,x,ip"
    acct = site.acct(header=header)
    backend, agent = started(site, acct)
    acct.append(["b,bounce-T1-0@bounce.example.com,1,2,3,4"])
    up(agent)
    arrived(backend, 1)
    stopped(agent)
    (event, _), = accepted(backend)
    assert dict(event) == {"logType": "b", "orig": "bounce-T1-0@bounce.example.com", "ip": "1",
                           "ip_2": "2", "x": "3", "ip_3": "4"}


def test_rb_rows_in_a_file_of_both_types(site):
    """A row has a cell for every column of the union; cells of other types are empty."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(20, kind=["rb", "b", "rb"])
    acct.append(rows)
    up(agent)
    delivered(agent, backend, rows)
    for record, _ in accepted(backend):
        names = dict(record)
        assert ("jobId" in names) == (names["logType"] == "b")


def test_complaints_get_their_addresses(site):
    """fill-addresses fills rcpt and orig from header_To and header_Return-Path, if it is on."""
    acct = site.acct(base="fbl", header=FBL_HEADER)
    backend, agent = started(site, acct)
    rows, _ = token_rows(5, kind="f")
    acct.append(rows)
    up(agent)
    delivered(agent, backend, rows)
    agent.endpoints[0]["fill_addresses"] = False
    agent.write_conf()
    up(agent)
    acct.append([token_row("T1-9", "f")])
    arrived(backend, 6)
    stopped(agent)
    last = dict(accepted(backend)[-1][0])
    assert "rcpt" not in last and "orig" not in last and "header_To" in last


def test_bytes_that_are_no_utf8_are_replaced_and_counted(site):
    """Invalid UTF-8 becomes U+FFFD and is counted; the row is delivered."""
    acct = site.acct(header=HEADER)
    backend, agent = started(site, acct)
    for i, piece in enumerate([b"caf\xe9", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"ok"]):
        acct.append([])
        acct.write(row(f"T1-{i}").encode() + piece + b"\n")
    up(agent)
    arrived(backend, 5)
    assert source_status(agent)["utf8Repaired"] >= 4
    status = stopped(agent)
    assert status["sources"][0]["rows"]["dead"] == 0
    diags = [dict(record)["dsnDiag"] for record, _ in accepted(backend)]
    assert sorted(diags)[0] == "caf\ufffd" and sum("\ufffd" in diag for diag in diags) == 4


def test_nuls_at_the_start_of_a_line_are_skipped_and_counted(site):
    """However many; the row after them is good."""
    acct = site.acct(header=HEADER)
    backend, agent = started(site, acct)
    acct.append([row("T1-0")])
    acct.write(b"\0" * 300000)
    acct.append([row("T1-1")])
    acct.write(b"\0" * 10)
    up(agent)
    arrived(backend, 2)
    rescanned(agent, 1)
    acct.append([row("T1-2")])
    arrived(backend, 3)
    acct.write(b"\0" * 100)
    acct.rotate()
    rescanned(agent, 3)
    status = stopped(agent)
    assert status["sources"][0]["nulBytes"] == 300110
    assert status["sources"][0]["rows"] == {"read": 3, "acknowledged": 3, "dead": 0, "skipped": 0,
                                            "ignored": 0, "inFlight": 0}
    compare(backend, good("T1-0", "T1-1", "T1-2"))


# ---- counting


def test_types_that_are_not_shipped_are_skipped_and_counted(site):
    """records: other types are counted and skipped; so are unknown ones, with one warning."""
    acct = site.acct(header=HEADER)
    backend, agent = started(site, acct)
    kinds = ["d", "t", "tq", "r", "f", "rs", "zz", "zz", "q"]
    acct.append([row("T1-0")] + [row("T1-9").replace("b,", f"{kind},", 1) for kind in kinds])
    acct.append([row("T1-1").replace("b,", "rb,", 1)])
    up(agent)
    arrived(backend, 2)
    settled(agent)
    rows = source_status(agent)["rows"]
    assert rows["skipped"] == len(kinds) and rows["read"] == len(kinds) + 2
    assert agent.log().count("unknown type") == 1
    status = stopped(agent)
    assert status["sources"][0]["rows"]["skipped"] == len(kinds)
    assert status["sources"][0]["offset"] == acct.live.stat().st_size
    assert sorted(dict(record)["logType"] for record, _ in accepted(backend)) == ["b", "rb"]


def test_a_file_of_skipped_rows_alone_is_finished(site):
    """Rows that are not delivered move the position, too."""
    acct = site.acct()
    backend, agent = started(site, acct)
    rows, _ = token_rows(2000, kind="d")
    acct.append(rows)
    up(agent)
    eventually(lambda: source_status(agent)["behindBytes"] == 0)
    agent.kill9()
    status = conserved(agent.status())
    assert status["sources"][0]["rows"]["skipped"] == 2000
    up(agent)
    rescanned(agent)
    assert source_status(agent)["rows"]["skipped"] == 2000
    assert not backend.requests()


def test_the_law_of_conservation_at_any_moment(site):
    """read = acknowledged + dead + skipped + ignored + in flight: running, killed and stopped."""
    dice = random.Random(5)
    acct = site.acct()
    backend, agent = started(site, acct)
    backend.rule(delay_ms=2)
    rows, tokens = token_rows(600, kind=["b", "d", "rb"])
    wrong = 0
    up(agent)
    for i in range(0, 600, 50):
        acct.append(rows[i:i + 50])
        if dice.random() < 0.5:
            acct.append(['b,"bad"quote', "b" + "," * 50])
            wrong += 2
        conserved(agent.status())
        if i % 150 == 0:
            agent.kill9()
            conserved(agent.status())
            up(agent)
    shipped = [token for i, token in enumerate(tokens) if i % 3 != 1]
    eventually(lambda: all_arrived(backend, shipped))
    eventually(lambda: source_status(agent)["behindBytes"] == 0)
    rows_seen = stopped(agent)["sources"][0]["rows"]
    assert rows_seen == {"read": 600 + wrong, "acknowledged": 400, "dead": wrong, "skipped": 200,
                         "ignored": 0, "inFlight": 0}
    assert len(dead(agent)) == wrong


def test_dead_letters_are_made_once_whatever_happens(site):
    """Their key is the eventId: after a kill they are not made again."""
    acct = site.acct(header=HEADER)
    backend, agent = started(site, acct)
    backend.rule(contains="T1-0@", status=503)
    acct.append([row("T1-0"), 'b,"bad"quote', row("T1-1")])
    for _ in range(3):
        up(agent)
        eventually(lambda: len(dead(agent)) == 1)
        agent.kill9()
    backend.clear()
    up(agent)
    eventually(lambda: {record for record, _ in accepted(backend)} == {*good("T1-0", "T1-1")})
    status = stopped(agent)
    assert status["deadLetters"]["records"] == 1 and len(dead(agent)) == 1
    assert len(set(accepted(backend))) == 2  # a row may come twice, under the same id


def test_bad_rows_do_not_wait_for_the_next_rescan(site):
    """The memory for rows not stored yet fills several times, and each commit must free it."""
    acct = site.acct(header=HEADER)
    backend, agent = started(site, acct, rescan="1h")
    acct.append(['b,"bad"quote' + 600 * "x"] * 3000 + [row("T1-0")])
    up(agent)
    arrived(backend, 1)  # asks the backend only: a request to the agent would wake it
    stopped(agent)
    assert len(dead(agent)) == 3000
    compare(backend, good("T1-0"))


def test_too_many_dead_letters_stop_the_reading(site):
    """At dead-max-records reading stops and nothing is lost; with a higher limit it continues."""
    acct = site.acct(header=HEADER)
    backend, agent = started(site, acct, dead_max_records=5)
    acct.append(['b,"bad"quote'] * 20 + [row("T1-0")])
    up(agent)
    eventually(lambda: agent.status()["deadLetters"]["full"])
    assert agent.command("status").returncode == 1
    assert "limit of dead letters is reached" in agent.command("status").stdout
    stopped(agent)
    agent.settings["dead_max_records"] = 100
    agent.write_conf()
    up(agent)
    arrived(backend, 1)
    stopped(agent)
    assert len(dead(agent)) == 20
    append(acct.live, lines(row("T1-1")))
    up(agent)
    arrived(backend, 2)
    stopped(agent)
    compare(backend, good("T1-0", "T1-1"))
