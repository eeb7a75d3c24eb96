//! A program that links a version of the facade which its recorder does not serve is told so, once.
#![cfg(feature = "metrics-0-24")]

#[path = "common/heard.rs"]
mod heard;

use heard::Heard;
#[cfg(target_os = "linux")]
use std::process::Command;
use std::time::{Duration, Instant};
use streamgauge_exporter::recorder::Recorder;

/// Set for the copy of this executable whose symbols are stripped.
const STRIPPED: &str = "STREAMGAUGE_STRIPPED";

#[test]
fn a_version_that_records_into_the_void_is_named() {
    let heard = Heard::default();
    tracing::subscriber::set_global_default(heard.clone()).expect("this test has a process of its own");
    let handle = Recorder::builder().install_recorder().expect("the first recorder");
    metrics::counter!("arrives").increment(1);
    // Nobody hears of this one.
    metrics_0_22::counter!("is.lost").increment(1);
    assert_eq!(handle.render(), "# TYPE arrives counter\narrives 1\n");

    // Another thread looks.
    let start = Instant::now();
    let is_told = || !heard.warnings().is_empty() || !heard.information().is_empty();
    while !is_told() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let warnings = heard.warnings();
    if std::env::var_os(STRIPPED).is_some() {
        let said = heard.information();
        assert!(said.iter().any(|text| text.starts_with("this executable has no symbols to tell")), "{said:?}");
        assert!(warnings.is_empty(), "{warnings:?}");
        return;
    }
    let served = if cfg!(feature = "metrics-0-23") { 2 } else { 1 };
    let expected = format!("{} versions of the crate `metrics` are linked", served + 1);
    assert!(warnings.iter().any(|warning| warning.contains(&expected)), "{warnings:?}");
    assert!(warnings.iter().any(|warning| warning.contains("cargo tree -i metrics")), "{warnings:?}");

    // A second recorder is refused, and nobody looks again.
    Recorder::builder().install_recorder().expect_err("there is one");
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(heard.warnings().len(), warnings.len());
}

/// That of binutils, which the linker brings along.
#[cfg(target_os = "linux")]
#[test]
fn an_executable_without_symbols_says_that_it_cannot_tell() {
    if std::env::var_os(STRIPPED).is_some() {
        return;
    }
    let copy = std::env::temp_dir().join(format!("streamgauge-stripped-{}", std::process::id()));
    let own = std::env::current_exe().unwrap();
    let stripped = Command::new("strip").arg("--strip-all").arg("-o").args([&copy, &own]).status().expect("binutils");
    assert!(stripped.success());
    let arguments = ["--exact", "a_version_that_records_into_the_void_is_named"];
    let ran = Command::new(&copy).args(arguments).env(STRIPPED, "1").output();
    std::fs::remove_file(&copy).unwrap();
    let ran = ran.unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
}
