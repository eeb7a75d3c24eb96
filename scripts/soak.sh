#!/usr/bin/env bash
# Runs the demo for a while under its own load and watches its memory: scripts/soak.sh [SECONDS, 300 by default]
# Fails where resident memory grows by more than a tenth and 2 MiB after the first third (the database's caches fill for
# about a minute, at 12 MiB), or where the run does not verify.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds="${1:-300}"
scripts/needs.sh curl
cargo build --locked --release -p streamgauge-examples --example cdc

scratch="$(mktemp -d)"
demo=""
cleanup() {
    if [ -n "$demo" ]; then kill -KILL "$demo" 2>/dev/null || true; fi
    rm -rf "$scratch"
}
trap cleanup EXIT

"${CARGO_TARGET_DIR:-target}/release/examples/cdc" --listen 127.0.0.1:0 >"$scratch/out" 2>"$scratch/err" &
demo=$!
settled=0
peak=0
began=$SECONDS
while [ $((SECONDS - began)) -lt "$seconds" ]; do
    sleep 5
    if ! kill -0 "$demo" 2>/dev/null; then
        echo "soak: the demo ended by itself" >&2
        cat "$scratch/out" "$scratch/err" >&2
        exit 1
    fi
    url="$(sed -n 's|^listening on \(http://.*\)$|\1|p' "$scratch/out")"
    curl --silent --show-error --fail --max-time 10 --output /dev/null "$url"
    # RssAnon: what the program holds. The pages of its database files, which do grow, are RssFile and the page cache.
    kib="$(awk '/^RssAnon:/ { print $2 }' "/proc/$demo/status")"
    if [ $((3 * (SECONDS - began))) -lt "$seconds" ]; then
        if [ "$kib" -gt "$settled" ]; then settled="$kib"; fi
    elif [ "$kib" -gt "$peak" ]; then
        peak="$kib"
    fi
done
# Like Ctrl-C: it drains, compares the replica with the source, and reads its counters back.
kill -INT "$demo"
status=0
wait "$demo" || status=$?
demo=""
tail -n 1 "$scratch/out"
if [ "$status" -ne 0 ]; then
    echo "soak: the demo ended with $status" >&2
    cat "$scratch/err" >&2
    exit 1
fi
echo "soak: $seconds s, at most $settled KiB in the first third, at most $peak KiB after it"
if [ "$peak" -gt $((settled + settled / 10 + 2048)) ]; then
    echo "soak: memory grows" >&2
    exit 1
fi
