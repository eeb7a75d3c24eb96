//! Checks of whole families.

use super::{
    Check, Finding, Linted, MetricType, OwnedFamily, OwnedSample, Severity, Syntax, Timestamp, histograms, number,
};
use std::collections::{HashMap, HashSet};

/// Labels in an order of their own, so that sets can be compared.
pub(super) type Set<'a> = Vec<(&'a str, &'a str)>;

/// Looks for what the grammar lets pass, in families of [`families`](super::families) in the order they came.
///
/// A body whose findings have no [`Severity::Error`] keeps to its format, as far as one body can show.
///
/// ```
/// use streamgauge::parse::{Check, Parser, Severity, Syntax, families, lint};
///
/// let body = b"# HELP d D.\n# TYPE d histogram\nd_bucket{le=\"1\"} 3\nd_bucket{le=\"+Inf\"} 2\nd_sum 1\nd_count 2\n";
/// let findings = lint(Syntax::Text, &families(Parser::text(body))?);
/// assert_eq!(findings.len(), 1);
/// assert_eq!((findings[0].check, findings[0].severity), (Check::BucketCounts, Severity::Error));
/// assert_eq!(findings[0].to_string(), "line 4: error: d: the bucket has a count of 2, but the one below has 3");
/// # Ok::<(), streamgauge::parse::Error>(())
/// ```
#[must_use]
pub fn lint(syntax: Syntax, families: &[OwnedFamily]) -> Vec<Finding> {
    lint_at_most(syntax, families, usize::MAX).findings
}

/// Looks as [`lint`] does, and keeps so many findings: for bodies of others, whose every line may have several.
///
/// ```
/// use streamgauge::parse::{Parser, Syntax, families, lint_at_most};
///
/// let linted = lint_at_most(Syntax::Text, &families(Parser::text(b"a 1\na 1\na 1\n"))?, 1);
/// assert_eq!((linted.findings.len(), linted.errors, linted.warnings), (1, 2, 2));
/// # Ok::<(), streamgauge::parse::Error>(())
/// ```
#[must_use]
pub fn lint_at_most(syntax: Syntax, families: &[OwnedFamily], most: usize) -> Linted {
    let mut findings = Linted::default();
    let torn = torn(families);
    for (place, family) in families.iter().enumerate() {
        let mut linter = Linter { syntax, family, findings: &mut findings, most };
        linter.metadata();
        linter.conventions();
        linter.series();
        for sample in &family.samples {
            linter.sample(sample);
        }
        if family.kind.has_buckets() {
            histograms::check(&mut linter);
        }
        if let Some(line) = torn.get(&place) {
            let message = "the family goes on behind samples of another, where one block is expected";
            linter.report(Severity::Warning, Check::InPieces, *line, message);
        }
    }
    findings
}

#[derive(Debug)]
pub(super) struct Linter<'a, 'f> {
    pub(super) syntax: Syntax,
    pub(super) family: &'a OwnedFamily,
    findings: &'f mut Linted,
    /// How many findings are kept.
    most: usize,
}

impl<'a> Linter<'a, '_> {
    pub(super) fn report(&mut self, severity: Severity, check: Check, line: u64, message: impl Into<String>) {
        let count = match severity {
            Severity::Error => &mut self.findings.errors,
            Severity::Warning => &mut self.findings.warnings,
        };
        *count += 1;
        if self.findings.findings.len() < self.most {
            let (family, message) = (self.family.name.clone(), message.into());
            self.findings.findings.push(Finding { severity, check, line, family, message });
        }
    }

    /// An error where the format is OpenMetrics, a warning in the laxer text format.
    fn strictly(&self) -> Severity {
        if self.syntax == Syntax::OpenMetrics { Severity::Error } else { Severity::Warning }
    }

    /// Returns what the sample's name has beyond the family's.
    pub(super) fn suffix(&self, sample: &'a OwnedSample) -> &'a str {
        sample.name.strip_prefix(&self.family.name).unwrap_or_default()
    }

    fn metadata(&mut self) {
        let family = self.family;
        if family.samples.is_empty() {
            let message = "has metadata, but no samples";
            return self.report(Severity::Warning, Check::NoSamples, family.line, message);
        }
        if family.kind == MetricType::Unknown {
            self.report(Severity::Warning, Check::MissingType, family.line, "has no type");
        }
        if family.help.as_deref().unwrap_or_default().is_empty() {
            self.report(Severity::Warning, Check::MissingHelp, family.line, "has no help text");
        }
        if self.syntax == Syntax::Text && family.kind != MetricType::Unknown {
            let is_counter = family.kind == MetricType::Counter;
            if family.name.ends_with("_total") != is_counter {
                let message =
                    if is_counter { "the name of a counter ends in _total" } else { "only counters end in _total" };
                self.report(Severity::Warning, Check::TotalSuffix, family.line, message);
            }
        }
    }

    /// Returns the labels of the metric that a sample is of: without those that tell its samples apart.
    pub(super) fn metric(&self, sample: &'a OwnedSample) -> Set<'a> {
        let suffix = self.suffix(sample);
        let own = match self.family.kind {
            // Which labels tell the metric and which its information cannot be seen.
            MetricType::Info if self.syntax == Syntax::OpenMetrics => return Set::new(),
            kind if kind.has_buckets() && suffix == "_bucket" => "le",
            MetricType::Summary if suffix.is_empty() => "quantile",
            MetricType::StateSet => self.family.name.as_str(),
            _ => "",
        };
        set(sample.labels.iter().filter(|(name, _)| name != own))
    }

    /// Checks that metrics are in one piece, their times in order, and no series there twice.
    fn series(&mut self) {
        let mut seen: HashMap<Set<'a>, u64> = HashMap::new();
        let mut series: HashSet<(&'a str, Set<'a>, Option<Timestamp>)> = HashSet::new();
        let mut last: Option<(Set<'a>, &'a OwnedSample)> = None;
        for sample in &self.family.samples {
            let metric = self.metric(sample);
            if let Some((_, before)) = last.as_ref().filter(|(known, _)| *known == metric) {
                self.times(before, sample);
            } else if let Some(line) = seen.insert(metric.clone(), sample.line) {
                let message = format!("the metric began on line {line}, and another stands between");
                self.report(self.strictly(), Check::InPieces, sample.line, message);
            }
            last = Some((metric, sample));
            if !series.insert((&sample.name, set(sample.labels.iter()), sample.timestamp)) {
                // Two times may differ by less than a nanosecond.
                let severity = if sample.timestamp.is_none() { Severity::Error } else { Severity::Warning };
                self.report(severity, Check::Duplicate, sample.line, "the series is there twice");
            }
        }
    }

    /// Checks the times of neighbours of one metric.
    fn times(&mut self, before: &OwnedSample, sample: &OwnedSample) {
        if self.syntax == Syntax::Text {
            return;
        }
        match (before.timestamp, sample.timestamp) {
            (Some(earlier), Some(later)) if later < earlier && self.family.kind != MetricType::Info => {
                let message = "the timestamp is before that of the sample above, of the same metric";
                self.report(Severity::Error, Check::Timestamps, sample.line, message);
            }
            (Some(_), None) | (None, Some(_)) => {
                let message = "only some samples of the metric have a timestamp";
                self.report(Severity::Error, Check::Timestamps, sample.line, message);
            }
            _ => {}
        }
    }

    fn sample(&mut self, sample: &'a OwnedSample) {
        let suffix = self.suffix(sample);
        let kind = self.family.kind;
        if kind == MetricType::Counter && (sample.value.is_nan() || sample.value < 0.0) && suffix != "_created" {
            let message = format!("the counter is {}, and counters are never below zero", sample.value);
            self.report(self.strictly(), Check::CounterValue, sample.line, message);
        }
        if kind.has_buckets() && suffix.is_empty() {
            let message = "the sample is neither a _bucket, nor the _sum or _count";
            self.report(Severity::Error, Check::Sample, sample.line, message);
        }
        if kind == MetricType::Summary && suffix.is_empty() {
            match sample.label("quantile").map(number::float) {
                Some(Ok(quantile)) if (0.0..=1.0).contains(&quantile) => {}
                Some(_) => {
                    self.report(Severity::Error, Check::Quantile, sample.line, "the quantile is not from 0 to 1");
                }
                None => self.report(Severity::Error, Check::Sample, sample.line, "the label quantile is missing"),
            }
        }
        if let (Some(exemplar), Some(Ok(bound))) = (&sample.exemplar, sample.label("le").map(number::float))
            && exemplar.value > bound
        {
            let message = format!("the exemplar {} is above the bucket, which ends at {bound}", exemplar.value);
            self.report(Severity::Warning, Check::Exemplar, sample.line, message);
        }
    }
}

/// Finds the families whose samples others interrupt, and where they first go on. OpenMetrics has none.
fn torn(families: &[OwnedFamily]) -> HashMap<usize, u64> {
    let lines = |(place, family): (usize, &OwnedFamily)| {
        let lines: Vec<_> = family.samples.iter().map(|sample| (sample.line, place)).collect();
        lines
    };
    let mut lines: Vec<(u64, usize)> = families.iter().enumerate().flat_map(lines).collect();
    lines.sort_unstable();
    let (mut begun, mut torn) = (HashSet::new(), HashMap::new());
    for run in lines.chunk_by(|(_, one), (_, other)| one == other) {
        let (line, place) = run[0];
        if !begun.insert(place) {
            torn.entry(place).or_insert(line);
        }
    }
    torn
}

/// Returns the labels as they tell series apart: in an order of their own, and without those that are empty, which to a
/// reader do not exist.
fn set<'a>(labels: impl Iterator<Item = &'a (String, String)>) -> Set<'a> {
    let given = labels.filter(|(_, value)| !value.is_empty());
    let mut set: Set<'a> = given.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    set.sort_unstable();
    set
}
