"""Bounce rules: in records, at start and reload, and the starter set."""

import json
import re

import pytest
from harness import ROOT, books, eventually
from rulefiles import bounce, rules_file, run, verdict_of
from wire import ARRAY, all_there, delivering, more, sent

STARTER = ROOT / "conf/rules.d/50-starter.rules"
FBL = "type,timeLogged,feedbackType,orig,rcpt"


def judged(site, rules, *rows, backend=None):
    """(agent, backend, acct): a running agent with these rules and these rows."""
    rules_file(site, rules)
    backend = backend or site.backend()
    acct = site.acct()
    acct.append(rows)
    agent = site.agent(backend, acct, first_start="all",
                       rules=[site.folder / "rules.d" / "*.rules"])
    agent.start()
    return agent, backend, acct


def events(backend):
    return {row["event"]["orig"]: row["event"] for row in backend.events()}


def rows_of(agent):
    """The counts of rows in status; zeros while the agent is starting."""
    status = agent.command("status", "--json").stdout
    return json.loads(status)["sources"][0]["rows"] if status else dict.fromkeys(
        ("read", "acknowledged", "ignored", "inFlight"), 0)


# ---- records ----

def test_records_say_what_the_bounce_is(site):
    agent, backend, _ = judged(
        site, "User unknown==>Hard id=unknown action=unconfirmuser\n"
        "/quota.*exceeded/ ==> soft\n%why on\n",
        bounce("a", "smtp;550 user UNKNOWN"), bounce("b", "smtp;552 quota is exceeded"),
        bounce("c", "smtp;550 go away", status="5.7.1 (x)", kind="rb"),
        bounce("d", "smtp;550 hm"))
    eventually(lambda: len(events(backend)) == 4)
    got = events(backend)
    assert agent.stop() == 0
    keys = ("bounceType", "bounceRule", "bounceAction", "bounceWhy")
    assert [got["a"].get(key) for key in keys] == [
        "Hard", "unknown", "unconfirm-subscriber", "10-test.rules:1: user UNKNOWN"]
    assert [got["b"].get(key) for key in keys] == [
        "Soft", "10-test.rules:2", None, "10-test.rules:2: quota is exceeded"]
    assert [got["c"].get(key) for key in keys[:3]] == ["Block", "builtin:status 5.7", None]
    assert [got["d"].get(key) for key in keys[:3]] == ["Unknown", "builtin:unknown", None]
    assert list(got["a"])[-1] == "eventId"


def test_without_rules_nothing_is_added(site):
    """Neither without the key nor with a pattern that matches no file."""
    for i, patterns in enumerate([None, [site.folder / "none" / "*.rules"]]):
        backend = site.backend(name=f"backend{i}")
        acct = site.acct(base=f"bounces{i}")
        acct.append([bounce("a", "smtp;550 5.1.1 User unknown")])
        agent = site.agent(backend, acct, name=f"agent{i}", first_start="all", rules=patterns)
        agent.start()
        eventually(lambda: events(backend))
        assert not [key for key in events(backend)["a"] if key.startswith("bounce") and
                    key != "bounceCat"]
        assert agent.status()["rules"]["digest"] == ""
        assert agent.stop() == 0


def test_what_a_rule_ignores_is_counted_and_not_delivered(site):
    """The books balance: rows read = acknowledged + ignored."""
    agent, backend, acct = judged(
        site, "noise==>ignore\ngone ==> hard action=delete-bounce\n%map block=ignore\n"
        "listed==>block\n",
        bounce("a", "smtp;550 noise"), bounce("b", "smtp;550 real"), bounce("c", "smtp;550 gone"),
        bounce("d", "smtp;550 listed"), bounce("e", "smtp;550 noise again"))
    eventually(lambda: rows_of(agent)["ignored"] == 4)
    eventually(lambda: rows_of(agent)["acknowledged"] == 1)
    assert set(events(backend)) == {"b"}
    acct.append([bounce("f", "smtp;550 noise"), bounce("g", "smtp;550 real")])
    eventually(lambda: set(events(backend)) == {"b", "g"})
    eventually(lambda: rows_of(agent)["acknowledged"] == 2)
    rows = rows_of(agent)
    assert (rows["read"], rows["ignored"], rows["inFlight"]) == (7, 5, 0)
    rules = agent.status()["rules"]
    assert (rules["ignore"], rules["notDelivered"], rules["notCounted"]) == (4, 5, 1)
    assert len(rules["digest"]) == 32
    assert rules["digest"] in agent.command("status").stdout
    assert agent.stop() == 0
    agent.wait_for("stopped: 7 rows read in all, 2 acknowledged, 0 dead letters made, 0 skipped, "
                   "5 ignored; ")
    agent.start()
    eventually(lambda: '"running":true' in agent.command("status", "--json").stdout)
    assert rows_of(agent)["ignored"] == 5
    assert agent.stop() == 0
    assert [row["event"]["orig"] for row in backend.events()] == ["b", "g"]


def test_complaints_that_are_none_are_withheld(site):
    rules_file(site, STARTER.read_text("utf-8"))
    backend = site.backend()
    acct = site.acct(base="fbl", header=FBL)
    acct.append([f"f,2026-11-21 10:00:00+0000,{kind},{kind},joe@example.org"
                 for kind in ("abuse", "not-spam", "auth-failure", "")])
    agent = site.agent(backend, acct, first_start="all",
                       rules=[site.folder / "rules.d" / "*.rules"])
    agent.start()
    eventually(lambda: rows_of(agent)["acknowledged"] == 2)
    assert rows_of(agent)["ignored"] == 2
    assert all("bounceType" not in row["event"] for row in backend.events())
    assert {row["event"].get("orig") for row in backend.events()} == {"abuse", None}
    assert agent.stop() == 0


def test_parse_shows_what_would_be_sent(site):
    rules_file(site, "noise==>ignore\nUser unknown==>Hard\n")
    acct = site.acct()
    acct.append([bounce("a", "smtp;550 noise"), bounce("b", "smtp;550 User unknown")])
    agent = site.agent("http://127.0.0.1:9/x", acct, rules=[site.folder / "rules.d" / "*.rules"])
    done = agent.command("parse", acct.live)
    assert (done.returncode, done.stderr) == (0, "")
    got = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["orig"], one["bounceType"], one["bounceRule"]) for one in got] == [
        ("b", "Hard", "10-test.rules:2")]


def test_the_process_page_gets_the_verdict_of_the_rules(site):
    """Hard if the rules decide so; a block is not the fault of the address."""
    rules_file(site, "User unknown==>Hard\nlisted==>block\nnoise==>ignore\n")
    acct = site.acct()
    acct.append([bounce("a@x.y", "smtp;550 User unknown"),
                 bounce("b@x.y", "smtp;550 listed", status="5.1.1 (x)"),
                 bounce("c@x.y", "smtp;550 noise")])
    agent = site.agent("http://127.0.0.1:9/x", acct, rules=[site.folder / "rules.d" / "*.rules"])
    done = agent.command("parse", "--format", "octeth-process", acct.live)
    assert done.stdout.splitlines() == ["bounce,a@x.y,Hard", "bounce,b@x.y,Soft"]


def test_a_replay_judges_by_the_rules(site):
    agent, backend, acct = judged(site, "User unknown==>Hard\nnoise==>ignore\n",
                                  bounce("a", "smtp;550 noise"), bounce("b", "smtp;550 User unknown"))
    eventually(lambda: rows_of(agent)["acknowledged"] == 1)
    assert agent.stop() == 0
    first = backend.events()[0]["event"]
    done = agent.command("replay", "--yes", acct.live)
    assert done.returncode == 0, done.stderr
    assert [row["event"] for row in backend.events()] == [first, first]
    assert first["bounceRule"] == "10-test.rules:1"


def test_trace_shows_the_verdict_of_the_rules(site):
    agent, _, _ = judged(site, "User unknown==>Hard id=unknown\n",
                         bounce("a", "smtp;550 User unknown"))
    eventually(lambda: rows_of(agent)["acknowledged"] == 1)
    assert agent.stop() == 0
    done = agent.command("trace", "joe@example.org")
    assert "    Hard by rule unknown\n" in done.stdout
    assert '"bounceRule":"unknown"' in agent.command("trace", "--json", "joe@example.org").stdout


def test_trace_does_not_show_a_withheld_row_as_acknowledged(site):
    agent, backend, _ = judged(site, "noise==>ignore\n", bounce("a", "smtp;550 noise"),
                               bounce("b", "smtp;550 real"))
    eventually(lambda: rows_of(agent)["acknowledged"] == 1 and rows_of(agent)["ignored"] == 1)
    assert agent.stop() == 0
    assert set(events(backend)) == {"b"}
    done = agent.command("trace", "--json", "joe@example.org")
    fates = {row["record"]["orig"]: row["fate"] for row in map(json.loads, done.stdout.splitlines())}
    assert fates == {"a": "ignored", "b": "acknowledged"}
    assert "    ignored: the present rules withhold it" in agent.command("trace", "joe@example.org").stdout


# ---- start and reload ----

def test_wrong_rules_end_a_start_with_78(site):
    path = rules_file(site, "ok==>Hard\nbroken\n/a(/ ==> hard\n")
    agent = site.agent("http://127.0.0.1:9/x", site.acct().begin(),
                       rules=[site.folder / "rules.d" / "*.rules"])
    agent.start()
    assert agent.wait() == 78
    for command in ("check", "parse"):
        done = agent.command(command, *([path] if command == "parse" else []))
        assert done.returncode == 78
        assert f"{path}:2: not a rule" in done.stderr
        assert f"{path}:3: invalid regular expression" in done.stderr
    assert f"{path}:2: not a rule" in agent.log()


def test_a_reload_takes_new_rules_and_wrong_ones_leave_the_old_in_force(site):
    agent, backend, acct = judged(site, "thing==>Hard\n", bounce("a", "smtp;550 thing"))
    eventually(lambda: "a" in events(backend))
    before = agent.status()["rules"]["digest"]
    rules_file(site, "thing==>Soft\n? the thing -> hard\n")
    agent.hup()
    agent.wait_for("keeping the old configuration and the old rules")
    assert "10-test.rules:2: self-test: must be hard" in agent.log()
    acct.append([bounce("b", "smtp;550 thing")])
    eventually(lambda: "b" in events(backend))
    assert events(backend)["b"]["bounceType"] == "Hard"
    assert agent.status()["rules"]["digest"] == before
    rules_file(site, "thing==>Soft\n? the thing -> soft\n")
    agent.hup()
    agent.wait_for("reload: done")
    acct.append([bounce("c", "smtp;550 thing")])
    eventually(lambda: "c" in events(backend))
    assert events(backend)["c"]["bounceType"] == "Soft"
    assert agent.status()["rules"]["digest"] != before
    assert agent.stop() == 0
    assert len(backend.events()) == 3


def test_other_rules_cut_unanswered_batches_anew(site):
    """One key never has two bodies: a batch whose verdicts changed is another batch."""
    rules_file(site, "/./ ==> hard\n")
    backend, agent, acct, _ = delivering(site, path=ARRAY, batch_records=10,
                                         settings={"keep_bodies": True})
    agent.settings.update(rules=[site.folder / "rules.d" / "*.rules"], drain="200ms")
    agent.write_conf()
    agent.hup()
    agent.wait_for("reload: done")
    backend.rule(times=2, hang=True, accepted=True)
    tokens = more(acct, 60)
    eventually(lambda: sent(backend) == 2)
    rules_file(site, "/./ ==> soft\n")
    agent.hup()
    agent.wait_for("new boundaries and keys for")
    all_there(backend, tokens)
    assert agent.stop() == 0
    assert not books(backend, tokens).lost
    assert not backend.query("SELECT key FROM requests WHERE key != '' GROUP BY key "
                             "HAVING count(DISTINCT body_hash) > 1"), "one key for two bodies"
    types = [row["event"]["bounceType"] for row in backend.events()]
    assert (types.count("Hard"), types.count("Soft")) == (20, 60)


def test_check_reports_rules(site):
    rules_file(site, "thing==>Hard\n? a thing -> hard\n")
    agent = site.agent("http://127.0.0.1:9/x", site.acct().begin(),
                       rules=[site.folder / "rules.d" / "*.rules"])
    done = agent.command("check")
    assert done.returncode == 0
    assert "rules: 1 of 1 file, 1 self-test passed, digest " in done.stdout
    agent.settings["rules"] = [site.folder / "none" / "*.rules"]
    agent.write_conf()
    done = agent.command("check")
    assert done.returncode == 0 and "there is no rules file" in done.stdout


def test_doctor_reports_rules(site):
    path = rules_file(site, "thing==>Hard\n? a thing -> hard\n")
    agent = site.agent("http://127.0.0.1:9/x", site.acct().begin(),
                       rules=[site.folder / "rules.d" / "*.rules"])
    found = [(one["level"], one["text"]) for one in
             json.loads(agent.command("doctor", "--json").stdout)["findings"]
             if one["what"] == "rules"]
    assert found == [("ok", "1 rule, 1 self-test passed")]
    path.write_text("broken\n", "utf-8")
    found = [one for one in json.loads(agent.command("doctor", "--json").stdout)["findings"]
             if one["what"] == "rules"]
    assert [one["level"] for one in found] == ["problem"]
    assert f"{path}:1: not a rule" in found[0]["text"]


# ---- the starter set ----

def test_the_starter_set_passes_its_own_tests():
    done = run("rules", "check", "--rules", STARTER)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"of 1 file, [0-9]{3} self-tests passed", done.stdout)


@pytest.mark.parametrize("text, want", [
    ("smtp;550 5.1.1 <x@example.net>: Recipient address rejected: User unknown in virtual mailbox "
     "table", "Hard"),
    ("smtp;550-5.1.1 The email account that you 550-5.1.1 tried to reach does not exist. 550 5.1.1 "
     "https://support.google.com/mail/?p=NoSuchUser ab1 - gsmtp", "Hard"),
    ("smtp;550 5.7.1 Unfortunately, messages from [192.0.2.9] weren't sent. (S3140)", "Block"),
    ("smtp;552 5.2.2 mailbox full", "Soft"),
    ("smtp;550 5.1.1 too many recipients this hour. IB607", "Soft"),
    ("smtp;550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", "Hard"),
    ("smtp;554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using zen.spamhaus.org",
     "Block"),
    ("smtp;421 4.7.0 Try again later", "Soft"),
])
def test_the_starter_set_on_texts_of_others(text, want):
    assert verdict_of(STARTER, text) == want


def test_the_starter_set_on_the_labelled_texts(site):
    """Judged as in a file: a rule changed for one host shows here what it does to the others."""
    lines = (ROOT / "fixtures/diagnostics.tsv").read_text("utf-8").splitlines()
    texts = [line.split("\t") for line in lines if not line.startswith("#")]
    acct = site.acct()
    acct.append(bounce(f"t{i}", diag, status) for i, (_, status, diag) in enumerate(texts))
    done = site.agent("http://127.0.0.1:9/", acct, rules=[STARTER]).command("parse", acct.live)
    records = list(map(json.loads, done.stdout.splitlines()))
    assert len(records) == len(texts) > 700
    assert [(verdict, record["bounceType"], record["bounceRule"], diag)
            for (verdict, _, diag), record in zip(texts, records)
            if record["bounceType"].lower() not in verdict.split("|")] == []
