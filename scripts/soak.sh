#!/usr/bin/env bash
# Runs the demo for a while under its own load and watches its memory: scripts/soak.sh [SECONDS, 300 by default]
# Fails where resident memory grows by more than a tenth and 2 MiB after the first third (the database's caches fill for
# about a minute, at 12 MiB), or where the run does not verify.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds="${1:-300}"
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
scripts/needs.sh curl
cdc="$(build_example cdc)"
start_demo "$cdc"
settled=0
peak=0
began=$SECONDS
while [ $((SECONDS - began)) -lt "$seconds" ]; do
    sleep 5
    if ! kill -0 "$demo" 2>/dev/null; then fail "the demo ended by itself"; fi
    scrape --output /dev/null
    # RssAnon: what the program holds. The pages of its database files, which do grow, are RssFile and the page cache.
    kib="$(awk '/^RssAnon:/ { print $2 }' "/proc/$demo/status")"
    if [ $((3 * (SECONDS - began))) -lt "$seconds" ]; then
        if [ "$kib" -gt "$settled" ]; then settled="$kib"; fi
    elif [ "$kib" -gt "$peak" ]; then
        peak="$kib"
    fi
done
# Like Ctrl-C: it drains, compares the replica with the source, and reads its counters back.
status=0
stop "$demo" INT || status=$?
tail -n 1 "$scratch/demo.out"
if [ "$status" -ne 0 ]; then fail "the demo ended with $status"; fi
say "$seconds s, at most $settled KiB in the first third, at most $peak KiB after it"
if [ "$peak" -gt $((settled + settled / 10 + 2048)) ]; then
    fail "memory grows"
fi
