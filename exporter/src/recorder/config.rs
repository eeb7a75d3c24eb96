//! The settings of a recorder.

use std::borrow::Cow;
use std::time::Duration;

use streamgauge::Buckets;
use streamgauge::bridge::PreferredName;

use super::kind::{Kind, MetricKindMask};
use super::matcher::Overrides;
use super::naming::{UnitName, add_total, add_unit};

/// Bounds of histograms for which none are set: latencies in seconds and in milliseconds fall inside, and the default
/// bounds of the Prometheus libraries are among them.
const DEFAULT_BUCKETS: [f64; 25] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0,
    100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0, 10_000.0,
];

/// How a histogram is exposed.
#[derive(Clone, Debug)]
pub(super) enum Observations {
    Buckets(Buckets),
    Quantiles(Vec<f64>),
}

#[derive(Clone, Debug)]
pub(super) struct Config {
    /// Of all histograms; `None` where nothing was said.
    pub(super) buckets: Option<Buckets>,
    /// For the histograms with bounds or quantiles of their own.
    pub(super) overrides: Overrides<Observations>,
    /// Of all histograms without bounds; `None` where those are not to be summaries.
    pub(super) quantiles: Option<Vec<f64>>,
    /// Of summaries: the width of a slice, and their number.
    pub(super) window: (Duration, u32),
    /// Legal names, each once.
    pub(super) global_labels: Vec<(String, String)>,
    pub(super) idle: Option<(MetricKindMask, Duration)>,
    pub(super) unit_suffixes: bool,
    pub(super) recommended_naming: bool,
    pub(super) series_limit: Option<usize>,
    pub(super) value_limit: Option<usize>,
    pub(super) name_limit: usize,
}

/// The name that a metric wishes for, and where in it the unit and `_total` begin.
#[derive(Debug)]
pub(super) struct WishedName {
    pub(super) name: String,
    stem: usize,
}

impl WishedName {
    pub(super) fn of(&self, kind: Kind) -> PreferredName<'_> {
        let (stem, suffix) = self.name.split_at(self.stem);
        PreferredName { stem, suffix, word: kind.as_str(), rank: kind.rank() }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            buckets: None,
            overrides: Overrides::default(),
            quantiles: None,
            window: (Duration::from_secs(20), 3),
            global_labels: Vec::new(),
            idle: None,
            unit_suffixes: false,
            recommended_naming: false,
            series_limit: None,
            value_limit: None,
            name_limit: 10_000,
        }
    }
}

impl Config {
    /// Returns the kinds that have an idle timeout.
    pub(super) fn idle_kinds(&self) -> MetricKindMask {
        self.idle.map_or(MetricKindMask::NONE, |(mask, _)| mask)
    }

    pub(super) fn idle_timeout(&self, kind: Kind) -> Option<Duration> {
        self.idle.filter(|(mask, _)| mask.contains(kind.mask())).map(|(_, timeout)| timeout)
    }

    /// Returns how the histogram with this legal name is exposed.
    pub(super) fn observations(&self, name: &str) -> Observations {
        if let Some(own) = self.overrides.find(name) {
            return own.clone();
        }
        match (&self.buckets, &self.quantiles) {
            (Some(buckets), _) => Observations::Buckets(buckets.clone()),
            (None, Some(quantiles)) => Observations::Quantiles(quantiles.clone()),
            (None, None) => Observations::Buckets(Buckets::explicit(DEFAULT_BUCKETS)),
        }
    }

    /// Returns the other legal name that `_total` makes the same as this one: of `rows` that is `rows_total`, and the
    /// other way round.
    pub(super) fn twin_of<'n>(&self, kind: Kind, legal: &'n str) -> Option<Cow<'n, str>> {
        if !self.recommended_naming || kind != Kind::Counter {
            return None;
        }
        match legal.strip_suffix("_total") {
            Some(stem) => Some(Cow::Borrowed(stem)),
            None => Some(Cow::Owned(self.exposed_name(kind, legal, None))).filter(|total| **total != *legal),
        }
    }

    /// Returns the name that a metric wishes for.
    pub(super) fn preferred_name(&self, kind: Kind, legal: &str, unit: Option<UnitName>) -> WishedName {
        let name = self.exposed_name(kind, legal, unit);
        let unit = unit.filter(|_| self.unit_suffixes || self.recommended_naming);
        let mut stem = name.strip_suffix("_total").filter(|_| kind == Kind::Counter).unwrap_or(&name);
        if let Some(before) = unit.and_then(|unit| stem.strip_suffix(unit.0)) {
            stem = before.strip_suffix('_').unwrap_or(stem);
        }
        // A name that is nothing but suffixes has none.
        let stem = if stem.is_empty() { name.len() } else { stem.len() };
        WishedName { name, stem }
    }

    /// Returns the name under which a metric is exposed, if it is free.
    pub(super) fn exposed_name(&self, kind: Kind, legal: &str, unit: Option<UnitName>) -> String {
        let mut name = legal.to_owned();
        if let Some(unit) = unit.filter(|_| self.unit_suffixes || self.recommended_naming) {
            add_unit(&mut name, unit.0);
        }
        if self.recommended_naming && kind == Kind::Counter {
            add_total(&mut name);
        }
        name
    }
}
