#!/usr/bin/env bash
# Unmodified users of the `metrics` facade in a real scrape: runs the example `facade`, reads it over HTTP in both text
# formats with the Python reference parsers, and looks for what the libraries in it have recorded.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=scripts/lib.sh
source scripts/lib.sh
scripts/needs.sh curl prometheus-client
example="$(build_example facade)"

# is_done: its pipeline comes last.
is_done() { scrape 2>/dev/null | grep -q '^pipeline_events_total 1000000$'; }

# start_example FLAGS...: runs the example until it has recorded everything, and sets `url`.
start_example() {
    stop_all
    start example "$example" --listen 127.0.0.1:0 --app 127.0.0.1:0 --requests 100 "$@"
    wait_for "$process" 10 "the example listened" grep -q '^metrics on ' "$scratch/example.out"
    url="$(sed -n 's|^metrics on \(http://.*\)$|\1|p' "$scratch/example.out")"
    wait_for "$process" 10 "its pipeline was done" is_done
}

# ask FILE: as a reader of OpenMetrics.
ask() {
    scrape --header 'accept: application/openmetrics-text;version=1.0.0' --dump-header "$scratch/head" --output "$1"
}

# As it is, the recorder serves what the stock one does to everybody.
start_example
ask "$scratch/pinned"
if ! grep -qi '^content-type: text/plain; version=0.0.4;' "$scratch/head"; then
    fail "not the text format, though the recorder serves no other" "$scratch/head"
fi
start_example --all-formats
scrape --output "$scratch/text"
ask "$scratch/openmetrics"

"$target/venv/bin/python" scripts/readers/facade.py "$scratch/text" "$scratch/openmetrics"
