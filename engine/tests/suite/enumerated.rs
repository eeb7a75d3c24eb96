//! Families whose labels can be enumerated: found by number, and no different from others.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use streamgauge::{
    Counter, Family, LabelSet, LabelValue, LabelVisitor, MetricSet, MetricValue, Registry, Scope, Scraper, Switch,
};

#[derive(Clone, Copy, Debug, LabelValue)]
enum Op {
    Insert,
    #[label(rename = "UPDATE \"quoted\"")]
    Update,
    Delete,
}

#[derive(Clone, Copy, Debug, LabelSet)]
struct Applied {
    op: Op,
    ok: bool,
}

/// The same labels, which cannot be enumerated.
#[derive(LabelSet)]
struct Text<'a> {
    op: &'a str,
    ok: &'a str,
}

type Changes = Family<Applied, Counter>;

const OPS: [Op; 3] = [Op::Insert, Op::Update, Op::Delete];

fn all() -> impl Iterator<Item = Applied> {
    OPS.into_iter().flat_map(|op| [false, true].map(|ok| Applied { op, ok }))
}

fn changes(scope: &Scope) -> Changes {
    scope.counter("changes_total", "Changes.").family().expect("legal")
}

/// Gives what a scrape shows: values by `op` and `ok`.
fn shown(registry: &Registry) -> BTreeMap<(String, String), u64> {
    let mut shown = BTreeMap::new();
    Scraper::new(registry).visit(|sample| {
        let label = |name| sample.labels().get(name).unwrap_or_default().into_owned();
        let MetricValue::Counter(count) = sample.value() else { return };
        assert_eq!(shown.insert((label("op"), label("ok")), count), None, "shown twice");
    });
    shown
}

#[test]
fn numbers_and_texts_name_the_same_series() {
    assert_eq!(Applied::VALUES, [&["insert", "UPDATE \"quoted\"", "delete"][..], &["false", "true"]]);
    assert!(all().map(|labels| labels.ordinal()).eq(0..6));
    let registry = Registry::new();
    let by_number = changes(&registry);
    let by_text: Family<Text<'static>, Counter> = registry.counter("changes_total", "Changes.").family().expect("same");
    for (count, labels) in (1..).zip(all()) {
        // The first makes the series, the second finds it; the third finds it by its text.
        by_number.with(&labels, |counter| counter.add(count));
        by_number.with(&labels, |counter| counter.add(10 * count));
        let (op, ok) = (Op::VALUES[labels.op.ordinal()], bool::VALUES[labels.ok.ordinal()]);
        by_text.with(&Text { op, ok }, |counter| counter.add(100 * count));
        by_number.get_or_create(&labels).add(1000 * count);
    }
    let shown = shown(&registry);
    assert_eq!(shown.len(), 6);
    assert_eq!(shown[&("insert".to_owned(), "false".to_owned())], 1111);
    assert_eq!(shown[&("UPDATE \"quoted\"".to_owned(), "false".to_owned())], 3333);
    assert_eq!(shown[&("delete".to_owned(), "true".to_owned())], 6666);
}

#[test]
fn handles_with_other_constant_labels_keep_apart() {
    let registry = Registry::new();
    let handles = ["orders", "users"].map(|table| changes(&registry.label("table", table)));
    for (count, family) in (1..).zip(&handles) {
        for _ in 0..2 {
            family.with(&Applied { op: Op::Insert, ok: true }, |counter| counter.add(count));
        }
    }
    let value = |table| registry.sample_value("changes_total", &[("table", table), ("op", "insert"), ("ok", "true")]);
    assert_eq!((value("orders"), value("users")), (Some(2.0), Some(4.0)));
}

#[test]
fn all_combinations_exist_from_the_start() {
    let registry = Registry::new();
    let changes = changes(&registry);
    changes.with(&Applied { op: Op::Delete, ok: true }, |counter| counter.add(7));
    changes.init_all();
    changes.init_all();
    let shown = shown(&registry);
    assert_eq!((shown.len(), shown.values().sum::<u64>()), (6, 7));
    let alone: Family<(), Counter> = registry.counter("alone_total", "One.").family().expect("legal");
    alone.init_all();
    assert_eq!(registry.sample_value("alone_total", &[]), Some(0.0));
}

#[test]
fn a_removed_series_is_not_found_by_its_number() {
    let registry = Registry::new();
    let family = changes(&registry);
    let sibling = changes(&registry);
    let labels = Applied { op: Op::Update, ok: false };
    // Both handles have noted it.
    for handle in [&family, &sibling, &family, &sibling] {
        handle.with(&labels, Counter::inc);
    }
    let stale = family.get_or_create(&labels);
    assert!(sibling.remove(&labels));
    stale.add(100);
    assert!(!family.remove(&labels), "it is gone");
    family.with(&labels, Counter::inc);
    sibling.with(&labels, Counter::inc);
    let key = ("UPDATE \"quoted\"".to_owned(), "false".to_owned());
    assert_eq!(shown(&registry)[&key], 2);
    assert_eq!(family.clear(), 1);
    family.with(&labels, Counter::inc);
    assert_eq!(shown(&registry)[&key], 1);
}

/// Removing more series than live moves the live ones to new pages.
#[test]
fn series_are_found_after_they_were_moved() {
    let registry = Registry::new();
    let family = changes(&registry);
    family.init_all();
    let kept = Applied { op: Op::Insert, ok: true };
    for round in 1..=200u64 {
        family.with(&kept, Counter::inc);
        for labels in all().filter(|labels| labels.ordinal() != kept.ordinal()) {
            family.with(&labels, |counter| counter.add(1 << 32));
            assert!(family.remove(&labels));
        }
        assert_eq!(family.get_or_create(&kept).get(), round);
    }
    let shown = shown(&registry);
    assert_eq!(shown.into_values().collect::<Vec<_>>(), [200]);
}

#[test]
fn past_the_limit_every_record_is_counted_once() {
    let registry = Registry::new();
    let family: Changes = registry.counter("changes_total", "Changes.").limit(2).family().expect("legal");
    for labels in all().chain(all()) {
        family.with(&labels, Counter::inc);
    }
    let shown_now = shown(&registry);
    let overflow = ("__overflow__".to_owned(), "__overflow__".to_owned());
    assert_eq!((shown_now.len(), shown_now[&overflow]), (3, 8));
    // There is room again, at once.
    assert!(family.remove(&Applied { op: Op::Insert, ok: false }));
    family.with(&Applied { op: Op::Delete, ok: true }, |counter| counter.add(5));
    assert_eq!(shown(&registry)[&("delete".to_owned(), "true".to_owned())], 5);
}

/// A hand-written set that says of itself what is not so.
struct Liar(usize);

impl LabelSet for Liar {
    type Family = Applied;
    const NAMES: &'static [&'static str] = Applied::NAMES;
    const VALUES: &'static [&'static [&'static str]] = Applied::VALUES;

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value("insert");
        visitor.value("true");
    }

    fn ordinal(&self) -> usize {
        self.0
    }
}

/// The same labels under the same family, without the values.
struct Plain;

impl LabelSet for Plain {
    type Family = Applied;
    const NAMES: &'static [&'static str] = Applied::NAMES;

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value("insert");
        visitor.value("true");
    }
}

#[test]
fn a_wrong_number_is_never_out_of_bounds() {
    let registry = Registry::new();
    let family = changes(&registry);
    for ordinal in [6, 7, 4096, usize::MAX] {
        family.with(&Liar(ordinal), Counter::inc);
        family.with(&Liar(ordinal), Counter::inc);
        assert_eq!(family.get_or_create(&Liar(ordinal)).get(), family.get_or_create(&Plain).get());
    }
    family.with(&Plain, Counter::inc);
    assert_eq!(shown(&registry), [(("insert".to_owned(), "true".to_owned()), 9)].into());
}

#[derive(MetricSet)]
struct Outcome {
    /// Rows.
    rows_total: Counter,
    /// Bytes.
    bytes_total: Counter,
}

#[test]
fn a_family_of_sets_is_found_by_number_too() {
    let registry = Registry::new();
    let family = Family::<Applied, Outcome>::register(&registry).expect("legal");
    family.init_all();
    for labels in all() {
        family.with(&labels, |set| {
            set.rows_total.inc();
            set.bytes_total.add(10);
        });
    }
    assert!(family.remove(&Applied { op: Op::Insert, ok: true }));
    family.with(&Applied { op: Op::Insert, ok: true }, |set| set.rows_total.add(5));
    let value = |name| registry.sample_value(name, &[("op", "insert"), ("ok", "true")]);
    assert_eq!((value("rows_total"), value("bytes_total")), (Some(5.0), Some(0.0)));
    assert_eq!(registry.sample_value("rows_total", &[("op", "delete"), ("ok", "true")]), Some(1.0));
}

/// Every series counts in steps of a prime of its own, so a record in a foreign one shows.
#[test]
fn no_record_goes_to_a_foreign_series_while_series_come_and_go() {
    const PRIMES: [u64; 6] = [1_000_003, 1_000_033, 1_000_037, 1_000_039, 1_000_081, 1_000_099];
    let rounds = crate::common::size(20_000, 4);
    let registry = Registry::new();
    let family = changes(&registry);
    let done = AtomicBool::new(false);
    let check = |shown: BTreeMap<(String, String), u64>| {
        for ((op, ok), value) in shown {
            let ordinal = all()
                .position(|labels| Op::VALUES[labels.op.ordinal()] == op && bool::VALUES[labels.ok.ordinal()] == ok);
            let prime = PRIMES[ordinal.expect("a label set of ours")];
            assert_eq!(value % prime, 0, "{op} {ok} has {value}: a foreign increment");
        }
    };
    thread::scope(|scope| {
        let recording = [0, 1].map(|_| {
            scope.spawn(|| {
                for _ in 0..rounds {
                    all().zip(PRIMES).for_each(|(labels, prime)| family.with(&labels, |counter| counter.add(prime)));
                }
            })
        });
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for labels in all() {
                    family.remove(&labels);
                }
                family.switch(Switch::Off);
                family.switch(Switch::On);
                check(shown(&registry));
            }
        });
        for thread in recording {
            thread.join().expect("recording does not panic");
        }
        done.store(true, Ordering::Relaxed);
    });
    check(shown(&registry));
    assert_eq!(streamgauge::stats().internal_errors, 0);
}
