#!/usr/bin/env bash
# Shows that every bench still runs, in a few seconds and without a claim about speed: the criterion benches once
# each, and each row of the scoreboard at its smallest. For figures, on a quiet machine:
#   cargo bench -p streamgauge-benches
#   cargo run --release -p streamgauge-benches --bin scoreboard
set -euo pipefail
cd "$(dirname "$0")/.."

# --bench '*': the criterion targets only, not the unit tests of the package. --test: criterion runs each once.
cargo bench --locked -p streamgauge-benches --bench '*' -- --test

lines="$(cargo run --locked --release --quiet -p streamgauge-benches --bin scoreboard -- --smoke --json)"
echo "$lines"
# Every row that the scoreboard names must have come out, with a figure of ours that is a number. A wrong row name
# makes it list the right ones.
rows="$(cargo run --locked --release --quiet -p streamgauge-benches --bin scoreboard -- --row '?' 2>&1 || true)"
python3 - "$rows" "$lines" <<'PYTHON'
import json
import re
import sys

named = re.search(r"the rows are (.+)", sys.argv[1])
if not named:
    sys.exit(f"bench: the scoreboard did not list its rows: {sys.argv[1]!r}")
wanted = named[1].strip().split(", ")
outcomes = [json.loads(line) for line in sys.argv[2].splitlines()]
fields = {"row", "threads", "unit", "ours", "limit", "peers", "vs_limit", "vs_peers"}
for outcome in outcomes:
    if fields - outcome.keys():
        sys.exit(f"bench: {outcome} lacks {sorted(fields - outcome.keys())}")
    if not isinstance(outcome["ours"], (int, float)):
        sys.exit(f"bench: {outcome['row']} has no figure of ours")
missing = [row for row in wanted if row not in {outcome["row"] for outcome in outcomes}]
if missing:
    sys.exit(f"bench: no outcome of {', '.join(missing)}")
print(f"bench: {len(wanted)} rows, {len(outcomes)} outcomes")
PYTHON
