"""Archived files, and replays of them."""

import re

from harness import AGENT, FBL_HEADER, Process, token_rows


def archive(site, files=3, rows=40, first=0, **more):
    """(acct, rows): moved files of an acct-file with these rows, and an empty live file."""
    if more.get("base") == "fbl":
        more["header"] = FBL_HEADER
    acct = site.acct(**more)
    kinds = ["f"] if acct.base == "fbl" else ["b", "rb"]
    written = []
    for i in range(files):
        some, _ = token_rows(rows, first=first + i * rows, kind=kinds)
        acct.append(some)
        acct.rotate()
        written += some
    return acct, written


def tokens_of(rows):
    return [re.search("bounce-(T1-[0-9]+)@", row).group(1) for row in rows]


def everything(acct):
    return str(acct.move_to / "*")


class Replay(Process):
    """A replay in the background."""

    def begin(self, agent, *args):
        return self.spawn([AGENT, "replay", "-c", agent.conf, *args])


def replaying(site, agent, *args):
    return site._keep(Replay(site.folder, "replay")).begin(agent, *args)


def kept(agent):
    """The files with the progress of unfinished replays."""
    folder = agent.state_dir / "replay"
    return [path for path in folder.iterdir() if len(path.name) == 32] if folder.exists() else []
