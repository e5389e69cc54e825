"""import-logstash: pipelines as hosts have them, and the configuration made from each.

The secret in all of them is the word hush, which must never be printed.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest
from harness import AGENT, ROOT

SHIM = Path(os.environ.get("PMTA_SHIM_SO", ROOT / "build/shim.so"))

STOCK = """
# oempro.yml
input {
  file {
    path => "/var/log/pmta/bounces-*.csv"   # hourly files
    start_position => "beginning"
    ignore_older => 0
    sincedb_path => "/var/lib/logstash/sincedb-pmta"
  }
}
filter {
  if [message] =~ /^(d|t|tq),.{3}\\/{/ { drop { } }
  if [message] =~ /^b,/ {
    csv { separator => "," columns => ["logType","timeQueued","timeLogged","orig","rcpt"] }
  } else if [message] =~ /^rb,/ {
    csv { columns => ["logType", "timeLogged"] }
  }
}
output {
  http {
    url => "https://octeth.example.com/system/bounce_webhook?type=pmta"
    http_method => "post"
    format => "json"
    headers => { "X-Octeth-Signature" => "hush" "X-Site" => "eu1" 'Content-Type' => 'application/json' }
    request_timeout => 10
  }
}
"""


def translated(folder, text, status=0):
    """(sections of the configuration, notes, its text) of a pipeline; the errors if it fails."""
    pipeline = folder / "oempro.yml"
    pipeline.write_text(text, "utf-8")
    done = subprocess.run([str(AGENT), "import-logstash", str(pipeline)], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == status, done.stderr
    assert "hush" not in (done.stdout + done.stderr).replace(str(folder), "")
    if status != 0:
        return done.stderr
    conf = folder / "made.conf"
    conf.write_text(done.stdout, "utf-8")
    notes = done.stderr.replace("pmta-shipper: ", "")
    assert notes == "".join(re.findall(r"^#  - (.*\n)", done.stdout, re.MULTILINE))
    check = subprocess.run([str(AGENT), "check", "--print", "-c", str(conf)], capture_output=True,
                           text=True, timeout=60, check=False)
    assert (check.returncode, check.stderr) == (0, "")
    return sections(check.stdout), notes, done.stdout


def sections(text):
    """{"source bounces": {"acct-file": '"..."', ...}}"""
    found, now = {"": {}}, ""
    for line in text.splitlines():
        words = line.strip().split(" = ", 1)
        if line.endswith("{") and len(words) == 1:
            now = line[:-2].strip().replace('"', "")
            found[now] = {}
        elif line.strip() == "}":
            now = ""
        elif len(words) == 2:
            found[now][words[0].lstrip("#")] = words[1]
    return found


def sources(made):
    return {name.split(" ")[1]: (section["acct-file"].strip('"'), section["move-to"].strip('"'),
                                 re.findall(r'"(\w+)"', section["records"]))
            for name, section in made.items() if name.startswith("source")}


def without_lines(notes):
    """The notes without line numbers, and without the one about text around the pipeline."""
    kept = [line for line in notes.splitlines() if "outside of input" not in line]
    return [re.sub(r"line \d+", "line N", line) for line in kept]


def path_only(path):
    return f'input {{ file {{ path => {path} }} }}\noutput {{ http {{ url => "" }} }}\n'


def test_the_stock_pipeline(tmp_path):
    made, notes, text = translated(tmp_path, STOCK)
    assert sources(made) == {
        "bounces": ("/var/log/pmta/bounces.csv", "/var/log/pmta/accounting/bounces/", ["b", "rb"]),
        "fbl": ("/var/log/pmta/fbl.csv", "/var/log/pmta/accounting/fbl/", ["f"])}
    octeth = made["endpoint octeth"]
    assert octeth["url"] == '"https://octeth.example.com/system/bounce_webhook?type=pmta"'
    assert octeth["format"] == '"object"'
    assert re.findall(r'"(.*?)"', octeth["headers"]) == ["X-Site: eu1"]
    # With Logstash's ten seconds, records that the receiver has accepted are sent again.
    assert octeth["timeout"] in ('"60s"', '"1m"')
    assert made[""]["state-dir"] == '"/var/lib/pmta-shipper"'
    assert "pmta-shipper import-sincedb /var/lib/logstash/sincedb-pmta" in notes
    assert "header X-Octeth-Signature is a secret" in notes
    assert re.search(r'^\t#?signature-file = "/etc/pmta-shipper/signature"$', text, re.MULTILINE)
    assert "does not read complaints" in notes
    assert "compare move-to" in notes
    assert "filter" not in notes


@pytest.mark.parametrize("before, after", [
    ("- pipeline.id: oempro\n  pipeline.workers: 1\n  config.string: |\n", "\n- it's: more\n"),
    ("\ufeff", ""), ("input{}\n", ""), ("# input { file {\n", "# }"),
])
def test_a_pipeline_with_something_around_it(tmp_path, before, after):
    plain = translated(tmp_path, STOCK)
    made, notes, _ = translated(tmp_path, before + STOCK + after)
    assert made == plain[0]
    assert without_lines(notes) == without_lines(plain[1])
    assert notes.count("outside of input, filter and output") == ("pipeline.id" in before)


def test_carriage_returns_and_no_blanks(tmp_path):
    plain = translated(tmp_path, STOCK)
    assert translated(tmp_path, STOCK.replace("\n", "\r\n"))[:2] == plain[:2]
    assert translated(tmp_path, STOCK.replace(" => ", "=>"))[:2] == plain[:2]


@pytest.mark.parametrize("path, want", [
    ('"/a/bounces.csv"', {"bounces": "/a/bounces.csv /a/accounting/bounces/"}),
    ("'/a/bounces*.csv'", {"bounces": "/a/bounces.csv /a/accounting/bounces/"}),
    ('"/a/bounces-2026-*.csv"', {"bounces": "/a/bounces.csv /a/accounting/bounces/"}),
    ('"/a/bounces-[0-9]*.csv"', {"bounces": "/a/bounces.csv /a/accounting/bounces/"}),
    ('"/a/bounces-????-??-??-*.log"', {"bounces": "/a/bounces.log /a/accounting/bounces/"}),
    ('["/a/bounces-*.csv", "/a/moved/bounces-*.csv"]', {"bounces": "/a/bounces.csv /a/moved/"}),
    ('["/a/done/bounces-*.csv", "/a/bounces-*.csv"]', {"bounces": "/a/bounces.csv /a/done/"}),
    ('"/a/accounting/bounces/bounces-*.csv"',
     {"bounces": "/a/bounces.csv /a/accounting/bounces/"}),
    ('["/a/{bounces,fbl-eu}-*.csv"]', {"bounces": "/a/bounces.csv /a/accounting/bounces/",
                                       "fbl_eu": "/a/fbl-eu.csv /a/accounting/fbl-eu/"}),
    ('"/a/*.csv"', {"bounces": "/a/bounces.csv /a/accounting/bounces/",
                    "fbl": "/a/fbl.csv /a/accounting/fbl/"}),
    ('"/a/**/bounces-*.csv"', {"bounces": "/a/bounces.csv /a/accounting/bounces/"}),
    ('["/a/bounces-*.csv", "/b/bounces-*.csv"]',
     {"bounces": "/a/bounces.csv /a/accounting/bounces/",
      "bounces_2": "/b/bounces.csv /b/accounting/bounces/"}),
    ('"${PMTA_LOGS:/a}/bounces-*.csv"', {"bounces": "/a/bounces.csv /a/accounting/bounces/"}),
])
def test_paths(tmp_path, path, want):
    made, _, _ = translated(tmp_path, path_only(path))
    got = {name: f"{acct} {move}" for name, (acct, move, _) in sources(made).items()}
    if not any(name.startswith("fbl") for name in want):
        assert got.pop("fbl").endswith("/accounting/fbl/")
    assert got == want


@pytest.mark.parametrize("path", ['"${NOWHERE}/b-*.csv"', '"b-*.csv"', '"/a/*/b-*.csv"', '"/a/"'])
def test_a_path_that_is_no_source_is_reported_and_the_import_fails(tmp_path, path):
    errors = translated(tmp_path, path_only(path), status=1)
    assert "is not carried over" in errors and "there is no source yet" in errors
    assert "must still be fixed" in errors


@pytest.mark.parametrize("setting, want, words", [
    ('headers => { "Authorization" => "Bearer hush" }', {}, "header Authorization is a secret"),
    ('headers => { "Authorization" => "Basic hush" }', {}, "header Authorization looks like a secret"),
    ('headers => { "X-Api-Key" => "hush" }', {}, "header X-Api-Key looks like a secret"),
    ('headers => ["X-Site", "eu1", "X-Octeth-Signature", "hush"]', {"headers": '{ "X-Site: eu1" }'},
     "header X-Octeth-Signature is a secret"),
    ('headers => { "X-Row" => "%{orig}" }', {}, "header X-Row is not carried over"),
    ('user => "me" password => "hush"', {}, "user of output http has no counterpart"),
    ('proxy => "http://me:hush@proxy:3128"', {}, "proxy is not carried over"),
    ('proxy => "http://proxy:3128"', {"proxy": '"http://proxy:3128"'}, ""),
    ("format => form", {"format": '"object"'}, "format 'form' has no counterpart"),
    ("format => json_batch", {"format": '"array"'}, ""),
    ('http_method => "put"', {}, "http_method 'put' has no counterpart"),
    ("request_timeout => 120", {"timeout": '"2m"'}, ""),
    ("http_compression => true", {"compress": '"gzip"'}, ""),
    ('ssl_verification_mode => "none"', {}, "certificates are always verified"),
    ('cacert => "/nowhere/ca.pem"', {}, "no such file"),
    ('mapping => { "a" => "%{b}" }', {}, "mapping of output http has no counterpart"),
])
def test_settings_of_the_http_output(tmp_path, setting, want, words):
    made, notes, _ = translated(
        tmp_path, 'input { file { path => "/a/bounces-*.csv" } } output { http { '
        f'url => "https://receiver.example.com/in" {setting} }} }}')
    endpoint = made["endpoint octeth"]
    assert {key: endpoint[key] for key in want} == want
    assert words in notes


@pytest.mark.parametrize("url, want", [
    ("https://me:hush@h.example.com/in", "https://h.example.com/in"),
    ("https://h.example.com/in?token=hush&type=pmta", "https://h.example.com/in?type=pmta"),
    ("https://h.example.com/in?a=1&b=2", "https://h.example.com/in?a=1&b=2"),
    ("https://${HOST:h.example.com}/in", "https://h.example.com/in"),
    ("https://me:hush@${HOST}/in", ""), ("https://h.example.com/%{type}", ""),
    ("http://127.0.0.1:8080/in", "http://127.0.0.1:8080/in"),
])
def test_urls(tmp_path, url, want):
    made, _, _ = translated(tmp_path, path_only('"/a/bounces-*.csv"').replace('url => ""',
                                                                              f'url => "{url}"'))
    assert made["endpoint octeth"]["url"] == f'"{want}"'


def test_a_url_in_the_clear_passes_with_a_note(tmp_path):
    made, notes, _ = translated(tmp_path, STOCK.replace("https://", "http://"))
    assert made["endpoint octeth"]["allow-http"] == "true"
    assert "in the clear" in notes


def test_json_batch_on_the_webhook_for_one_event(tmp_path):
    made, notes, _ = translated(tmp_path, STOCK.replace('"json"', '"json_batch"'))
    assert made["endpoint octeth"]["format"] == '"object"'
    assert "one event per request" in notes


def test_the_first_columns_name_for_another_receiver(tmp_path):
    other = STOCK.replace("https://octeth.example.com/system/bounce_webhook?type=pmta",
                          "https://receiver.example.com/in").replace('"logType"', '"type"')
    assert translated(tmp_path, other)[0]["endpoint octeth"]["type-field"] == '"type"'
    renamed = other.replace("filter {", 'filter { mutate { rename => { "type" => "kind" } } ', 1)
    again = other.replace("output {", 'filter { mutate { rename => { "type" => "kind" } } } output {')
    assert translated(tmp_path, renamed)[0]["endpoint octeth"]["type-field"] == '"type"'
    assert translated(tmp_path, again)[0]["endpoint octeth"]["type-field"] == '"kind"'


def test_what_is_left_out_is_noted(tmp_path):
    _, notes, _ = translated(tmp_path, STOCK.replace("filter {", """filter {
        grok { match => { "message" => "%{COMBINEDAPACHELOG} }" } }
        mutate { gsub => ["dsnDiag", "\\"", "'"] add_field => { "server" => "hush" } }""")
        .replace("output {", """output { if [a] == "}" and "x" in [b] { stdout { codec => rubydebug {} } }
        else { file { path => "/tmp/x" } } """).replace("input {", "input { beats { port => 5044 } "))
    for words in ("filter grok is not carried over", "gsub of mutate", "add_field 'server'",
                 "output stdout", "output file", "input beats"):
        assert notes.count(words) == 1, words


def test_two_outputs_are_two_endpoints(tmp_path):
    more = STOCK + 'output { http { url => "https://two.example.com/in" format => json_batch } }'
    made, notes, _ = translated(tmp_path, more)
    assert made["endpoint octeth2"]["url"] == '"https://two.example.com/in"'
    assert made["source bounces"]["endpoint"] == '"octeth"'
    assert "this output gets b rows of bounces, too, but a source has one endpoint (octeth)" in notes


def written(folder, text, *args):
    pipeline, conf = folder / "oempro.conf", folder / "my conf" / "pmta-shipper.conf"
    pipeline.write_text(text, "utf-8")
    conf.parent.mkdir(exist_ok=True)
    done = subprocess.run([str(AGENT), "import-logstash", "--output", str(conf), *args,
                           str(pipeline)], capture_output=True, text=True, timeout=60, check=False)
    assert "hush" not in (done.stdout + done.stderr)
    return done, conf


def test_a_file_is_written_and_what_comes_next_is_printed(tmp_path):
    done, conf = written(tmp_path, STOCK)
    assert done.returncode == 0, done.stderr
    assert "source bounces" in conf.read_text("utf-8")
    assert f'{conf.parent}/signature"' in conf.read_text("utf-8")
    after = f"-c '{conf}'"
    assert done.stdout.splitlines() == [
        f"{conf}: written and checked", "next:", f"  pmta-shipper check {after}",
        f"  pmta-shipper run --dry-run {after}   # reads and counts beside Logstash",
        "  systemctl stop logstash",
        f"  pmta-shipper import-sincedb --dry-run {after} /var/lib/logstash/sincedb-pmta",
        f"  pmta-shipper import-sincedb {after} /var/lib/logstash/sincedb-pmta",
        "  systemctl disable logstash", "  systemctl restart pmta-shipper"]
    assert written(tmp_path, STOCK)[0].returncode == 0  # nobody edited it


def test_a_pipeline_that_cannot_be_read_leaves_the_configuration(tmp_path):
    _, conf = written(tmp_path, STOCK)
    before = conf.read_text("utf-8")
    done, _ = written(tmp_path, STOCK + "output {")
    assert (done.returncode, conf.read_text("utf-8")) == (1, before)
    done, _ = written(tmp_path, path_only('"relative-*.csv"'))
    assert (done.returncode, conf.read_text("utf-8")) == (1, before)
    assert f"{conf} is unchanged; the new configuration is {conf}.new: correct it" in done.stderr


def test_an_edited_configuration_is_replaced_only_if_asked(tmp_path):
    _, conf = written(tmp_path, STOCK)
    with conf.open("a", encoding="utf-8") as file:
        file.write("# mine\n")
    done, _ = written(tmp_path, STOCK)
    assert done.returncode == 1
    assert "is unchanged, because it was edited" in done.stderr and "--replace" in done.stderr
    done, _ = written(tmp_path, STOCK, "--replace")
    assert done.stdout.startswith(f"{conf}: written and checked; the former one is {conf}.old\n")
    assert (conf.parent / "pmta-shipper.conf.old").read_text("utf-8").endswith("# mine\n")


@pytest.mark.parametrize("text, words", [
    ("", "is not a Logstash pipeline"), ("state-dir = \"/x\"\n", "is not a Logstash pipeline"),
    ("- pipeline.id: a\n  path.config: \"/etc/logstash/conf.d/oempro.conf\"\n",
     "give the file that its path.config names"),
    ("input {\n file {\n path => \"/a\n", ":3: a quote is not closed"),
    ("input {\n file {\n path => [ \"/a\" \n", "']' is missing"),
    ("input {\n file {\n", "'}' is missing"), ("input {\n { }\n", ":2: the name of a plugin"),
    ("input {\n file\n }\n", "after a plugin's name"), ("output {\n if [a]\n", "'{' is missing"),
    ("input { file { path => } }", "a value is missing"),
    ("filter {" + "if [a] {" * 100, "conditions are nested too deeply"),
])
def test_what_is_no_pipeline_is_refused(tmp_path, text, words):
    assert words in translated(tmp_path, text, status=1)


def test_usage(tmp_path):
    for args, status, words in (((), 64, "which pipeline?"), (("a", "b"), 64, "one pipeline"),
                               ((str(tmp_path / "no"),), 1, "No such file")):
        done = subprocess.run([str(AGENT), "import-logstash", *args], capture_output=True,
                              text=True, timeout=20, check=False)
        assert (done.returncode, done.stdout) == (status, "")
        assert words in done.stderr


@pytest.mark.skipif(not SHIM.exists(), reason="no shim was built")
def test_no_memory_is_reported_and_gives_no_half_configuration(tmp_path):
    """Each allocation fails in turn: the whole configuration, or an exit status that is not 0."""
    pipeline = tmp_path / "oempro.conf"
    pipeline.write_text(STOCK, "utf-8")
    good = None
    for nth in [0, *range(1, 400), *range(400, 4000, 9)]:
        env = dict(os.environ, LD_PRELOAD=str(SHIM), PMTA_SHIM=f"alloc:{nth}") if nth else None
        done = subprocess.run([str(AGENT), "import-logstash", str(pipeline)], capture_output=True,
                              text=True, timeout=60, check=False, env=env)
        if nth == 0:
            good = done
            assert good.returncode == 0
        elif done.returncode == 0:
            assert done.stdout == good.stdout, nth
        else:
            assert done.returncode == 1, (nth, done.stderr)
        if nth and "shim: failed one" not in done.stderr:
            return
    raise AssertionError("after 4000 allocations there are still more")
