#!/usr/bin/env bash
# Gives every OpenMetrics body that engine/tests/open_metrics.rs and clashes.rs encode, and those of random registries, to
# the strict parser of the Python reference client, which is the judge of the standard, and every text body to its other
# parser and to `promtool check metrics`.
set -euo pipefail
cd "$(dirname "$0")/.."

target="${CARGO_TARGET_DIR:-target}"
scripts/needs.sh promtool prometheus-client
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
STREAMGAUGE_BODIES="$scratch" cargo test --locked --quiet -p streamgauge --test open_metrics --test clashes

STREAMGAUGE_BODIES="$scratch" cargo test --locked --quiet --manifest-path fuzz/Cargo.toml --target-dir "$target" \
    --test smoke registries_show_their_bodies

"$target/venv/bin/python" - "$scratch" <<'PYTHON'
import pathlib
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as text

read = {open_metrics: 0, text: 0}
samples = 0
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    if "Protobuf" in path.name:
        continue
    body = path.read_bytes().decode("utf-8")
    parse = open_metrics if body.endswith("# EOF\n") else text
    try:
        samples += sum(len(family.samples) for family in parse(body))
    except ValueError as error:
        sys.exit(f"open-metrics-check: {path.name}: {error}\n{body}")
    read[parse] += 1
print(f"open-metrics-check: {read[open_metrics]} bodies of OpenMetrics and {read[text]} of text, {samples} samples")
assert read[open_metrics] >= 1000 and read[text] >= 500, "there should be more bodies"
PYTHON

read=0
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
    read=$((read + 1))
done
echo "open-metrics-check: promtool reads $read text bodies"
test "$read" -ge 500
