//! This library: the quick ways to a labelled metric. A handle cache by a key of the stream, labels that can be
//! enumerated, and a set that one lookup finds.

use std::sync::Mutex;

use streamgauge::{Counter, Family, LabelSet, LabelValue, MetricSet, Registry};

use super::loops::{enumerating, looking_up, relating};
use super::ours::{Labels, counter, counter_family};
use crate::inputs::{COMBINATIONS, combinations, label_sets, set_of};
use crate::runner::Side;

/// A hit of a handle cache among 64 keys.
pub fn handle_cache_inc() -> Side {
    let family = counter_family(&Registry::new(), "events_total");
    let cache = Mutex::new(family.handle_cache::<u32>());
    Side::ours(move |n| {
        let mut cache = cache.lock().expect("one recorder");
        relating(n, &mut *cache, |cache, relation| {
            let names = || label_sets()[set_of(relation)].values();
            cache.get_or_insert_with(relation, |family| family.get_or_create(&Labels::of(names()))).inc();
        });
    })
}

#[derive(Clone, Copy, LabelValue)]
enum Op {
    Insert,
    Update,
    Delete,
    Truncate,
}

const OPS: [Op; 4] = [Op::Insert, Op::Update, Op::Delete, Op::Truncate];

#[derive(LabelSet)]
struct Kind {
    op: Op,
    snapshot: bool,
    ok: bool,
}

/// A lookup by an enum and two bools.
pub fn enum_family_inc() -> Side {
    let registry = Registry::new();
    let family: Family<Kind, Counter> = registry.counter("events_total", "help").family().expect("a valid family");
    let kinds: [Kind; COMBINATIONS] =
        combinations().map(|it| Kind { op: OPS[usize::from(it.op)], snapshot: it.snapshot, ok: it.ok });
    for kind in &kinds {
        family.init(kind);
    }
    Side::ours(move |n| enumerating(n, &kinds, |kind| family.with(kind, Counter::inc)))
}

/// What is counted of each table.
#[derive(MetricSet)]
struct TableMetrics {
    /// Events read.
    read_total: Counter,
    /// Events left out.
    filtered_total: Counter,
    /// Events delivered.
    delivered_total: Counter,
    /// Events that failed.
    failed_total: Counter,
    /// Events tried again.
    retried_total: Counter,
}

/// One lookup of a set, and its five counters.
pub fn set_lookup() -> Side {
    let family: Family<Labels<'static>, TableMetrics> = Family::register(&Registry::new()).expect("a valid set");
    for names in label_sets() {
        family.init(&Labels::of(names.values()));
    }
    Side::ours(move |n| {
        looking_up(n, |names| {
            family.with(&Labels::of(names.values()), |set| {
                set.read_total.inc();
                set.filtered_total.inc();
                set.delivered_total.inc();
                set.failed_total.inc();
                set.retried_total.inc();
            });
        });
    })
}

/// What the set is held against: one lookup of a counter, and five counters that are at hand.
pub fn lookup_and_five() -> Side {
    let registry = Registry::new();
    let family = counter_family(&registry, "events_total");
    for names in label_sets() {
        family.init(&Labels::of(names.values()));
    }
    let counters: Box<[Counter; 5]> =
        Box::new(std::array::from_fn(|i| counter(&registry, &format!("stage_{i}_total"))));
    Side::ours(move |n| {
        looking_up(n, |names| {
            family.with(&Labels::of(names.values()), Counter::inc);
            std::hint::black_box(&counters).iter().for_each(Counter::inc);
        });
    })
    .as_limit("lookup + 5 counters")
}
