//! Reading one sample back, for tests and health checks.

use crate::cells::{MergedWindow, Pass, PassScratch, Pin};
use crate::metric::Tick;
use crate::registry::collect::{Collected, Registered};
use crate::registry::desc::{Desc, Kind};
use crate::registry::registry::Registry;
use crate::registry::store::{FamilyCore, Labels, RecordRef, SeriesRef, alone};

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
        let mut live = family.live(&pin);
        let record = live.find(|record| Labels::new(&family.desc, *record).are(&labels))?;
        value_of(family, record, &part)
    }

    /// Reads one sample of a collector; runs it.
    fn collected_value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let inner = self.inner()?;
        let collectors = inner.collectors.list();
        let place = |registered: &Registered| registered.descs.iter().position(|desc| *desc.name == *name);
        let (registered, place) = collectors.iter().find_map(|registered| Some((registered, place(registered)?)))?;
        let mut collected = Collected::new(registered.descs.len());
        alone(|| registered.run(&inner.shared.level, &mut collected))?;
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

fn value_of(family: &FamilyCore, record: RecordRef<'_>, part: &Part<'_>) -> Option<f64> {
    let mut scratch = PassScratch::default();
    match record.series() {
        SeriesRef::Gauge(series) => match (family.desc.kind, part) {
            (Kind::Info, _) => Some(1.0),
            (_, Part::State(state)) => {
                let index = family.desc.states.iter().position(|known| **known == **state)?;
                Some(f64::from(u8::from(index == series.get() as usize)))
            }
            _ => Some(series.get()),
        },
        SeriesRef::Callback(callback) => callback.run_alone(family.desc.kind),
        SeriesRef::Summary(series) => {
            let quantiles = family.desc.quantiles.as_ref()?.values();
            let mut window = MergedWindow::default();
            let reading = window.read(series, quantiles, Tick::now().nanos());
            match part {
                Part::Sum => Some(reading.sum),
                Part::Count => Some(reading.count as f64),
                Part::Quantile(quantile) => {
                    let quantile: f64 = quantile.parse().ok()?;
                    let index = quantiles.iter().position(|known| *known == quantile)?;
                    reading.values.get(index).copied()
                }
                Part::Value | Part::Bucket(_) | Part::State(_) => None,
            }
        }
        SeriesRef::Set(_) => None,
        SeriesRef::Cells(series) => {
            let mut pass = Pass::begin(&mut scratch);
            match family.desc.kind {
                Kind::Counter => Some(pass.count(record.range()) as f64),
                Kind::DurationCounter => Some(pass.count(record.range()) as f64 / 1e9),
                Kind::UpDownCounter => Some(pass.difference(record.range()) as f64),
                Kind::Gauge | Kind::Summary | Kind::Info | Kind::StateSet | Kind::Unknown => None,
                Kind::Histogram => {
                    let layout = family.desc.layout.as_ref()?;
                    let mut buckets = vec![0; layout.buckets()];
                    let sum = pass.histogram(series, &mut buckets, !layout.has_negative_bounds());
                    // As a scrape counts: it wraps rather than panic.
                    let counted = |buckets: &[u64]| buckets.iter().fold(0u64, |sum, n| sum.wrapping_add(*n)) as f64;
                    match part {
                        Part::Sum => Some(sum),
                        Part::Count => Some(counted(&buckets)),
                        Part::Bucket("+Inf") => Some(counted(&buckets)),
                        Part::Bucket(bound) => {
                            let bound: f64 = bound.parse().ok()?;
                            let index = layout.bounds().iter().position(|known| *known == bound)?;
                            Some(counted(&buckets[..=index]))
                        }
                        Part::Value | Part::Quantile(_) | Part::State(_) => None,
                    }
                }
            }
        }
    }
}
