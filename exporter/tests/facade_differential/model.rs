//! What a program leaves behind, by the rules of the facade and of this recorder.

use crate::differences::{is_recorded, our_labels};
use crate::program::{BOUNDS, GLOBAL, Kind, Metric, Naming, Op, Program};
use metrics::Unit;
use metrics_exporter_prometheus::formatting::sanitize_metric_name;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Counter(u64),
    Gauge(f64),
    /// Values and how often each was recorded, as they came.
    Histogram(Vec<(f64, u64)>),
}

/// A family as the facade names it, legally.
pub(crate) type FamilyId = (Kind, String);
/// A series: family and labels.
pub(crate) type SeriesId = (FamilyId, Vec<(String, String)>);

pub(crate) type Description = (Option<Unit>, &'static str);

#[derive(Debug, Default)]
pub(crate) struct Model {
    /// By the keys as they were given, with sorted labels.
    pub(crate) raw: BTreeMap<SeriesId, Value>,
    /// By what this recorder makes of them.
    pub(crate) ours: BTreeMap<SeriesId, Value>,
    /// The names under which the families are exposed here.
    pub(crate) names: BTreeMap<FamilyId, String>,
    /// The first description of each legal name.
    pub(crate) descriptions: BTreeMap<String, Description>,
    /// Those that the stock recorder has, by its own rule.
    pub(crate) stock_descriptions: BTreeMap<String, Description>,
    /// Legal names that two names as they were given have.
    pub(crate) alike: BTreeSet<String>,
    given: BTreeMap<String, &'static str>,
}

impl Value {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Counter => Self::Counter(0),
            Kind::Gauge => Self::Gauge(0.0),
            Kind::Histogram => Self::Histogram(Vec::new()),
        }
    }

    fn apply(&mut self, op: &Op) {
        match (self, op) {
            (Self::Counter(total), Op::Add(_, amount, _)) => *total += amount,
            (Self::Counter(total), Op::Set(_, amount, _)) => *total = (*total).max(*amount),
            (Self::Gauge(value), Op::Add(_, amount, number)) if amount % 2 == 0 => *value += number,
            (Self::Gauge(value), Op::Add(_, _, number)) => *value -= number,
            (Self::Gauge(value), Op::Set(_, _, number)) => *value = *number,
            (Self::Histogram(values), Op::Add(_, _, number)) => values.push((*number, 1)),
            (Self::Histogram(values), Op::Set(_, amount, number)) => values.push((*number, *amount)),
            _ => {}
        }
    }

    /// Gives the parts of the samples that a family exposes of it: suffix, bound, value. `keeps` chooses the values that
    /// a histogram takes.
    pub(crate) fn samples(&self, keeps: impl Fn(f64) -> bool) -> Vec<(&'static str, Option<String>, f64)> {
        let values = match self {
            Self::Counter(total) => return vec![("", None, *total as f64)],
            Self::Gauge(value) => return vec![("", None, *value)],
            Self::Histogram(values) => values.iter().copied().filter(|(value, times)| *times > 0 && keeps(*value)),
        };
        let count = values.clone().map(|(_, times)| times as f64).sum();
        let sum = values.clone().map(|(value, times)| value * times as f64).sum::<f64>() + 0.0;
        let mut samples = Vec::new();
        for bound in BOUNDS {
            let below = values.clone().filter(|(value, _)| *value <= bound).map(|(_, times)| times as f64).sum();
            samples.push(("bucket", Some(bound.to_string()), below));
        }
        samples.extend([("bucket", Some("+Inf".to_owned()), count), ("sum", None, sum), ("count", None, count)]);
        samples
    }
}

impl Model {
    pub(crate) fn of(program: &Program) -> Self {
        let mut model = Self::default();
        let global = program.has_global.then_some(GLOBAL);
        let mut published = BTreeMap::new();
        for op in program.threads.iter().flatten() {
            if let Op::Scrape = op {
                published.clone_from(&model.stock_descriptions);
            }
            let (Op::Register(index) | Op::Add(index, ..) | Op::Set(index, ..) | Op::Describe(index, ..)) = op else {
                continue;
            };
            let metric = &program.metrics[*index];
            let legal = sanitize_metric_name(metric.name);
            if let Op::Describe(_, unit, help) = op {
                if !published.contains_key(&legal) {
                    model.stock_descriptions.insert(legal.clone(), (*unit, help));
                }
                model.describe(&legal, *unit, help, program.naming);
                continue;
            }
            if *model.given.entry(legal.clone()).or_insert(metric.name) != metric.name {
                model.alike.insert(legal.clone());
            }
            model.declare((metric.kind, legal.clone()), program.naming);
            let series = ((metric.kind, legal), our_labels(&metric.labels, global));
            model.ours.entry(series).or_insert_with(|| Value::new(metric.kind)).apply(op);
            model.raw.entry(raw_id(metric)).or_insert_with(|| Value::new(metric.kind)).apply(op);
        }
        model
    }

    /// Gives the name of a family of the stock recorder.
    pub(crate) fn stock_name(&self, (kind, legal): &FamilyId, naming: Naming) -> String {
        exposed_name(*kind, legal, self.stock_descriptions.get(legal).and_then(|(unit, _)| *unit), naming)
    }

    /// Gives the name of a family that is alone.
    pub(crate) fn plain_name(&self, (kind, legal): &FamilyId, naming: Naming) -> String {
        let unit = self.descriptions.get(legal).and_then(|(unit, _)| *unit);
        exposed_name(*kind, legal, unit, naming)
    }

    fn describe(&mut self, legal: &str, unit: Option<Unit>, help: &'static str, naming: Naming) {
        if self.descriptions.contains_key(legal) {
            return;
        }
        self.descriptions.insert(legal.to_owned(), (unit, help));
        for kind in [Kind::Counter, Kind::Gauge, Kind::Histogram] {
            let id = (kind, legal.to_owned());
            let (before, now) = (exposed_name(kind, legal, None, naming), exposed_name(kind, legal, unit, naming));
            if before != now && self.names.contains_key(&id) && self.is_free(&id, &now) {
                self.names.insert(id, now);
            }
        }
    }

    fn declare(&mut self, id: FamilyId, naming: Naming) {
        if self.names.contains_key(&id) {
            return;
        }
        let (kind, legal) = &id;
        let unit = self.descriptions.get(legal).and_then(|(unit, _)| *unit);
        let word = format!("{kind:?}").to_lowercase();
        let others = (1..9).map(|number| match number {
            1 => format!("{legal}_{word}"),
            _ => format!("{legal}_{word}_{number}"),
        });
        let candidates = std::iter::once(legal.clone()).chain(others);
        let mut names = candidates.map(|name| exposed_name(*kind, &name, unit, naming));
        let name = names.find(|name| self.is_free(&id, name)).expect("one of them is free");
        self.names.insert(id, name);
    }

    /// Tells whether no other family has one of the names that this one would expose.
    fn is_free(&self, id: &FamilyId, name: &str) -> bool {
        let wanted = exposes(id.0, name);
        self.names
            .iter()
            .filter(|(other, _)| *other != id)
            .all(|(other, name)| exposes(other.0, name).iter().all(|taken| !wanted.contains(taken)))
    }
}

/// Gives the names that a family has to itself: its own and those of its samples.
fn exposes(kind: Kind, name: &str) -> Vec<String> {
    let suffixes: &[&str] = match kind {
        Kind::Histogram => &["", "_bucket", "_sum", "_count", "_created"],
        Kind::Counter | Kind::Gauge => &[""],
    };
    suffixes.iter().map(|suffix| format!("{name}{suffix}")).collect()
}

/// Gives the identity of a metric as the facade has it: the order of its labels does not matter.
pub(crate) fn raw_id(metric: &Metric) -> SeriesId {
    let mut labels: Vec<_> =
        metric.labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    labels.sort();
    ((metric.kind, metric.name.to_owned()), labels)
}

/// Gives the name with its unit and suffix, as the documentation of both recorders says.
fn exposed_name(kind: Kind, legal: &str, unit: Option<Unit>, naming: Naming) -> String {
    let mut name = legal.to_owned();
    let word = match unit {
        Some(Unit::Seconds) => "seconds",
        Some(Unit::Bytes) => "bytes",
        Some(Unit::Percent) => "ratio",
        _ => "",
    };
    if naming != Naming::AsGiven && !word.is_empty() {
        let suffixes = ["_sum", "_count", "_bucket", "_total"];
        let suffix = suffixes.into_iter().find(|suffix| name.ends_with(suffix)).unwrap_or("");
        let base = &legal[..legal.len() - suffix.len()];
        if !base.ends_with(word) {
            name = format!("{base}_{word}{suffix}");
        }
    }
    if naming == Naming::Recommended && kind == Kind::Counter && !name.ends_with("total") {
        name.push_str("_total");
    }
    name
}

/// Gives the values that this recorder exposes.
pub(crate) fn our_samples(value: &Value) -> Vec<(&'static str, Option<String>, f64)> {
    value.samples(is_recorded)
}
