"""Checks that every row of the scoreboard came out, with a figure of ours that is a number.

scoreboard.py HELP LINES      what it says to a wrong row, which lists the right ones; its outcomes, a line of JSON each
"""

import json
import re
import sys

FIELDS = {"row", "threads", "unit", "ours", "limit", "peers", "vs_limit", "vs_peers"}


def main(listing, lines):
    named = re.search(r"the rows are (.+)", listing)
    if not named:
        sys.exit(f"bench: the scoreboard did not list its rows: {listing!r}")
    wanted = named[1].strip().split(", ")
    outcomes = [json.loads(line) for line in lines.splitlines()]
    for outcome in outcomes:
        if FIELDS - outcome.keys():
            sys.exit(f"bench: {outcome} lacks {sorted(FIELDS - outcome.keys())}")
        if not isinstance(outcome["ours"], (int, float)):
            sys.exit(f"bench: {outcome['row']} has no figure of ours")
    missing = [row for row in wanted if row not in {outcome["row"] for outcome in outcomes}]
    if missing:
        sys.exit(f"bench: no outcome of {', '.join(missing)}")
    print(f"bench: {len(wanted)} rows, {len(outcomes)} outcomes")


main(*sys.argv[1:])
