//! The declarations and records that programs of more than one target are made of.

use arbitrary::{Arbitrary, Result as Made, Unstructured};
use std::time::Duration;
use streamgauge::{
    Buckets, Counter, DurationCounter, Error, Gauge, Histogram, Registry, Scope, StateSet, Summary, Unit, UpDownCounter,
};

/// A declaration, and what is recorded where it is accepted.
#[derive(Arbitrary, Debug)]
pub(crate) struct Step {
    pub(crate) kind: Kind,
    #[arbitrary(with = name)]
    pub(crate) name: String,
    #[arbitrary(with = help)]
    pub(crate) help: String,
    #[arbitrary(with = unit)]
    unit: Option<Unit>,
    #[arbitrary(with = mostly)]
    verbatim: bool,
    #[arbitrary(with = labels)]
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) states: Vec<String>,
    /// Bounds of buckets, or quantiles.
    numbers: Vec<i16>,
    pub(crate) bits: u64,
    pub(crate) times: u8,
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Counter,
    DurationCounter,
    Gauge,
    Callback,
    UpDownCounter,
    Histogram,
    Summary,
    Info,
    StateSet,
}

/// What a declaration gives.
#[derive(Debug)]
pub(crate) enum Handle {
    Counter(Counter),
    DurationCounter(DurationCounter),
    Gauge(Gauge),
    UpDownCounter(UpDownCounter),
    Histogram(Histogram),
    Summary(Summary),
    StateSet(StateSet),
    /// Of a kind that nothing is recorded into.
    Nothing,
}

/// Makes one of a few texts, or, one time of `rarely`, any.
fn known_or_any(u: &mut Unstructured<'_>, known: &[&str], rarely: u8) -> Made<String> {
    if u.ratio(1, rarely)? { u.arbitrary() } else { Ok((*u.choose(known)?).to_owned()) }
}

/// Names that meet each other, and each other's samples; any text is a name, too.
fn name(u: &mut Unstructured<'_>) -> Made<String> {
    let known = [
        "size",
        "size_count",
        "size_sum",
        "size_total",
        "work_seconds_total",
        "events_total",
        "lag_seconds",
        "depth",
        "a:b",
        "bytes",
        "build",
        "phase",
        "http.sizes",
    ];
    known_or_any(u, &known, 6)
}

fn help(u: &mut Unstructured<'_>) -> Made<String> {
    known_or_any(u, &["Help."], 8)
}

fn labels(u: &mut Unstructured<'_>) -> Made<Vec<(String, String)>> {
    let known = ["a", "b", "c", "a_b", "le", "__x", "a:b", "http.method"];
    let mut labels = Vec::new();
    while u.ratio(2, 3)? && labels.len() < 8 {
        labels.push((known_or_any(u, &known, 10)?, u.arbitrary()?));
    }
    Ok(labels)
}

/// Makes no unit, where a name has none, or one that the name ends in only if it so happens.
fn unit(u: &mut Unstructured<'_>) -> Made<Option<Unit>> {
    Ok(*u.choose(&[None, None, None, None, None, None, Some(Unit::Seconds), Some(Unit::Bytes)])?)
}

fn mostly(u: &mut Unstructured<'_>) -> Made<bool> {
    u.ratio(3, 4)
}

impl Step {
    pub(crate) fn value(&self) -> f64 {
        f64::from_bits(self.bits)
    }

    /// Returns buckets of the step's own numbers.
    pub(crate) fn buckets(&self) -> Buckets {
        let mut bounds = self.numbers.clone();
        bounds.sort_unstable();
        bounds.dedup();
        Buckets::explicit(bounds.into_iter().map(|bound| f64::from(bound) / 16.0))
    }

    fn quantiles(&self) -> Vec<f64> {
        let mut quantiles: Vec<f64> = self.numbers.iter().map(|number| f64::from(*number).abs() / 32_768.0).collect();
        quantiles.sort_unstable_by(f64::total_cmp);
        quantiles.dedup();
        quantiles
    }

    /// Declares the metric; a histogram with these buckets.
    pub(crate) fn declare(&self, registry: &Registry, buckets: Buckets) -> Result<Handle, Error> {
        let scope = self.labels.iter().fold(Scope::clone(registry), |scope, (name, value)| scope.label(name, value));
        let (name, help) = (&*self.name, &*self.help);
        macro_rules! common {
            ($builder:expr) => {{
                let builder = match self.unit {
                    Some(unit) => $builder.unit(unit),
                    None => $builder,
                };
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
                Handle::Nothing
            }
            Kind::UpDownCounter => Handle::UpDownCounter(common!(scope.up_down_counter(name, help)).register()?),
            Kind::Histogram => Handle::Histogram(common!(scope.histogram(name, help)).buckets(buckets).register()?),
            Kind::Summary => {
                Handle::Summary(common!(scope.summary(name, help)).quantiles(&self.quantiles()).register()?)
            }
            Kind::Info => {
                drop(scope.info(name, help).register()?);
                Handle::Nothing
            }
            Kind::StateSet => Handle::StateSet(scope.state_set(name, help).states(self.states.iter()).register()?),
        })
    }

    /// Records what the step says; observations `n` times.
    pub(crate) fn record(&self, handle: &Handle, n: u64) {
        match handle {
            Handle::Counter(counter) => counter.add(self.bits),
            Handle::DurationCounter(counter) => counter.add(Duration::from_nanos(self.bits)),
            Handle::Gauge(gauge) => gauge.set(self.value()),
            Handle::UpDownCounter(counter) => counter.add(self.bits.cast_signed()),
            Handle::Histogram(histogram) => histogram.observe_n(self.value(), n),
            Handle::Summary(summary) => summary.observe_n(self.value(), n),
            Handle::StateSet(set) => {
                set.set(&self.states[usize::from(self.times) % self.states.len()]);
            }
            Handle::Nothing => {}
        }
    }
}
