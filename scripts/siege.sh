#!/usr/bin/env bash
# Lays sieges to an exporter: hostile clients of every kind that we know, on loopback, beside one honest scraper. Prints
# for each the failed and the slowest honest scrapes and the program's peak memory, and fails where a scrape failed or the
# memory is past its bound.
#   scripts/siege.sh [SECONDS] [--strict] [--only NAME] [--interval SECONDS] [--write docs/SIEGE.md]
#   SECONDS            for each siege (default: 4; at night a minute)
#   --strict           fails where a scrape was slow as well: not for a machine that has something else to do
#   CARGO_TARGET_DIR   where to build (default: target)
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --locked --release -p streamgauge-examples --example besieged
exec python3 scripts/siege.py "${CARGO_TARGET_DIR:-target}/release/examples/besieged" "$@"
