//! Collectors that come and go while a scrape runs: no scrape shows what is gone under a name that another one has.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use streamgauge::parse::{Parser, Severity, Syntax, families, lint};
use streamgauge::{CollectedFamily, Collector, CollectorId, CollectorOutput, Format, Registry, Scraper};

/// Gives one gauge.
struct Jobs;

impl Collector for Jobs {
    fn describe(&self) -> Vec<CollectedFamily> {
        vec![CollectedFamily::gauge("jobs", "J.")]
    }

    fn collect(&self, out: &mut CollectorOutput<'_>) {
        out.family("jobs").sample(&[], 1u64);
    }
}

/// Does something, once, while a scrape runs its collectors.
struct Once<F>(Mutex<Option<F>>);

impl<F: FnOnce() + Send + 'static> Collector for Once<F> {
    fn describe(&self) -> Vec<CollectedFamily> {
        Vec::new()
    }

    fn collect(&self, _: &mut CollectorOutput<'_>) {
        if let Some(act) = self.0.lock().expect("nobody panicked").take() {
            act();
        }
    }
}

/// Registers [`Jobs`], and behind it what acts once the scrape has run that.
fn registry(act: impl FnOnce(&Registry, CollectorId) + Send + 'static) -> Registry {
    let registry = Registry::new();
    let id = registry.register_collector(Jobs).expect("legal");
    let inner = registry.clone();
    let once = Once(Mutex::new(Some(move || act(&inner, id))));
    registry.register_collector(once).expect("legal");
    registry
}

/// Scrapes, reads the body back, strictly, and gives its lines with samples.
fn scrape(scraper: &mut Scraper, format: Format, syntax: Syntax) -> String {
    let mut body = Vec::new();
    let report = scraper.encode(format, &mut body);
    let text = String::from_utf8_lossy(&body);
    let read = families(Parser::new(syntax, &body)).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let found = lint(syntax, &read).into_iter().find(|found| found.severity == Severity::Error);
    assert!(found.is_none(), "{found:?}\n{text}");
    assert_eq!(report.series(), read.iter().map(|family| family.samples.len()).sum::<usize>(), "{text}");
    text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_name_that_is_given_to_another_while_the_collectors_run_is_shown_once() {
    for (format, syntax) in [(Format::Text, Syntax::Text), (Format::OpenMetrics, Syntax::OpenMetrics)] {
        let registry = registry(|registry, id| {
            assert!(registry.unregister_collector(id));
            registry.gauge("jobs", "Others.").register().expect("the name is free").set(7.0);
        });
        let mut scraper = Scraper::new(&registry);
        assert_eq!(scrape(&mut scraper, format, syntax).trim_end_matches(".0"), "jobs 7");
        assert_eq!(scrape(&mut scraper, format, syntax).trim_end_matches(".0"), "jobs 7");
    }
}

#[test]
fn a_visitor_sees_nothing_of_a_collector_that_is_gone() {
    let registry = registry(|registry, id| {
        assert!(registry.unregister_collector(id));
        registry.register_collector(Jobs).expect("the name is free");
    });
    let mut scraper = Scraper::new(&registry);
    for expected in [0, 1] {
        let mut seen = 0;
        scraper.visit(|_| seen += 1);
        assert_eq!(seen, expected, "the new one is run from the next scrape on");
    }
}

#[test]
fn a_counter_has_its_type_back_as_soon_as_the_collector_before_it_is_gone() {
    let registry = registry(|registry, id| assert!(registry.unregister_collector(id)));
    registry.counter("jobs_total", "J.").register().expect("legal").inc();
    assert_eq!(scrape(&mut Scraper::new(&registry), Format::OpenMetrics, Syntax::OpenMetrics), "jobs_total 1");
}

#[test]
fn whatever_is_registered_anew_meanwhile_each_body_can_be_read() {
    /// Takes until others have changed something.
    struct Slow(Arc<AtomicU64>);
    impl Collector for Slow {
        fn describe(&self) -> Vec<CollectedFamily> {
            Vec::new()
        }
        fn collect(&self, _: &mut CollectorOutput<'_>) {
            let before = self.0.load(Ordering::Relaxed);
            while self.0.load(Ordering::Relaxed) == before {
                std::thread::yield_now();
            }
        }
    }
    let changes = Arc::new(AtomicU64::new(0));
    let registry = Registry::new();
    registry.counter("jobs_total", "J.").register().expect("legal").inc();
    registry.register_collector(Slow(changes.clone())).expect("legal");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let id = registry.register_collector(Jobs).expect("the name is free");
                changes.fetch_add(1, Ordering::Relaxed);
                assert!(registry.unregister_collector(id));
                changes.fetch_add(1, Ordering::Relaxed);
            }
        });
        let scraping = scope.spawn(|| {
            let mut scraper = Scraper::new(&registry);
            for _ in 0..50 {
                let shown = scrape(&mut scraper, Format::OpenMetrics, Syntax::OpenMetrics);
                assert!(["jobs_total 1", "jobs_total 1; jobs 1"].contains(&shown.as_str()), "{shown}");
            }
        });
        let ended = scraping.join();
        is_over.store(true, Ordering::Relaxed);
        ended.expect("every body is legal");
    });
}
