//! Reading one sample back, for tests and health checks.

use super::SampleError;
use super::value::{ValueScratch, one};
use crate::catch::catch_drop;
use crate::cells::{Pass, PassScratch, Pin};
use crate::encode::MetricValue;
use crate::kind::Kind;
use crate::registry::collect::{Collected, Ended, Registered};
use crate::registry::desc::Desc;
use crate::registry::registry::Registry;
use crate::registry::store::{Labels, RowRef, Storage, not_nested};

/// Which of a family's samples is asked for.
enum Part<'a> {
    Value,
    Sum,
    Count,
    /// With the bound.
    Bucket(&'a str),
    /// With the quantile.
    Quantile(&'a str),
    /// With the state.
    State(&'a str),
}

impl Registry {
    /// Reads the value of one sample as a scrape would expose it: `name` is the sample's full name, with
    /// `_sum`, `_count` or `_bucket` for a histogram, and `labels` its full label set in any order, with `le`
    /// for a bucket and `quantile` for a quantile. `None` where there is no such sample, or its family is
    /// [off](crate::Level).
    ///
    /// Cold: walks the family, merges the slabs, allocates. A callback or a
    /// collector is run, unless this is called by one.
    ///
    /// ```
    /// let registry = streamgauge::Registry::new();
    /// let size = registry.histogram("batch_events", "Events a batch.").register()?;
    /// size.observe(3.0);
    /// assert_eq!(registry.sample_value("batch_events_bucket", &[("le", "5")]), Some(1.0));
    /// assert_eq!(registry.sample_value("batch_events_bucket", &[("le", "+Inf")]), Some(1.0));
    /// assert_eq!(registry.sample_value("batch_events_sum", &[]), Some(3.0));
    /// assert_eq!(registry.sample_value("batch_events_sum", &[("table", "orders")]), None);
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    #[must_use]
    pub fn sample_value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.read_sample(name, labels).ok()
    }

    /// As [`sample_value`](Self::sample_value), with the reason where there is none: for the messages of tests.
    ///
    /// # Errors
    /// Where there is no such sample: with what there is instead.
    ///
    /// ```
    /// # let registry = streamgauge::Registry::new();
    /// let events = registry.counter("source_events_total", "Events.").family_by(["table"])?;
    /// events.with(&["orders"], |counter| counter.inc());
    /// let error = registry.read_sample("source_events", &[]).unwrap_err();
    /// assert_eq!(error.to_string(), "no sample is called \"source_events\"; there is source_events_total");
    /// let error = registry.read_sample("source_events_total", &[("table", "Orders")]).unwrap_err();
    /// assert!(error.to_string().ends_with("with the labels {table=\"Orders\"}; there is {table=\"orders\"}"));
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn read_sample(&self, name: &str, labels: &[(&str, &str)]) -> Result<f64, SampleError> {
        let families = self.inner().map(|inner| inner.families()).unwrap_or_default();
        let exposes = |desc: &Desc| exposed_part(desc, name).is_some();
        let Some(family) = families.iter().find(|family| family.with_desc(exposes)) else {
            return self.read_collected(name, labels);
        };
        if !family.is_on() {
            return Err(SampleError::Off { name: name.to_owned() });
        }
        let unknown = || {
            let pin = Pin::enter();
            let known = family.live(&pin).take(SHOWN).map(|row| Labels::new(&family.desc, row));
            unknown_labels(name, labels, known)
        };
        let Some(part) = family.with_desc(|desc| part_of(desc, name, labels)) else { return Err(unknown()) };
        let own = part.own_labels(name, labels);
        let is_meant = |row: &RowRef<'_>| Labels::new(&family.desc, *row).are(&own);
        let no_value = || SampleError::NoValue { name: name.to_owned() };
        let callback = {
            let pin = Pin::enter();
            let row = family.live(&pin).find(is_meant);
            row.and_then(
                |row| if let Storage::Callback(callback) = row.series() { Some(callback.clone()) } else { None },
            )
        };
        if let Some(callback) = callback {
            // Without the pin, which would keep what is removed meanwhile in memory.
            let ran = not_nested(|| callback.run());
            catch_drop(callback);
            ran.ok_or_else(no_value)?;
        }
        let pin = Pin::enter();
        let row = family.live(&pin).find(is_meant).ok_or_else(unknown)?;
        family.with_desc(|desc| {
            let (mut pass, mut scratch) = (PassScratch::default(), ValueScratch::default());
            scratch.begin(desc.kind);
            let value = one(desc.kind, desc, row, &mut Pass::begin(&mut pass), &mut scratch).ok_or_else(no_value)?;
            part.of(value).ok_or_else(unknown)
        })
    }

    /// Reads one sample of a collector; runs it.
    fn read_collected(&self, name: &str, labels: &[(&str, &str)]) -> Result<f64, SampleError> {
        let unknown_name = || SampleError::UnknownName { name: name.to_owned(), similar: self.names_like(name) };
        let inner = self.inner().ok_or_else(unknown_name)?;
        let collectors = inner.collectors.list();
        let place = |registered: &Registered| registered.descs.iter().position(|desc| *desc.name == *name);
        let found = collectors.iter().find_map(|registered| Some((registered, place(registered)?)));
        let (registered, place) = found.ok_or_else(unknown_name)?;
        let mut collected = Collected::new(registered.descs.len());
        let ended = not_nested(|| registered.run(&inner.state.level, &mut collected));
        if ended != Some(Ended::Well) {
            return Err(SampleError::NoValue { name: name.to_owned() });
        }
        let samples = || collected.families[place].labelled(&registered.descs[place]);
        let sample = samples().find(|(given, _)| given.are(labels)).map(|(_, value)| value.as_f64());
        sample.ok_or_else(|| unknown_labels(name, labels, samples().take(SHOWN).map(|(labels, _)| labels)))
    }

    /// Returns names of samples for which `name` may have been meant.
    fn names_like(&self, name: &str) -> Vec<String> {
        // Without a prefix or a suffix, or with one too many.
        let is_like = |other: &String| !name.is_empty() && (other.contains(name) || name.contains(&**other));
        let described = self.describe();
        let names = described.iter().flat_map(|family| {
            let suffixes = family.kind.samples().iter().filter(|suffix| has_value(family.kind, suffix));
            suffixes.map(|suffix| format!("{}{suffix}", family.name))
        });
        names.filter(is_like).take(SHOWN).collect()
    }
}

/// Returns whether the sample with this suffix is one that a scrape always has, and is a value.
fn has_value(kind: Kind, suffix: &str) -> bool {
    // The time of creation is of OpenMetrics alone.
    suffix != "_created" && (kind != Kind::Histogram || !suffix.is_empty())
}

/// Most things that an error names.
const SHOWN: usize = 5;

fn unknown_labels<'l>(name: &str, labels: &[(&str, &str)], known: impl Iterator<Item = Labels<'l>>) -> SampleError {
    let given: Vec<_> = labels.iter().map(|(label, value)| format!("{label}={value:?}")).collect();
    let known = known.map(|labels| format!("{{{}}}", String::from_utf8_lossy(labels.text()))).collect();
    SampleError::UnknownLabels { name: name.to_owned(), labels: given.join(","), known }
}

/// Returns the suffix that tells the sample of this name from the family's others; `None` where the family has no such
/// sample.
fn exposed_part<'n>(desc: &Desc, name: &'n str) -> Option<&'n str> {
    let suffix = name.strip_prefix(&*desc.name)?;
    let is_exposed = desc.kind.samples().contains(&suffix) && has_value(desc.kind, suffix);
    is_exposed.then_some(suffix)
}

fn part_of<'a>(desc: &Desc, name: &str, labels: &[(&str, &'a str)]) -> Option<Part<'a>> {
    let suffix = exposed_part(desc, name)?;
    if desc.kind == Kind::StateSet {
        let state = labels.iter().find(|(label, _)| *label == name && suffix.is_empty());
        return state.map(|(_, state)| Part::State(state));
    }
    if desc.kind == Kind::Summary && suffix.is_empty() {
        let quantile = labels.iter().find(|(label, _)| *label == "quantile");
        return quantile.map(|(_, quantile)| Part::Quantile(quantile));
    }
    match (matches!(desc.kind, Kind::Histogram | Kind::Summary), suffix) {
        (false, "") => Some(Part::Value),
        (true, "_sum") => Some(Part::Sum),
        (true, "_count") => Some(Part::Count),
        (true, "_bucket") if desc.kind == Kind::Histogram => {
            labels.iter().find(|(label, _)| *label == "le").map(|(_, bound)| Part::Bucket(bound))
        }
        _ => None,
    }
}

impl Part<'_> {
    /// Returns the labels of the series, without that of the sample.
    fn own_labels<'l>(&self, name: &str, labels: &[(&'l str, &'l str)]) -> Vec<(&'l str, &'l str)> {
        let of_sample = match self {
            Part::Value | Part::Sum | Part::Count => None,
            Part::Bucket(_) => Some("le"),
            Part::Quantile(_) => Some("quantile"),
            Part::State(_) => Some(name),
        };
        labels.iter().filter(|(label, _)| Some(*label) != of_sample).copied().collect()
    }

    /// Picks the sample out of a merged value.
    fn of(&self, value: MetricValue<'_>) -> Option<f64> {
        match (self, value) {
            (Part::Sum, MetricValue::Histogram(histogram)) => Some(histogram.sum()),
            (Part::Count, MetricValue::Histogram(histogram)) => Some(histogram.count() as f64),
            (Part::Bucket(bound), MetricValue::Histogram(histogram)) => {
                if *bound == "+Inf" {
                    return Some(histogram.count() as f64);
                }
                let bound: f64 = bound.parse().ok()?;
                let index = histogram.bounds().iter().position(|known| *known == bound)?;
                // As a scrape counts: it wraps rather than panic.
                Some(histogram.bucket_counts()[..=index].iter().fold(0u64, |sum, bucket| sum.wrapping_add(*bucket))
                    as f64)
            }
            (Part::Sum, MetricValue::Summary(summary)) => Some(summary.sum()),
            (Part::Count, MetricValue::Summary(summary)) => Some(summary.count() as f64),
            (Part::Quantile(quantile), MetricValue::Summary(summary)) => {
                let quantile: f64 = quantile.parse().ok()?;
                summary.quantiles().find(|(known, _)| *known == quantile).map(|(_, value)| value)
            }
            (Part::State(state), MetricValue::StateSet(states)) => {
                let (_, is_current) = states.iter().find(|(known, _)| known == state)?;
                Some(f64::from(u8::from(is_current)))
            }
            (Part::Value, value) => value.as_f64(),
            _ => None,
        }
    }
}
