//! What users and clients should not do: each case has a defined outcome, and none of them loses a record.

use crate::common::labels::{Pair, Table};
use crate::common::{scrape, text};
use std::cell::Cell;
use std::sync::OnceLock;
use streamgauge::{
    CollectedFamily, Collector, CollectorOutput, Counter, Error, Family, Format, Histogram, LabelSet, LabelValue,
    LabelVisitor, MetricValue, Registry, Scraper, stats,
};

type Events = Family<Table<'static>, Counter>;

fn events(registry: &Registry) -> Events {
    registry.counter("events_total", "Events.").family().expect("legal")
}

fn inc(events: &Events, table: &str) {
    events.with(&Table { table }, Counter::inc);
}

fn value(registry: &Registry, table: &str) -> Option<f64> {
    registry.sample_value("events_total", &[("table", table)])
}

/// Gives the sum of all counters, and their number.
fn total(registry: &Registry) -> (usize, u64) {
    let (mut series, mut sum) = (0, 0);
    Scraper::new(registry).visit(|sample| {
        if let MetricValue::Counter(count) = sample.value() {
            (series, sum) = (series + 1, sum + count);
        }
    });
    (series, sum)
}

/// A collector of one family.
struct One<C>(CollectedFamily, C);

impl<C: Fn(&mut CollectorOutput<'_>) + Send + Sync + 'static> Collector for One<C> {
    fn describe(&self) -> Vec<CollectedFamily> {
        vec![self.0.clone()]
    }

    fn collect(&self, out: &mut CollectorOutput<'_>) {
        self.1(out);
    }
}

#[test]
fn collected_label_names_are_checked_as_all_others() {
    let registry = Registry::new();
    let declare = |labels: &[&str]| {
        let family = CollectedFamily::gauge("lag", "Lag.").labels(labels.iter().copied());
        registry.register_collector(One(family, |_: &mut CollectorOutput<'_>| {}))
    };
    for reserved in ["le", "quantile", "__name__", "__"] {
        let refused = declare(&["topic", reserved]).expect_err("reserved");
        assert!(matches!(&refused, Error::InvalidLabel { label, .. } if label == reserved), "{refused}");
        assert!(refused.to_string().contains("are reserved"), "{refused}");
    }
    let refused = declare(&[""]).expect_err("no name");
    assert!(refused.to_string().contains("a label name has at least one character"), "{refused}");
    let refused = declare(&["a.b", "a_b"]).expect_err("one to readers that want underscores");
    assert!(refused.to_string().contains("would see \"a_b\" twice"), "{refused}");
    let refused = declare(&["topic", "partition", "topic"]).expect_err("twice");
    assert!(refused.to_string().contains("\"topic\": the name is given twice"), "{refused}");
    assert!(declare(&["topic", "partition"]).is_ok(), "what was refused took no name");
}

#[test]
fn collected_values_must_be_as_many_as_the_names() {
    let registry = Registry::new();
    let family = CollectedFamily::gauge("lag", "Lag.").labels(["topic", "partition"]);
    let collect = |out: &mut CollectorOutput<'_>| {
        let mut lag = out.family("lag");
        lag.sample(&[], 1u64).sample(&["a"], 1u64).sample(&["a", "0", "x"], 1u64).sample(&["a", "0"], 2u64);
        // No limit makes overflow series of a collector's: the reserved value is a value.
        lag.sample(&["__overflow__", "__overflow__"], 3u64);
    };
    registry.register_collector(One(family, collect)).expect("legal");
    let mut body = Vec::new();
    let report = Scraper::new(&registry).encode(Format::Text, &mut body);
    assert_eq!((report.series(), report.rejected_samples(), report.failed_collectors()), (2, 3, 0));
    let parsed = text::parse(&body).expect("a legal body");
    assert_eq!(parsed.get("lag", &[("topic", "a"), ("partition", "0")]), Some("2"));
}

const PLACES: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];

/// A set by hand of `N` names that shows more or fewer values.
struct Shows<const N: usize>(usize);

impl<const N: usize> LabelSet for Shows<N> {
    type Family = Self;
    const NAMES: &'static [&'static str] = PLACES.split_at(N).0;

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        (0..self.0).for_each(|place| place.with_text(|text| visitor.value(text)));
    }
}

fn shows_too_few_and_too_many<const N: usize>() {
    let registry = Registry::new();
    let family: Family<Shows<N>, Counter> = registry.counter("events_total", "E.").family().expect("legal");
    for shown in 0..N + 3 {
        family.with(&Shows(shown), Counter::inc);
        family.get_or_create(&Shows(shown)).inc();
    }
    let of = |shown: usize| {
        let values: Vec<_> =
            (0..N).map(|place| if place < shown { place.to_string() } else { String::new() }).collect();
        let labels: Vec<_> = PLACES.into_iter().zip(values.iter().map(String::as_str)).collect();
        registry.sample_value("events_total", &labels)
    };
    assert_eq!((0..N).map(of).collect::<Vec<_>>(), vec![Some(2.0); N]);
    assert_eq!(of(N), Some(6.0), "{N} values, and more");
    assert_eq!(scrape(&mut Scraper::new(&registry)).series(), N + 1);
}

#[test]
fn values_missing_from_a_set_are_empty_and_those_too_many_are_ignored() {
    shows_too_few_and_too_many::<1>();
    shows_too_few_and_too_many::<2>();
    shows_too_few_and_too_many::<4>();
    shows_too_few_and_too_many::<5>();
}

#[test]
fn the_reserved_value_on_the_stream_is_the_overflow_series() {
    let registry = Registry::new();
    let events: Events = registry.counter("events_total", "E.").limit(2).family().expect("legal");
    let mine = events.get_or_create(&Table { table: "__overflow__" });
    mine.inc();
    // It takes no place.
    ["a", "b", "c"].iter().for_each(|table| inc(&events, table));
    assert_eq!((value(&registry, "b"), value(&registry, "c"), mine.get()), (Some(1.0), None, 2));
    assert_eq!(events.retain(|_| false), 2, "retain is not asked about it");
    assert_eq!(value(&registry, "__overflow__"), Some(2.0));
    assert!(events.remove(&Table { table: "__overflow__" }), "removing it by name ends it");
    inc(&events, "__overflow__");
    assert_eq!(events.clear(), 1, "and clear does");
    // Only a set of nothing but the reserved value is the overflow series.
    let pairs: Family<Pair<'static>, Counter> = registry.counter("pairs_total", "P.").limit(1).family().expect("legal");
    for (left, right) in [("__overflow__", "a"), ("b", "__overflow__"), ("__overflow__", "__overflow__")] {
        pairs.with(&Pair { left, right }, Counter::inc);
    }
    let pair = |left, right| registry.sample_value("pairs_total", &[("left", left), ("right", right)]);
    assert_eq!(pair("__overflow__", "a"), Some(1.0));
    assert_eq!((pair("b", "__overflow__"), pair("__overflow__", "__overflow__")), (None, Some(2.0)));
}

#[test]
fn long_values_are_cut_at_a_character_wherever_it_ends() {
    for (limit, euros) in [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 1), (6, 2)] {
        let registry = Registry::new();
        let events: Events = registry.counter("events_total", "E.").value_limit(limit).family().expect("legal");
        for long in ["€€€", "€€€€", &"€".repeat(100_000)] {
            inc(&events, long);
            assert_eq!(events.get_or_create(&Table { table: long }).get() % 2, 1);
            events.with(&Table { table: long }, |counter| counter.add(1));
        }
        assert_eq!(value(&registry, &"€".repeat(euros)), Some(6.0), "limit {limit}");
        assert_eq!(total(&registry), (1, 6), "one series for all that is the same once cut");
        // Removed by what it was made with, and by what it is.
        assert!(events.remove(&Table { table: &"€".repeat(euros) }));
        assert_eq!(total(&registry), (0, 0));
    }
}

#[test]
fn the_value_of_the_overflow_series_is_never_cut() {
    let registry = Registry::new();
    let events: Events = registry.counter("events_total", "E.").limit(1).value_limit(3).family().expect("legal");
    ["abc", "abcd", "xyz", "__overflow__"].iter().for_each(|table| inc(&events, table));
    assert_eq!((value(&registry, "abc"), value(&registry, "__overflow__")), (Some(2.0), Some(2.0)));
    assert_eq!(value(&registry, "__o"), None);
}

#[test]
fn no_room_at_all_is_one_overflow_series_and_an_error_for_the_rest() {
    let registry = Registry::new();
    let none: Events = registry.counter("events_total", "E.").limit(0).family().expect("legal");
    ["a", "b", "a"].iter().for_each(|table| inc(&none, table));
    assert_eq!((total(&registry), value(&registry, "__overflow__")), ((1, 3), Some(3.0)));
    registry.set_series_limit(0);
    let sizes: Family<Table<'static>, Histogram> = registry.histogram("size", "S.").family().expect("legal");
    sizes.with(&Table { table: "a" }, |sizes| sizes.observe(1.0));
    assert_eq!(registry.sample_value("size_count", &[("table", "__overflow__")]), Some(1.0));
    let refused = registry.gauge("lag", "L.").register().map(drop).expect_err("no room");
    assert!(matches!(refused, Error::LimitReached { .. }), "{refused}");
}

#[test]
fn series_may_be_removed_while_they_are_scraped() {
    let registry = Registry::new();
    let events = events(&registry);
    ["a", "b", "c", "d"].iter().for_each(|table| inc(&events, table));
    let mut scraper = Scraper::new(&registry);
    let mut seen = Vec::new();
    scraper.visit(|sample| {
        let table = sample.labels().get("table").expect("its label").into_owned();
        if seen.is_empty() {
            // One that was shown, one that was not, and all others from another thread, while this one is in the
            // middle of a walk; one of them is born again.
            assert!(events.remove(&Table { table: "a" }) && events.remove(&Table { table: "c" }));
            std::thread::scope(|scope| scope.spawn(|| assert_eq!(events.clear(), 2)).join().expect("nobody waits"));
            inc(&events, "d");
        }
        seen.push((table, format!("{:?}", sample.value())));
    });
    seen.sort();
    let labels: Vec<_> = seen.iter().map(|(table, _)| table.as_str()).collect();
    // What is removed in the middle of a walk lives in it; what was born again is told from what went.
    assert!(labels == ["a", "b", "c", "d"] || labels == ["a", "b", "c"], "{seen:?}");
    assert!(seen.iter().all(|(_, value)| value == "Counter(1)"), "{seen:?}");
    let mut shown = Vec::new();
    scraper.visit(|sample| shown.push(sample.labels().get("table").expect("its label").into_owned()));
    assert_eq!(shown, ["d", "a", "c", "b"], "the living, then each of the others for the last time");
    shown.clear();
    scraper.visit(|sample| shown.push(sample.labels().get("table").expect("its label").into_owned()));
    assert_eq!(shown, ["d"]);
}

#[test]
fn callbacks_and_collectors_may_remove() {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    let registry = REGISTRY.get_or_init(Registry::new);
    let events = events(registry);
    let (own, other) = (events.clone(), events.clone());
    let removes = move || if own.remove(&Table { table: "a" }) { 1.0 } else { 0.0 };
    registry.gauge("removed", "R.").callback(removes).expect("legal");
    let family = CollectedFamily::gauge("cleared", "C.");
    let collect = move |out: &mut CollectorOutput<'_>| {
        out.family("cleared").sample(&[], other.clear());
    };
    registry.register_collector(One(family, collect)).expect("legal");
    let mut scraper = Scraper::new(registry);
    for round in 1..=3 {
        ["a", "b", "c"].iter().for_each(|table| inc(&events, table));
        let parsed = scrape(&mut scraper);
        // They run first, so the scrape shows what they have done, and the final values of what they removed.
        assert_eq!((parsed.get("removed", &[]), parsed.get("cleared", &[])), (Some("1"), Some("2")), "round {round}");
        for table in ["a", "b", "c"] {
            assert_eq!(parsed.integer("events_total", &[("table", table)]), 1, "round {round}");
        }
        let parsed = scrape(&mut scraper);
        assert_eq!((parsed.get("removed", &[]), parsed.get("events_total", &[("table", "a")])), (Some("0"), None));
    }
}

#[test]
fn a_cache_works_on_when_its_family_and_registry_are_gone() {
    let registry = Registry::new();
    let family = events(&registry);
    let mut cache = family.handle_cache::<u8>();
    let use_it = |cache: &mut streamgauge::HandleCache<u8, Table<'static>, Counter>| {
        let counter = cache.get_or_insert_with(1, |family| family.get_or_create(&Table { table: "a" }));
        counter.inc();
        counter.get()
    };
    assert_eq!(use_it(&mut cache), 1);
    let stranger = family.get_or_create(&Table { table: "b" });
    drop((registry, family));
    assert_eq!(use_it(&mut cache), 2, "the cache holds the family, and the family its series");
    // The closure removes what it is asked for: what it gives is dead, and left at the next use.
    let counter = cache.get_or_insert_with(2, |family| {
        let counter = family.get_or_create(&Table { table: "c" });
        assert!(family.remove(&Table { table: "c" }) && family.remove(&Table { table: "a" }));
        counter
    });
    counter.inc();
    assert_eq!(use_it(&mut cache), 1, "removed, so made again");
    assert_eq!(cache.len(), 1, "both entries left, and one came back");
    drop(cache);
    stranger.inc();
    assert_eq!(stranger.get(), 1);
}

std::thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// A label value that uses its own family while it is asked for its text.
struct Meddler<'f>(&'f Family<Meddling<'static>, Counter>, u32);

#[derive(LabelSet)]
struct Meddling<'f> {
    table: Meddler<'f>,
}

impl LabelValue for Meddler<'_> {
    fn with_text<R>(&self, f: impl FnOnce(&str) -> R) -> R {
        let Self(family, number) = self;
        if DEPTH.get() == 0 {
            DEPTH.set(1);
            let inner = |number| Meddling { table: Meddler(family, number) };
            // Makes the table grow, and the records move, under the lookup that is under way.
            for number in 1_000..1_100 {
                family.with(&inner(number), Counter::inc);
            }
            assert_eq!(family.retain(|labels| labels.get("table").is_some_and(|table| table.len() != 4)), 100);
            family.get_or_create(&inner(*number)).add(10);
            // The very series that is being looked up goes, and comes back.
            assert!(family.remove(&inner(*number)));
            family.with(&inner(*number), |counter| counter.add(100));
            DEPTH.set(0);
        }
        number.with_text(f)
    }
}

#[test]
fn a_label_value_may_use_its_own_family() {
    let registry = Registry::new();
    let family: Family<Meddling<'static>, Counter> = registry.counter("events_total", "E.").family().expect("legal");
    for number in [1, 2, 1] {
        // Asked for its text several times, it records as often; the record of this thread comes last.
        family.with(&Meddling { table: Meddler(&family, number) }, Counter::inc);
        DEPTH.set(1);
        let seen = family.get_or_create(&Meddling { table: Meddler(&family, number) }).get();
        DEPTH.set(0);
        assert!(
            seen == 101 || seen == 100,
            "{seen}: the record went to the series that was removed, or to the new one"
        );
        let held = family.get_or_create(&Meddling { table: Meddler(&family, number) });
        held.inc();
        drop(held);
        family.remove(&Meddling { table: Meddler(&family, number) });
    }
    family.clear();
    drop(scrape(&mut Scraper::new(&registry)));
    assert_eq!(stats().internal_errors, 0);
}

/// A label value whose text is another one each time it is asked for.
struct Fickle<'c>(&'c Cell<u32>);

#[derive(LabelSet)]
struct Fickles<'c> {
    text: Fickle<'c>,
}

impl LabelValue for Fickle<'_> {
    fn with_text<R>(&self, f: impl FnOnce(&str) -> R) -> R {
        self.0.set(self.0.get() + 1);
        (self.0.get() % 7).with_text(f)
    }
}

#[test]
fn a_label_value_that_changes_its_text_is_recorded_once() {
    let registry = Registry::new();
    let family: Family<Fickles<'static>, Counter> = registry.counter("events_total", "E.").family().expect("legal");
    let asked = Cell::new(0);
    for _ in 0..1_000 {
        family.with(&Fickles { text: Fickle(&asked) }, Counter::inc);
        family.get_or_create(&Fickles { text: Fickle(&asked) }).inc();
    }
    let (series, sum) = total(&registry);
    assert_eq!(sum, 2_000);
    assert!(series <= 7, "{series} series of seven texts");
}

#[test]
fn a_metric_has_at_most_128_labels() {
    let registry = Registry::new();
    let labels = |count: usize| {
        (0..count).fold(registry.gauge("lag", "Lag."), |builder, label| builder.label(&format!("l{label}"), "v"))
    };
    let error = labels(129).register().expect_err("too many");
    assert_eq!(error.to_string(), "metric \"lag\", label \"l128\": a metric has at most 128 labels, and this one 129");
    labels(128).register().expect("as many as there may be").set(1.0);
    let mut body = Vec::new();
    assert_eq!(Scraper::new(&registry).encode(Format::Text, &mut body).series(), 1);
}

#[test]
fn the_reserved_value_is_no_constant_label() {
    let registry = Registry::new();
    let reserved = registry.label("table", "__overflow__");
    let error = reserved.counter("events_total", "E.").register().expect_err("reserved");
    let text = "label \"table\": the value \"__overflow__\" is reserved for records past the series limit";
    assert!(error.to_string().contains(text), "{error}");
    assert!(reserved.counter("events_total", "E.").family::<()>().is_err());
    // On the stream it means the overflow series, which counts it.
    let events: Events = registry.counter("events_total", "E.").family().expect("legal");
    events.with(&Table { table: "__overflow__" }, Counter::inc);
    assert_eq!(registry.sample_value("events_total", &[("table", "__overflow__")]), Some(1.0));
}

#[test]
fn a_constant_value_is_at_most_16_kib() {
    let registry = Registry::new();
    let declare = |bytes: usize| registry.gauge("lag", "Lag.").label("table", "x".repeat(bytes)).register();
    let error = declare(16_385).expect_err("too long");
    assert!(error.to_string().contains("its value: it has 16385 bytes, and 16384 are allowed"), "{error}");
    declare(16_384).expect("as long as it may be").set(1.0);
    // The limit of values on the stream goes no further.
    let events: Events = registry.counter("events_total", "E.").value_limit(usize::MAX).family().expect("legal");
    let long = "y".repeat(70_000);
    events.with(&Table { table: &long }, Counter::inc);
    assert_eq!(registry.sample_value("events_total", &[("table", &long[..16_384])]), Some(1.0));
}

#[test]
fn cut_values_are_counted_and_their_series_can_be_removed() {
    let registry = Registry::new();
    registry.enable_self_metrics().expect("legal");
    let events: Events = registry.counter("events_total", "E.").value_limit(4).family().expect("legal");
    assert!(events.get(&Table { table: "orders" }).is_none());
    for _ in 0..3 {
        events.with(&Table { table: "orders" }, Counter::inc);
    }
    events.with(&Table { table: "user" }, Counter::inc);
    let family = [("family", "events_total")];
    assert_eq!(registry.sample_value("streamgauge_cut_values_total", &family), Some(3.0));
    assert_eq!(events.get(&Table { table: "orders" }).map(|events| events.get()), Some(3));
    assert_eq!(events.get(&Table { table: "user" }).map(|events| events.get()), Some(1));
    assert!(events.remove(&Table { table: "order_items" }), "it is the same series");
    assert_eq!(registry.sample_value("events_total", &[("table", "orde")]), None);
    assert_eq!(registry.sample_value("streamgauge_series", &family), Some(1.0));
}
