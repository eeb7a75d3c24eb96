"""Has the parsers of the Python reference client read bodies: the strict one of OpenMetrics, and the one of text.

open_metrics.py FOLDER      of many bodies, at least a thousand of OpenMetrics
"""

import sys
from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as text


def main(folder):
    read = {open_metrics: 0, text: 0}
    samples = 0
    for path in sorted(Path(folder).iterdir()):
        if "Protobuf" in path.name:
            continue
        body = path.read_bytes().decode("utf-8")
        parse = open_metrics if body.endswith("# EOF\n") else text
        try:
            samples += sum(len(family.samples) for family in parse(body))
        except ValueError as error:
            sys.exit(f"open-metrics-check: {path.name}: {error}\n{body}")
        read[parse] += 1
    print(f"open-metrics-check: {read[open_metrics]} bodies of OpenMetrics and {read[text]} of text, {samples} samples")
    assert read[open_metrics] >= 1000 and read[text] >= 500, "there should be more bodies"


main(*sys.argv[1:])
