//! Idle timeouts against a model, with a clock of the test's own.

use crate::common::labels::NumberedTable;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use streamgauge::testing::expire_idle_at;
use streamgauge::{Counter, Family, Gauge, Histogram, Instrument, Registry, UpDownCounter};

const SECOND: Duration = Duration::from_secs(1);
/// A look is made four times in that time at most.
const TIMEOUT: Duration = Duration::from_secs(40);

#[test]
fn series_expire_though_others_are_removed_all_the_time() {
    let registry = Registry::new();
    let events: Family<NumberedTable, Counter> =
        registry.counter("events_total", "Events.").idle_timeout(TIMEOUT).family().expect("legal");
    events.with(&NumberedTable { table: 0 }, Counter::inc);
    let start = Instant::now();
    let mut expired = 0;
    // A hundred removals a second move the records to new pages again and again.
    for second in 0..=TIMEOUT.as_secs() as u32 {
        for table in 1..=100 {
            events.with(&NumberedTable { table }, Counter::inc);
            events.remove(&NumberedTable { table });
        }
        assert_eq!(expired, 0, "after {second} seconds");
        expired = expire_idle_at(&registry, start + second * SECOND);
    }
    assert_eq!(expired, 1, "it has not changed for {TIMEOUT:?}");
}

/// What a test says of one kind of metric.
trait Kind: Instrument {
    /// It says itself whether it was set since the last look; of the others values are compared.
    const IS_GAUGE: bool = false;

    fn record(&self);
}

impl Kind for Counter {
    fn record(&self) {
        self.inc();
    }
}

impl Kind for Gauge {
    const IS_GAUGE: bool = true;

    fn record(&self) {
        self.set(1.0);
    }
}

impl Kind for UpDownCounter {
    fn record(&self) {
        self.inc();
        self.dec();
    }
}

impl Kind for Histogram {
    fn record(&self) {
        self.observe(1.0);
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// Makes the series, or records into it.
    Record(u64),
    Remove(u64),
    /// Takes or lets go of a handle.
    Hold(u64),
    /// Many series come and go, so that pages are moved and their memory is used again.
    Churn,
    /// Time goes on, and somebody looks.
    Look(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0u64..8).prop_map(Step::Record),
        2 => (0u64..8).prop_map(Step::Remove),
        1 => (0u64..8).prop_map(Step::Hold),
        1 => Just(Step::Churn),
        6 => (1u32..25).prop_map(Step::Look),
    ]
}

/// A series of the model.
struct Known {
    /// The look that saw its last update, if one has.
    seen_at: Option<Instant>,
    updated: bool,
    /// A value that is seen for the first time is taken for changed.
    looked_at: bool,
}

fn agrees<M: Kind>(family: &Family<NumberedTable, M>, registry: &Registry, steps: &[Step]) {
    let mut now = Instant::now();
    let mut last: Option<Instant> = None;
    let mut known: BTreeMap<u64, Known> = BTreeMap::new();
    let mut held: BTreeMap<u64, M> = BTreeMap::new();
    for step in steps {
        match *step {
            Step::Record(table) => {
                family.with(&NumberedTable { table }, Kind::record);
                let fresh = || Known { seen_at: None, updated: true, looked_at: false };
                known.entry(table).or_insert_with(fresh).updated = true;
            }
            Step::Remove(table) => {
                assert_eq!(family.remove(&NumberedTable { table }), known.remove(&table).is_some());
                held.remove(&table);
            }
            Step::Hold(table) => {
                if held.remove(&table).is_none() && known.contains_key(&table) {
                    held.insert(table, family.get(&NumberedTable { table }).expect("it lives"));
                }
            }
            Step::Churn => {
                for table in 100..200 {
                    family.with(&NumberedTable { table }, Kind::record);
                }
                for table in 100..200 {
                    assert!(family.remove(&NumberedTable { table }));
                }
            }
            Step::Look(seconds) => {
                now += seconds * SECOND;
                let expired = expire_idle_at(registry, now);
                if last.is_some_and(|last| now - last < TIMEOUT / 4) {
                    assert_eq!(expired, 0, "a look too early");
                    continue;
                }
                last = Some(now);
                let before = known.len();
                known.retain(|table, series| {
                    // A gauge that was updated is unchanged since the look after that at the earliest.
                    let changed = series.updated || !series.looked_at || (M::IS_GAUGE && series.seen_at.is_none());
                    if changed {
                        series.seen_at = (!(M::IS_GAUGE && series.updated)).then_some(now);
                    }
                    (series.updated, series.looked_at) = (false, true);
                    let idle = series.seen_at.is_some_and(|since| now - since >= TIMEOUT);
                    !idle || held.contains_key(table)
                });
                assert_eq!(expired, before - known.len(), "at {seconds} seconds more");
            }
        }
        for table in 0..8 {
            assert_eq!(family.get(&NumberedTable { table }).is_some(), known.contains_key(&table), "series {table}");
        }
    }
}

macro_rules! agree {
    ($($name:ident: $metric:ty, $declare:ident;)*) => {
        proptest! {
            #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 64 }, ..ProptestConfig::default() })]
            $(
                #[test]
                fn $name(steps in prop::collection::vec(step(), 1..if cfg!(miri) { 12 } else { 120 })) {
                    let registry = Registry::new();
                    let family: Family<NumberedTable, $metric> =
                        registry.$declare("x_total", "X.").verbatim().idle_timeout(TIMEOUT).family().expect("legal");
                    agrees(&family, &registry, &steps);
                }
            )*
        }
    };
}

agree! {
    counters_expire_as_the_model_says: Counter, counter;
    gauges_expire_as_the_model_says: Gauge, gauge;
    up_down_counters_expire_as_the_model_says: UpDownCounter, up_down_counter;
    histograms_expire_as_the_model_says: Histogram, histogram;
}
