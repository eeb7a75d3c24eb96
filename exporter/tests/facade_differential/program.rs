//! Random programs of facade calls.

use metrics::{Key, Label, Level, Metadata, Recorder, Unit};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// Some look alike when they are legal, and come more often so that they meet; some end in what samples of histograms end in.
const NAMES: [&str; 22] = [
    "events",
    "http.requests",
    "http_requests",
    "http.requests",
    "http_requests",
    "http.requests",
    "http_requests",
    "rows_total",
    "size",
    "size_count",
    "size_total",
    "size_sum",
    "size_bucket",
    "size_counter",
    "size_seconds",
    "lag_sum",
    "account",
    "1st",
    "caf\u{e9}",
    "lap_seconds",
    "a b",
    "depth:now",
];
const LABELS: [&str; 8] = ["table", "a.b", "a_b", "le", "quantile", "__x", "1st", "c:d"];
const VALUES: [&str; 10] =
    ["orders", "", "a\\b", "a\\\\b", "say \"hi\"", "two\nlines", "\\", "\u{1f980}", "\\\"", "ends\\"];
/// Sums of these are exact in any order.
const NUMBERS: [f64; 14] =
    [0.0, -0.0, 0.25, 0.5, 1.0, 1.25, 2.5, 100.0, -0.25, -3.0, 1e7, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
const TEXTS: [&str; 6] = ["Plain.", "", "Two\nlines.", "A \\ and a \\\\.", "\"Quotes\".", "\u{20ac}"];
const UNITS: [Option<Unit>; 5] = [None, Some(Unit::Seconds), Some(Unit::Bytes), Some(Unit::Count), Some(Unit::Percent)];
/// The bounds of all histograms.
pub(crate) const BOUNDS: [f64; 3] = [0.25, 1.0, 2.5];
/// The label that every series has where a program says so.
pub(crate) const GLOBAL: (&str, &str) = ("table", "everywhere");

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

#[derive(Clone, Debug)]
pub(crate) struct Metric {
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
    /// Names differ from each other as they are given.
    pub(crate) labels: Vec<(&'static str, &'static str)>,
}

/// One call, on one of the metrics of a program.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Describe(usize, Option<Unit>, &'static str),
    Register(usize),
    /// Increments or adds once, or records.
    Add(usize, u64, f64),
    /// Sets, or raises, or records many times.
    Set(usize, u64, f64),
    Scrape,
}

#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) metrics: Vec<Metric>,
    /// Each is run by a thread of its own, one after the other.
    pub(crate) threads: Vec<Vec<Op>>,
    pub(crate) has_global: bool,
    pub(crate) naming: Naming,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Naming {
    AsGiven,
    Units,
    Recommended,
}

impl Metric {
    pub(crate) fn key(&self) -> Key {
        Key::from_parts(
            self.name,
            self.labels.iter().map(|(name, value)| Label::new(*name, *value)).collect::<Vec<_>>(),
        )
    }
}

/// Makes one call.
pub(crate) fn call(recorder: &dyn Recorder, metrics: &[Metric], op: &Op) {
    static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);
    let metric = match *op {
        Op::Describe(index, ..) | Op::Register(index) | Op::Add(index, ..) | Op::Set(index, ..) => &metrics[index],
        Op::Scrape => return,
    };
    let (key, name) = (metric.key(), metric.name);
    match (metric.kind, op) {
        (Kind::Counter, Op::Describe(_, unit, text)) => recorder.describe_counter(name.into(), *unit, (*text).into()),
        (Kind::Gauge, Op::Describe(_, unit, text)) => recorder.describe_gauge(name.into(), *unit, (*text).into()),
        (Kind::Histogram, Op::Describe(_, unit, text)) => {
            recorder.describe_histogram(name.into(), *unit, (*text).into());
        }
        (Kind::Counter, op) => {
            let counter = recorder.register_counter(&key, &METADATA);
            match op {
                Op::Add(_, amount, _) => counter.increment(*amount),
                Op::Set(_, amount, _) => counter.absolute(*amount),
                _ => {}
            }
        }
        (Kind::Gauge, op) => {
            let gauge = recorder.register_gauge(&key, &METADATA);
            match op {
                Op::Add(_, amount, number) if amount % 2 == 0 => gauge.increment(*number),
                Op::Add(_, _, number) => gauge.decrement(*number),
                Op::Set(_, _, number) => gauge.set(*number),
                _ => {}
            }
        }
        (Kind::Histogram, op) => {
            let histogram = recorder.register_histogram(&key, &METADATA);
            match op {
                Op::Add(_, _, number) => histogram.record(*number),
                Op::Set(_, amount, number) => histogram.record_many(*number, *amount as usize),
                _ => {}
            }
        }
    }
}

fn metrics() -> impl Strategy<Value = Metric> {
    let labels = subsequence(LABELS.to_vec(), 0..=3).prop_shuffle();
    let kinds = select(vec![Kind::Counter, Kind::Gauge, Kind::Histogram]);
    let values = proptest::collection::vec(prop_oneof![2 => Just("orders"), 1 => select(VALUES.to_vec())], 3);
    (kinds, select(NAMES.to_vec()), labels, values, any::<bool>()).prop_map(
        |(kind, name, mut labels, values, is_bare)| {
            if is_bare {
                labels.clear();
            }
            // Which of two that look alike counts depends on their order, which the facade's keys do not tell apart; see
            // `the_order_of_labels_that_look_alike`.
            if labels.contains(&"a.b") && labels.contains(&"a_b") {
                labels.sort_unstable();
            }
            Metric { kind, name, labels: labels.into_iter().zip(values).collect() }
        },
    )
}

fn ops(metrics: usize) -> impl Strategy<Value = Op> {
    // Most numbers are those that every histogram takes.
    let numbers = || prop_oneof![7 => select(NUMBERS[2..8].to_vec()), 1 => select(NUMBERS.to_vec())];
    let amounts = || prop_oneof![1 => Just(0), 5 => 0..100_u64];
    prop_oneof![
        3 => (0..metrics, select(UNITS.to_vec()), select(TEXTS.to_vec())).prop_map(|(m, u, t)| Op::Describe(m, u, t)),
        1 => (0..metrics).prop_map(Op::Register),
        8 => (0..metrics, amounts(), numbers()).prop_map(|(m, a, n)| Op::Add(m, a, n)),
        5 => (0..metrics, amounts(), numbers()).prop_map(|(m, a, n)| Op::Set(m, a, n)),
        1 => Just(Op::Scrape),
    ]
}

pub(crate) fn programs() -> impl Strategy<Value = Program> {
    let naming = prop_oneof![2 => Just(Naming::AsGiven), 1 => Just(Naming::Units), 1 => Just(Naming::Recommended)];
    let metrics = proptest::collection::vec(metrics(), 1..13);
    (metrics, any::<bool>(), naming).prop_flat_map(|(mut metrics, has_global, naming)| {
        if naming == Naming::Recommended {
            // Counters `size` and `size_total` would be one family here, whose description is that of either.
            metrics.retain(|metric| metric.name != "size_total");
            metrics.push(Metric { kind: Kind::Gauge, name: "size", labels: Vec::new() });
        }
        let thread = proptest::collection::vec(ops(metrics.len()), 0..30);
        proptest::collection::vec(thread, 1..4).prop_map(move |threads| Program {
            metrics: metrics.clone(),
            threads,
            has_global,
            naming,
        })
    })
}
