#!/usr/bin/env bash
# Gives every OpenMetrics body that the tests `open_metrics` and `clashes` of engine/tests/suite/ encode, and those of
# random registries, to the strict parser of the Python reference client, which is the judge of the standard, and every
# text body to its other parser and to `promtool check metrics`.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=scripts/lib.sh
source scripts/lib.sh
scripts/needs.sh promtool prometheus-client
bodies="$scratch/bodies"
mkdir "$bodies"
STREAMGAUGE_BODIES="$bodies" cargo test --locked --quiet -p streamgauge --test suite -- \
    open_metrics:: clashes::

STREAMGAUGE_BODIES="$bodies" cargo test --locked --quiet --manifest-path fuzz/Cargo.toml --target-dir "$target" \
    --test smoke registries_show_their_bodies

"$target/venv/bin/python" scripts/readers/open_metrics.py "$bodies"

read=0
for body in "$bodies"/*-Text.txt "$bodies"/text.txt; do
    # Debian's promtool is of before names in quotes.
    if [[ $body == *-allow-utf-8-* ]]; then continue; fi
    # Exit status 3 is for lints of style, which the names in these tests break on purpose; 1 is for what it cannot read.
    status=0
    promtool check metrics <"$body" >"$scratch/lint" 2>&1 || status=$?
    if [ "$status" -ne 0 ] && [ "$status" -ne 3 ]; then
        fail "promtool refuses $(basename "$body")" "$scratch/lint" "$body"
    fi
    read=$((read + 1))
done
say "promtool reads $read text bodies"
test "$read" -ge 500
