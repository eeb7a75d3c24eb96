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
    /// The last description of each legal name before a scrape has shown one.
    pub(crate) descriptions: BTreeMap<String, Description>,
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
        let (mut published, mut families) = (BTreeMap::new(), BTreeSet::new());
        for op in program.threads.iter().flatten() {
            if let Op::Scrape = op {
                published.clone_from(&model.descriptions);
            }
            let (Op::Register(index) | Op::Add(index, ..) | Op::Set(index, ..) | Op::Describe(index, ..)) = op else {
                continue;
            };
            let metric = &program.metrics[*index];
            let legal = sanitize_metric_name(metric.name);
            if let Op::Describe(_, unit, help) = op {
                if !published.contains_key(&legal) {
                    model.descriptions.insert(legal, (*unit, help));
                }
                continue;
            }
            if *model.given.entry(legal.clone()).or_insert(metric.name) != metric.name {
                model.alike.insert(legal.clone());
            }
            families.insert((metric.kind, legal.clone()));
            let series = ((metric.kind, legal), our_labels(&metric.labels, global));
            model.ours.entry(series).or_insert_with(|| Value::new(metric.kind)).apply(op);
            model.raw.entry(raw_id(metric)).or_insert_with(|| Value::new(metric.kind)).apply(op);
        }
        model.name(&families, program.naming);
        model
    }

    /// Gives the name of a family that is alone, as the stock recorder has it in any case.
    pub(crate) fn plain_name(&self, (kind, legal): &FamilyId, naming: Naming) -> String {
        let unit = self.descriptions.get(legal).and_then(|(unit, _)| *unit);
        exposed_name(*kind, legal, unit, naming)
    }

    /// Names all families: in the order of kinds and names each by the name it should have, if that is free, then those
    /// that are left by another one.
    fn name(&mut self, families: &BTreeSet<FamilyId>, naming: Naming) {
        let mut taken = BTreeSet::new();
        let mut take = |kind: Kind, name: &str| {
            let names = exposes(kind, name);
            let is_free = names.iter().all(|name| !taken.contains(name));
            if is_free {
                taken.extend(names);
            }
            is_free
        };
        let mut turns: Vec<_> = families
            .iter()
            .map(|id| {
                let (name, declared) = (self.plain_name(id, naming), exposed_name(id.0, &id.1, None, naming));
                let rank = [Kind::Histogram, Kind::Counter, Kind::Gauge].iter().position(|kind| *kind == id.0);
                (rank, name != declared, name, id)
            })
            .collect();
        turns.sort();
        let (named, left): (Vec<_>, Vec<_>) = turns.into_iter().partition(|(_, _, name, id)| take(id.0, name));
        self.names.extend(named.into_iter().map(|(_, _, name, id)| (id.clone(), name)));
        for (_, _, name, id) in left {
            let unit = self.descriptions.get(&id.1).and_then(|(unit, _)| *unit).filter(|_| naming != Naming::AsGiven);
            let unit = format!("_{}", unit_word(unit));
            let total = if id.0 == Kind::Counter && name.ends_with("_total") { "_total" } else { "" };
            let stem = &name[..name.len() - total.len()];
            let stem = stem.strip_suffix(&unit).filter(|_| unit.len() > 1).unwrap_or(stem);
            let (suffix, word) = (&name[stem.len()..], format!("{:?}", id.0).to_lowercase());
            let others = (2..20).map(|number| format!("{stem}_{word}_{number}{suffix}"));
            let mut others = std::iter::once(format!("{stem}_{word}{suffix}")).chain(others);
            let name = others.find(|name| take(id.0, name)).expect("one of them is free");
            self.names.insert(id.clone(), name);
        }
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

fn unit_word(unit: Option<Unit>) -> &'static str {
    match unit {
        Some(Unit::Seconds) => "seconds",
        Some(Unit::Bytes) => "bytes",
        Some(Unit::Percent) => "ratio",
        _ => "",
    }
}

/// Gives the name with its unit and suffix, as the documentation of both recorders says.
fn exposed_name(kind: Kind, legal: &str, unit: Option<Unit>, naming: Naming) -> String {
    let mut name = legal.to_owned();
    let word = unit_word(unit);
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
