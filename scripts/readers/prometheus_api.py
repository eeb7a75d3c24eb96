"""Asks a Prometheus server on its HTTP API for what it has scraped of the demo, and compares that with a body of the
demo and with what the demo says it did: samples, metadata, and the quantiles of histograms.

prometheus_api.py SERVER BODY OUT MODE      the server's address, the body as text, what the demo has printed, and what
                                            the report calls the way in which the server was started
"""

import collections
import json
import math
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from common import samples, verdict
from prometheus_client.parser import text_string_to_metric_families

# What the exporter counts of its own answers moves with each of them.
OWN = "streamgauge_exporter_"


def key(name, labels):
    """`le` as the number it is: 1.0 in OpenMetrics is 1 in the text format."""
    labels = {name: float(value) if name == "le" else value for name, value in labels.items()}
    return name, tuple(sorted(labels.items()))


def alike(one, other):
    """Exactly, but that any NaN is one."""
    return one == other or (math.isnan(one) and math.isnan(other))


class Server:
    def __init__(self, address):
        self.address = address

    def api(self, path, **parameters):
        """What the server answers."""
        url = f"{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as response:
            answer = json.load(response)
        assert answer["status"] == "success" and not answer.get("warnings"), answer
        return answer["data"]

    def query(self, promql):
        """The series of an instant vector: name and labels (but for those of the target) with the value."""
        found = {}
        for series in self.api("query", query=promql)["result"]:
            labels = {name: value for name, value in series["metric"].items() if name not in ("instance", "job")}
            found[key(labels.pop("__name__", ""), labels)] = float(series["value"][1])
        return found

    def scalar(self, promql):
        found = self.query(promql)
        assert len(found) == 1, f"{promql} has {len(found)} results"
        return next(iter(found.values()))

    def has_scraped(self):
        """Whether the server scraped three times; the series of dropped tables have ended by then."""
        try:
            return sum(self.query('count_over_time(up{job="demo"}[1m])').values()) >= 3
        except urllib.error.URLError:
            # Not up yet, or not ready.
            return False

    def wait(self):
        for _ in range(300):
            if self.has_scraped():
                return
            time.sleep(0.1)
        sys.exit("prometheus-check: not three scrapes in half a minute")


def check_target(server):
    targets = server.api("targets", state="active")["activeTargets"]
    assert len(targets) == 1, targets
    assert targets[0]["health"] == "up" and not targets[0]["lastError"], targets
    assert server.scalar("min_over_time(up[1m])") == 1, "a scrape failed"


def check_samples(server, served):
    """Every sample of the demo, and no other. Gives those that the server must have as they are."""
    ours = {series: value for series, value in served.items() if not series[0].startswith(OWN)}
    theirs = {series: value for series, value in server.query('{job="demo"}').items() if not series[0].startswith(OWN)}
    for name in ("up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_series_added"):
        assert theirs.pop((name, ()), None) is not None, f"no {name}"
    assert theirs.pop(("scrape_samples_post_metric_relabeling", ())) == len(served)
    assert server.scalar("scrape_samples_scraped") == len(served), "not as many samples as the demo serves"
    missing, strange = sorted(ours.keys() - theirs.keys()), sorted(theirs.keys() - ours.keys())
    assert not missing and not strange, f"missing: {missing[:5]}, strange: {strange[:5]}"
    # An age grows from scrape to scrape.
    ages = [series for series in ours if series[0].endswith("_age_seconds")]
    assert ages, "no age"
    for series in ages:
        assert ours.pop(series) < theirs[series], f"{series} does not grow"
    differing = [(series, value, theirs[series]) for series, value in ours.items() if not alike(value, theirs[series])]
    assert not differing, f"{len(differing)} values differ: {differing[:5]}"
    return ours


def check_metadata(server, families):
    """The names and types that the server shows to those who write queries."""
    metadata = server.api("metadata")
    for family in families:
        # OpenMetrics has the counter's family without `_total`, and the parser takes it off; protobuf and the text
        # format have it with.
        name = family.name + ("_total" if family.type == "counter" else "")
        entries = metadata.get(name) or metadata.get(name.removesuffix("_total"))
        assert entries, f"no metadata of {name}"
        assert [entry["type"] for entry in entries] == [family.type], f"{name} is {entries}, not {family.type}"
        assert entries[0]["help"], f"{name} has no help"


def check_counts(server, done):
    # Tables that were dropped live on in the `retired` counters, and the demo counts changes of tables as events too.
    def events(edge):
        return " + ".join(f"sum(cdc_{edge}_{name}_total)" for name in ("events", "retired_events", "schema_changes"))

    for promql, value in {
        events("source"): done["captured"],
        events("sink"): done["applied"],
        "sum(cdc_dlq_entries)": done["dead_lettered"],
        "sum(cdc_in_flight_events)": 0,
    }.items():
        found = server.scalar(promql)
        assert found == value, f"{promql} is {found}, the demo says {value}"


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


def check_quantiles(server, ours):
    """The server's quantiles of every histogram are the engine's. Gives how many were compared."""
    histograms = collections.defaultdict(lambda: collections.defaultdict(dict))
    for (name, labels), value in ours.items():
        if name.endswith("_bucket"):
            labels = dict(labels)
            bound = labels.pop("le")
            histograms[name][key("", labels)][bound] = value
    compared = 0
    for name, series in histograms.items():
        for q in (0.5, 0.9, 0.99, 1.0):
            answer = server.query(f"histogram_quantile({q}, {name})")
            assert answer.keys() == series.keys(), f"not the series of {name}"
            for labels, buckets in series.items():
                here, there = quantile(q, buckets), answer[labels]
                assert alike(here, there), f"{name}{labels} {q}: {here}, {there}"
                compared += 1
    assert compared >= 20, f"only {compared} quantiles"
    return compared


def shown(seconds):
    """As the demo shows a time."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} us"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1.0 else f"{seconds:.2f} s"


def check_what_is_shown(server, out):
    """The engine's own quantiles, which the demo shows: of the whole, and of each stage."""
    p50, p99 = re.search(r"end to end p50 (.+) p99 (.+)", out).groups()
    engine = {("cdc_e2e_latency_seconds_bucket", q): said for q, said in ((0.5, p50), (0.99, p99))}
    for stage, *said in re.findall(r"(?m)^(\w+) +\d+ +([\d.]+ \w+) +([\d.]+ \w+) +\d+ % +\d+ %$", out):
        for q, text in zip((0.5, 0.99), said, strict=True):
            engine[f'cdc_stage_latency_seconds_bucket{{stage="{stage}"}}', q] = text
    assert len(engine) == 12, engine
    for (selector, q), said in engine.items():
        found = shown(server.scalar(f"histogram_quantile({q}, {selector})"))
        assert found == said, f"quantile {q} of {selector} is {found}, the demo says {said}"


def main(address, body, out, mode):
    body, out = (Path(path).read_text(encoding="utf-8") for path in (body, out))
    families = list(text_string_to_metric_families(body))
    server = Server(address)
    server.wait()
    check_target(server)
    served = {key(name, dict(labels)): value for (name, labels), value in samples(families).items()}
    ours = check_samples(server, served)
    check_metadata(server, families)
    check_counts(server, verdict(out))
    compared = check_quantiles(server, ours)
    check_what_is_shown(server, out)
    print(f"prometheus-check: {mode}: {len(ours)} samples and {compared} quantiles are the engine's own")


main(*sys.argv[1:])
