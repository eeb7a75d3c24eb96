//! The Prometheus protobuf format: `io.prometheus.client.MetricFamily` messages, each behind its length.
//!
//! Schema: <https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto>. Presence as
//! the Go library writes it: names, help, type, label values and numbers always, also where they are empty or zero;
//! the `+Inf` bucket never, since the sample count says the same.
//!
//! Design: the length of a message stands before it. Those of a metric are computed, so it is written front to
//! back; that of a family is not known before its last metric, so room for it is left and corrected.

mod labels;
#[cfg(test)]
mod tests;
mod wire;

use super::metadata::Metadata;
use super::value::{HistogramValue, MetricValue, StateSetValue, SummaryValue, seconds};
use crate::kind::Kind;
use crate::label::Escaping;
use labels::{LabelName, LabelNames, MetricLabels};
use wire::{Cursor, append, bytes_tag, double_tag, field_len, push_field, spread, varint_len, varint_tag};

/// Room left for the length of a family: right from 16 KiB to 2 MiB. Smaller ones are cheap to move.
const LENGTH_ROOM: usize = 3;
/// A `Counter`, `Gauge` or `Untyped` with its value and nothing else.
const VALUE_LEN: usize = 9;
/// Fields of `Metric`.
const GAUGE: u8 = 2;
const COUNTER: u8 = 3;
const SUMMARY: u8 = 4;
const UNTYPED: u8 = 5;
const HISTOGRAM: u8 = 7;

/// Where a family begins in the output.
#[derive(Clone, Copy, Debug)]
#[must_use = "a family that is not ended has no length"]
pub(crate) struct Start(usize);

/// What all metrics of one family share, rendered once.
#[derive(Debug)]
pub(crate) struct ProtobufFamily {
    /// The fields before the metrics: name, help, type.
    head: Vec<u8>,
    /// The field behind the metrics, or nothing.
    unit: Vec<u8>,
    /// The field of a metric whose value is one number, but for counters.
    number: u8,
    label_names: LabelNames,
    /// The finite bounds, as the second field of a bucket; padded, so that it is one store.
    bounds: Vec<[u8; 16]>,
    /// Of a summary, the first field of each quantile; padded, so that it is one store.
    quantiles: Vec<[u8; 16]>,
    /// Of a state set, the label field of each state.
    states: Vec<Vec<u8>>,
}

impl ProtobufFamily {
    /// Renders what does not change.
    pub(crate) fn new(metadata: &Metadata<'_>, escaping: Escaping) -> Self {
        let Metadata { help, kind, unit, labels, shape, .. } = *metadata;
        let name = escaping.metric(metadata.name);
        let mut head = Vec::new();
        push_field(&mut head, 1, name.as_bytes());
        push_field(&mut head, 2, help.unwrap_or_default().as_bytes());
        head.extend_from_slice(&[varint_tag(3), kind.protobuf_type()]);
        let mut trailer = Vec::new();
        if let Some(unit) = unit {
            push_field(&mut trailer, 5, unit.as_bytes());
        }
        let fixed = |labels: &[Box<str>]| {
            LabelNames::Fixed(labels.iter().map(|label| LabelName::new(&escaping.label(label))).collect())
        };
        // A state set names its states in a label with its own name.
        let state = LabelName::new(&name);
        Self {
            head,
            unit: trailer,
            number: if kind == Kind::Unknown { UNTYPED } else { GAUGE },
            label_names: labels.map_or(LabelNames::Own(escaping), fixed),
            bounds: shape.bounds().unwrap_or_default().iter().map(|bound| padded_double(2, *bound)).collect(),
            quantiles: shape.quantiles().iter().map(|quantile| padded_double(1, *quantile)).collect(),
            states: shape.states().iter().map(|it| state.field(it)).collect(),
        }
    }

    /// Begins the family: writes what stands before its metrics.
    pub(crate) fn begin(&self, out: &mut Vec<u8>) -> Start {
        let start = Start(out.len());
        out.extend_from_slice(&[0; LENGTH_ROOM]);
        out.extend_from_slice(&self.head);
        start
    }

    /// Ends the family after so many metrics. One without any leaves nothing in the output: it would be an error
    /// in the Go library.
    pub(crate) fn end(&self, out: &mut Vec<u8>, start: Start, metrics: usize) {
        let Start(start) = start;
        if metrics == 0 {
            return out.truncate(start);
        }
        out.extend_from_slice(&self.unit);
        let body = start + LENGTH_ROOM;
        let len = out.len() - body;
        let moved = start + varint_len(len as u64);
        if moved > body {
            out.resize(moved + len, 0);
        }
        if moved != body {
            out.copy_within(body..body + len, moved);
            out.truncate(moved + len);
        }
        put_length(&mut out[start..moved], len);
    }

    /// Writes the metric of a series, several of a state set. `labels` are the names and values in the order of the
    /// family's, values as the text format has them: with `\\`, `\"` and `\n` for three characters if they are
    /// `escaped`. `created` is in milliseconds of the Unix epoch.
    #[inline(always)]
    pub(crate) fn series<'v, I>(
        &self,
        out: &mut Vec<u8>,
        labels: I,
        escaped: bool,
        value: MetricValue<'_>,
        created: Option<u64>,
    ) where
        I: Iterator<Item = (&'v str, &'v str)> + Clone,
    {
        let one = |labels| MetricLabels::new(&self.label_names, labels, escaped, &[]);
        match value {
            MetricValue::Counter(value) => counter(out, &one(labels), value as f64, created),
            MetricValue::FloatCounter(value) => counter(out, &one(labels), value, created),
            MetricValue::DurationCounter(total) => counter(out, &one(labels), seconds(total), created),
            MetricValue::Gauge(value) | MetricValue::Unknown(value) => number(out, &one(labels), self.number, value),
            MetricValue::Integer(value) => number(out, &one(labels), self.number, value as f64),
            MetricValue::UpDownCounter(value) => number(out, &one(labels), self.number, value as f64),
            MetricValue::Info => number(out, &one(labels), self.number, 1.0),
            MetricValue::StateSet(StateSetValue { current, .. }) => self.state_set(out, &labels, escaped, current),
            MetricValue::Histogram(HistogramValue { buckets, sum, .. }) => {
                self.histogram(out, labels, escaped, buckets, sum, created);
            }
            MetricValue::Summary(SummaryValue { values, sum, count, .. }) => {
                self.summary(out, &one(labels), (values, sum, count), created);
            }
        }
    }

    /// Writes the gauges of a state set: 1 for the state at `current`, 0 for the others.
    fn state_set<'v, I>(&self, out: &mut Vec<u8>, labels: &I, escaped: bool, current: usize)
    where
        I: Iterator<Item = (&'v str, &'v str)> + Clone,
    {
        for (index, state) in self.states.iter().enumerate() {
            let labels = MetricLabels::new(&self.label_names, labels.clone(), escaped, state);
            number(out, &labels, GAUGE, if index == current { 1.0 } else { 0.0 });
        }
    }

    /// Writes one histogram. `buckets` are not cumulative; the last is the one up to `+Inf`, and its cumulative value
    /// is the count.
    #[inline]
    fn histogram<'v, I>(
        &self,
        out: &mut Vec<u8>,
        labels: I,
        escaped: bool,
        buckets: &[u64],
        sum: f64,
        created: Option<u64>,
    ) where
        I: Iterator<Item = (&'v str, &'v str)> + Clone,
    {
        // Made here and not handed in: behind a reference its parts would not stay in registers.
        let labels = MetricLabels::new(&self.label_names, labels, escaped, &[]);
        let finite = &buckets[..self.bounds.len().min(buckets.len())];
        // Field tag and length, then count and bound with their tags.
        let mut len = finite.len() * (2 + 1 + 9);
        let mut count = 0u64;
        for bucket in finite {
            count = count.wrapping_add(*bucket);
            len += varint_len(count);
        }
        for bucket in &buckets[finite.len()..] {
            count = count.wrapping_add(*bucket);
        }
        let created = created.map(Timestamp::new);
        len += 1 + varint_len(count) + 9 + created.as_ref().map_or(0, |created| field_len(created.len()));
        metric(out, &labels, HISTOGRAM, len, |cursor| {
            cursor.put([varint_tag(1)]);
            cursor.put_varint(count);
            cursor.put(double_field(2, sum));
            let mut count = 0u64;
            for (bucket, bound) in finite.iter().zip(&self.bounds) {
                count = count.wrapping_add(*bucket);
                put_bucket(cursor, count, bound);
            }
            if let Some(created) = created {
                created.put(cursor, 15);
            }
        });
    }

    /// Writes one summary. The reading is a value for each quantile, the sum and the count.
    fn summary<'v, I>(
        &self,
        out: &mut Vec<u8>,
        labels: &MetricLabels<'_, I>,
        (values, sum, count): (&[f64], f64, u64),
        created: Option<u64>,
    ) where
        I: Iterator<Item = (&'v str, &'v str)> + Clone,
    {
        let quantiles = || self.quantiles.iter().zip(values);
        let created = created.map(Timestamp::new);
        // Field tag and length, then quantile and value with their tags.
        let mut len = quantiles().len() * (2 + 2 * VALUE_LEN);
        len += 1 + varint_len(count) + 9 + created.as_ref().map_or(0, |created| field_len(created.len()));
        metric(out, labels, SUMMARY, len, |cursor| {
            cursor.put([varint_tag(1)]);
            cursor.put_varint(count);
            cursor.put(double_field(2, sum));
            for (quantile, value) in quantiles() {
                cursor.put([bytes_tag(3), 2 * VALUE_LEN as u8]);
                cursor.put_start(*quantile, VALUE_LEN);
                cursor.put(double_field(2, *value));
            }
            if let Some(created) = created {
                created.put(cursor, 4);
            }
        });
    }
}

/// Returns a double with its tag, in a block that is one store.
fn padded_double(field: u8, value: f64) -> [u8; 16] {
    let mut block = [0; 16];
    block[0] = double_tag(field);
    block[1..9].copy_from_slice(&value.to_le_bytes());
    block
}

/// Writes a length as a varint that fills `target`.
fn put_length(target: &mut [u8], mut len: usize) {
    if let Some((last, before)) = target.split_last_mut() {
        for byte in before {
            *byte = len as u8 | 0x80;
            len >>= 7;
        }
        *last = len as u8;
    }
}

/// Writes the field of one bucket.
#[inline(always)]
fn put_bucket(cursor: &mut Cursor<'_>, count: u64, bound: &[u8; 16]) {
    let len = varint_len(count);
    let head = u32::from_le_bytes([bytes_tag(3), (1 + len + 9) as u8, varint_tag(1), 0]);
    if len <= 5 {
        // Head and count fit in one store.
        cursor.put_start((u64::from(head) | spread(count, len) << 24).to_le_bytes(), 3 + len);
    } else {
        cursor.put_start(head.to_le_bytes(), 3);
        cursor.put_varint(count);
    }
    cursor.put_start(*bound, 9);
}

/// Returns a double with its tag.
#[inline(always)]
fn double_field(field: u8, value: f64) -> [u8; 9] {
    // One bit pattern for all that is not a number: another one marks series as stale in Prometheus.
    let bits = if value.is_nan() { 0x7ff8_0000_0000_0001 } else { value.to_bits() };
    let mut bytes = [double_tag(field); 9];
    bytes[1..].copy_from_slice(&bits.to_le_bytes());
    bytes
}

/// Writes one counter.
#[inline(always)]
fn counter<'v, I>(out: &mut Vec<u8>, labels: &MetricLabels<'_, I>, value: f64, created: Option<u64>)
where
    I: Iterator<Item = (&'v str, &'v str)> + Clone,
{
    let Some(created) = created else { return number(out, labels, COUNTER, value) };
    let created = Timestamp::new(created);
    let len = VALUE_LEN + field_len(created.len());
    metric(out, labels, COUNTER, len, |cursor| {
        cursor.put(double_field(1, value));
        created.put(cursor, 3);
    });
}

/// Writes one metric whose `field` has a value and nothing else.
#[inline(always)]
fn number<'v, I>(out: &mut Vec<u8>, labels: &MetricLabels<'_, I>, field: u8, value: f64)
where
    I: Iterator<Item = (&'v str, &'v str)> + Clone,
{
    metric(out, labels, field, VALUE_LEN, |cursor| cursor.put(double_field(1, value)));
}

/// Writes one metric: its labels and the message in `field`, of which `write` writes the `len` bytes.
#[inline(always)]
fn metric<'v, I>(
    out: &mut Vec<u8>,
    labels: &MetricLabels<'_, I>,
    field: u8,
    len: usize,
    write: impl FnOnce(&mut Cursor<'_>),
) where
    I: Iterator<Item = (&'v str, &'v str)> + Clone,
{
    let body = labels.len() + field_len(len);
    append(out, field_len(body), |cursor| {
        cursor.put([bytes_tag(4)]);
        cursor.put_varint(body as u64);
        labels.put(cursor);
        cursor.put([bytes_tag(field)]);
        cursor.put_varint(len as u64);
        write(cursor);
    });
}

/// A `google.protobuf.Timestamp`, whose zeros are left out.
#[derive(Debug)]
struct Timestamp {
    seconds: u64,
    nanos: u64,
}

impl Timestamp {
    fn new(millis: u64) -> Self {
        Self { seconds: millis / 1000, nanos: millis % 1000 * 1_000_000 }
    }

    fn len(&self) -> usize {
        [self.seconds, self.nanos].iter().filter(|value| **value > 0).map(|value| 1 + varint_len(*value)).sum()
    }

    fn put(&self, cursor: &mut Cursor<'_>, field: u8) {
        cursor.put([bytes_tag(field), self.len() as u8]);
        for (field, value) in [(1, self.seconds), (2, self.nanos)] {
            if value > 0 {
                cursor.put([varint_tag(field)]);
                cursor.put_varint(value);
            }
        }
    }
}
