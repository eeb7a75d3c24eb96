//! What `Scraper::visit` shows, as messages of the other encoder.

use crate::proto::{
    Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType, Quantile, Summary, Timestamp,
    Untyped,
};
use std::time::UNIX_EPOCH;
use streamgauge::{HistogramValue, Kind, MetricValue, Scraper, SummaryValue, Unit};

/// Gives the families in the order of the exposition, with names as `name` gives them.
pub(crate) fn families(scraper: &mut Scraper, name: impl Fn(&str) -> String) -> Vec<MetricFamily> {
    let mut families: Vec<MetricFamily> = Vec::new();
    scraper.visit(|sample| {
        let family = family(&sample, &name);
        if families.last().is_none_or(|last| last.name != family.name) {
            families.push(family);
        }
        if let Some(family) = families.last_mut() {
            family.metric.extend(metrics(&sample, &name));
        }
    });
    families
}

fn family(sample: &streamgauge::Metric<'_>, name: &impl Fn(&str) -> String) -> MetricFamily {
    let kind = match sample.kind() {
        Kind::Counter | Kind::DurationCounter => MetricType::Counter,
        Kind::Histogram => MetricType::Histogram,
        Kind::Summary => MetricType::Summary,
        Kind::Unknown => MetricType::Untyped,
        _ => MetricType::Gauge,
    };
    MetricFamily {
        name: Some(name(sample.name())),
        help: Some(sample.help().to_owned()),
        r#type: Some(kind.into()),
        metric: Vec::new(),
        unit: sample.unit().map(|unit: Unit| unit.as_str().to_owned()),
    }
}

fn metrics(sample: &streamgauge::Metric<'_>, name: &impl Fn(&str) -> String) -> Vec<Metric> {
    let pair = |label: &str, value: &str| LabelPair { name: Some(name(label)), value: Some(value.to_owned()) };
    let label = sample.labels().iter().map(|(label, value)| pair(label, &value)).collect();
    let metric = Metric { label, ..Metric::default() };
    let counter = |value: f64| {
        let counter = Counter { value: number(value), created_timestamp: created(sample) };
        vec![Metric { counter: Some(counter), ..metric.clone() }]
    };
    let gauge = |value: f64| vec![Metric { gauge: Some(Gauge { value: number(value) }), ..metric.clone() }];
    match sample.value() {
        MetricValue::Counter(total) => counter(total as f64),
        MetricValue::FloatCounter(total) => counter(total),
        MetricValue::DurationCounter(total) => counter(total.as_nanos() as f64 / 1e9),
        MetricValue::Gauge(value) => gauge(value),
        MetricValue::UpDownCounter(value) => gauge(value as f64),
        MetricValue::Info => gauge(1.0),
        MetricValue::Unknown(value) => vec![Metric { untyped: Some(Untyped { value: number(value) }), ..metric }],
        MetricValue::StateSet(states) => {
            let state = |(state, is_current): (&str, bool)| {
                let mut metric = Metric { gauge: Some(Gauge { value: Some(f64::from(is_current)) }), ..metric.clone() };
                metric.label.push(pair(sample.name(), state));
                metric
            };
            states.iter().map(state).collect()
        }
        MetricValue::Histogram(value) => vec![Metric { histogram: Some(histogram(sample, value)), ..metric }],
        MetricValue::Summary(value) => vec![Metric { summary: Some(summary(sample, value)), ..metric }],
        other => panic!("{other:?} is a kind that the test does not know"),
    }
}

fn histogram(sample: &streamgauge::Metric<'_>, value: HistogramValue<'_>) -> Histogram {
    let mut count = 0u64;
    let bucket = |(bound, bucket): (&f64, &u64)| {
        count = count.wrapping_add(*bucket);
        Bucket { cumulative_count: Some(count), upper_bound: Some(*bound) }
    };
    Histogram {
        bucket: value.bounds().iter().zip(value.bucket_counts()).map(bucket).collect(),
        sample_count: Some(value.count()),
        sample_sum: number(value.sum()),
        created_timestamp: created(sample),
    }
}

fn summary(sample: &streamgauge::Metric<'_>, value: SummaryValue<'_>) -> Summary {
    let quantile = |(quantile, value)| Quantile { quantile: Some(quantile), value: number(value) };
    Summary {
        sample_count: Some(value.count()),
        sample_sum: number(value.sum()),
        quantile: value.quantiles().map(quantile).collect(),
        created_timestamp: created(sample),
    }
}

/// Gives the value with the one bit pattern for what is not a number.
fn number(value: f64) -> Option<f64> {
    Some(if value.is_nan() { f64::from_bits(0x7ff8_0000_0000_0001) } else { value })
}

fn created(sample: &streamgauge::Metric<'_>) -> Option<Timestamp> {
    let since = sample.created()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp { seconds: since.as_secs() as i64, nanos: since.subsec_nanos() as i32 })
}
