"""The findings of `doctor`, and a host for it to look at."""

import os
import re

import pytest
from harness import token_rows


LEVELS = ("ok", "info", "warning", "problem")
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


class Findings:
    """The findings that doctor printed: (level, what, text, fix) of each."""

    def __init__(self, done):
        assert not done.stderr, done.stderr
        self.done = done
        self.all = []
        *found, last = done.stdout.splitlines()
        for line in found:
            level, rest = line[:8].rstrip(), line[9:]
            assert level in LEVELS and ": " in rest, line
            what, rest = rest.split(": ", 1)
            text, _, fix = rest.partition(" -> ")
            self.all.append((level, what, text, fix))
        problems, warnings = (sum(level == one[0] for one in self.all)
                              for level in ("problem", "warning"))
        sum_of = re.fullmatch(r"(\d+) problems?, (\d+) warnings?(?:, (\d+) not checked)?", last)
        assert (int(sum_of[1]), int(sum_of[2])) == (problems, warnings)
        self.unchecked = int(sum_of[3] or 0)
        assert self.unchecked <= sum("not checked" in one[2] or "not check" in one[2]
                                     or "could not be" in one[2] for one in self.all)
        assert done.returncode == (1 if problems or self.unchecked else 0)

    def of(self, level, what="", words=""):
        return [(text, fix) for found, about, text, fix in self.all
                if found == level and what in about and words in text + fix]

    def one(self, level, what, words):
        found = self.of(level, what, words)
        assert len(found) == 1, (level, what, words, self.done.stdout)
        return found[0]


def doctor(agent, *args):
    """Run doctor; check that every command it prints names the same configuration."""
    found = Findings(agent.command("doctor", *args))
    for rest in re.findall(r"(?<!event of )pmta-shipper (?:archives|dead \w+|directives|doctor|status)"
                           r"(.*)", found.done.stdout):
        assert rest.startswith(f" -c {agent.conf}"), found.done.stdout
    return found


def site_with(site, backend=None, **endpoint):
    """(agent, acct): a live file with one row, and an agent that is not started."""
    acct = site.acct().begin()
    acct.append(token_rows(1)[0])
    agent = site.agent(backend, acct, endpoint=endpoint)
    return agent, acct
