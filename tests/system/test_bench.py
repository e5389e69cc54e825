"""The measuring tools in tests/bench count correctly, and give no ratio if records were lost."""

import gzip
import json
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from harness import eventually

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

import instructions  # noqa: E402
import throughput  # noqa: E402
from tools import SINK, Sink  # noqa: E402

pytestmark = pytest.mark.skipif(not SINK.exists(), reason="make build/bench/sink")


def event(n):
    return {"logType": "b", "orig": f"bounce-S1-{n}@bounce.example.com", "dsnDiag": 'a "quote"'}


@pytest.fixture
def sink(tmp_path):
    one = Sink(tmp_path, rows=100, times=True)
    yield one
    one.kill()


def post(sink, body, timeout=10, **headers):
    request = urllib.request.Request(sink.url(), body, headers)
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return answer.read()


def test_the_sink_counts_records_of_every_form_and_sees_repeats(sink):
    array = json.dumps([event(n) for n in range(10)]).encode()
    assert post(sink, array) == b"{}"
    post(sink, json.dumps(event(10)).encode())
    post(sink, b"".join(json.dumps(event(n)).encode() + b"\n" for n in (11, 12)))
    post(sink, gzip.compress(json.dumps([event(13), event(99)]).encode()),
         **{"Content-Encoding": "gzip"})
    assert (sink.requests, sink.records, sink.distinct, sink.bad) == (4, 15, 15, 0)
    post(sink, array)
    post(sink, json.dumps(event(100)).encode())  # a row that was never written
    assert (sink.requests, sink.records, sink.distinct) == (6, 26, 15)
    sink.end()
    assert [records for _, records in sink.times()] == [10, 1, 2, 2, 10, 1]
    assert sink.status == 0


def test_the_sink_stops_answering_and_resumes(sink):
    sink.mute(True)

    def not_answered():  # the sink still answers until the signal has arrived
        try:
            post(sink, json.dumps(event(1)).encode(), timeout=0.2)
        except TimeoutError:
            return True
        return False
    eventually(not_answered)
    sink.mute(False)
    eventually(lambda: post(sink, json.dumps(event(2)).encode(), timeout=10) == b"{}")
    assert sink.distinct == 2


def test_a_delayed_answer_does_not_come_early(tmp_path):
    sink = Sink(tmp_path, rows=10, delay_ms=100)
    try:
        begun = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda n: post(sink, json.dumps(event(n)).encode()),
                                 range(8))) == [b"{}"] * 8
        assert time.monotonic() - begun >= 0.1
        assert sink.distinct == 8
    finally:
        sink.kill()


class Sent:
    def __init__(self, rate, lost=0):
        self.rate, self.lost = rate, lost


def test_no_ratio_when_a_record_is_missing():
    fast, slow = [Sent(300.0), Sent(500.0)], [Sent(100.0), Sent(100.0)]
    assert throughput.ratio(fast, slow) == "4.00 (3.00 to 5.00) x"
    assert "records lost" in throughput.ratio(fast, [Sent(100.0), Sent(100.0, lost=1)])
    assert "records lost" in throughput.ratio([Sent(300.0), Sent(500.0, lost=1)], slow)


def test_instructions_above_the_slack_fail_and_both_figures_are_named(capsys):
    assert instructions.verdict("run", 1049.0, 1000)
    assert "lower" not in capsys.readouterr().out
    assert not instructions.verdict("run", 1051.0, 1000)
    printed = capsys.readouterr().out
    assert "1051" in printed and "1000" in printed and "+5.1%" in printed
    assert instructions.verdict("run", 900.0, 1000)
    assert "lower the figure to 900" in capsys.readouterr().out
    assert set(instructions.kept()) == set(instructions.COMMANDS)
