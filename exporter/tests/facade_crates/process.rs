//! metrics-process: what the system knows of the process.

use crate::facade::{exposed, recorder, scraped};
use metrics::with_local_recorder;
use metrics_process::Collector;
use streamgauge_exporter::recorder::Recorder;

#[test]
fn the_process_is_described_and_measured() {
    let recorder = recorder();
    let collector = Collector::default();
    with_local_recorder(&recorder, || {
        collector.describe();
        collector.collect();
        collector.collect();
    });
    let exposed = exposed(&recorder);
    for (name, kind) in [
        ("process_cpu_seconds_total", "counter"),
        ("process_open_fds", "gauge"),
        ("process_max_fds", "gauge"),
        ("process_virtual_memory_bytes", "gauge"),
        ("process_virtual_memory_max_bytes", "gauge"),
        ("process_resident_memory_bytes", "gauge"),
        ("process_start_time_seconds", "gauge"),
        ("process_threads", "gauge"),
    ] {
        assert_eq!(exposed.kind(name), kind, "{name}");
        assert!(exposed.help(name).is_some_and(|help| !help.is_empty()), "{name}");
        assert!(exposed.get(name).is_some(), "{name}");
    }
    assert!(exposed.get("process_resident_memory_bytes") > Some(100_000.0));
    assert!(exposed.get("process_open_fds") > Some(2.0) && exposed.get("process_threads") >= Some(1.0));
}

#[test]
fn names_that_have_their_unit_stay_under_recommended_naming() {
    let recorder = Recorder::builder().with_recommended_naming(true).build_recorder();
    let collector = Collector::new("app_");
    with_local_recorder(&recorder, || {
        collector.collect();
        collector.describe();
    });
    let exposed = scraped(&recorder.handle());
    assert_eq!(exposed.families.len(), 8);
    for name in ["app_process_cpu_seconds_total", "app_process_resident_memory_bytes", "app_process_threads"] {
        assert!(exposed.get(name).is_some() && exposed.help(name).is_some(), "{name}: {exposed:?}");
    }
}
