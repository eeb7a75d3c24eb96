#!/usr/bin/env bash
# Looks for tests that hope: runs all tests again and again beside four processes that take what they can get of the
# processor: scripts/flaky.sh [ROUNDS, 20 by default]
# Prints every failure with its round and its log, goes on, and fails in the end if there was one. What
# scripts/test.sh runs as tests, that is, but built once; formatting, lints and documentation are the same in each round
# and left to it. Three test binaries run beside each other, which is another kind of load and halves the time of a
# round: four minutes on two cores.
#   FLAKY_TIMEOUT   seconds after which a test binary counts as hanging (default 600)
set -euo pipefail
cd "$(dirname "$0")/.."

rounds="${1:-20}"
if ! [[ "$rounds" =~ ^[1-9][0-9]*$ ]]; then
    echo "flaky: expected a number of rounds, such as 20, not \`$rounds\`" >&2
    exit 2
fi
timeout="${FLAKY_TIMEOUT:-600}"
target="${CARGO_TARGET_DIR:-target}"
# Absolute, because a test runs in the folder of its package.
logs="$(mkdir -p "$target" && cd "$target" && pwd)/flaky"
rm -rf "$logs"
mkdir -p "$logs"

# Name and path of every test binary, and the folder that cargo would start it in, a line each.
features=streamgauge-exporter/cli,streamgauge-exporter/metrics-0-23
cargo test --locked --workspace --features "$features" --no-run --message-format=json |
    python3 scripts/readers/cargo.py tests >"$logs/binaries"
# As cargo sets it: procedural macros load the compiler's own libraries.
libraries="$(rustc --print target-libdir)"
export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
echo "flaky: $(wc -l <"$logs/binaries") test binaries, $rounds rounds"

busy=()
cleanup() {
    if [ ${#busy[@]} -gt 0 ]; then kill "${busy[@]}" 2>/dev/null || true; fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM
for _ in 1 2 3 4; do
    # The loop asks whether this script lives, in case it is killed and its trap does not run.
    (while kill -0 $$ 2>/dev/null; do for ((i = 0; i < 100000; i++)); do :; done; done) &
    busy+=($!)
done

# Runs one binary, and keeps the log of a failure only.
one() {
    local round="$1" name="$2" binary="$3" folder="$4" log status=0
    log="$logs/$round-$name.log"
    (cd "$folder" && CARGO_MANIFEST_DIR="$folder" timeout "$timeout" "$binary") </dev/null >"$log" 2>&1 || status=$?
    if [ "$status" -eq 0 ]; then
        rm "$log"
        return
    fi
    printf 'flaky: round %d: %s ended with %d: %s\n' "$round" "$name" "$status" "$log"
    sed -n '/^failures:$/,$p' "$log" | grep '^    ' | sort -u || tail -n 5 "$log"
}
export -f one
export logs timeout

failed() { find "$logs" -name '*-*.log' | wc -l; }
for ((round = 1; round <= rounds; round++)); do
    began=$SECONDS
    # One line an argument; its fields are parted by tabs, which no path has. In the background, because a signal is
    # heard only while the shell waits.
    xargs --arg-file="$logs/binaries" --delimiter='\n' --max-args=1 --max-procs=3 \
        bash -c 'IFS=$'"'\t'"' read -r name binary folder <<<"$1"; one "$0" "$name" "$binary" "$folder"' "$round" &
    busy[4]=$!
    wait "${busy[4]}"
    # rustdoc compiles and runs these; it has no binary to keep.
    log="$logs/$round-doc.log"
    if cargo test --locked --quiet --workspace --features "$features" --doc --no-fail-fast </dev/null >"$log" 2>&1; then
        rm "$log"
    else
        printf 'flaky: round %d: the documentation tests failed: %s\n' "$round" "$log"
    fi
    echo "flaky: round $round: $((SECONDS - began)) s, $(failed) failures so far"
done
failures="$(failed)"
if [ "$failures" -ne 0 ]; then
    echo "flaky: $failures failures in $rounds rounds" >&2
    exit 1
fi
echo "flaky: $rounds rounds, no failure"
