"""Runs two scoreboards by turns and compares our own figures: see compare.sh, which builds them.

compare.py OLD NEW ROWS ROUNDS [ARGUMENTS OF THE SCOREBOARD]
"""

import json
import re
import subprocess
import sys
from statistics import median

# A median ratio above this is worse.
WORSE = 1.03


def rows_of(scoreboard, arguments):
    """The rows that a scoreboard has, in its order; a wrong name makes it list them."""
    asked = subprocess.run([scoreboard, "--row", "?"], capture_output=True, text=True, check=False)
    named = re.search(r"those of --large are (.+?); the rows are (.+)", asked.stderr)
    usual = named or re.search(r"()the rows are (.+)", asked.stderr)
    if not usual:
        sys.exit(f"compare: {scoreboard} did not list its rows: {asked.stderr!r}")
    return usual[1 if "--large" in arguments else 2].strip().split(", ")


def figures(scoreboard, row, arguments):
    """Our figure of each line that a row prints, by what tells the lines apart."""
    command = [scoreboard, "--json", "--row", row, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        sys.exit(f"compare: {' '.join(command)} ended with {ran.returncode}: {ran.stderr.strip()}")
    outcomes = [json.loads(line) for line in ran.stdout.splitlines()]
    return {(o["row"], o["threads"], o["unit"]): o["ours"] for o in outcomes}


def compare(old, new, row, rounds, arguments):
    """Prints a line for each line of a row, and returns how many are worse."""
    measured = []
    for turn in range(rounds):
        # Who begins changes from round to round, so that neither always finds the machine as the other left it.
        order = [(0, old), (1, new)] if turn % 2 == 0 else [(1, new), (0, old)]
        measured.append(dict((side, figures(scoreboard, row, arguments)) for side, scoreboard in order))
    worse = 0
    keys = list(dict.fromkeys(key for pair in measured for side in (0, 1) for key in pair[side]))
    for name, threads, unit in keys:
        pairs = [[pair[side].get((name, threads, unit)) for side in (0, 1)] for pair in measured]
        label = f"{name}, {threads} threads" if threads != 1 else name
        if any(a is None or b is None for a, b in pairs):
            where = "the commit" if pairs[0][1] is None else "the working tree"
            print(f"{label:<36} only in {where}, or without a figure", flush=True)
            continue
        # A difference that rounds to nothing has no ratio; one of two nothings is 1.
        ratios = [b / a if a else (1.0 if not b else float("inf")) for a, b in pairs]
        middle = median(ratios)
        mark = ""
        if middle > WORSE:
            worse += 1
            mark = "  WORSE" if min(ratios) > 1 else "  WORSE, but not in every round"
        before, now = (median(side) for side in zip(*pairs))
        print(
            f"{label:<36} {middle:6.3f}  ({min(ratios):.3f} to {max(ratios):.3f})  {before:.2f} -> {now:.2f} {unit}{mark}",
            flush=True,
        )
    return worse


def main():
    old, new, wanted, rounds, *arguments = sys.argv[1:]
    if not any(argument.startswith("--rounds") for argument in arguments):
        # Within one process; what counts are the rounds of processes.
        arguments = ["--rounds", "3", *arguments]
    before, now = rows_of(old, arguments), rows_of(new, arguments)
    names = [name for name in wanted.split(",") if name]
    for name in names:
        if name not in before + now:
            sys.exit(f"compare: there is no row `{name}`; the rows are {', '.join(now)}")
    for where, rows, others in [("commit", before, now), ("working tree", now, before)]:
        alone = [row for row in rows if row not in others and (not names or row in names)]
        if alone:
            print(f"only in the {where}: {', '.join(alone)}")
    both = [row for row in now if row in before and (not names or row in names)]
    print(f"{'row':<36}  ratio  (least to greatest)")
    worse = sum(compare(old, new, row, int(rounds), arguments) for row in both)
    if worse:
        sys.exit(f"compare: {worse} of them worse by more than {round((WORSE - 1) * 100)} %")
    print(f"compare: nothing is worse by more than {round((WORSE - 1) * 100)} %")


main()
