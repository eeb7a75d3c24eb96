//! The engine's metrics about itself.

use crate::common::{scrape, wait_until};
use std::sync::atomic::{AtomicU64, Ordering};
use streamgauge::{CollectedFamily, Collector, CollectorOutput, Format, Registry, Scraper, stats};

struct Broken;

impl Collector for Broken {
    fn describe(&self) -> Vec<CollectedFamily> {
        Vec::new()
    }

    fn collect(&self, out: &mut CollectorOutput<'_>) {
        out.family("undeclared").sample(&[], 1u64);
    }
}

#[test]
fn they_are_off_until_asked_for_and_can_be_switched_off() {
    let registry = Registry::new();
    registry.counter("events_total", "E.").register().expect("legal").inc();
    let body = || {
        let mut body = Vec::new();
        Scraper::new(&registry).encode(Format::Text, &mut body);
        String::from_utf8(body).expect("UTF-8")
    };
    let exact = body();
    assert!(!exact.contains("streamgauge_"));
    for _ in 0..2 {
        registry.enable_self_metrics().expect("the names are free");
    }
    let with = body();
    assert!(with.starts_with(&exact) && with.contains("\nstreamgauge_series{family=\"events_total\"} 1\n"), "{with}");
    registry.disable_self_metrics();
    assert_eq!(body(), exact);
    registry.gauge("streamgauge_slabs", "S.").register().expect("free again").set(1.0);
    assert!(registry.enable_self_metrics().is_err());
    Registry::disabled().enable_self_metrics().expect("a disabled registry has none");
}

#[test]
fn they_count_what_goes_wrong() {
    let registry = Registry::new();
    registry.enable_self_metrics().expect("free");
    let sizes = registry.histogram("size", "S.").register().expect("legal");
    let before = stats().dropped_nan;
    sizes.observe(f64::NAN);
    let down = AtomicU64::new(10);
    registry.counter("down_total", "D.").callback(move || down.fetch_sub(1, Ordering::Relaxed)).expect("legal");
    // Without the panic hook's text on the terminal.
    registry.gauge("bad", "B.").callback(|| std::panic::resume_unwind(Box::new("fails"))).expect("legal");
    registry.register_collector(Broken).expect("nothing to clash");
    let mut scraper = Scraper::new(&registry);
    for runs in 0..3u64 {
        let parsed = scrape(&mut scraper);
        let value = |name: &str| parsed.integer(&format!("streamgauge_{name}"), &[]);
        // What a scrape meets is in the next one.
        assert_eq!((value("callback_panics_total"), value("rejected_samples_total")), (runs, runs));
        assert_eq!(value("callback_falls_total"), runs.saturating_sub(1));
        assert_eq!(parsed.integer("down_total", &[]), 10 - runs);
        assert!(parsed.integer("streamgauge_dropped_observations_total", &[("reason", "nan")]) > before);
    }
}

#[test]
fn names_of_families_are_told_apart_to_their_last_character() {
    let registry = Registry::new();
    let names = ["a", "b"].map(|end| format!("{}{end}", "x".repeat(1535)));
    names.iter().for_each(|name| registry.gauge(name, "L.").register().expect("not too long").set(1.0));
    registry.enable_self_metrics().expect("free");
    let parsed = scrape(&mut Scraper::new(&registry));
    for name in &names {
        assert_eq!(parsed.integer("streamgauge_series", &[("family", name)]), 1);
    }
    assert_eq!(parsed.integer("streamgauge_rejected_samples_total", &[]), 0);
}

#[test]
fn they_do_not_keep_the_registry_alive() {
    let registry = Registry::new();
    let witness = std::sync::Arc::new(());
    let held = std::sync::Arc::clone(&witness);
    registry.gauge("held", "H.").callback(move || std::sync::Arc::strong_count(&held) as f64).expect("legal");
    registry.enable_self_metrics().expect("free");
    assert!(scrape(&mut Scraper::new(&registry)).get("held", &[]).is_some());
    drop(registry);
    // The callback goes with its record, once no pin of another thread can see it.
    wait_until("the registry is still alive", || {
        scrape(&mut Scraper::new(&Registry::new()));
        std::sync::Arc::strong_count(&witness) == 1
    });
}
