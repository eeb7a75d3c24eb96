"""Reads a scrape of the demo in the text format, more strictly than the reference parser alone, and compares it with
what the demo says it did.

text.py BODY OUT      the body, and what the demo has printed
"""

import collections
import sys
from pathlib import Path

from common import samples, verdict
from prometheus_client.parser import text_string_to_metric_families


def blocks(body):
    """The names of the families. HELP and TYPE come once each, HELP first, and samples in one block: the parser is
    lenient here."""
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
    with_help, with_type = ({name for keyword, name in lines if keyword == wanted} for wanted in ("HELP", "TYPE"))
    assert with_help == with_type
    return order


def total(found, name):
    """Adds up the samples of a name."""
    values = [value for (sample, _), value in found.items() if sample == name]
    assert values, f"no sample {name}"
    return sum(values)


def check_counts(found, done):
    # Tables that were dropped live on in the `retired` counters, and the demo counts changes of tables as events too.
    expected = {
        tuple(f"cdc_source_{name}_total" for name in ("events", "retired_events", "schema_changes")): done["captured"],
        tuple(f"cdc_sink_{name}_total" for name in ("events", "retired_events", "schema_changes")): done["applied"],
        ("cdc_dlq_entries",): done["dead_lettered"],
        ("cdc_channel_depth",): 0,
        ("cdc_in_flight_events",): 0,
    }
    for names, value in expected.items():
        shown = sum(total(found, name) for name in names)
        assert shown == value, f"{' + '.join(names)} is {shown}, the demo says {value}"
    for name in ("cdc_e2e_latency_seconds_count", "cdc_e2e_latency_seconds_sum", "cdc_checkpoints_total"):
        assert total(found, name) > 0, f"{name} is zero"


def check_histograms(found):
    """The count of a histogram is its last bucket, and buckets are cumulative."""
    buckets = collections.defaultdict(dict)
    for (name, pairs), value in found.items():
        if name.endswith("_bucket"):
            labels = dict(pairs)
            bound = float(labels.pop("le"))
            buckets[name.removesuffix("_bucket"), tuple(sorted(labels.items()))][bound] = value
    assert buckets, "no histogram"
    for (name, pairs), by_bound in buckets.items():
        counts = [by_bound[bound] for bound in sorted(by_bound)]
        assert counts == sorted(counts), f"{name}{pairs} is not cumulative: {counts}"
        assert counts[-1] == found[name + "_count", pairs], f"{name}{pairs}: the count is not the +Inf bucket"


def main(body, out):
    body, out = (Path(path).read_text(encoding="utf-8") for path in (body, out))
    order = blocks(body)
    families = list(text_string_to_metric_families(body))
    for family in families:
        assert family.type != "unknown", f"{family.name} has no type"
    found = samples(families)
    check_counts(found, verdict(out))
    check_histograms(found)
    print(f"scrape-check: prometheus_client reads {len(order)} families, {len(found)} samples, as the demo counted")


main(*sys.argv[1:])
