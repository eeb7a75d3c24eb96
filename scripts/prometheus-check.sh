#!/usr/bin/env bash
# A real Prometheus on a real scrape: runs the demo, lets the server scrape it, and compares what the server answers on
# its HTTP API with what the demo served and says it did. Once as the server comes, which asks for OpenMetrics, and once
# in its native-histogram mode, in which it asks for protobuf.
#   Arguments: the modes, openmetrics and protobuf (default: both)
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=scripts/lib.sh
source scripts/lib.sh
scripts/needs.sh curl prometheus prometheus-client
cdc="$(build_example cdc)"

# --linger: the endpoint stays up after the run, with values that no longer change.
start_demo "$cdc" --events 20000 --linger 300
wait_until_verified
address="${url#http://}"
address="${address%%/*}"

# What the server must end up with. The second body: the first may show the last values of dropped tables once more.
for _ in 1 2; do scrape --output "$scratch/body"; done

# The `Accept` headers that Prometheus 2.42 sends in its two modes, and the media type that answers each.
open_metrics='application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
protobuf='application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'

# answered_with ACCEPT TYPE: the endpoint answers the header with this media type. The server does not say which format
# it read, and falls back to text without a word.
answered_with() {
    scrape --header "Accept: $1" --dump-header "$scratch/head" --output /dev/null
    if ! grep -qi "^content-type: $2" "$scratch/head"; then fail "$2 is not what the endpoint answers" "$scratch/head"; fi
}

# scraped_by MODE FLAG..: starts the server, lets it scrape three times, compares, and stops it.
scraped_by() {
    local mode="$1" directory="$scratch/$1" log="$scratch/$1.err" port server
    shift
    mkdir "$directory"
    # honor_timestamps and the rest are left as users have them.
    cat >"$directory/prometheus.yml" <<YAML
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: demo
    static_configs: [{ targets: ["$address"] }]
YAML
    # The server cannot say which port the system gave it, so it is told one that was free a moment ago.
    port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
    start "$mode" prometheus --config.file="$directory/prometheus.yml" --storage.tsdb.path="$directory/data" \
        --web.listen-address="127.0.0.1:$port" "$@"
    server=$process
    # timeout: a server that does not come up is a failure, not a hang of CI.
    if ! timeout 60 "$target/venv/bin/python" scripts/readers/prometheus_api.py "http://127.0.0.1:$port" \
        "$scratch/body" "$scratch/demo.out" "$mode"; then
        fail "the server does not have what the demo served ($mode)" "$log"
    fi
    # Whatever the server finds odd in a scrape it says at one of these levels, and so does it that it was told to end.
    if grep -E 'level=(warn|error)' "$log" >&2; then fail "the server complained ($mode)" "$log"; fi
    stop "$server" TERM || fail "the server ended with an error" "$log"
}

if [ $# -eq 0 ]; then set -- openmetrics protobuf; fi
for mode in "$@"; do
    case "$mode" in
        openmetrics)
            answered_with "$open_metrics" application/openmetrics-text
            scraped_by "$mode"
            ;;
        protobuf)
            answered_with "$protobuf" application/vnd.google.protobuf
            scraped_by "$mode" --enable-feature=native-histograms
            ;;
        *) fail "$mode is no mode" ;;
    esac
done
say "all as it should be"
