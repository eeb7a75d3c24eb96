"""Reads the metrics of the example `facade` in both text formats, and looks for what its libraries have recorded.

facade.py TEXT OPENMETRICS      the bodies
"""

import sys
from pathlib import Path

from common import samples
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as text


def check(found):
    route = ("endpoint", "/orders/{id}"), ("method", "GET")
    assert found["axum_http_requests_total", (*route, ("status", "200"))] == 100
    assert found["axum_http_requests_duration_seconds_count", (*route, ("status", "200"))] == 100
    assert found["axum_http_requests_pending", route] == 0
    assert found["pipeline_events_total", ()] == 1_000_000
    assert found["process_resident_memory_bytes", ()] > 1e6
    assert "process_cpu_seconds_total" in {name for name, _ in found}


def main(paths):
    for path, families in zip(paths, [text, open_metrics], strict=True):
        body = Path(path).read_text(encoding="utf-8")
        # A counter keeps its name in every format; the parser of text 0.0.4 appends `_total` itself.
        assert '\norders_read{parity="even"} 50\n' in body, body
        found = samples(families(body))
        check(found)
        print(f"facade-check: {families.__module__} reads {len(found)} samples")


main(sys.argv[1:])
