//! A program that links a version of the facade which its recorder does not serve is told so, once.
#![cfg(feature = "metrics-0-24")]

#[path = "common/heard.rs"]
mod heard;

use heard::Heard;
use std::time::{Duration, Instant};
use streamgauge_exporter::recorder::Recorder;

#[test]
fn a_version_that_records_into_the_void_is_named() {
    let heard = Heard::default();
    tracing::subscriber::set_global_default(heard.clone()).expect("this test has a process of its own");
    let handle = Recorder::builder().install_recorder().expect("the first recorder");
    metrics::counter!("arrives").increment(1);
    // Nobody hears of this one.
    metrics_0_22::counter!("is.lost").increment(1);
    assert_eq!(handle.render(), "# TYPE arrives counter\narrives 1\n");

    // Another thread looks. Where symbols are stripped it cannot tell, and this test neither; cargo strips none.
    let start = Instant::now();
    while heard.warnings().is_empty() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let warnings = heard.warnings();
    let served = if cfg!(feature = "metrics-0-23") { 2 } else { 1 };
    let expected = format!("{} versions of the crate `metrics` are linked", served + 1);
    assert!(warnings.iter().any(|warning| warning.contains(&expected)), "{warnings:?}");
    assert!(warnings.iter().any(|warning| warning.contains("cargo tree -i metrics")), "{warnings:?}");

    // A second recorder is refused, and nobody looks again.
    Recorder::builder().install_recorder().expect_err("there is one");
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(heard.warnings().len(), warnings.len());
}
