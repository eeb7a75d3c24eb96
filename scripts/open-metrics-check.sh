#!/usr/bin/env bash
# Gives every OpenMetrics body that engine/tests/open_metrics.rs and clashes.rs encode to the strict parser of the Python
# reference client, which is the judge of the standard, and every text body to `promtool check metrics`.
set -euo pipefail
cd "$(dirname "$0")/.."

target="${CARGO_TARGET_DIR:-target}"
scripts/needs.sh promtool prometheus-client
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
STREAMGAUGE_BODIES="$scratch" cargo test --locked --quiet -p streamgauge --test open_metrics --test clashes

"$target/venv/bin/python" - "$scratch" <<'PYTHON'
import pathlib
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

read = 0
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    body = path.read_bytes().decode("utf-8")
    if not body.endswith("# EOF\n"):
        continue
    try:
        samples = sum(len(family.samples) for family in text_string_to_metric_families(body))
    except ValueError as error:
        sys.exit(f"open-metrics-check: {path.name}: {error}\n{body}")
    print(f"open-metrics-check: {path.name}: {samples} samples")
    read += 1
assert read >= 100, f"only {read} bodies"
PYTHON

for body in "$scratch"/*-Text.txt "$scratch"/text.txt; do
    # Debian's promtool is of before names in quotes.
    if [[ $body == *-allow-utf-8-* ]]; then continue; fi
    # Exit status 3 is for lints of style, which the names in these tests break on purpose; 1 is for what it cannot read.
    status=0
    promtool check metrics <"$body" >"$scratch/lint" 2>&1 || status=$?
    if [ "$status" -ne 0 ] && [ "$status" -ne 3 ]; then
        echo "open-metrics-check: promtool refuses $(basename "$body")" >&2
        cat "$scratch/lint" "$body" >&2
        exit 1
    fi
done
echo "open-metrics-check: promtool reads the text bodies"
