//! Random programs of registrations and records; the body of a scrape, read back, is what a map says.

use crate::program::{Kind, Step};
use crate::{scrape, text};
use arbitrary::Arbitrary;
use std::collections::{BTreeMap, HashMap};
use streamgauge::{Buckets, Registry};

/// Declarations, and records into what was accepted.
#[derive(Arbitrary, Debug)]
pub struct Program {
    /// Each with whether it records on a thread of its own, which is born for it.
    #[arbitrary(with = crate::many)]
    steps: Vec<(Step, bool)>,
}

const BOUNDS: &[f64] = &[-1.5, 0.0, 1e-7, 2.0, 1e6];

/// What the map knows of a series.
#[derive(Debug)]
enum Expected {
    Counter(u64),
    Nanos(u64),
    Gauge(f64),
    Callback(f64),
    UpDown(i64),
    /// Buckets, the sum, and the sum of absolute values, which bounds the rounding of any order.
    Histogram([u64; BOUNDS.len() + 1], f64, f64),
}

impl Step {
    /// Returns whether the map knows what the step does.
    fn is_known(&self) -> bool {
        self.has_classic_names() && !matches!(self.kind, Kind::Summary | Kind::Info | Kind::StateSet)
    }

    /// Tells whether all names are of the classic data model, which readers see as they are.
    fn has_classic_names(&self) -> bool {
        let is_classic = |name: &str, colon: bool| {
            let start = |char: char| char.is_ascii_alphabetic() || char == '_' || (colon && char == ':');
            name.starts_with(start) && name.chars().all(|char| start(char) || char.is_ascii_digit())
        };
        is_classic(&self.name, true) && self.labels.iter().all(|(name, _)| is_classic(name, false))
    }

    /// Gives what the series is before the first record.
    fn fresh(&self) -> Expected {
        match self.kind {
            Kind::Counter => Expected::Counter(0),
            Kind::DurationCounter => Expected::Nanos(0),
            Kind::Gauge => Expected::Gauge(0.0),
            Kind::Callback => Expected::Callback(self.value()),
            Kind::UpDownCounter => Expected::UpDown(0),
            Kind::Histogram => Expected::Histogram([0; BOUNDS.len() + 1], 0.0, 0.0),
            other => panic!("the map has no {other:?}"),
        }
    }

    /// Does to the map what `record` does to the engine.
    fn expect(&self, expected: &mut Expected) {
        let n = u64::from(self.times);
        match (self.kind, expected) {
            (Kind::Counter, Expected::Counter(total)) => *total = total.wrapping_add(self.bits),
            // One addition is of 292 years at most.
            (Kind::DurationCounter, Expected::Nanos(total)) => {
                *total = total.wrapping_add(self.bits.min(i64::MAX as u64));
            }
            (Kind::Gauge, Expected::Gauge(value)) => *value = self.value(),
            (Kind::Callback, Expected::Callback(_)) => {}
            (Kind::UpDownCounter, Expected::UpDown(depth)) => *depth = depth.wrapping_add(self.bits.cast_signed()),
            (Kind::Histogram, Expected::Histogram(buckets, sum, magnitude)) => {
                let value = self.value();
                if value.is_finite() {
                    buckets[BOUNDS.iter().position(|bound| value <= *bound).unwrap_or(BOUNDS.len())] += n;
                    *sum += value * n as f64;
                    *magnitude += (value * n as f64).abs();
                }
            }
            (kind, expected) => panic!("a {kind:?} was accepted for {expected:?}"),
        }
    }
}

/// Runs the program and compares. Gives the number of series.
///
/// # Panics
/// Where the engine and the map differ.
pub fn check(program: &Program) -> usize {
    let registry = Registry::new();
    let mut expected: HashMap<text::Key, Expected> = HashMap::new();
    let mut helps: HashMap<String, String> = HashMap::new();
    for (step, elsewhere) in &program.steps {
        // What other names become, and the other kinds, is the business of another target.
        if !step.is_known() {
            continue;
        }
        let Ok(handle) = step.declare(&registry, Buckets::explicit(BOUNDS.iter().copied())) else { continue };
        let labels: BTreeMap<_, _> = step.labels.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        assert_eq!(labels.len(), step.labels.len(), "a label given twice was accepted");
        let help = helps.entry(step.name.clone()).or_insert_with(|| step.help.clone());
        assert_eq!(*help, step.help, "another help text was accepted");
        let key = (step.name.clone(), labels);
        if step.kind == Kind::Callback {
            assert!(!expected.contains_key(&key), "a second source was accepted for {key:?}");
        }
        if *elsewhere {
            std::thread::scope(|scope| {
                let recorder = scope.spawn(|| step.record(&handle, step.times.into()));
                recorder.join().expect("recording does not panic");
            });
        } else {
            step.record(&handle, step.times.into());
        }
        step.expect(expected.entry(key).or_insert_with(|| step.fresh()));
    }
    compare(&registry, &expected);
    for (name, family) in scrape(&registry).families {
        assert_eq!(family.help, helps[&name]);
    }
    expected.len()
}

fn compare(registry: &Registry, expected: &HashMap<text::Key, Expected>) {
    let parsed = scrape(registry);
    assert_eq!(parsed.series(), expected.len());
    for ((name, labels), expected) in expected {
        let labels: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let text = |suffix: &str, labels: &[(&str, &str)]| {
            let sample = format!("{name}{suffix}");
            parsed.get(&sample, labels).unwrap_or_else(|| panic!("no sample {sample} {labels:?}")).to_owned()
        };
        let float = |suffix: &str| text::float(&text(suffix, &labels)).unwrap_or_else(|problem| panic!("{problem}"));
        match expected {
            Expected::Counter(total) => assert_eq!(text("", &labels), total.to_string()),
            Expected::Nanos(nanos) => assert_eq!(float(""), *nanos as f64 / 1e9),
            Expected::Gauge(value) | Expected::Callback(value) => {
                let shown = float("");
                assert!(shown == *value || (shown.is_nan() && value.is_nan()), "{shown} for {value}");
            }
            Expected::UpDown(depth) => assert_eq!(text("", &labels), depth.to_string()),
            Expected::Histogram(buckets, sum, magnitude) => {
                let mut below = 0;
                let bounds = ["-1.5", "0", "1e-07", "2", "1e+06", "+Inf"];
                for (bound, bucket) in bounds.iter().zip(buckets) {
                    below += bucket;
                    let labels = [&[("le", *bound)], &*labels].concat();
                    assert_eq!(text("_bucket", &labels), below.to_string());
                }
                assert_eq!(text("_count", &labels), below.to_string());
                // Threads' partial sums are added in another order; beyond all floats there is nothing to compare.
                let off = (float("_sum") - sum).abs();
                assert!(magnitude.is_infinite() || off <= 1e-9 * magnitude, "the sum {sum} is off by {off}");
            }
        }
    }
}
