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
python3 scripts/readers/scoreboard.py "$rows" "$lines"
