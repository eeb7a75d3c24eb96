//! An operator hears of a process that forbids `membarrier` after it has begun to record.
//!
//! Alone in its process, because a filter of system calls stays for good.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

use streamgauge::{Counter, Family, LabelSet, Registry};
use streamgauge_exporter::Exporter;

mod common;
#[path = "common/heard.rs"]
mod heard;
#[path = "../../engine/tests/common/seccomp.rs"]
mod seccomp;
use common::{Client, GET};

#[derive(LabelSet)]
struct Table {
    table: u64,
}

#[test]
fn a_barrier_that_is_refused_is_logged_once() {
    let warnings = heard::Heard::default();
    tracing::subscriber::set_global_default(warnings.clone()).expect("the first one of the process");
    let registry = Registry::new();
    let events: Family<Table, Counter> = registry.counter("events_total", "Events.").family().expect("legal");
    events.with(&Table { table: 1 }, Counter::inc);
    seccomp::forbid_membarrier();
    // Its threads inherit the filter.
    let exporter = Exporter::builder(&registry).listen("127.0.0.1:0").spawn().expect("a free port");
    let mut client = Client::connect(exporter.local_addrs()[0]);
    let mut scrape = || {
        client.send(GET);
        assert_eq!(client.receive(true).status, 200);
    };
    for table in 1..=3 {
        events.with(&Table { table }, Counter::inc);
        assert!(events.remove(&Table { table }));
        // The first one exposes the final value, and lets the series go.
        scrape();
        scrape();
    }
    let warnings = warnings.warnings();
    let told = warnings.iter().filter(|warning| warning.contains("membarrier")).count();
    assert_eq!(told, 1, "{warnings:?}");
}
