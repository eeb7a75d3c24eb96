#!/usr/bin/env bash
# Foreign readers on a real scrape: runs the demo, takes its metrics over HTTP, and gives them to `promtool check
# metrics` and to the Python reference parser, which also compares what it read with what the demo says it did.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=scripts/lib.sh
source scripts/lib.sh
scripts/needs.sh curl promtool prometheus-client
cdc="$(build_example cdc)"

# --linger: the endpoint stays up after the run, so that the scrape sees final values.
start_demo "$cdc" --events 20000 --linger 300
wait_until_verified

# Twice: the first scrape may show the last values of dropped tables, which the `retired` counters have already.
for _ in 1 2; do scrape --dump-header "$scratch/head" --output "$scratch/body"; done
if ! tr -d '\r' <"$scratch/head" | grep -qix 'content-type: text/plain; version=0.0.4; charset=utf-8; escaping=underscores'; then
    fail "not the content type of the text format" "$scratch/head"
fi

# promtool parses as Prometheus does and lints names, help texts and units: any finding fails.
promtool check metrics <"$scratch/body"
say "promtool accepts $(wc -l <"$scratch/body") lines"

"$target/venv/bin/python" scripts/readers/text.py "$scratch/body" "$scratch/demo.out"
