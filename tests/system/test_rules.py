"""Bounce rules: in records, at start and reload, and the rules commands."""

import csv
import io
import json
import os
import re
import signal
import subprocess

import pytest
from harness import AGENT, ROOT, books, eventually
from wire import ARRAY, all_there, delivering, more, sent

STARTER = ROOT / "conf/rules.d/50-starter.rules"
FBL = "type,timeLogged,feedbackType,orig,rcpt"


def rules_file(site, text, name="10-test.rules"):
    folder = site.folder / "rules.d"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return folder / name


def bounce(token, diag, status="5.0.0 (undefined status)", cat="other", mta="mx.example.com (1.2.3.4)",
           kind="b", domain="example.org"):
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(
        [kind, "2026-11-21 10:00:00+0000", "2026-11-21 10:00:00+0000", token, f"joe@{domain}", cat,
         status, "failed", diag, mta, "", "", ""])
    return out.getvalue()


def judged(site, rules, *rows, backend=None):
    """An agent with these rules, started, over these rows."""
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
    """Of an agent that runs; nothing yet of one that is about to."""
    told = agent.command("status", "--json").stdout
    return json.loads(told)["sources"][0]["rows"] if told else dict.fromkeys(
        ("read", "acknowledged", "ignored", "inFlight"), 0)


def run(*args, **more):
    return subprocess.run([str(AGENT), *map(str, args)], capture_output=True, text=True, timeout=60,
                          check=False, **more)


def verdict_of(rules, text, *args):
    done = run("rules", "explain", "--rules", rules, text, *args)
    assert done.returncode == 0, done.stderr
    line = [line for line in done.stdout.splitlines() if line.startswith("verdict")][0]
    return line.split()[1].rstrip(",")


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
    """Neither without the key nor with a pattern that names no file."""
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
    """Hard where the rules say so; a block is no fault of the address."""
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
    done = agent.command("replay", acct.live)
    assert done.returncode == 0, done.stderr
    assert [row["event"] for row in backend.events()] == [first, first]
    assert first["bounceRule"] == "10-test.rules:1"


def test_trace_shows_what_the_rules_say(site):
    agent, _, _ = judged(site, "User unknown==>Hard id=unknown\n",
                         bounce("a", "smtp;550 User unknown"))
    eventually(lambda: rows_of(agent)["acknowledged"] == 1)
    assert agent.stop() == 0
    done = agent.command("trace", "joe@example.org")
    assert "    Hard by rule unknown\n" in done.stdout
    assert '"bounceRule":"unknown"' in agent.command("trace", "--json", "joe@example.org").stdout


def test_trace_does_not_say_that_the_receiver_took_what_a_rule_withheld(site):
    agent, backend, _ = judged(site, "noise==>ignore\n", bounce("a", "smtp;550 noise"),
                               bounce("b", "smtp;550 real"))
    eventually(lambda: rows_of(agent)["acknowledged"] == 1 and rows_of(agent)["ignored"] == 1)
    assert agent.stop() == 0
    assert set(events(backend)) == {"b"}
    done = agent.command("trace", "--json", "joe@example.org")
    fates = {row["record"]["orig"]: row["fate"] for row in map(json.loads, done.stdout.splitlines())}
    assert fates == {"a": "ignored", "b": "acknowledged"}
    assert "    ignored: a rule withholds it" in agent.command("trace", "joe@example.org").stdout


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
    agent.wait_for("going on with the old configuration and the old rules")
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
    """One key never carries two bodies: a batch whose verdicts changed is another batch."""
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
    agent.wait_for("cut anew")
    all_there(backend, tokens)
    assert agent.stop() == 0
    assert not books(backend, tokens).lost
    assert not backend.query("SELECT key FROM requests WHERE key != '' GROUP BY key "
                             "HAVING count(DISTINCT body_hash) > 1"), "one key for two bodies"
    types = [row["event"]["bounceType"] for row in backend.events()]
    assert (types.count("Hard"), types.count("Soft")) == (20, 60)


def test_check_tells_of_rules(site):
    rules_file(site, "thing==>Hard\n? a thing -> hard\n")
    agent = site.agent("http://127.0.0.1:9/x", site.acct().begin(),
                       rules=[site.folder / "rules.d" / "*.rules"])
    done = agent.command("check")
    assert done.returncode == 0
    assert "rules: 1 of 1 file, 1 self-test passed, digest " in done.stdout
    agent.settings["rules"] = [site.folder / "none" / "*.rules"]
    agent.write_conf()
    done = agent.command("check")
    assert done.returncode == 0 and "no file of rules is there" in done.stdout


def test_doctor_tells_of_rules(site):
    path = rules_file(site, "thing==>Hard\n? a thing -> hard\n")
    agent = site.agent("http://127.0.0.1:9/x", site.acct().begin(),
                       rules=[site.folder / "rules.d" / "*.rules"])
    told = [(one["level"], one["text"]) for one in
            json.loads(agent.command("doctor", "--json").stdout)["findings"]
            if one["what"] == "rules"]
    assert told == [("ok", "1 rule, 1 self-test passed")]
    path.write_text("broken\n", "utf-8")
    told = [one for one in json.loads(agent.command("doctor", "--json").stdout)["findings"]
            if one["what"] == "rules"]
    assert [one["level"] for one in told] == ["problem"] and f"{path}:1: not a rule" in told[0]["text"]


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
    """Judged as they would be in a file; changing a rule for one host shows what it does to others."""
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


# ---- rules explain ----

def test_explain_says_every_step(site):
    path = rules_file(site, "status=5.1.1 mx=*.outlook.com ==> soft id=first\n"
                            "User unknown==>Hard\n/u.er/ ==> block\n%map hard=soft\n")
    done = run("rules", "explain", "--rules", path, "--mx", "a.outlook.com", "--domain", "x.y",
               "smtp;550-5.1.1 <joe@example.com> 550 5.1.1 User unknown")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert "j***@example.com" in lines[0] and "joe@" not in done.stdout
    assert lines[1] == "folded   550 5.1.1 <j***@example.com> User unknown"
    assert lines[2] == "status   5.1.1 (from the text)"
    assert lines[4] == "match    10-test.rules:1 id=first: soft"
    assert lines[5] == 'later    10-test.rules:2 id=10-test.rules:2: hard, by "User unknown"'
    assert lines[6].endswith('block, by "User"')
    assert lines[7] == "later    builtin:status 5.1.1: hard"
    assert lines[8] == "verdict  Soft, rule first; delivered"
    done = run("rules", "explain", "--rules", path, "550 User unknown")
    assert "verdict  Soft, rule 10-test.rules:2, %map hard=soft; delivered" in done.stdout
    done = run("rules", "explain", "--rules", path, "--feedback", "abuse")
    assert "verdict  none" in done.stdout
    odd = path.with_name("20: odd.rules")
    odd.write_text("User==>Hard\nstatus=5.1.1 ==> soft\n")
    done = run("rules", "explain", "--rules", odd, "550 5.1.1 User")
    assert done.stdout.splitlines()[3:5] == [
        'match    20: odd.rules:1 id=20: odd.rules:1: hard, by "User"',
        'later    20: odd.rules:2 id=20: odd.rules:2: soft']


def test_explain_says_which_rule_gave_up(site):
    """No match for want of steps is another thing than no match."""
    path = rules_file(site, "never==>soft\n/(a+)+x(b|c)*y/ ==> hard id=slow\nx==>block\n")
    text = "550 " + "a" * 3000 + "xz z yx"
    done = run("rules", "explain", "--rules", path, text)
    assert (done.returncode, done.stderr) == (0, "")
    gave_up = "gave up  10-test.rules:2 id=slow: hard if it matched; too many steps for this text"
    assert done.stdout.count("gave up") == 1 and gave_up in done.stdout.splitlines()
    assert "verdict  Block, rule 10-test.rules:3; delivered" in done.stdout
    assert "gave up" not in run("rules", "explain", "--rules", path, "550 aax").stdout


def test_commands_refuse_what_makes_no_sense(site):
    path = rules_file(site, "a==>hard\n")
    for args in (["rules"], ["rules", "frob"], ["rules", "explain", "--rules", path],
                 ["rules", "explain", "--rules", path, "a", "b"],
                 ["rules", "check", "--fail-on", "bad", "--rules", path],
                 ["rules", "export", "--rules", path], ["rules", "import"],
                 ["rules", "import", "--from", "x", path]):
        assert run(*args).returncode == 64, args
    assert run("rules", "check", "--rules", site.folder / "none.rules").returncode == 78
    assert run("rules", "import", site.folder / "none.txt").returncode == 1


# ---- rules check ----

CHECKED = """\
unknown==>Hard id=unknown
User unknown==>Hard id=covered
user unknown now==>Soft id=against
/mailbox.*full/ ==> soft id=full
/^552 mailbox/ ==> hard id=later
never seen==>Hard id=never
5.7.1 refused==>Hard id=suspect
"""


def checked(site, *args):
    rules = rules_file(site, CHECKED)
    acct = site.acct()
    acct.append([bounce(f"a{i}", f"smtp;550 User unknown {i}", domain="example.com")
                 for i in range(6)] +
                [bounce(f"b{i}", "552 mailbox is full") for i in range(5)] +
                [bounce(f"c{i}", "550 5.7.1 refused", status="5.7.1 (x)") for i in range(5)] +
                [bounce(f"d{i}", f"smtp;550 5.2.0 the postman does not ring twice <u{i}@x.org> "
                        f"queue 4F3A21B0{i}") for i in range(4)])
    return run("rules", "check", "--rules", rules, acct.live, *args)


def test_check_tells_what_each_rule_does(site):
    done = checked(site, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    got = json.loads(done.stdout)
    assert (got["rows"], got["bounces"], got["unreadable"]) == (20, 20, 0)
    assert got["verdicts"] == {"hard": 11, "soft": 5, "block": 0, "ignore": 0, "unknown": 4}
    rules = {rule["id"]: rule for rule in got["rules"]}
    assert rules["unknown"]["decides"] == 6 and rules["unknown"]["problems"] == []
    assert rules["unknown"]["domains"] == {"example.com": 6}
    assert rules["covered"]["problems"] == ["never", "shadowed"]
    assert rules["covered"]["shadowedBy"] == "unknown"
    assert rules["against"]["problems"] == ["never", "shadowed", "conflict"]
    assert rules["later"]["problems"] == ["never", "shadowed", "conflict"]
    assert rules["later"]["shadowedBy"] == "full"
    assert rules["never"]["problems"] == ["never"]
    assert rules["suspect"]["problems"] == ["suspect"]
    unmatched = got["unmatched"]
    assert (unmatched["rows"], unmatched["kinds"]) == (4, 1)
    group = unmatched["groups"][0]
    assert group["count"] == 4 and "<addr>" in group["text"] and "u***@x.org" in group["example"]
    assert group["suggestion"] == "# the postman does not ring twice==>Hard or Soft?"


def test_check_in_words(site):
    done = checked(site)
    assert done.returncode == 0
    for line in ("         6  10-test.rules:1 unknown: hard  example.com 6",
                 "shadowed  10-test.rules:2 covered: 10-test.rules:1 unknown decides before it, "
                 "always",
                 "conflict  10-test.rules:5 later: 10-test.rules:4 full decides before it wherever "
                 "it matched, with another verdict",
                 "never     10-test.rules:6 never: matched nothing",
                 "Bounces that no rule catches: 4 (20.0 %) of 1 kind",
                 "            # the postman does not ring twice==>Hard or Soft?"):
        assert line in done.stdout.splitlines(), line
    assert "u0@x.org" not in done.stdout
    assert "@x.org" in checked(site, "--raw").stdout


@pytest.mark.parametrize("what, status", [
    ("never", 1), ("shadowed", 1), ("conflict", 1), ("suspect", 1), ("slow", 0),
    ("unmatched", 1), ("unmatched=19", 1), ("unmatched=20", 0), ("slow,never", 1)])
def test_check_fails_on_what_it_is_told_to(site, what, status):
    assert checked(site, "--fail-on", what).returncode == status


def test_a_suggestion_that_is_taken_catches_its_group(site):
    got = json.loads(checked(site, "--json").stdout)["unmatched"]["groups"][0]
    line = got["suggestion"].removeprefix("# ").replace("Hard or Soft?", "Soft")
    rules = rules_file(site, CHECKED + line + "\n")
    done = run("rules", "check", "--json", "--rules", rules, site.folder / "pmta" /
               "bounces-2026-11-21-0000.csv")
    assert json.loads(done.stdout)["unmatched"]["rows"] == 0


# ---- rules import, rules export ----

def imported(site, text, *args):
    path = site.folder / "old"
    path.write_text(text, "utf-8")
    done = run("rules", "import", *args, path)
    rules = rules_file(site, done.stdout, "30-imported.rules")
    assert run("rules", "check", "--rules", rules).returncode == 0
    return done, rules


def test_an_octeth_export_is_imported_and_exported_again(site):
    done, rules = imported(site, "User unknown==>Hard\n# sharp==>Soft\n/usr/bin==>Hard\n"
                                 "quota exceeded==>Soft\n")
    assert done.returncode == 0
    assert verdict_of(rules, "550 a # sharp b") == "Soft"
    assert verdict_of(rules, "550 /usr/bin/procmail") == "Hard"
    done = run("rules", "export", "--octeth", "--rules", rules)
    assert done.stdout.splitlines() == ["User unknown==>Hard", "# sharp==>Soft", "/usr/bin==>Hard",
                                        "quota exceeded==>Soft"]
    assert (done.returncode, done.stderr) == (0, "")


def test_what_octeth_cannot_say_is_told(site):
    path = rules_file(site, "/a|b c/ ==> hard\n/a.*b/ ==> hard id=re\nx==>block id=blocks\n"
                            "status=5.1.1 ==> hard id=cond\n" + "y" * 300 + "==>Hard\n")
    done = run("rules", "export", "--octeth", "--rules", path)
    assert done.stdout.splitlines() == ["a==>Hard", "b c==>Hard"]
    for text in ("re: not expressible: it is a regular expression", "blocks: not expressible: Octeth",
                 "cond: not expressible: it has conditions", "longer than 255 characters",
                 "4 of 5 rules are not expressible"):
        assert text in done.stderr


def test_phplist_rules_are_imported_in_their_order(site):
    done, rules = imported(site, 'regex,action,listorder\n"User  unknown",deleteuserandbounce,2\n'
                                 'User,deletebounce,1\n"a/b",unconfirmuser,3\n'
                                 '"permanent error * local",deleteuser,4\n"bad(",deleteuser,5\n')
    assert done.returncode == 1
    assert verdict_of(rules, "550 some user") == "Ignore"
    assert verdict_of(rules, "550 a/b") == "Hard"
    assert verdict_of(rules, "permanent error  local") == "Hard"
    assert "5: ' * ' matches only blanks: was '.*' meant?" in done.stderr
    assert "6: not carried over" in done.stderr and "4: has '/'" in done.stderr
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    assert lines[0] == "/User/ ==> ignore action=deletebounce"
    assert lines[1] == r"/User\s+unknown/ ==> hard action=deleteuserandbounce"


@pytest.mark.parametrize("before", ["# from phpList\n\n", "\ufeff", "\ufeff# of today\n"])
def test_a_phplist_heading_is_no_rule(site, before):
    """Behind a comment, and behind the byte order mark of a spreadsheet, too."""
    done, _ = imported(site, before + "regex,action\nUser,deletebounce\n")
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    assert lines == ["/User/ ==> ignore action=deletebounce"] and done.returncode == 0, done.stderr


def test_what_cannot_be_imported_leaves_nothing_on_stdout(site):
    path = rules_file(site, "a==>Hard\n")
    done = run("rules", "import", "--from", "x", path)
    assert (done.returncode, done.stdout) == (64, "")
    for command in (["rules", "import"], ["import-logstash"]):
        done = run(*command, site.folder)
        assert (done.returncode, done.stdout) == (1, "") and "Is a directory" in done.stderr


def test_what_is_no_text_is_not_imported(site):
    """As a spreadsheet saves it; and a NUL would end a rule early, so that it catches more."""
    path = site.folder / "old"
    for data in ("regex,action\nUser,deletebounce\n".encode("utf-16"), b"User unknown\0 here==>Hard\n"):
        path.write_bytes(data)
        done = run("rules", "import", path)
        assert (done.returncode, done.stdout) == (1, "") and "cannot read" in done.stderr


def test_phplist_rules_are_imported_from_sql(site):
    done, rules = imported(site, "INSERT INTO `phplist_bounceregex` (`id`, `regex`, `action`, "
                                 "`listorder`) VALUES (1,'it\\'s full','deletebounce',2),\n"
                                 "(2,'User unknown','blacklistemail',1);\n")
    assert done.returncode == 0
    assert verdict_of(rules, "550 It's full") == "Ignore"
    assert done.stdout.splitlines()[1] == r"/User\s+unknown/ ==> hard action=blacklistemail"


def test_powermta_patterns_are_imported(site):
    done, rules = imported(site, "<bounce-category-patterns>\n    /spam/ spam-related\n"
                                 "    /user +unknown/   bad-mailbox\n    /x/ my-own\n"
                                 "</bounce-category-patterns>\n")
    assert done.returncode == 0
    assert verdict_of(rules, "550 SPAM") == "Block"
    assert verdict_of(rules, "550 User  unknown") == "Hard"
    assert "4: category 'my-own' is neither" in done.stderr


# ---- memory ----

def test_every_allocation_of_the_commands_fails_once(site):
    """No crash, no verdict made up: done, or said and ended with a status of its own."""
    shim = os.environ.get("PMTA_SHIM_SO", str(ROOT / "build/shim.so"))
    if not os.path.exists(shim) or "san" in str(AGENT):
        pytest.skip("no build/shim.so, or a sanitizer is the allocator")
    rules = rules_file(site, CHECKED + "/(a|b)+c/ ==> hard\n? unknown -> hard\n")
    acct = site.acct()
    acct.append([bounce("a", "smtp;550 User unknown"), bounce("b", "smtp;550 else")])
    want = run("rules", "check", "--json", "--rules", rules, acct.live)
    for n in range(1, 2000):
        done = run("rules", "check", "--json", "--rules", rules, acct.live,
                   env=dict(os.environ, LD_PRELOAD=shim, PMTA_SHIM=f"alloc:{n}"))
        assert done.returncode in (0, 1, 78), (n, done.returncode, done.stderr)
        assert done.returncode != -signal.SIGSEGV
        if done.returncode == 0:
            assert done.stdout == want.stdout, n
        else:
            assert done.stderr.count("\n") > 0
        if "shim: failed one" not in done.stderr:
            return
    raise AssertionError("it allocates without end")
