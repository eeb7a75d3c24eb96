#!/usr/bin/env bash
# Unmodified users of the `metrics` facade in a real scrape: runs the example `facade`, reads it over HTTP in both text
# formats with the Python reference parsers, and looks for what the libraries in it have recorded.
set -euo pipefail
cd "$(dirname "$0")/.."

target="${CARGO_TARGET_DIR:-target}"
scripts/needs.sh curl prometheus-client
cargo build --locked --release -p streamgauge-examples --example facade

scratch="$(mktemp -d)"
example=""
cleanup_example() { if [ -n "$example" ]; then kill "$example" 2>/dev/null || true; fi; }
cleanup() {
    cleanup_example
    rm -rf "$scratch"
}
trap cleanup EXIT

# start FLAGS...: runs the example until its pipeline, which comes last, is done, and sets `url`.
start() {
    cleanup_example
    "$target/release/examples/facade" --listen 127.0.0.1:0 --app 127.0.0.1:0 --requests 100 "$@" \
        >"$scratch/out" 2>"$scratch/err" &
    example=$!
    url=""
    for _ in $(seq 100); do
        url="$(sed -n 's|^metrics on \(http://.*\)$|\1|p' "$scratch/out")"
        if [ -n "$url" ] && curl --silent --fail --max-time 10 "$url" | grep -q '^pipeline_events_total 1000000$'; then break; fi
        if ! kill -0 "$example" 2>/dev/null; then break; fi
        sleep 0.1
    done
    if [ -z "$url" ]; then
        echo "facade-check: the example does not listen" >&2
        cat "$scratch/out" "$scratch/err" >&2
        exit 1
    fi
}

# ask FILE: as a reader of OpenMetrics.
ask() {
    curl --silent --show-error --fail --max-time 10 --header 'accept: application/openmetrics-text;version=1.0.0' \
        --dump-header "$scratch/head" --output "$1" "$url"
}

# As it is, the recorder serves what the stock one does to everybody.
start
ask "$scratch/pinned"
if ! grep -qi '^content-type: text/plain; version=0.0.4;' "$scratch/head"; then
    echo "facade-check: not the text format, though the recorder serves no other" >&2
    cat "$scratch/head" >&2
    exit 1
fi
start --all-formats
curl --silent --show-error --fail --max-time 10 --output "$scratch/text" "$url"
ask "$scratch/openmetrics"

"$target/venv/bin/python" - "$scratch/text" "$scratch/openmetrics" <<'PYTHON'
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as text


def samples(path, families):
    found = {}
    with open(path, encoding="utf-8") as file:
        body = file.read()
        # A counter keeps its name in every format; the parser of text 0.0.4 appends `_total` itself.
        assert '\norders_read{parity="even"} 50\n' in body, body
        for family in families(body):
            for sample in family.samples:
                key = sample.name, tuple(sorted(sample.labels.items()))
                assert key not in found, f"{key} comes twice"
                found[key] = sample.value
    return found


def check(found):
    route = ("endpoint", "/orders/{id}"), ("method", "GET")
    assert found["axum_http_requests_total", (*route, ("status", "200"))] == 100
    assert found["axum_http_requests_duration_seconds_count", (*route, ("status", "200"))] == 100
    assert found["axum_http_requests_pending", route] == 0
    assert found["pipeline_events_total", ()] == 1_000_000
    assert found["process_resident_memory_bytes", ()] > 1e6
    assert "process_cpu_seconds_total" in {name for name, _ in found}


for path, families in zip(sys.argv[1:], [text, open_metrics]):
    found = samples(path, families)
    check(found)
    print(f"facade-check: {families.__module__} reads {len(found)} samples")
PYTHON
