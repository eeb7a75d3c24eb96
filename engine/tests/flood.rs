//! Hostile clients, where the process is what is measured: a flood of label values, and values that panic.
//!
//! The tests take turns: resident memory and what waits for reclamation are the process's.

mod common;

use common::labels::Number;
use common::{alone, stress};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;
use streamgauge::{
    Counter, Family, Format, Gauge, Histogram, LabelSet, LabelValue, MetricValue, Registry, Scraper, stats,
};

/// Memory that is resident, in KiB; 0 where the system does not say.
fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")).map_or(0, |kib| kib.parse().expect("a number"))
}

#[derive(LabelSet)]
struct Request<'a> {
    path: &'a str,
}

/// A path that a client made up: no two are equal, and some are longer than a value may be.
fn path(number: usize) -> String {
    let length = if number.is_multiple_of(50) { 3_000 } else { 30 + number % 200 };
    let mut path = format!("/{number}/");
    path.extend(std::iter::repeat_n('\u{e9}', (length - path.len()) / 2));
    path
}

#[test]
fn a_flood_of_values_is_bounded_in_memory_and_counted_exactly() {
    const THREADS: usize = 2;
    /// Of a family, unless it says otherwise.
    const LIMIT: usize = 10_000;
    let _alone = alone();
    let flood = if cfg!(debug_assertions) && stress() == 1 { 200_000 } else { 1_000_000 };
    let registry = Registry::new();
    let requests: Family<Request<'static>, Counter> = registry.counter("requests_total", "R.").family().expect("legal");
    let sizes: Family<Request<'static>, Histogram> = registry.histogram("size", "S.").family().expect("legal");
    let mut scraper = Scraper::new(&registry);
    let before = resident_kib();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (requests, sizes) = (&requests, &sizes);
            scope.spawn(move || {
                let mut cache = requests.handle_cache::<usize>();
                for number in (thread..flood).step_by(THREADS) {
                    let path = path(number);
                    let request = Request { path: &path };
                    match number / THREADS % 4 {
                        0 => requests.with(&request, Counter::inc),
                        1 => requests.get_or_create(&request).inc(),
                        2 => cache.get_or_insert_with(number, |family| family.get_or_create(&request)).inc(),
                        // As many values of another family, each with a dozen cells.
                        _ => sizes.with(&request, |sizes| sizes.observe(1.0)),
                    }
                }
            });
        }
    });
    let (mut series, mut counted, mut own) = (0, 0, 0);
    scraper.visit(|sample| {
        series += 1;
        let overflow = sample.labels().get("path").is_some_and(|path| path == "__overflow__");
        let count = match sample.value() {
            MetricValue::Counter(count) => count,
            MetricValue::Histogram(value) => value.count(),
            other => panic!("{other:?} is of neither family"),
        };
        assert!(overflow || count == 1, "a value that came once counts {count}");
        counted += count;
        own += u64::from(!overflow);
    });
    assert_eq!((series, own as usize, counted), (2 * LIMIT + 2, 2 * LIMIT, flood as u64));
    let mut body = Vec::new();
    assert_eq!(scraper.encode(Format::Text, &mut body).series(), series);
    drop(body);
    let grown = resident_kib().saturating_sub(before);
    assert!(grown <= 64 * 1024, "memory grew by {grown} KiB");
    let stats = stats();
    assert_eq!((stats.lost_records, stats.internal_errors), (0, 0));
    // A client that comes back finds its series; one series less makes room for one more.
    requests.with(&Request { path: &path(0) }, Counter::inc);
    assert!(requests.remove(&Request { path: &path(0)[..1023] }), "cut at a character, it is what the registry knows");
    requests.with(&Request { path: "/late" }, Counter::inc);
    assert_eq!(registry.sample_value("requests_total", &[("path", "/late")]), Some(1.0));
}

/// A label value that fails at the n-th question.
struct Failing<'c>(&'c Cell<u32>);

#[derive(LabelSet)]
struct Failings<'c> {
    text: Failing<'c>,
}

impl LabelValue for Failing<'_> {
    fn with_text<R>(&self, f: impl FnOnce(&str) -> R) -> R {
        let left = self.0.get();
        if left == 0 {
            // Without the panic hook's text on the terminal.
            resume_unwind(Box::new("no text"));
        }
        self.0.set(left - 1);
        "text".with_text(f)
    }
}

#[test]
fn a_label_value_that_panics_leaves_nothing_half_done() {
    let _alone = alone();
    let registry = Registry::new();
    let lags: Family<Failings<'static>, Gauge> = registry.gauge("lag", "L.").family().expect("legal");
    let (mut failed, mut set) = (0, 0.0);
    for question in 0..6 {
        let left = Cell::new(question);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            lags.with(&Failings { text: Failing(&left) }, |lag| lag.set(f64::from(question)));
        }));
        match outcome {
            Ok(()) => set = f64::from(question),
            Err(_) => failed += 1,
        }
    }
    assert!(failed >= 2 && set == 5.0, "{failed} lookups failed, the last set was {set}");
    assert_eq!(registry.sample_value("lag", &[("text", "text")]), Some(5.0));
    // No pin stayed behind, which would keep all that is removed from now on.
    lags.clear();
    Scraper::new(&registry).visit(|_| ());
    assert_eq!(stats().pending_reclamation, 0);
}

/// Constant labels that come from the stream make an overflow series each, up to a limit.
#[test]
fn overflow_series_of_constant_labels_are_limited() {
    let _alone = alone();
    let registry = Registry::new();
    registry.set_series_limit(10);
    const SCOPES: u64 = 500;
    for scope in 0..SCOPES {
        let scope = registry.label("scope", scope.to_string());
        let events: Family<Number, Counter> = scope.counter("events_total", "E.").limit(2).family().expect("legal");
        for number in 0..4 {
            events.with(&Number { number }, Counter::inc);
        }
    }
    let (mut series, mut total) = (0, 0);
    Scraper::new(&registry).visit(|sample| {
        let MetricValue::Counter(count) = sample.value() else { return };
        series += 1;
        total += count;
    });
    assert!(series <= 11, "{series} series");
    assert_eq!(total, 4 * SCOPES, "each record is somewhere, once");
    let last = [("scope", "__overflow__"), ("number", "__overflow__")];
    assert!(registry.sample_value("events_total", &last).is_some_and(|count| count > 1000.0));
}
