//! Whole families made at scrape time.

use crate::common::{scrape, text};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use streamgauge::{
    CollectedFamily, Collector, CollectorOutput, Format, Kind, MetricValue, Registry, ScrapeReport, Scraper, Unit,
};

/// A collector of two functions.
struct Fn2<D, C>(D, C);

impl<D, C> Collector for Fn2<D, C>
where
    D: Fn() -> Vec<CollectedFamily> + Send + Sync + 'static,
    C: Fn(&mut CollectorOutput<'_>) + Send + Sync + 'static,
{
    fn describe(&self) -> Vec<CollectedFamily> {
        self.0()
    }

    fn collect(&self, out: &mut CollectorOutput<'_>) {
        self.1(out);
    }
}

fn lag() -> CollectedFamily {
    CollectedFamily::gauge("lag", "Lag.").labels(["topic", "partition"])
}

fn encode(scraper: &mut Scraper) -> (ScrapeReport, String) {
    let mut body = Vec::new();
    let report = scraper.encode(Format::Text, &mut body);
    text::parse(&body).expect("a legal body");
    (report, String::from_utf8(body).expect("UTF-8"))
}

#[test]
fn families_are_exposed_after_the_registrys_own() {
    let registry = Registry::new();
    let describe = || {
        vec![
            lag(),
            CollectedFamily::counter("cpu_seconds_total", "CPU.").unit(Unit::Seconds),
            CollectedFamily::counter("reads_total", "Reads."),
            CollectedFamily::gauge("empty", "No sample."),
        ]
    };
    let collect = |out: &mut CollectorOutput<'_>| {
        out.family("lag").sample(&["a\"\\\n", "0"], 17u64);
        out.family("cpu_seconds_total").sample(&[], Duration::from_millis(1_500));
        // Out of order: families stay in one piece.
        out.family("lag").sample(&["b", "1"], -0.5).sample(&["", "é"], true).sample(&["n", "2"], -3i64);
        out.family("reads_total").sample(&[], u64::MAX);
    };
    registry.register_collector(Fn2(describe, collect)).expect("legal");
    registry.counter("events_total", "E.").register().expect("legal").inc();
    let mut scraper = Scraper::new(&registry);
    let expected = "# HELP events_total E.\n# TYPE events_total counter\nevents_total 1\n\
        # HELP lag Lag.\n# TYPE lag gauge\nlag{topic=\"a\\\"\\\\\\n\",partition=\"0\"} 17\n\
        lag{topic=\"b\",partition=\"1\"} -0.5\nlag{topic=\"\",partition=\"é\"} 1\nlag{topic=\"n\",partition=\"2\"} -3\n\
        # HELP cpu_seconds_total CPU.\n# TYPE cpu_seconds_total counter\ncpu_seconds_total 1.5\n\
        # HELP reads_total Reads.\n# TYPE reads_total counter\nreads_total 18446744073709551615\n";
    for _ in 0..2 {
        let (report, body) = encode(&mut scraper);
        assert_eq!(body, expected);
        assert_eq!((report.series(), report.bytes(), report.rejected_samples()), (7, body.len(), 0));
    }
    let mut seen = Vec::new();
    scraper.visit(|sample| {
        let labels: Vec<_> = sample.labels().iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert!(sample.created().is_none() || sample.name() == "events_total");
        seen.push((sample.name().to_owned(), sample.kind(), labels, format!("{:?}", sample.value())));
    });
    assert_eq!(seen.len(), 7);
    let labels = vec!["topic=a\"\\\n".to_owned(), "partition=0".to_owned()];
    assert_eq!(seen[1], ("lag".to_owned(), Kind::Gauge, labels, format!("{:?}", MetricValue::Integer(17))));
    assert_eq!(seen[5].3, format!("{:?}", MetricValue::FloatCounter(1.5)));
    assert_eq!(seen[6].3, format!("{:?}", MetricValue::Counter(u64::MAX)));
    assert_eq!(registry.sample_value("lag", &[("partition", "1"), ("topic", "b")]), Some(-0.5));
    assert_eq!(registry.sample_value("lag", &[("topic", "b")]), None);
    assert_eq!(registry.sample_value("lag", &[("topic", "b"), ("topic", "b")]), None, "two labels, but one name");
}

#[test]
fn what_cannot_be_exposed_is_left_out_and_counted() {
    let registry = Registry::new();
    let describe = || vec![lag().limit(3), CollectedFamily::counter("reads_total", "R.").labels(["x"])];
    let collect = |out: &mut CollectorOutput<'_>| {
        out.family("unknown").sample(&[], 1u64).sample(&[], 2u64);
        let mut lag = out.family("lag");
        lag.sample(&["a"], 1u64).sample(&["a", "b", "c"], 1u64);
        lag.sample(&["a", "b"], 1u64).sample(&["c", "d"], 2u64).sample(&["a", "b"], 3u64);
        lag.sample(&["e", "f"], 4u64).sample(&["past", "limit"], 5u64);
        let mut reads = out.family("reads_total");
        reads.sample(&["nan"], f64::NAN).sample(&["negative"], -1.0);
        // Cut to 1024 bytes, at a character, the two are one.
        reads.sample(&[&"é".repeat(600)], 6u64).sample(&[&"é".repeat(700)], 7u64);
    };
    registry.register_collector(Fn2(describe, collect)).expect("legal");
    let (report, body) = encode(&mut Scraper::new(&registry));
    assert_eq!((report.series(), report.rejected_samples(), report.failed_callbacks()), (4, 2 + 2 + 2 + 2 + 1, 0));
    let parsed = text::parse(body.as_bytes()).expect("legal");
    assert_eq!(parsed.get("lag", &[("topic", "a"), ("partition", "b")]), Some("1"), "the first stays");
    assert_eq!(parsed.get("reads_total", &[("x", &"é".repeat(512))]), Some("6"));
}

/// Whatever a collector gives: duplicates and what is past the limit are all counted, and those within it stay.
#[test]
fn far_past_the_limit_the_first_samples_stay_and_the_rest_is_counted() {
    for (limit, given, distinct) in [(0, 100, 100), (1, 100, 1), (3, 100, 50), (10, 20_000, 20_000), (10, 20_000, 10)] {
        let registry = Registry::new();
        let describe = move || vec![CollectedFamily::gauge("depth", "D.").labels(["id"]).limit(limit)];
        let collect = move |out: &mut CollectorOutput<'_>| {
            let mut depth = out.family("depth");
            for id in 0..given {
                depth.sample(&[&(id % distinct).to_string()], id as u64);
            }
        };
        registry.register_collector(Fn2(describe, collect)).expect("legal");
        let mut scraper = Scraper::new(&registry);
        for _ in 0..2 {
            let (report, body) = encode(&mut scraper);
            let expected: Vec<String> =
                (0..limit.min(distinct)).map(|id| format!("depth{{id=\"{id}\"}} {id}")).collect();
            let shown: Vec<&str> = body.lines().filter(|line| !line.starts_with('#')).collect();
            assert_eq!(shown, expected);
            assert_eq!((report.series(), report.rejected_samples()), (expected.len(), given - expected.len()));
        }
    }
}

#[test]
fn clashes_are_errors_and_register_nothing() {
    let registry = Registry::new();
    registry.histogram("latency", "L.").register().expect("legal").observe(1.0);
    let clash = |name: &'static str| {
        let describe =
            move || vec![CollectedFamily::gauge("free", "F."), CollectedFamily::gauge(name, "G.").verbatim()];
        registry.register_collector(Fn2(describe, |_: &mut CollectorOutput<'_>| {})).map_err(|error| error.to_string())
    };
    for name in ["latency", "latency_count", "free"] {
        let error = clash(name).expect_err("a clash");
        assert!(error.contains("choose another name"), "{error}");
    }
    assert!(clash("").expect_err("no name").contains("a name has at least one character"));
    let reserved = || vec![CollectedFamily::gauge("other", "O.").labels(["le"])];
    assert!(registry.register_collector(Fn2(reserved, |_: &mut CollectorOutput<'_>| {})).is_err());
    let no_total = || vec![CollectedFamily::counter("reads", "R.")];
    assert!(registry.register_collector(Fn2(no_total, |_: &mut CollectorOutput<'_>| {})).is_err());
    // The names of refused collectors are free, those of the accepted one are taken until it goes.
    let id = clash("also_free").expect("no clash");
    assert!(registry.gauge("free", "F.").register().is_err());
    assert!(registry.unregister_collector(id) && !registry.unregister_collector(id));
    registry.gauge("free", "F.").register().expect("free again").set(1.0);
    assert_eq!(encode(&mut Scraper::new(&registry)).0.series(), 2);
}

#[test]
fn an_id_of_another_registry_unregisters_nothing() {
    let (one, other) = (Registry::new(), Registry::new());
    let register = |registry: &Registry| {
        let collect = |out: &mut CollectorOutput<'_>| {
            out.family("depth").sample(&[], 1u64);
        };
        registry.register_collector(Fn2(|| vec![CollectedFamily::gauge("depth", "D.")], collect)).expect("legal")
    };
    let (of_one, of_other, of_none) = (register(&one), register(&other), register(&Registry::disabled()));
    assert!(!other.unregister_collector(of_one) && !one.unregister_collector(of_other));
    assert!(!other.unregister_collector(of_none));
    assert_eq!((one.sample_value("depth", &[]), other.sample_value("depth", &[])), (Some(1.0), Some(1.0)));
    assert!(one.unregister_collector(of_one) && other.unregister_collector(of_other));
}

#[test]
fn a_collector_that_panics_is_left_out_whole() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let registry = Registry::new();
    let bad = |out: &mut CollectorOutput<'_>| {
        out.family("bad").sample(&[], 1u64);
        if RUNS.fetch_add(1, Ordering::Relaxed) != 1 {
            // Without the panic hook's text on the terminal.
            std::panic::resume_unwind(Box::new("a collector that fails"));
        }
    };
    registry.register_collector(Fn2(|| vec![CollectedFamily::gauge("bad", "B.")], bad)).expect("legal");
    let good = |out: &mut CollectorOutput<'_>| {
        out.family("good").sample(&[], 2u64);
    };
    registry.register_collector(Fn2(|| vec![CollectedFamily::gauge("good", "G.")], good)).expect("legal");
    let mut scraper = Scraper::new(&registry);
    for failed in [1, 0, 1] {
        let (report, body) = encode(&mut scraper);
        assert_eq!((report.failed_collectors(), report.failed_callbacks()), (failed, 0));
        assert_eq!((body.contains("\nbad 1\n"), body.contains("\ngood 2\n")), (failed == 0, true), "{body}");
    }
    assert_eq!(registry.sample_value("bad", &[]), None);
    assert_eq!(registry.sample_value("good", &[]), Some(2.0));
}

#[test]
fn a_collector_may_scrape_register_and_record() {
    // A static, because a collector that owned its registry would keep it alive for ever.
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    let registry = REGISTRY.get_or_init(Registry::new);
    registry.gauge("depth", "D.").callback(|| 1.0).expect("legal");
    let runs = registry.counter("runs_total", "R.").register().expect("legal");
    let collect = move |out: &mut CollectorOutput<'_>| {
        runs.inc();
        let (inner, body) = encode(&mut Scraper::new(registry));
        assert_eq!(inner.failed_callbacks(), 0);
        assert!(!body.contains("busy"), "a nested scrape leaves collectors out");
        assert_eq!(registry.sample_value("busy", &[]), None);
        let name = format!("late_{}", runs.get());
        registry.gauge(&name, "L.").register().expect("registering is fine in a collector").set(7.0);
        let describe = { move || vec![CollectedFamily::gauge(&format!("{name}_collected"), "L.")] };
        registry.register_collector(Fn2(describe, |_: &mut CollectorOutput<'_>| {})).expect("legal");
        out.family("busy").sample(&[], 1u64);
    };
    registry.register_collector(Fn2(|| vec![CollectedFamily::gauge("busy", "B.")], collect)).expect("legal");
    let mut scraper = Scraper::new(registry);
    for run in 1..=3u64 {
        let parsed = scrape(&mut scraper);
        assert_eq!((parsed.integer("runs_total", &[]), parsed.get("busy", &[])), (run, Some("1")));
        assert_eq!(parsed.get(&format!("late_{run}"), &[]), Some("7"));
    }
}

#[test]
fn scrapes_at_once_do_not_mix_their_samples() {
    let registry = Registry::new();
    let collect = |out: &mut CollectorOutput<'_>| {
        let mut lag = out.family("lag");
        for partition in 0..50u64 {
            lag.sample(&["orders", &partition.to_string()], partition);
        }
    };
    registry.register_collector(Fn2(|| vec![lag()], collect)).expect("legal");
    let expected = encode(&mut Scraper::new(&registry)).1;
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut scraper = Scraper::new(&registry);
                for _ in 0..50 {
                    assert_eq!(encode(&mut scraper).1, expected);
                }
            });
        }
    });
}
