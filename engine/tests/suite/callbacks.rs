//! Counters and gauges whose values are made at scrape time.

use crate::common::scrape;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use streamgauge::{Family, Gauge, LabelSet, MetricSet, MetricValue, Registry, Scraper};

#[test]
fn counters_of_all_sources_stand_in_one_family() {
    let registry = Registry::new();
    let reads = |source: &str| registry.counter("reads_total", "R.").label("source", source);
    reads("ours").register().expect("legal").add(2);
    reads("kernel").callback(|| u64::MAX).expect("legal");
    let busy = |thread: &str| registry.duration_counter("busy_seconds_total", "B.").label("thread", thread);
    busy("a").register().expect("legal").add(Duration::from_millis(500));
    busy("b").callback(|| Duration::from_millis(1_250)).expect("legal");
    busy("c").callback(|| Duration::MAX).expect("legal");

    let parsed = scrape(&mut Scraper::new(&registry));
    assert_eq!(parsed.families["reads_total"].kind, "counter");
    assert_eq!(parsed.integer("reads_total", &[("source", "ours")]), 2);
    assert_eq!(parsed.integer("reads_total", &[("source", "kernel")]), u64::MAX);
    assert_eq!(parsed.get("busy_seconds_total", &[("thread", "a")]), Some("0.5"));
    assert_eq!(parsed.get("busy_seconds_total", &[("thread", "b")]), Some("1.25"));
    assert_eq!(registry.sample_value("busy_seconds_total", &[("thread", "b")]), Some(1.25));
    assert_eq!(registry.sample_value("busy_seconds_total", &[("thread", "c")]), Some(u64::MAX as f64 / 1e9));

    let mut values = Vec::new();
    Scraper::new(&registry)
        .visit(|sample| values.push(format!("{:?} {:?}", sample.value(), sample.created().is_some())));
    assert_eq!(values[1], format!("{:?} false", MetricValue::Counter(u64::MAX)));
    assert_eq!(values[3], format!("{:?} false", MetricValue::DurationCounter(Duration::from_millis(1_250))));
}

#[test]
fn a_total_has_one_source() {
    let registry = Registry::new();
    registry.counter("reads_total", "R.").callback(|| 1).expect("legal");
    assert!(registry.counter("reads_total", "R.").register().is_err());
    assert!(registry.counter("reads_total", "R.").callback(|| 2).is_err());
    registry.counter("writes_total", "W.").register().expect("legal").inc();
    assert!(registry.counter("writes_total", "W.").callback(|| 2).is_err());
    assert!(registry.counter("reads", "R.").callback(|| 2).is_err(), "the naming rules hold");
    Registry::disabled().counter("reads_total", "R.").callback(|| 2).expect("a disabled registry checks only");
}

#[test]
fn a_fall_is_exposed_and_a_panic_is_not() {
    let registry = Registry::new();
    let source = Arc::new(AtomicU64::new(9));
    let read = Arc::clone(&source);
    registry
        .counter("reads_total", "R.")
        .callback(move || match read.load(Ordering::Relaxed) {
            // Without the panic hook's text on the terminal.
            0 => std::panic::resume_unwind(Box::new("a callback that fails")),
            total => total,
        })
        .expect("legal");
    let mut scraper = Scraper::new(&registry);
    for total in [9, 4, 0, 4, 7] {
        source.store(total, Ordering::Relaxed);
        let expected = (total > 0).then(|| total.to_string());
        assert_eq!(scrape(&mut scraper).get("reads_total", &[]), expected.as_deref());
    }
}

#[test]
fn records_beside_a_callback_are_lost_and_counted() {
    #[derive(LabelSet)]
    struct Table {
        t: u64,
    }
    #[derive(MetricSet)]
    struct Set {
        /// Depth.
        x: Gauge,
    }
    let registry = Registry::new();
    registry.gauge("x", "X.").label("t", "1").callback(|| 5.0).expect("legal");
    let family: Family<Table, Gauge> = registry.gauge("x", "X.").family().expect("the same family");
    let sets: Family<Table, Set> = {
        registry.gauge("set_x", "Depth.").label("t", "1").callback(|| 6.0).expect("legal");
        Family::<Table, Set>::register(&registry.scope("set")).expect("the same family")
    };
    let lost = streamgauge::stats().lost_records;
    family.with(&Table { t: 1 }, |gauge| gauge.set(7.0));
    family.get_or_create(&Table { t: 1 }).set(7.0);
    sets.with(&Table { t: 1 }, |set| set.x.set(7.0));
    assert!(streamgauge::stats().lost_records >= lost + 3);
    for (name, value) in [("x", 5.0), ("set_x", 6.0)] {
        assert_eq!(registry.sample_value(name, &[("t", "1")]), Some(value));
        assert_eq!(registry.sample_value(name, &[("t", "__overflow__")]), None, "there is room enough");
    }
}

#[test]
fn callbacks_and_collectors_run_once_for_several_encodings() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use streamgauge::{CollectedFamily, Collector, CollectorOutput, Filter, Format, Registry, Scraper};

    struct Runs(Arc<AtomicU64>);
    impl Collector for Runs {
        fn describe(&self) -> Vec<CollectedFamily> {
            vec![CollectedFamily::gauge("collections", "Runs.")]
        }

        fn collect(&self, out: &mut CollectorOutput<'_>) {
            out.family("collections").sample(&[], self.0.fetch_add(1, Ordering::Relaxed) + 1);
        }
    }

    let registry = Registry::new();
    let [readings, collections] = [0; 2].map(|_| Arc::new(AtomicU64::new(0)));
    let read = readings.clone();
    registry
        .gauge("readings", "Runs.")
        .callback(move || (read.fetch_add(1, Ordering::Relaxed) + 1) as f64)
        .expect("legal");
    registry.register_collector(Runs(collections.clone())).expect("legal");
    let events = registry.counter("events_total", "Events.").register().expect("legal");
    let mut scraper = Scraper::new(&registry);
    let encode = |scraper: &mut Scraper, filter: &Filter| {
        let mut body = Vec::new();
        scraper.encode_collected(Format::Text, filter, &mut body);
        String::from_utf8(body).expect("text")
    };
    for turn in 1..=3 {
        scraper.collect();
        for _ in 0..3 {
            events.inc();
            let body = encode(&mut scraper, &Filter::all());
            assert!(body.contains(&format!("\nreadings {turn}\n")), "{body}");
            assert!(body.contains(&format!("\ncollections {turn}\n")), "{body}");
            // All else is of now.
            assert!(body.contains(&format!("\nevents_total {}\n", events.get())), "{body}");
            let part = encode(&mut scraper, &Filter::names(["collections"]));
            assert!(part.ends_with(&format!("\ncollections {turn}\n")), "{part}");
        }
        // A family that was registered since is there at once.
        let name = format!("late_{turn}");
        registry.gauge(&name, "Late.").register().expect("legal").set(1.0);
        assert!(encode(&mut scraper, &Filter::all()).contains(&format!("\n{name} 1\n")));
    }
    assert_eq!([readings, collections].map(|runs| runs.load(Ordering::Relaxed)), [3, 3]);
}
