//! Random programs of registrations and records; the body of a scrape, read back, is what a map says.

use crate::{scrape, text};
use arbitrary::{Arbitrary, Result, Unstructured};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use streamgauge::{Buckets, Counter, DurationCounter, Error, Gauge, Histogram, Registry, Scope, Unit, UpDownCounter};

/// Declarations, and records into what was accepted.
#[derive(Arbitrary, Debug)]
pub struct Program {
    #[arbitrary(with = crate::many)]
    steps: Vec<Step>,
}

#[derive(Arbitrary, Debug)]
struct Step {
    kind: Kind,
    name: Name,
    help: Help,
    unit: StatedUnit,
    verbatim: bool,
    labels: Vec<(LabelName, String)>,
    bits: u64,
    times: u8,
    /// On a thread of its own, which is born for it.
    elsewhere: bool,
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Kind {
    Counter,
    DurationCounter,
    Gauge,
    Callback,
    UpDownCounter,
    Histogram,
}

#[derive(Debug)]
struct Name(String);

impl<'a> Arbitrary<'a> for Name {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        // Names that meet each other, and each other's samples.
        let known = [
            "size",
            "size_count",
            "size_sum",
            "size_total",
            "work_seconds_total",
            "lag_seconds",
            "depth",
            "a:b",
            "bytes",
        ];
        Ok(Self(if u.ratio(7, 8)? { (*u.choose(&known)?).to_owned() } else { u.arbitrary()? }))
    }
}

#[derive(Debug)]
struct StatedUnit(Option<Unit>);

impl<'a> Arbitrary<'a> for StatedUnit {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        // Most names have none.
        Ok(Self(*u.choose(&[None, None, None, None, None, None, Some(Unit::Seconds), Some(Unit::Bytes)])?))
    }
}

#[derive(Debug)]
struct Help(String);

impl<'a> Arbitrary<'a> for Help {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self(if u.ratio(7, 8)? { "Help.".to_owned() } else { u.arbitrary()? }))
    }
}

#[derive(Debug)]
struct LabelName(String);

impl<'a> Arbitrary<'a> for LabelName {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let known = ["a", "b", "c", "a_b", "le", "__x", "a:b"];
        Ok(Self(if u.ratio(9, 10)? { (*u.choose(&known)?).to_owned() } else { u.arbitrary()? }))
    }
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

#[derive(Debug)]
enum Handle {
    Counter(Counter),
    DurationCounter(DurationCounter),
    Gauge(Gauge),
    Callback,
    UpDownCounter(UpDownCounter),
    Histogram(Histogram),
}

impl Step {
    fn value(&self) -> f64 {
        f64::from_bits(self.bits)
    }

    /// Tells whether all names are of the classic data model, which readers see as they are.
    fn has_classic_names(&self) -> bool {
        let is_classic = |name: &str, colon: bool| {
            let start = |char: char| char.is_ascii_alphabetic() || char == '_' || (colon && char == ':');
            name.starts_with(start) && name.chars().all(|char| start(char) || char.is_ascii_digit())
        };
        is_classic(&self.name.0, true) && self.labels.iter().all(|(name, _)| is_classic(&name.0, false))
    }

    fn declare(&self, registry: &Registry) -> Result<Handle, Error> {
        let scope = self.labels.iter().fold(Scope::clone(registry), |scope, (name, value)| scope.label(&name.0, value));
        let (name, help) = (&*self.name.0, &*self.help.0);
        macro_rules! common {
            ($builder:expr) => {{
                let mut builder = $builder;
                if let Some(unit) = self.unit.0 {
                    builder = builder.unit(unit);
                }
                if self.verbatim { builder.verbatim() } else { builder }
            }};
        }
        Ok(match self.kind {
            Kind::Counter => Handle::Counter(common!(scope.counter(name, help)).register()?),
            Kind::DurationCounter => Handle::DurationCounter(common!(scope.duration_counter(name, help)).register()?),
            Kind::Gauge => Handle::Gauge(common!(scope.gauge(name, help)).register()?),
            Kind::Callback => {
                let value = self.value();
                common!(scope.gauge(name, help)).callback(move || value)?;
                Handle::Callback
            }
            Kind::UpDownCounter => Handle::UpDownCounter(common!(scope.up_down_counter(name, help)).register()?),
            Kind::Histogram => {
                let buckets = Buckets::explicit(BOUNDS.iter().copied());
                Handle::Histogram(common!(scope.histogram(name, help)).buckets(buckets).register()?)
            }
        })
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
        }
    }

    fn record(&self, handle: &Handle) {
        let n = u64::from(self.times);
        match handle {
            Handle::Counter(counter) => counter.add(self.bits),
            Handle::DurationCounter(counter) => counter.add(Duration::from_nanos(self.bits)),
            Handle::Gauge(gauge) => gauge.set(self.value()),
            Handle::Callback => {}
            Handle::UpDownCounter(counter) => counter.add(self.bits.cast_signed()),
            Handle::Histogram(histogram) => histogram.observe_n(self.value(), n),
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
    for step in &program.steps {
        // What other names become is the business of another target.
        if !step.has_classic_names() {
            continue;
        }
        let Ok(handle) = step.declare(&registry) else { continue };
        let labels: BTreeMap<_, _> = step.labels.iter().map(|(name, value)| (name.0.clone(), value.clone())).collect();
        assert_eq!(labels.len(), step.labels.len(), "a label given twice was accepted");
        let help = helps.entry(step.name.0.clone()).or_insert_with(|| step.help.0.clone());
        assert_eq!(*help, step.help.0, "another help text was accepted");
        let key = (step.name.0.clone(), labels);
        if step.kind == Kind::Callback {
            assert!(!expected.contains_key(&key), "a second source was accepted for {key:?}");
        }
        if step.elsewhere {
            std::thread::scope(|scope| {
                let recorder = scope.spawn(|| step.record(&handle));
                recorder.join().expect("recording does not panic");
            });
        } else {
            step.record(&handle);
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
