"""The first start: where the agent begins in files that already exist."""

from harness import token_rows
from steps import append, arrived, delivered, lines, rescanned, started, stopped, up


def first_start_site(site, first_start):
    """Rows in move-to, in the live file, and after the first start."""
    acct = site.acct()
    moved, _ = token_rows(10)
    live, _ = token_rows(10, first=10)
    later, _ = token_rows(10, first=20)
    acct.append(moved)
    acct.rotate()
    acct.append(live[:5])
    acct.begin()  # the header once more: `now` has to read the columns
    acct.append(live[5:])
    backend, agent = started(site, acct, first_start=first_start)
    up(agent)
    acct.append(later[:3])
    acct.rotate()
    acct.append(later[3:5])
    return acct, backend, agent, moved, live, later


def test_first_start_live(site):
    """live (the default): live files from their beginning, nothing from move-to."""
    acct, backend, agent, _, live, later = first_start_site(site, None)
    agent.wait_for('"bounces": 1 file from before the first start will not be read')
    arrived(backend, 15)
    stopped(agent)
    acct.append(later[5:])
    up(agent)
    delivered(agent, backend, live + later)


def test_first_start_now(site):
    """now: begin after the last complete line; the header is still read."""
    acct, backend, agent, _, _, later = first_start_site(site, "now")
    arrived(backend, 5)
    stopped(agent)
    acct.append(later[5:])
    up(agent)
    delivered(agent, backend, later)


def test_first_start_now_with_half_a_line(site):
    """now: a line that was half written at the first start counts as later."""
    acct = site.acct()
    rows, _ = token_rows(10)
    acct.append(rows[:5])
    append(acct.live, rows[5][:50])
    backend, agent = started(site, acct, first_start="now")
    up(agent)
    append(acct.live, rows[5][50:] + "\n" + lines(*rows[6:]))
    delivered(agent, backend, rows[5:])


def test_first_start_now_with_archives_next_to_the_live_file(site):
    """now: without move-to, archives compressed in place stay unsent, also after a restart."""
    acct = site.acct(move=False)
    old, _ = token_rows(10)
    acct.append(old)
    acct.gz(acct.live)
    acct.number += 1
    backend, agent = started(site, acct, first_start="now")
    rows, _ = token_rows(5, first=100)
    up(agent)
    acct.append(rows[:3])
    arrived(backend, 3)
    stopped(agent)
    up(agent)
    rescanned(agent)
    acct.append(rows[3:])
    arrived(backend, 5)
    delivered(agent, backend, rows)


def test_first_start_all(site):
    """all: everything that exists, the oldest file first."""
    acct, backend, agent, moved, live, later = first_start_site(site, "all")
    assert "not to be read" not in agent.log()
    arrived(backend, 25)
    stopped(agent)
    acct.append(later[5:])
    up(agent)
    delivered(agent, backend, moved + live + later)


def test_first_start_decides_only_once(site):
    """Every later file is read from its first byte, even if first-start was changed since."""
    acct = site.acct()
    backend, agent = started(site, acct)
    up(agent)
    stopped(agent)
    rows, _ = token_rows(20)
    acct.append(rows[:10])
    acct.rotate()
    acct.append(rows[10:])
    agent.settings["first_start"] = "now"
    agent.write_conf()
    up(agent)
    delivered(agent, backend, rows)


def test_archives_passed_over_at_the_first_start_stay_so(site):
    """live: files that were in move-to are not sent later either: gzipped, or after a restart."""
    acct = site.acct()
    old, _ = token_rows(30)
    for i in range(3):
        acct.append(old[10 * i:10 * i + 10])
        acct.rotate()
    backend, agent = started(site, acct)
    up(agent)
    acct.gz(acct.moved(0))
    rescanned(agent)
    stopped(agent)
    acct.gz(acct.moved(1))
    up(agent)
    rescanned(agent)
    rows, _ = token_rows(5, first=100)
    acct.append(rows)
    delivered(agent, backend, rows)
