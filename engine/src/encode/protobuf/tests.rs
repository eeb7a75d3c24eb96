//! What the encoder writes is what another one writes, byte by byte.

#[path = "../../../tests/common/proto.rs"]
mod proto;

use super::super::metadata::ShapeView;
use super::*;
use crate::label::{escape_into, needs_escape};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;
use proto::{
    Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType, Quantile, Summary, Untyped,
};

/// One family with its metrics, in the words of the registry.
#[derive(Clone, Debug)]
struct Family {
    name: String,
    help: String,
    kind: Kind,
    unit: Option<String>,
    labels: Vec<String>,
    bounds: Vec<f64>,
    states: Vec<Box<str>>,
    metrics: Vec<Series>,
}

#[derive(Clone, Debug)]
struct Series {
    labels: Vec<String>,
    value: f64,
    buckets: Vec<u64>,
    created: Option<u64>,
}

impl Series {
    /// Returns what its quantiles may be: anything.
    fn values(&self) -> Vec<f64> {
        self.buckets.iter().skip(1).map(|bits| f64::from_bits(*bits)).collect()
    }
}

impl Family {
    fn metadata<'a>(&'a self, labels: &'a [Box<str>]) -> Metadata<'a> {
        Metadata {
            name: &self.name,
            help: Some(&self.help),
            kind: self.kind,
            unit: self.unit.as_deref(),
            labels: Some(labels),
            shape: match self.kind {
                Kind::Histogram => ShapeView::Buckets(&self.bounds),
                Kind::Summary => ShapeView::Quantiles(&self.bounds),
                Kind::StateSet => ShapeView::States(&self.states),
                _ => ShapeView::None,
            },
            plain_numbers: false,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let labels: Vec<Box<str>> = self.labels.iter().map(|label| label.as_str().into()).collect();
        let family = ProtobufFamily::new(&self.metadata(&labels), Escaping::AllowUtf8);
        let start = family.begin(out);
        let mut metrics = 0;
        for series in &self.metrics {
            let escaped = series.labels.iter().any(|value| needs_escape(value));
            let texts: Vec<String> = series.labels.iter().map(|value| escape(value)).collect();
            let labels = self.labels.iter().zip(&texts).map(|(name, text)| (name.as_str(), text.as_str()));
            let Series { value, created, .. } = *series;
            metrics += 1;
            let (quantiles, values) = (&self.bounds[..], series.values());
            let value = match self.kind {
                Kind::Counter => MetricValue::FloatCounter(value),
                Kind::StateSet => {
                    MetricValue::StateSet(StateSetValue { states: &self.states, current: self.states.len() - 1 })
                }
                Kind::Unknown => MetricValue::Unknown(value),
                Kind::Summary => {
                    let (values, count) = (&values[..], series.buckets[0]);
                    MetricValue::Summary(SummaryValue { quantiles, values, count, sum: value })
                }
                Kind::Histogram => {
                    let (bounds, buckets) = (&self.bounds[..], &series.buckets[..]);
                    MetricValue::Histogram(HistogramValue { bounds, buckets, sum: value })
                }
                _ => MetricValue::Gauge(value),
            };
            family.series(out, labels, escaped, value, created);
        }
        family.end(out, start, metrics);
    }

    /// The same for the other encoder; nothing for a family without a metric.
    fn model(&self) -> Option<MetricFamily> {
        let kind = match self.kind {
            Kind::Counter => MetricType::Counter,
            Kind::Unknown => MetricType::Untyped,
            Kind::Histogram => MetricType::Histogram,
            Kind::Summary => MetricType::Summary,
            _ => MetricType::Gauge,
        };
        Some(MetricFamily {
            name: Some(self.name.clone()),
            help: Some(self.help.clone()),
            r#type: Some(kind.into()),
            metric: self.metrics.iter().flat_map(|series| self.metric(series)).collect(),
            unit: self.unit.clone(),
        })
        .filter(|family| !family.metric.is_empty())
    }

    fn metric(&self, series: &Series) -> Vec<Metric> {
        let pair = |(name, value): (&String, &String)| pair(name, value);
        let mut metric =
            Metric { label: self.labels.iter().zip(&series.labels).map(pair).collect(), ..Metric::default() };
        let value = Some(if series.value.is_nan() { f64::from_bits(0x7ff8_0000_0000_0001) } else { series.value });
        let created_timestamp = series.created.map(|created| proto::Timestamp {
            seconds: (created / 1000) as i64,
            nanos: (created % 1000) as i32 * 1_000_000,
        });
        match self.kind {
            Kind::Counter => metric.counter = Some(Counter { value, created_timestamp }),
            Kind::StateSet => {
                let last = self.states.len() - 1;
                let metric = |index: usize| {
                    let mut metric = metric.clone();
                    metric.label.push(pair((&self.name, &self.states[index].to_string())));
                    metric.gauge = Some(Gauge { value: Some(f64::from(index == last)) });
                    metric
                };
                return (0..self.states.len()).map(metric).collect();
            }
            Kind::Unknown => metric.untyped = Some(Untyped { value }),
            Kind::Summary => {
                let number = |value: f64| if value.is_nan() { f64::from_bits(0x7ff8_0000_0000_0001) } else { value };
                let quantile =
                    |(quantile, value): (&f64, f64)| Quantile { quantile: Some(*quantile), value: Some(number(value)) };
                metric.summary = Some(Summary {
                    sample_count: Some(series.buckets[0]),
                    sample_sum: value,
                    quantile: self.bounds.iter().zip(series.values()).map(quantile).collect(),
                    created_timestamp,
                });
            }
            Kind::Histogram => {
                let mut count = 0u64;
                let cumulative = series.buckets.iter().map(|bucket| {
                    count = count.wrapping_add(*bucket);
                    Some(count)
                });
                let cumulative: Vec<Option<u64>> = cumulative.collect();
                let bucket = |(bound, cumulative_count): (&f64, &Option<u64>)| Bucket {
                    cumulative_count: *cumulative_count,
                    upper_bound: Some(*bound),
                };
                metric.histogram = Some(Histogram {
                    sample_count: Some(count),
                    sample_sum: value,
                    bucket: self.bounds.iter().zip(&cumulative).map(bucket).collect(),
                    created_timestamp,
                });
            }
            _ => metric.gauge = Some(Gauge { value }),
        }
        vec![metric]
    }
}

fn pair(name: &str, value: &str) -> LabelPair {
    LabelPair { name: Some(name.to_owned()), value: Some(value.to_owned()) }
}

fn escape(value: &str) -> String {
    let mut text = Vec::new();
    escape_into(value, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// Checks that our bytes are those of the other encoder, and that its decoder reads the same out of them.
fn assert_same(families: &[Family]) {
    let mut out = b"before".to_vec();
    families.iter().for_each(|family| family.encode(&mut out));
    let (before, body) = out.split_at(6);
    assert_eq!(before, b"before");
    let model: Vec<MetricFamily> = families.iter().filter_map(Family::model).collect();
    let decoded = proto::decode(body);
    // As text, in which one NaN equals another.
    assert_eq!(format!("{decoded:?}"), format!("{model:?}"));
    assert_eq!(proto::encode(&decoded), body);
    assert_eq!(proto::encode(&model), body);
}

fn family(kind: Kind, bounds: &[f64], metrics: Vec<Series>) -> Family {
    Family {
        name: "h".to_owned(),
        help: "H.".to_owned(),
        kind,
        unit: None,
        labels: vec!["x".to_owned()],
        bounds: bounds.to_vec(),
        states: Vec::new(),
        metrics,
    }
}

fn series(label: &str, value: f64, buckets: &[u64], created: Option<u64>) -> Series {
    Series { labels: vec![label.to_owned()], value, buckets: buckets.to_vec(), created }
}

#[test]
fn the_bytes_of_a_counter() {
    let mut out = Vec::new();
    let labels: &[Box<str>] = &["x".into()];
    let (labels, shape) = (Some(labels), ShapeView::None);
    let metadata =
        Metadata { name: "a", help: None, kind: Kind::Counter, unit: Some("s"), labels, shape, plain_numbers: false };
    let family = ProtobufFamily::new(&metadata, Escaping::AllowUtf8);
    let start = family.begin(&mut out);
    let labels = [("x", r#"\"\\n"#)].into_iter();
    family.series(&mut out, labels, true, MetricValue::Counter(1), Some(1_002_000));
    family.end(&mut out, start, 1);
    #[rustfmt::skip]
    let expected = [
        38, // length of what follows
        0x0a, 1, b'a', 0x12, 0, 0x18, 0, // name, empty help, COUNTER
        0x22, 26, // metric
        0x0a, 8, 0x0a, 1, b'x', 0x12, 3, b'"', b'\\', b'n', // label
        0x1a, 14, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, // counter, value
        0x1a, 3, 0x08, 0xea, 0x07, // created after 1002 s, no nanoseconds
        0x2a, 1, b's', // unit
    ];
    assert_eq!(out, expected);
}

#[test]
fn a_histogram_is_cumulative_and_its_last_bucket_is_only_in_the_count() {
    let mut out = Vec::new();
    family(Kind::Histogram, &[0.5, 1.0], vec![series("1", 9.25, &[1, 0, 2], None)]).encode(&mut out);
    let [family] = &proto::decode(&out)[..] else { panic!("one family") };
    let Some(histogram) = &family.metric[0].histogram else { panic!("a histogram") };
    assert_eq!(histogram.sample_count, Some(3));
    assert_eq!(histogram.sample_sum, Some(9.25));
    let buckets: Vec<_> = histogram.bucket.iter().map(|b| (b.upper_bound, b.cumulative_count)).collect();
    assert_eq!(buckets, [(Some(0.5), Some(1)), (Some(1.0), Some(1))]);
}

#[test]
fn a_family_without_a_metric_writes_nothing() {
    let mut out = b"before".to_vec();
    family(Kind::Gauge, &[], Vec::new()).encode(&mut out);
    assert_eq!(out, b"before");
}

#[test]
fn no_value_marks_a_series_as_stale() {
    let stale = f64::from_bits(0x7ff0_0000_0000_0002);
    for kind in [Kind::Counter, Kind::Gauge, Kind::Unknown, Kind::Histogram, Kind::Summary] {
        let mut out = Vec::new();
        family(kind, &[1.0], vec![series("1", stale, &[0, 0], None)]).encode(&mut out);
        let nan = 0x7ff8_0000_0000_0001u64.to_le_bytes();
        assert_eq!(out.windows(8).filter(|bytes| **bytes == nan).count(), 1);
        assert!(!out.windows(8).any(|bytes| *bytes == stale.to_bits().to_le_bytes()));
    }
}

#[test]
fn families_on_both_sides_of_every_length_border() {
    let gauge = |label: &str| family(Kind::Gauge, &[], vec![series(label, 1.0, &[], None)]);
    for border in [1 << 7, 1 << 14, 1 << 21] {
        let label = "v".repeat(border - 40);
        let mut longer = gauge(&label);
        let before = border - longer.model().expect("a metric").encoded_len();
        for missing in [1, 0] {
            longer.help = "h".repeat("H.".len() + before - missing);
            assert_eq!(longer.model().expect("a metric").encoded_len(), border - missing);
            assert_same(&[gauge("before"), longer.clone(), gauge("behind")]);
        }
    }
}

/// A value that is often at a border.
fn number() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..64u32).prop_map(|(value, shift)| value >> shift)
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        number().prop_map(|value| value as f64),
        any::<u64>().prop_map(f64::from_bits),
        prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(0.0), Just(-0.0)],
    ]
}

/// Text that somebody hostile would give.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[\\\\\"\nan€]{0,12}", any::<String>(), "[a-z_]{1,40}", "[a-z\\\\]{120,140}"]
}

fn any_family() -> impl Strategy<Value = Family> {
    let kind = prop_oneof![
        Just(Kind::Counter),
        Just(Kind::Gauge),
        Just(Kind::Histogram),
        Just(Kind::Summary),
        Just(Kind::Unknown),
        Just(Kind::StateSet),
    ];
    let shape = (text(), text(), kind, proptest::option::of(text()), vec(text(), 0..6), vec(text(), 1..4), 0..20usize);
    shape.prop_flat_map(|(name, help, kind, unit, labels, states, finite)| {
        let bounds = vec(prop_oneof![any::<f64>(), Just(0.005)], finite);
        let created = proptest::option::of((0..u64::MAX / 2, 0..63u32).prop_map(|(millis, shift)| millis >> shift));
        let series = (vec(text(), labels.len()), value(), vec(number(), finite + 1), created);
        let series = series.prop_map(|(labels, value, buckets, created)| Series { labels, value, buckets, created });
        let states: Vec<Box<str>> = states.into_iter().map(String::into_boxed_str).collect();
        (bounds, vec(series, 0..6)).prop_map(move |(bounds, metrics)| Family {
            name: name.clone(),
            help: help.clone(),
            kind,
            unit: unit.clone(),
            labels: labels.clone(),
            bounds,
            states: states.clone(),
            metrics,
        })
    })
}

proptest! {
    #[test]
    fn bytes_are_those_of_another_encoder(families in vec(any_family(), 0..4)) {
        assert_same(&families);
    }
}
