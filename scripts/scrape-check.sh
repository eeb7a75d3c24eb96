#!/usr/bin/env bash
# Foreign readers on a real scrape: runs the demo, takes its metrics over HTTP, and gives them to `promtool check
# metrics` and to the Python reference parser, which also compares what it read with what the demo says it did.
set -euo pipefail
cd "$(dirname "$0")/.."

target="${CARGO_TARGET_DIR:-target}"
scripts/needs.sh curl promtool prometheus-client
cargo build --locked --release -p streamgauge-examples --example cdc

scratch="$(mktemp -d)"
demo=""
cleanup() {
    if [ -n "$demo" ]; then kill "$demo" 2>/dev/null || true; fi
    rm -rf "$scratch"
}
trap cleanup EXIT

# --linger: the endpoint stays up after the run, so that the scrape sees final values.
"$target/release/examples/cdc" --events 20000 --listen 127.0.0.1:0 --linger 300 >"$scratch/out" 2>"$scratch/err" &
demo=$!
for _ in $(seq 600); do
    if grep -q '^verified: ' "$scratch/out"; then break; fi
    if ! kill -0 "$demo" 2>/dev/null; then break; fi
    sleep 0.1
done
if ! grep -q '^verified: ' "$scratch/out"; then
    echo "scrape-check: the demo did not verify" >&2
    cat "$scratch/out" "$scratch/err" >&2
    exit 1
fi
url="$(sed -n 's|^listening on \(http://.*\)$|\1|p' "$scratch/out")"

# --fail: an HTTP error is one of ours. --max-time: so is a scrape that takes longer than Prometheus would wait.
# Twice: the first scrape may show the last values of dropped tables, which the `retired` counters have already.
for _ in 1 2; do
    curl --silent --show-error --fail --max-time 10 --dump-header "$scratch/head" --output "$scratch/body" "$url"
done
if ! tr -d '\r' <"$scratch/head" | grep -qix 'content-type: text/plain; version=0.0.4; charset=utf-8'; then
    echo "scrape-check: not the content type of the text format" >&2
    cat "$scratch/head" >&2
    exit 1
fi

# promtool parses as Prometheus does and lints names, help texts and units: any finding fails.
promtool check metrics <"$scratch/body"
echo "scrape-check: promtool accepts $(wc -l <"$scratch/body") lines"

"$target/venv/bin/python" - "$scratch/body" "$(grep '^verified: ' "$scratch/out")" <<'PYTHON'
import collections
import re
import sys

from prometheus_client.parser import text_string_to_metric_families

body = open(sys.argv[1], encoding="utf-8").read()
done = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", sys.argv[2])}

# HELP and TYPE once a family, HELP first, and a family's samples in one block: the parser is lenient here.
lines = collections.Counter()
order = []
for line in body.splitlines():
    if line.startswith("# "):
        _, keyword, name, _ = line.split(" ", 3)
        lines[keyword, name] += 1
        if keyword == "TYPE":
            assert order and order[-1] == name, f"TYPE of {name} without its HELP before it"
        else:
            assert name not in order, f"{name} comes in two blocks"
            order.append(name)
    else:
        assert line.startswith(order[-1]), f"{line!r} stands in the block of {order[-1]}"
assert lines and set(lines.values()) == {1}, f"not once: {[key for key, times in lines.items() if times > 1]}"
assert {name for keyword, name in lines if keyword == "HELP"} == {name for keyword, name in lines if keyword == "TYPE"}

samples = {}
for family in text_string_to_metric_families(body):
    assert family.type != "unknown", f"{family.name} has no type"
    for sample in family.samples:
        key = sample.name, tuple(sorted(sample.labels.items()))
        assert key not in samples, f"{key} comes twice"
        samples[key] = sample.value


def total(name, **labels):
    """Adds up the samples of a name that have these labels."""
    found = [
        value
        for (sample, pairs), value in samples.items()
        if sample == name and labels.items() <= dict(pairs).items()
    ]
    assert found, f"no sample {name}{labels}"
    return sum(found)


# Tables that were dropped live on in the `retired` counters, and the demo counts changes of tables as events too.
expected = {
    tuple(f"cdc_source_{name}_total" for name in ("events", "retired_events", "schema_changes")): done["captured"],
    tuple(f"cdc_sink_{name}_total" for name in ("events", "retired_events", "schema_changes")): done["applied"],
    ("cdc_dlq_entries",): done["dead_lettered"],
    ("cdc_channel_depth",): 0,
    ("cdc_in_flight_events",): 0,
}
for names, value in expected.items():
    found = sum(map(total, names))
    assert found == value, f"{' + '.join(names)} is {found}, the demo says {value}"
assert total("cdc_e2e_latency_seconds_count") > 0 and total("cdc_e2e_latency_seconds_sum") > 0
assert total("cdc_checkpoints_total") > 0

# The count of a histogram is its last bucket, and buckets are cumulative.
buckets = collections.defaultdict(dict)
for (name, pairs), value in samples.items():
    if name.endswith("_bucket"):
        labels = dict(pairs)
        bound = float(labels.pop("le"))
        buckets[name.removesuffix("_bucket"), tuple(sorted(labels.items()))][bound] = value
assert buckets, "no histogram"
for (name, pairs), by_bound in buckets.items():
    counts = [by_bound[bound] for bound in sorted(by_bound)]
    assert counts == sorted(counts), f"{name}{pairs} is not cumulative: {counts}"
    assert counts[-1] == samples[name + "_count", pairs], f"{name}{pairs}: the count is not the +Inf bucket"

print(f"scrape-check: prometheus_client reads {len(order)} families, {len(samples)} samples, as the demo counted")
PYTHON
