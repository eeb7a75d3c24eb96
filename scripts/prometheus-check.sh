#!/usr/bin/env bash
# A real Prometheus on a real scrape: runs the demo, lets the server scrape it, and compares what the server answers on
# its HTTP API with what the demo served and says it did. Once as the server comes, which asks for OpenMetrics, and once
# in its native-histogram mode, in which it asks for protobuf.
#   Arguments: the modes, openmetrics and protobuf (default: both)
set -euo pipefail
cd "$(dirname "$0")/.."

target="${CARGO_TARGET_DIR:-target}"
scripts/needs.sh curl prometheus prometheus-client
cargo build --locked --release -p streamgauge-examples --example cdc

scratch="$(mktemp -d)"
demo=""
server=""
cleanup() {
    for process in "$demo" "$server"; do
        if [ -n "$process" ]; then kill "$process" 2>/dev/null || true; fi
    done
    # The server writes until it is gone.
    if [ -n "$server" ]; then wait "$server" 2>/dev/null || true; fi
    rm -rf "$scratch"
}
trap cleanup EXIT

fail() {
    echo "prometheus-check: $1" >&2
    shift
    for file in "$@"; do tail -n 30 "$file" >&2; done
    exit 1
}

# --linger: the endpoint stays up after the run, with values that no longer change.
"$target/release/examples/cdc" --events 20000 --listen 127.0.0.1:0 --linger 300 >"$scratch/out" 2>"$scratch/err" &
demo=$!
for _ in $(seq 600); do
    if grep -q '^verified: ' "$scratch/out" || ! kill -0 "$demo" 2>/dev/null; then break; fi
    sleep 0.1
done
if ! grep -q '^verified: ' "$scratch/out"; then fail "the demo did not verify" "$scratch/out" "$scratch/err"; fi
url="$(sed -n 's|^listening on \(http://.*\)$|\1|p' "$scratch/out")"
address="${url#http://}"
address="${address%%/*}"

# What the server must end up with. The second body: the first may show the last values of dropped tables once more.
for _ in 1 2; do
    curl --silent --show-error --fail --max-time 10 --output "$scratch/body" "$url"
done

# The `Accept` headers that Prometheus 2.42 sends in its two modes, and the media type that answers each.
open_metrics='application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
protobuf='application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'

# answered_with ACCEPT TYPE: the endpoint answers the header with this media type. The server does not say which format
# it read, and falls back to text without a word.
answered_with() {
    curl --silent --show-error --fail --max-time 10 --header "Accept: $1" --dump-header "$scratch/head" \
        --output /dev/null "${url}"
    if ! grep -qi "^content-type: $2" "$scratch/head"; then fail "$2 is not what the endpoint answers" "$scratch/head"; fi
}

# scraped_by MODE FLAG..: starts the server, lets it scrape three times, compares, and stops it.
scraped_by() {
    local mode="$1" directory="$scratch/$1" port
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
    prometheus --config.file="$directory/prometheus.yml" --storage.tsdb.path="$directory/data" \
        --web.listen-address="127.0.0.1:$port" "$@" >"$directory/log" 2>&1 &
    server=$!
    # timeout: a server that does not come up is a failure, not a hang of CI.
    if ! timeout 60 "$target/venv/bin/python" "$scratch/compare.py" "http://127.0.0.1:$port" "$scratch/body" \
        "$scratch/out" "$mode"; then
        fail "the server does not have what the demo served ($mode)" "$directory/log"
    fi
    # Whatever the server finds odd in a scrape it says at one of these levels, and so does it that it was told to end.
    if grep -E 'level=(warn|error)' "$directory/log" >&2; then fail "the server complained ($mode)"; fi
    kill "$server"
    wait "$server" || fail "the server ended with an error" "$directory/log"
    server=""
}

cat >"$scratch/compare.py" <<'PYTHON'
import collections
import json
import math
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

server, body, out, mode = sys.argv[1:]
out = open(out, encoding="utf-8").read()
done = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", out[out.index("verified: ") :])}


def api(path, **parameters):
    """What the server answers."""
    url = f"{server}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(url, timeout=10) as response:
        answer = json.load(response)
    assert answer["status"] == "success" and not answer.get("warnings"), answer
    return answer["data"]


def query(promql):
    """The series of an instant vector: name and labels (but for those of the target) with the value."""
    found = {}
    for series in api("query", query=promql)["result"]:
        labels = {name: value for name, value in series["metric"].items() if name not in ("instance", "job")}
        found[key(labels.pop("__name__", ""), labels)] = float(series["value"][1])
    return found


def key(name, labels):
    """`le` as the number it is: 1.0 in OpenMetrics is 1 in the text format."""
    labels = {name: float(value) if name == "le" else value for name, value in labels.items()}
    return name, tuple(sorted(labels.items()))


def scalar(promql):
    found = query(promql)
    assert len(found) == 1, f"{promql} has {len(found)} results"
    return next(iter(found.values()))


def scraped():
    """Whether the server scraped three times; the series of dropped tables have ended by then."""
    try:
        return sum(query('count_over_time(up{job="demo"}[1m])').values()) >= 3
    except urllib.error.URLError:
        # Not up yet, or not ready.
        return False


for _ in range(300):
    if scraped():
        break
    time.sleep(0.1)
else:
    sys.exit("prometheus-check: not three scrapes in half a minute")
targets = api("targets", state="active")["activeTargets"]
assert len(targets) == 1, targets
assert targets[0]["health"] == "up" and not targets[0]["lastError"], targets
assert scalar("min_over_time(up[1m])") == 1, "a scrape failed"

# Every sample of the demo, and no other. What the exporter counts of its own answers moves with each of them.
own = "streamgauge_exporter_"
served, types = {}, {}
for family in text_string_to_metric_families(open(body, encoding="utf-8").read()):
    # The parser takes `_total` off a counter's family, as OpenMetrics does.
    types[family.name + ("_total" if family.type == "counter" else "")] = family.type
    for sample in family.samples:
        served[key(sample.name, sample.labels)] = sample.value
ours = {series: value for series, value in served.items() if not series[0].startswith(own)}
theirs = {series: value for series, value in query('{job="demo"}').items() if not series[0].startswith(own)}
for name in ("up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_series_added"):
    assert theirs.pop((name, ()), None) is not None, f"no {name}"
assert theirs.pop(("scrape_samples_post_metric_relabeling", ())) == len(served)
assert scalar("scrape_samples_scraped") == len(served), "not as many samples as the demo serves"
missing, strange = sorted(ours.keys() - theirs.keys()), sorted(theirs.keys() - ours.keys())
assert not missing and not strange, f"missing: {missing[:5]}, strange: {strange[:5]}"
# An age grows from scrape to scrape.
ages = [series for series in ours if series[0].endswith("_age_seconds")]
assert ages, "no age"
for series in ages:
    assert ours.pop(series) < theirs[series], f"{series} does not grow"
# Exactly, but that any NaN is one.
differing = [
    (series, value, theirs[series])
    for series, value in ours.items()
    if value != theirs[series] and not (math.isnan(value) and math.isnan(theirs[series]))
]
assert not differing, f"{len(differing)} values differ: {differing[:5]}"

# The names and types that the server shows to those who write queries.
metadata = api("metadata")
for name, kind in types.items():
    # OpenMetrics has the counter's family without `_total`; protobuf and the text format have it with.
    entries = metadata.get(name) or metadata.get(name.removesuffix("_total"))
    assert entries, f"no metadata of {name}"
    assert [entry["type"] for entry in entries] == [kind], f"{name} is {entries}, not {kind}"
    assert entries[0]["help"], f"{name} has no help"

# Tables that were dropped live on in the `retired` counters, and the demo counts changes of tables as events too.
def events(edge):
    return " + ".join(f"sum(cdc_{edge}_{name}_total)" for name in ("events", "retired_events", "schema_changes"))


for promql, value in {
    events("source"): done["captured"],
    events("sink"): done["applied"],
    "sum(cdc_dlq_entries)": done["dead_lettered"],
    "sum(cdc_in_flight_events)": 0,
}.items():
    assert scalar(promql) == value, f"{promql} is {scalar(promql)}, the demo says {value}"


def quantile(q, buckets):
    """As `HistogramSnapshot::quantile` of the engine, step by step: the same floats must come out."""
    bounds = sorted(buckets)
    total = buckets[bounds[-1]]
    if total == 0:
        return math.nan
    rank = q * total
    index = next(index for index, bound in enumerate(bounds) if buckets[bound] >= rank)
    if math.isinf(bounds[index]):
        return bounds[index - 1]
    lower, below = (bounds[index - 1], buckets[bounds[index - 1]]) if index else (0.0, 0.0)
    within = buckets[bounds[index]] - below
    return lower + (bounds[index] - lower) * ((rank - below) / within)


def shown(seconds):
    """As the demo shows a time."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} us"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1.0 else f"{seconds:.2f} s"


histograms = collections.defaultdict(lambda: collections.defaultdict(dict))
for (name, labels), value in ours.items():
    if name.endswith("_bucket"):
        labels = dict(labels)
        bound = labels.pop("le")
        histograms[name][key("", labels)][bound] = value
compared = 0
for name, series in histograms.items():
    for q in (0.5, 0.9, 0.99, 1.0):
        answer = query(f"histogram_quantile({q}, {name})")
        assert answer.keys() == series.keys(), f"not the series of {name}"
        for labels, buckets in series.items():
            here, there = quantile(q, buckets), answer[labels]
            assert here == there or (math.isnan(here) and math.isnan(there)), f"{name}{labels} {q}: {here}, {there}"
            compared += 1
assert compared >= 20, f"only {compared} quantiles"

# The engine's own quantiles, which the demo shows: of the whole, and of each stage.
p50, p99 = re.search(r"end to end p50 (.+) p99 (.+)", out).groups()
engine = {("cdc_e2e_latency_seconds_bucket", q): said for q, said in ((0.5, p50), (0.99, p99))}
for stage, *said in re.findall(r"(?m)^(\w+) +\d+ +([\d.]+ \w+) +([\d.]+ \w+) +\d+ % +\d+ %$", out):
    for q, text in zip((0.5, 0.99), said):
        engine[f'cdc_stage_latency_seconds_bucket{{stage="{stage}"}}', q] = text
assert len(engine) == 12, engine
for (selector, q), said in engine.items():
    found = shown(scalar(f"histogram_quantile({q}, {selector})"))
    assert found == said, f"quantile {q} of {selector} is {found}, the demo says {said}"

print(f"prometheus-check: {mode}: {len(ours)} samples and {compared} quantiles are the engine's own")
PYTHON

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
echo "prometheus-check: all as it should be"
