"""Catching up on a backlog: pmta-shipper, syslog-ng and libcsv alone in turn over the same rows;
then pmta-shipper over TLS and HTTP/2, compressed, and with one record in each request."""

import os
import subprocess
from collections import defaultdict

from tools import (CERTS, LIBCSV, ROOT, delivered, free_port, mb, median, now_ns, say,
                   spread, table, thousands)

BATCH = 500
SYSLOG_NG = ROOT / "build/syslog-ng"
COLUMNS = ("type,timeQueued,timeLogged,orig,rcpt,bounceCat,dsnStatus,dsnAction,dsnDiag,dsnMta,"
           "jobId,vmta,header_X-FBLId")

# The fastest settings that lose nothing: no syslog parsing, a window of eight requests (values
# between two and twenty made no difference), a queue in memory that the window cannot fill, and
# flow-control, which stops reading when the queue is full.
SYSLOG_CONF = """@version: 3.38
options {{ stats-freq(0); time-reopen(1); }};
source s {{
    file("{file}" flags(no-parse) log-fetch-limit(1000) log-iw-size({window})
         follow-freq(0.1) default-facility(user) default-priority(info));
}};
parser p {{
    csv-parser(columns({columns}) delimiters(",") quotes('"') dialect(escape-double-char)
               prefix(".csv."));
}};
filter f {{ not match("type" value(".csv.type") type(string)); }};
destination d {{
    http(url("{url}") method("POST") headers("Content-Type: application/json")
         batch-lines({batch}) batch-timeout(1000) workers({workers}) log-fifo-size({fifo})
         body-prefix("[") delimiter(",") body-suffix("]")
         body("$(format-json --subkeys .csv.)"));
}};
log {{ source(s); parser(p); filter(f); destination(d); flags(flow-control); }};
"""


def syslog_ng(bench, folder, file, url):
    conf = folder / "syslog-ng.conf"
    window = 8 * BATCH
    conf.write_text(SYSLOG_CONF.format(
        file=file, url=url, batch=BATCH, window=window, fifo=2 * window, workers=1,
        columns=", ".join(f'"{name}"' for name in COLUMNS.split(","))))
    libs = [SYSLOG_NG / "usr/lib/syslog-ng", SYSLOG_NG / "usr/lib/x86_64-linux-gnu",
            SYSLOG_NG / "lib/x86_64-linux-gnu", SYSLOG_NG / "usr/lib/aarch64-linux-gnu"]
    env = dict(os.environ, LD_LIBRARY_PATH=":".join(map(str, libs)))
    module_path = next((SYSLOG_NG / "usr/lib/syslog-ng").glob("3.*"))
    return bench.run([SYSLOG_NG / "usr/sbin/syslog-ng", "--foreground", "--no-caps",
                      f"--module-path={module_path}", "-f", conf, "-R", folder / "persist",
                      "-p", folder / "syslog-ng.pid", "-c", folder / "syslog-ng.ctl"],
                     folder / "syslog-ng.log", env)


class Result:
    """The result of one sender."""

    def __init__(self, run, sink, rows):
        self.cpu, self.anon, self.rss = run.cpu, run.anon, run.rss
        self.lost = rows - sink.distinct
        self.repeated = sink.records - sink.distinct
        self.wall = max(1, sink.last_ns - run.begun_ns) / 1e9
        self.requests, self.bytes = sink.requests, sink.wire_bytes
        self.rate = sink.distinct / self.cpu if self.cpu else 0


def one_sender(bench, name, rows, start, delay_ms=0):
    """start(folder, sink) returns a Run; wait until all rows are delivered, and end it."""
    folder = bench.folder(name)
    sink = bench.sink(folder, rows=rows, delay_ms=delay_ms)
    run = start(folder, sink)
    complete = delivered(sink, rows, run)
    if not run.alive():
        say(f"{name} ended early: {run.text()[-500:]}")
    run.end()
    result = Result(run, sink, rows)
    sink.end()
    if not complete:
        say(f"{name}: {result.lost} of {rows} rows did not arrive")
    return result


def ours(bench, rows, **endpoint):
    data = bench.data(rows)
    return lambda folder, sink: bench.agent(folder, data, sink.url(), **endpoint)


class Floor:
    """libcsv alone, which sends nothing."""

    def __init__(self, run, rows):
        self.cpu, self.wall, self.rate = run.cpu, run.wall, rows / run.cpu
        self.lost = self.repeated = self.anon = self.rss = 0


def floor(bench, rows, *options):
    folder = bench.folder("libcsv")
    run = bench.run([LIBCSV, *options, bench.live(rows)], folder / "libcsv.log").wait()
    if run.status != 0 or f"rows {rows + 1} " not in run.text():
        raise RuntimeError(f"libcsv alone: {run.text()}")
    return Floor(run, rows)


def ratio(over, under):
    """The ratio of the rates, run by run; none if a record is missing."""
    if any(result.lost for result in over + under):
        return "no ratio: records lost"
    return spread([a.rate / b.rate for a, b in zip(over, under)]) + " x"


def row_of(name, results, mine, is_floor=False):
    lost = max(result.lost for result in results)
    return [name, thousands(median([result.rate for result in results])),
            f"{median([result.cpu for result in results]):.2f} s",
            f"{median([result.wall for result in results]):.2f} s",
            "-" if is_floor else mb(max(result.anon for result in results)),
            "-" if is_floor else mb(max(result.rss for result in results)),
            "-" if is_floor else f"LOST {lost}" if lost else
            f"all, {max(result.repeated for result in results)} twice",
            "1" if results is mine else ratio(mine, results)]


def throughput(bench):
    """Records per CPU-second of each program, in turn."""
    results = defaultdict(list)
    live = bench.live(bench.rows)
    for _ in range(bench.runs):
        results["ours"].append(one_sender(bench, "ours", bench.rows, ours(bench, bench.rows)))
        results["syslog-ng"].append(one_sender(
            bench, "syslog-ng", bench.rows,
            lambda folder, sink: syslog_ng(bench, folder, live, sink.url())))
        results["libcsv"].append(floor(bench, bench.rows))
    mine, other, least = results["ours"], results["syslog-ng"], results["libcsv"]
    rows = [row_of("pmta-shipper", mine, mine), row_of("syslog-ng", other, mine),
            row_of("libcsv alone", least, mine, is_floor=True)]
    times = "no ratio: records lost" if any(result.lost for result in mine) else \
        spread([a.cpu / b.cpu for a, b in zip(mine, least)]) + " x"
    table(f"Throughput: {bench.rows} rows, {live.stat().st_size / 1e6:.0f} MB, arrays of {BATCH} "
          f"records, {bench.runs} runs in turn",
          ["", "records/CPU-s", "CPU", "wall", "RssAnon", "VmRSS", "delivered",
           "pmta-shipper is"], rows,
          [f"CPU of pmta-shipper in units of libcsv alone: {times} (target: at most 1.7).  "
           "Target of the last column: 5 x syslog-ng."])


NGINX_CONF = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    keepalive_requests 10000000; keepalive_timeout 1h;
    upstream sink {{ server 127.0.0.1:{sink}; keepalive 64; keepalive_requests 10000000; }}
    server {{
        listen 127.0.0.1:{port} ssl http2; client_max_body_size 64m;
        client_body_buffer_size 2m; http2_max_concurrent_streams 256;
        ssl_certificate {tls}/good.pem; ssl_certificate_key {tls}/good.key;
        location / {{ proxy_pass http://sink; proxy_http_version 1.1;
                      proxy_set_header Connection ""; }}
    }}
}}
"""


def behind_nginx(bench, rows, **endpoint):
    """As ours(), with a real nginx for TLS and HTTP/2 in front of the sink."""
    nginx = ROOT / "build/nginx/usr/sbin/nginx"
    certs = bench.work / "certs"
    if not certs.exists():
        subprocess.run([str(CERTS), str(certs)], check=True, capture_output=True)

    def start(folder, sink):
        port = free_port()
        conf = folder / "nginx.conf"
        conf.write_text(NGINX_CONF.format(folder=folder, port=port, sink=sink.port, tls=certs))
        server = bench.run([nginx, "-e", folder / "nginx.log", "-c", conf], folder / "nginx.out")
        limit = now_ns() + 10 * 10**9
        while not (folder / "nginx.pid").exists():
            if not server.alive() or now_ns() > limit:
                raise RuntimeError(f"nginx does not start: {server.text()}")
        return bench.agent(folder, bench.data(rows), f"https://localhost:{port}/events",
                           ca_file=certs / "ca.pem", **endpoint)
    return start


def compared(bench, title, rows, ways, unit="record", notes=()):
    """Measure pmta-shipper in several ways, in turn; the others are compared with the first."""
    results = defaultdict(list)
    for _ in range(bench.runs):
        for name, start in ways.items():
            results[name].append(one_sender(bench, "way", rows, start))
            bench.end()
    base = next(iter(results.values()))
    lines = []
    for name, all_of in results.items():
        lost = max(result.lost for result in all_of)
        per_cpu = [result.requests / result.cpu for result in all_of] if unit == "request" else \
            [result.rate for result in all_of]
        lines.append([name, f"LOST {lost}" if lost else spread(per_cpu, "{:.0f}"),
                      spread([a.cpu / b.cpu for a, b in zip(all_of, base)]),
                      f"{median([result.wall for result in all_of]):.2f} s",
                      f"{median([result.bytes for result in all_of]) / 1e6:.0f} MB",
                      mb(max(result.anon for result in all_of)),
                      mb(max(result.rss for result in all_of))])
    table(title, ["", f"{unit}s/CPU-s", "CPU, first = 1", "wall", "received", "RssAnon", "VmRSS"],
          lines, notes)


def tls(bench):
    """Plain, compressed, and over TLS and HTTP/2 to nginx."""
    rows = max(1, bench.rows // 2)
    compared(bench, f"Ways to send {rows} rows in arrays of {BATCH}", rows, {
        "plain HTTP/1.1": ours(bench, rows),
        "TLS and HTTP/2 to nginx": behind_nginx(bench, rows),
        "plain, gzip": ours(bench, rows, compress="gzip"),
        "TLS and HTTP/2, gzip": behind_nginx(bench, rows, compress="gzip"),
    })


def objects(bench):
    """One record in each request: the cost of a request, and the share of the possible rate."""
    rows = max(1, bench.rows // 5)
    compared(bench, f"One record per request, {rows} rows, answers at once, 32 in flight", rows, {
        "plain HTTP/1.1": ours(bench, rows, format="object", in_flight=32),
        "TLS and HTTP/2 to nginx": behind_nginx(bench, rows, format="object", in_flight=32),
    }, unit="request", notes=["Target: plain at least 15000 requests per CPU-second."])
    delay, flight = 50, 32
    limit = flight * 1000 / delay
    rows = min(rows, int(limit * 12))
    shares, whole = [], []
    for _ in range(bench.runs):
        folder = bench.folder("objects")
        sink = bench.sink(folder, rows=rows, delay_ms=delay, times=True)
        agent = bench.agent(folder, bench.data(rows), sink.url(), format="object",
                            in_flight=flight)
        complete = delivered(sink, rows, agent)
        agent.end()
        sink.end()
        if not complete:
            say(f"objects: {rows - sink.distinct} of {rows} rows did not arrive")
            return
        times = [ns for ns, _ in sink.times()]
        full = [ns for ns in times if ns > times[0] + 2 * 10**9]  # the limit has grown by then
        shares.append((len(full) - 1) / ((full[-1] - full[0]) / 1e9) / limit)
        whole.append((len(times) - 1) / ((times[-1] - times[0]) / 1e9) / limit)
    table(f"One record per request, {rows} rows, answers after {delay} ms, {flight} in flight",
          ["", "share of in-flight / RTT"],
          [["from the third second on", spread(shares, "{:.3f}")],
           ["the first two seconds included", spread(whole, "{:.3f}")]],
          [f"The limit is {limit:.0f} requests per second; target: at least 0.95."])
