//! Random programs of threads against a mutex and a map.
//!
//! A program is phases of threads that record, register, look up, scrape, and give birth to threads of their
//! own, while a scraper runs. After each phase the body of a scrape, read back by a parser of its own, equals
//! the twin sample for sample; while threads run, no scrape shows less than one that ended before it began.

mod common;

use common::labels::{Pair, Reversed};
use common::{Floor, scrape, stress, text};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use streamgauge::{
    Buckets, Counter, DurationCounter, Family, Gauge, Histogram, LabelSet, Registry, Scraper, UpDownCounter,
};
use text::Key;

/// The rest of a pair whose other label is constant: the same series again.
#[derive(LabelSet)]
struct Right<'a> {
    right: &'a str,
}

#[derive(Clone, Copy, Debug)]
enum Way {
    With,
    Handle,
    Reversed,
    ConstantLabel,
}

#[derive(Clone, Debug)]
enum Op {
    Count(usize, u64),
    Busy(u64),
    UpDown(i64),
    Gauge(f64),
    Observe(f64, u64),
    ObserveSigned(f64, u64),
    Pair(String, String, u64, Way),
    PairObserve(String, String, f64),
    Depth(u32, i64),
    Register(usize, u64),
    Scrape,
    Child(Vec<Op>),
}

type Phase = Vec<Vec<Op>>;

const HOSTILE: &[&str] = &[
    "",
    "a",
    "\\",
    "\\\\",
    "\\n",
    "\n",
    "\"",
    "a\",right=\"b",
    "} 1\nevil 1",
    "\0",
    "\r\n",
    "le",
    "é€😀",
    "a text of more than thirty-two bytes, which is compared otherwise",
];

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(HOSTILE).prop_map(str::to_owned),
        2 => "[ab]{0,2}",
        1 => "[\\\\\"\nn]{0,3}",
        1 => any::<String>(),
    ]
}

/// Multiples of an eighth: their sums are exact in any order.
fn eighths(range: std::ops::Range<i32>) -> impl Strategy<Value = f64> {
    range.prop_map(|eighths| f64::from(eighths) / 8.0)
}

fn op() -> impl Strategy<Value = Op> {
    let way =
        prop::sample::select(vec![Way::With, Way::With, Way::With, Way::Handle, Way::Reversed, Way::ConstantLabel]);
    // 2^53 + 1 is no f64: a total of it is only right if it never was one.
    let count = prop_oneof![9 => 0u64..1000, 1 => Just((1 << 53) + 1)];
    let leaf = prop_oneof![
        3 => (0usize..4, count).prop_map(|(index, n)| Op::Count(index, n)),
        1 => (0u64..10_000_000_000).prop_map(Op::Busy),
        2 => (-50i64..50).prop_map(Op::UpDown),
        1 => prop_oneof![eighths(-100..100), Just(f64::NAN), Just(f64::INFINITY), Just(1e300)].prop_map(Op::Gauge),
        3 => (eighths(-2..4000), 0u64..20).prop_map(|(value, n)| Op::Observe(value, n)),
        1 => (eighths(-400..400), 0u64..20).prop_map(|(value, n)| Op::ObserveSigned(value, n)),
        4 => (value(), value(), 0u64..9, way).prop_map(|(left, right, n, way)| Op::Pair(left, right, n, way)),
        2 => (value(), value(), eighths(0..40)).prop_map(|(left, right, value)| Op::PairObserve(left, right, value)),
        1 => (0u32..5, -9i64..9).prop_map(|(partition, n)| Op::Depth(partition, n)),
        2 => (0usize..12, 0u64..9).prop_map(|(index, n)| Op::Register(index, n)),
        1 => Just(Op::Scrape),
    ];
    leaf.prop_recursive(2, 24, 6, |op| prop::collection::vec(op, 1..6).prop_map(Op::Child))
}

fn program() -> impl Strategy<Value = Vec<Phase>> {
    let thread = prop::collection::vec(op(), 0..24);
    prop::collection::vec(prop::collection::vec(thread, 1..5), 1..4)
}

/// What the twin knows of a series.
#[derive(Clone, Debug)]
enum Expected {
    Integer(i128),
    Nanos(u64),
    Float(f64),
    Histogram { bounds: &'static [f64], buckets: Vec<u64>, sum: f64 },
}

/// The oracle: one mutex around one map.
#[derive(Debug, Default)]
struct Twin(Mutex<HashMap<Key, Expected>>);

fn key(name: &str, labels: &[(&str, &str)]) -> Key {
    (name.to_owned(), labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

impl Twin {
    fn update(&self, key: Key, new: Expected, update: impl FnOnce(&mut Expected)) {
        update(self.0.lock().expect("no thread panicked").entry(key).or_insert(new));
    }

    fn add(&self, key: Key, n: i128) {
        self.update(key, Expected::Integer(0), |expected| {
            let Expected::Integer(total) = expected else { unreachable!("one kind a name") };
            *total += n;
        });
    }

    fn observe(&self, key: Key, bounds: &'static [f64], value: f64, n: u64) {
        let buckets = vec![0; bounds.len() + 1];
        self.update(key, Expected::Histogram { bounds, buckets, sum: 0.0 }, |expected| {
            let Expected::Histogram { buckets, sum, .. } = expected else { unreachable!("one kind a name") };
            // Negative values are refused where no bound is negative.
            if value >= 0.0 || bounds[0] < 0.0 {
                buckets[bounds.iter().position(|bound| value <= *bound).unwrap_or(bounds.len())] += n;
                *sum += value * n as f64;
            }
        });
    }

    /// Gives every sample that a scrape must show, with its value as a number and, for integers, as text.
    fn samples(&self) -> BTreeMap<Key, (f64, Option<String>)> {
        let mut samples = BTreeMap::new();
        for ((name, labels), expected) in self.0.lock().expect("no thread panicked").iter() {
            let mut put = |suffix: &str, bound: Option<String>, value: f64, text: Option<String>| {
                let mut labels = labels.clone();
                labels.extend(bound.map(|bound| ("le".to_owned(), bound)));
                samples.insert((format!("{name}{suffix}"), labels), (value, text));
            };
            match expected {
                Expected::Integer(total) => put("", None, *total as f64, Some(total.to_string())),
                Expected::Nanos(total) => put("", None, *total as f64 / 1e9, None),
                Expected::Float(value) => put("", None, *value, None),
                Expected::Histogram { bounds, buckets, sum } => {
                    let mut count = 0;
                    let bounds = bounds.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
                    for (bound, bucket) in bounds.zip(buckets) {
                        count += bucket;
                        put("_bucket", Some(bound), count as f64, Some(count.to_string()));
                    }
                    put("_sum", None, *sum, None);
                    put("_count", None, count as f64, Some(count.to_string()));
                }
            }
        }
        samples
    }
}

const SIZES: &[f64] = &[1.0, 10.0, 100.0];
const SKEWS: &[f64] = &[-10.0, 0.0, 10.0];
const PAIR_SIZES: &[f64] = &[0.5, 2.0];

/// One registry, its handles and its twin.
struct World {
    registry: Registry,
    twin: Twin,
    floor: Floor,
    counters: Vec<Counter>,
    busy: DurationCounter,
    up_down: UpDownCounter,
    gauges: Family<Right<'static>, Gauge>,
    sizes: Histogram,
    skews: Histogram,
    pairs: Family<Pair<'static>, Counter>,
    reversed: Family<Reversed<'static>, Counter>,
    pair_sizes: Family<Pair<'static>, Histogram>,
    depths: Family<Partition, UpDownCounter>,
}

#[derive(LabelSet)]
struct Partition {
    partition: u32,
}

impl World {
    fn new() -> Result<Self, streamgauge::Error> {
        let registry = Registry::new();
        let scope = registry.scope("twin");
        let counter = |index: usize| scope.counter("events_total", "E.").label("stage", index.to_string()).register();
        let explicit = |bounds: &[f64]| Buckets::explicit(bounds.iter().copied());
        let world = Self {
            twin: Twin::default(),
            floor: Floor::default(),
            counters: (0..4).map(counter).collect::<Result<_, _>>()?,
            busy: scope.duration_counter("busy_seconds_total", "B.").register()?,
            up_down: scope.up_down_counter("in_flight", "I.").register()?,
            gauges: scope.gauge("level", "L.").family()?,
            sizes: scope.histogram("size", "S.").buckets(explicit(SIZES)).register()?,
            skews: scope.histogram("skew", "S.").buckets(explicit(SKEWS)).register()?,
            pairs: scope.counter("pairs_total", "P.").family()?,
            reversed: scope.counter("pairs_total", "P.").family()?,
            pair_sizes: scope.histogram("pair_size", "P.").buckets(explicit(PAIR_SIZES)).family()?,
            depths: scope.up_down_counter("depth", "D.").family()?,
            registry,
        };
        // What is registered is exposed, at zero.
        for index in 0..4 {
            world.twin.add(key("twin_events_total", &[("stage", &index.to_string())]), 0);
        }
        world.twin.update(key("twin_busy_seconds_total", &[]), Expected::Nanos(0), |_| ());
        world.twin.add(key("twin_in_flight", &[]), 0);
        world.twin.observe(key("twin_size", &[]), SIZES, 0.0, 0);
        world.twin.observe(key("twin_skew", &[]), SKEWS, 0.0, 0);
        Ok(world)
    }

    fn run(&self, thread: &str, ops: &[Op]) {
        let mut children = 0;
        for op in ops {
            match op {
                Op::Count(index, n) => {
                    self.counters[*index].add(*n);
                    self.twin.add(key("twin_events_total", &[("stage", &index.to_string())]), i128::from(*n));
                }
                Op::Busy(nanos) => {
                    self.busy.add(Duration::from_nanos(*nanos));
                    self.twin.update(key("twin_busy_seconds_total", &[]), Expected::Nanos(0), |expected| {
                        let Expected::Nanos(total) = expected else { unreachable!("one kind a name") };
                        *total += nanos;
                    });
                }
                Op::UpDown(n) => {
                    self.up_down.add(*n);
                    self.twin.add(key("twin_in_flight", &[]), i128::from(*n));
                }
                Op::Gauge(value) => {
                    // A gauge a thread: the last write is only known to its writer.
                    self.gauges.with(&Right { right: thread }, |gauge| gauge.set(*value));
                    let set = Expected::Float(*value);
                    self.twin.update(key("twin_level", &[("right", thread)]), set.clone(), |expected| *expected = set);
                }
                Op::Observe(value, n) => {
                    self.sizes.observe_n(*value, *n);
                    self.twin.observe(key("twin_size", &[]), SIZES, *value, *n);
                }
                Op::ObserveSigned(value, n) => {
                    self.skews.observe_n(*value, *n);
                    self.twin.observe(key("twin_skew", &[]), SKEWS, *value, *n);
                }
                Op::Pair(left, right, n, way) => {
                    self.count_pair(left, right, *n, *way);
                    self.twin.add(key("twin_pairs_total", &[("left", left), ("right", right)]), i128::from(*n));
                }
                Op::PairObserve(left, right, value) => {
                    self.pair_sizes.with(&Pair { left, right }, |sizes| sizes.observe(*value));
                    let key = key("twin_pair_size", &[("left", left), ("right", right)]);
                    self.twin.observe(key, PAIR_SIZES, *value, 1);
                }
                Op::Depth(partition, n) => {
                    self.depths.with(&Partition { partition: *partition }, |depth| depth.add(*n));
                    let key = key("twin_depth", &[("partition", &partition.to_string())]);
                    self.twin.add(key, i128::from(*n));
                }
                Op::Register(index, n) => {
                    let name = format!("twin_late_{index}_total");
                    self.registry.counter(&name, "Late.").register().expect("one declaration a name").add(*n);
                    self.twin.add(key(&name, &[]), i128::from(*n));
                }
                Op::Scrape => {
                    self.floor.scrape(&mut Scraper::new(&self.registry));
                }
                Op::Child(ops) => {
                    children += 1;
                    let name = format!("{thread}.{children}");
                    thread::scope(|scope| scope.spawn(|| self.run(&name, ops)).join().expect("the child runs through"));
                }
            }
        }
    }

    fn count_pair(&self, left: &str, right: &str, n: u64, way: Way) {
        match way {
            Way::With => self.pairs.with(&Pair { left, right }, |counter| counter.add(n)),
            Way::Handle => self.pairs.get_or_create(&Pair { left, right }).add(n),
            Way::Reversed => self.reversed.with(&Reversed { right, left }, |counter| counter.add(n)),
            Way::ConstantLabel => {
                let scope = self.registry.scope("twin").label("left", left);
                let rights: Family<Right<'static>, Counter> =
                    scope.counter("pairs_total", "P.").family().expect("the same declaration, split otherwise");
                rights.with(&Right { right }, |counter| counter.add(n));
            }
        }
    }

    /// Compares a scrape with the twin, sample for sample.
    fn compare(&self) -> Result<(), TestCaseError> {
        let parsed = scrape(&mut Scraper::new(&self.registry)).samples();
        let expected = self.twin.samples();
        let names = |keys: Vec<&Key>| format!("{keys:?}");
        prop_assert_eq!(names(parsed.keys().collect()), names(expected.keys().collect()));
        for (key, (value, text)) in &expected {
            let shown = &parsed[key];
            if let Some(text) = text {
                prop_assert_eq!(shown, text, "{:?}", key);
            }
            let read = text::float(shown).unwrap_or_else(|problem| panic!("{problem}"));
            prop_assert!(read == *value || (read.is_nan() && value.is_nan()), "{key:?} is {shown}, not {value}");
            let labels: Vec<_> = key.1.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let sampled = self.registry.sample_value(&key.0, &labels);
            prop_assert!(
                sampled.is_some_and(|sampled| sampled == *value || sampled.is_nan()),
                "{key:?} is read as {sampled:?}, not {value}"
            );
        }
        Ok(())
    }
}

fn run(program: &[Phase]) -> Result<(), TestCaseError> {
    let world = World::new().expect("the declarations are legal");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let scrapes = scope.spawn(|| {
            let mut scraper = Scraper::new(&world.registry);
            while !stop.load(Ordering::Relaxed) {
                world.floor.scrape(&mut scraper);
            }
        });
        let outcome = program.iter().enumerate().try_for_each(|(number, phase)| {
            let threads: Vec<_> = phase
                .iter()
                .enumerate()
                .map(|(index, ops)| (format!("{number}-{index}"), ops))
                .map(|(name, ops)| {
                    let world = &world;
                    scope.spawn(move || world.run(&name, ops))
                })
                .collect();
            for thread in threads {
                thread.join().expect("the thread runs through");
            }
            world.compare()
        });
        stop.store(true, Ordering::Relaxed);
        scrapes.join().expect("the scraper runs through");
        outcome
    })?;
    prop_assert_eq!(streamgauge::stats().internal_errors, 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if common::is_emulated() { 8 } else { 64 * stress() as u32 },
        // Threads make failures hard to replay, so shrinking gets a bound.
        max_shrink_iters: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn programs_equal_their_twins(program in program()) {
        run(&program)?;
    }
}
