# shellcheck shell=bash
# What the checks of running programs share. They source it, in the repository's root and under `set -euo pipefail`; it
# does nothing by itself but make a scratch folder, which goes with the script, and so do the programs it has started.
#   target    where cargo builds (CARGO_TARGET_DIR)
#   scratch   the scratch folder
# shellcheck disable=SC2034 # for those who source it

target="${CARGO_TARGET_DIR:-target}"
scratch="$(mktemp -d)"
running=()
cleanup() {
    stop_all
    rm -rf "$scratch"
}
trap cleanup EXIT

# stop_all: ends what was started, without asking, and waits until it is gone: until then it may write.
stop_all() {
    local each
    for each in "${running[@]}"; do kill -KILL "$each" 2>/dev/null || true; done
    for each in "${running[@]}"; do wait "$each" 2>/dev/null || true; done
    running=()
}

# say TEXT: a line of this check.
say() { echo "$(basename "$0" .sh): $*"; }

# fail TEXT [FILE...]: ends the check, and shows the ends of the files, or of what the programs have printed.
fail() {
    say "$1" >&2
    shift
    if [ $# -eq 0 ]; then set -- "$scratch"/*out "$scratch"/*err; fi
    local file
    for file in "$@"; do
        if [ -s "$file" ]; then tail -n 30 "$file" >&2; fi
    done
    exit 1
}

# build_example NAME: builds one of the examples, and prints its path.
build_example() {
    cargo build --locked --release -p streamgauge-examples --example "$1"
    echo "$target/release/examples/$1"
}

# start NAME COMMAND...: starts a program, which prints to $scratch/NAME.out and NAME.err. Sets `process`.
start() {
    local name="$1"
    shift
    # Before it runs: nobody reads what another program of the name has printed.
    : >"$scratch/$name.out"
    "$@" >"$scratch/$name.out" 2>"$scratch/$name.err" &
    process=$!
    running+=("$process")
}

# stop PROCESS SIGNAL: ends a program that was started, and fails with its exit status.
stop() {
    local others=() other status=0
    kill -"$2" "$1"
    wait "$1" || status=$?
    for other in "${running[@]}"; do
        if [ "$other" != "$1" ]; then others+=("$other"); fi
    done
    running=("${others[@]}")
    return $status
}

# wait_for PROCESS SECONDS WHAT COMMAND...: until the command succeeds. That it never does, or that the program ends
# first, is a failure.
wait_for() {
    local process="$1" what="$3" end=$((SECONDS + $2))
    shift 3
    until "$@"; do
        if ! kill -0 "$process" 2>/dev/null; then fail "it ended before $what"; fi
        if [ $SECONDS -ge "$end" ]; then fail "it took too long until $what"; fi
        sleep 0.1
    done
}

# start_demo PROGRAM FLAGS...: starts the demo on a port that the system chooses, and waits until it listens. Sets
# `demo` to the process, and `url` to its metrics.
start_demo() {
    start demo "$@" --listen 127.0.0.1:0
    demo=$process
    wait_for "$demo" 10 "the demo listened" grep -q '^listening on ' "$scratch/demo.out"
    url="$(sed -n 's|^listening on \(http://.*\)$|\1|p' "$scratch/demo.out")"
}

# wait_until_verified: until the demo has found all its events where they should be.
wait_until_verified() { wait_for "$demo" 60 "the demo had verified itself" grep -q '^verified: ' "$scratch/demo.out"; }

# scrape [FLAGS OF CURL...]: asks the demo for its metrics. --fail: an HTTP error is one of ours. --max-time: so is a
# scrape that takes longer than Prometheus would wait.
scrape() { curl --silent --show-error --fail --max-time 10 "$@" "$url"; }
