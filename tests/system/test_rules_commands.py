"""The rules commands: explain, check, import, export."""

import json
import os
import signal

import pytest
from harness import AGENT, ROOT
from rulefiles import bounce, rules_file, run, verdict_of


# ---- rules explain ----

def test_explain_prints_every_step(site):
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


def test_explain_names_the_rule_that_gave_up(site):
    """A rule that ran out of steps is reported apart from one that does not match."""
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


def test_check_reports_the_effect_of_each_rule(site):
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
def test_check_fails_on_the_problems_in_fail_on(site, what, status):
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


def test_rules_that_octeth_cannot_express_are_reported(site):
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
    """Also after a comment, and after the byte order mark of a spreadsheet."""
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
    """UTF-16 as a spreadsheet saves it; and a NUL, which would cut a rule short, so that it matches
    more."""
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


def test_a_whole_configuration_of_powermta_gives_its_patterns_and_one_line_about_the_rest(site):
    done, rules = imported(site, """# config
smtp-listener 0/0:25
<domain *>
    max-smtp-out 20
    bounce-upon-no-mx yes
</domain>
<bounce-category-patterns>
    /spam/ spam-related
    no pattern
    # of the vendor
    /x(/ bad-mailbox
</bounce-category-patterns>
<domain [*.]example.org>
    max-smtp-out 5
</domain>
include /etc/pmta/more
""")
    assert done.returncode == 1  # because of two lines of the block
    assert verdict_of(rules, "550 SPAM") == "Block"
    lines = [line.split(":", 1)[1] for line in done.stderr.splitlines()]
    assert lines[0].startswith("9: not carried over: no '/PATTERN/ category'")
    assert lines[1].startswith("11: not carried over: ")
    assert lines[2:] == [
        " 7 lines are not used, because they are no bounce-category-patterns: smtp-listener "
        "(line 2), domain (2 from line 3), max-smtp-out (2 from line 4), bounce-upon-no-mx "
        "(line 5), include (line 16)", " 1 rule, 2 lines not carried over"]


def test_a_configuration_whose_patterns_are_elsewhere_gives_one_line(site):
    done, _ = imported(site, "include /etc/pmta/patterns\n<domain *>\n"
                       + "".join(f"key-{n} x\n" for n in range(40)) + "</domain>\n", "--from", "powermta")
    assert done.returncode == 0
    assert done.stderr.splitlines()[0].endswith(
        ": 42 lines are not used, because they are no bounce-category-patterns: include (line 1), "
        "domain (line 2), " + ", ".join(f"key-{n} (line {n + 3})" for n in range(10))
        + ", and 30 others")
    assert len(done.stderr.splitlines()) == 2


# ---- memory ----

def test_every_allocation_of_the_commands_fails_once(site):
    """No crash and no wrong verdict: the full result, or a message and a failure status."""
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
    raise AssertionError("after 2000 allocations there are still more")
