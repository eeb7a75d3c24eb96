//! Reading one sample back, for tests and health checks.

use super::value::{ValueScratch, one};
use crate::cells::{Pass, PassScratch, Pin};
use crate::encode::MetricValue;
use crate::kind::Kind;
use crate::registry::collect::{Collected, Registered};
use crate::registry::desc::Desc;
use crate::registry::registry::Registry;
use crate::registry::store::{Labels, Storage, not_nested};

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
    /// for a bucket and `quantile` for a quantile. `None` where there is no such sample, or its family is [off](crate::Level).
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
        let families = self.inner()?.families();
        let Some(family) =
            families.iter().find(|family| family.with_desc(|desc| part_of(desc, name, labels).is_some()))
        else {
            return self.collected_value(name, labels);
        };
        let part = family.with_desc(|desc| part_of(desc, name, labels)).filter(|_| family.is_on())?;
        let labels: Vec<_> = match part {
            Part::Bucket(_) => labels.iter().filter(|(label, _)| *label != "le").copied().collect(),
            Part::Quantile(_) => labels.iter().filter(|(label, _)| *label != "quantile").copied().collect(),
            Part::State(_) => labels.iter().filter(|(label, _)| *label != name).copied().collect(),
            _ => labels.to_vec(),
        };
        let pin = Pin::enter();
        let row = family.live(&pin).find(|row| Labels::new(&family.desc, *row).are(&labels))?;
        if let Storage::Callback(callback) = row.series() {
            not_nested(|| callback.run())?;
        }
        family.with_desc(|desc| {
            let (mut pass, mut scratch) = (PassScratch::default(), ValueScratch::default());
            scratch.begin(desc.kind);
            part.of(one(desc.kind, desc, row, &mut Pass::begin(&mut pass), &mut scratch)?)
        })
    }

    /// Reads one sample of a collector; runs it.
    fn collected_value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let inner = self.inner()?;
        let collectors = inner.collectors.list();
        let place = |registered: &Registered| registered.descs.iter().position(|desc| *desc.name == *name);
        let (registered, place) = collectors.iter().find_map(|registered| Some((registered, place(registered)?)))?;
        let mut collected = Collected::new(registered.descs.len());
        not_nested(|| registered.run(&inner.state.level, &mut collected))?;
        let desc = &registered.descs[place];
        let mut samples = collected.families[place].labelled(desc);
        samples.find(|(given, _)| given.are(labels)).map(|(_, value)| value.as_f64())
    }
}

fn part_of<'a>(desc: &Desc, name: &str, labels: &[(&str, &'a str)]) -> Option<Part<'a>> {
    let suffix = name.strip_prefix(&*desc.name)?;
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
                Some(histogram.buckets()[..=index].iter().fold(0u64, |sum, bucket| sum.wrapping_add(*bucket)) as f64)
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
