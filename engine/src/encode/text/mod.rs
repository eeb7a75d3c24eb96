//! The text formats: Prometheus 0.0.4, and OpenMetrics 1.0.
//!
//! Formats: <https://prometheus.io/docs/instrumenting/exposition_formats/> and
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>. Layout of numbers and lines as the Go library writes them.

use super::buffer::Line;
use super::metadata::Metadata;
use super::number::{MAX_NUMBER_BYTES, Number, is_plain, with_plain};
use super::value::{HistogramValue, MetricValue, StateSetValue, SummaryValue, seconds};
use crate::label::{Escaping, escape_into, is_valid_metric};

/// How floats are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbers {
    Go,
    /// As Go, whole ones with a point: it is OpenMetrics.
    Point,
    /// Without an exponent.
    Plain,
}

/// Which text format, and how it writes names.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TextStyle {
    pub(crate) open_metrics: bool,
    pub(crate) escaping: Escaping,
    /// Another family has the name that OpenMetrics would give this counter or info.
    pub(crate) gives_way: bool,
}

/// What all samples of one family share, rendered once.
///
/// A name of the classic data model stands before the braces, `name{labels} 1`; one that has to be quoted is the first
/// thing in them, `{"name",labels} 1`.
#[derive(Debug)]
pub(crate) struct TextFamily {
    /// The HELP and TYPE lines, and in OpenMetrics UNIT.
    header: Vec<u8>,
    /// `name` or `{"name"`, then of a histogram the same for `name_bucket`, `name_sum`, `name_count`.
    name: Vec<u8>,
    bucket: Vec<u8>,
    sum: Vec<u8>,
    count: Vec<u8>,
    created: Vec<u8>,
    /// What stands between such a head and labels, and between it and the value where there are none.
    open: &'static [u8],
    bare: &'static [u8],
    /// `le="0.005"} ` for each bucket.
    bounds: Vec<Vec<u8>>,
    longest_bound: usize,
    /// `quantile="0.5"} ` for each quantile of a summary.
    quantiles: Vec<Vec<u8>>,
    /// `name="state"} ` for each state of a state set.
    states: Vec<Vec<u8>>,
    numbers: Numbers,
    /// OpenMetrics knows no sum and count of a histogram with negative bounds.
    has_sum: bool,
    /// OpenMetrics knows no counter whose name does not end in `_total`, no info whose name does not end in `_info`,
    /// and no two families of one name.
    is_unknown: bool,
}

impl TextFamily {
    /// Renders what does not change.
    pub(crate) fn new(metadata: Metadata<'_>, style: TextStyle) -> Self {
        let Metadata { help, kind, unit, shape, .. } = metadata;
        let full = style.escaping.metric(metadata.name);
        let type_name = if style.open_metrics { kind.open_metrics_type() } else { kind.type_name() };
        // As the Go library does: a reader finds the series under one name in all formats.
        let suffix = kind.suffix();
        let has_other_name = !full.ends_with(suffix);
        let is_unknown = style.open_metrics && (style.gives_way || has_other_name);
        let type_name = if is_unknown { "unknown" } else { type_name };
        // The family's name, and that of its samples.
        let family = match style.open_metrics && !is_unknown {
            true => full.strip_suffix(suffix).unwrap_or(&full),
            false => &full,
        };
        let is_quoted = !is_valid_metric(&full);
        let head = |suffix: &str| {
            let name = format!("{}{suffix}", if suffix.is_empty() { &full } else { family });
            if is_quoted { [b"{", &*quoted(&name)].concat() } else { name.into_bytes() }
        };
        let open: &[u8] = if is_quoted { b"," } else { b"{" };
        let numbers = match (style.open_metrics, metadata.plain_numbers) {
            (true, _) => Numbers::Point,
            (false, true) => Numbers::Plain,
            (false, false) => Numbers::Go,
        };
        let render = |name: &[u8], value| numbers.with(value, |value| [name, b"=\"", value, b"\"} "].concat());
        let render_bound = |bound| render(b"le", bound);
        let render_quantile = |q: &f64| render(b"quantile", *q);
        let bounds = shape.bounds();
        let has_negative_bounds = bounds.is_some_and(|bounds| bounds.iter().any(|bound| *bound < 0.0));
        let bounds: Vec<Vec<u8>> = bounds
            .map_or_else(Vec::new, |bounds| bounds.iter().copied().chain([f64::INFINITY]).map(render_bound).collect());
        let render_state = |state: &str| {
            let mut text = if is_quoted { quoted(&full) } else { full.as_bytes().to_vec() };
            text.extend_from_slice(b"=\"");
            escape_into(state, &mut text);
            text.extend_from_slice(b"\"} ");
            text
        };
        Self {
            header: header(family, is_quoted, help, type_name, unit.filter(|_| style.open_metrics), style),
            name: head(""),
            bucket: [&*head("_bucket"), open].concat(),
            sum: head("_sum"),
            count: head("_count"),
            created: head("_created"),
            open,
            bare: if is_quoted { b"} " } else { b" " },
            longest_bound: bounds.iter().map(Vec::len).max().unwrap_or(0),
            bounds,
            quantiles: shape.quantiles().iter().map(render_quantile).collect(),
            states: shape.states().iter().map(|state| render_state(state)).collect(),
            numbers,
            has_sum: !(style.open_metrics && has_negative_bounds),
            is_unknown,
        }
    }

    /// Writes the samples of a series. `labels` are rendered as this exposition writes them.
    #[inline(always)]
    pub(crate) fn series(&self, out: &mut Vec<u8>, labels: &[u8], value: MetricValue<'_>) {
        match value {
            MetricValue::Counter(value) | MetricValue::Integer(value) => self.integer(out, labels, value),
            MetricValue::FloatCounter(value) | MetricValue::Gauge(value) | MetricValue::Unknown(value) => {
                self.float(out, labels, value);
            }
            MetricValue::DurationCounter(total) => self.float(out, labels, seconds(total)),
            MetricValue::UpDownCounter(value) => self.signed(out, labels, value),
            MetricValue::Info => self.integer(out, labels, 1),
            MetricValue::StateSet(StateSetValue { current, .. }) => self.state_set(out, labels, current),
            MetricValue::Histogram(HistogramValue { buckets, sum, .. }) => self.histogram(out, labels, buckets, sum),
            MetricValue::Summary(SummaryValue { values, sum, count, .. }) => {
                self.summary(out, labels, values, sum, count);
            }
        }
    }

    /// Writes the metadata lines.
    pub(crate) fn header(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.header);
    }

    /// Writes one sample of an integer.
    #[inline]
    pub(crate) fn integer(&self, out: &mut Vec<u8>, labels: &[u8], value: u64) {
        self.sample(out, &self.name, labels, itoa::Buffer::new().format(value).as_bytes());
    }

    /// Writes one sample of an integer that may be negative.
    fn signed(&self, out: &mut Vec<u8>, labels: &[u8], value: i64) {
        self.sample(out, &self.name, labels, itoa::Buffer::new().format(value).as_bytes());
    }

    /// Writes one sample of a float.
    fn float(&self, out: &mut Vec<u8>, labels: &[u8], value: f64) {
        self.float_sample(out, &self.name, labels, value);
    }

    /// Writes when a series was made, in seconds with their milliseconds; nothing where the type has no such sample.
    pub(crate) fn created(&self, out: &mut Vec<u8>, labels: &[u8], millis: u64) {
        if self.is_unknown {
            return;
        }
        let mut value = [0; 24];
        let (mut seconds, mut fraction) = (itoa::Buffer::new(), itoa::Buffer::new());
        let seconds = seconds.format(millis / 1000).as_bytes();
        // A one before three digits, which stands where the point will.
        let fraction = fraction.format(1000 + millis % 1000).as_bytes();
        value[..seconds.len()].copy_from_slice(seconds);
        let end = seconds.len() + fraction.len();
        value[seconds.len()..end].copy_from_slice(fraction);
        value[seconds.len()] = b'.';
        self.sample(out, &self.created, labels, &value[..end]);
    }

    /// Writes the samples of a state set: 1 for the state at `current`, 0 for the others.
    fn state_set(&self, out: &mut Vec<u8>, labels: &[u8], current: usize) {
        for (index, state) in self.states.iter().enumerate() {
            let mut line = Line::new(out, self.name.len() + labels.len() + state.len() + 4);
            line.put(&self.name);
            line.put(self.open);
            if !labels.is_empty() {
                line.put(labels);
                line.put(b",");
            }
            line.put(state);
            line.put(if index == current { b"1" } else { b"0" });
            line.end();
        }
    }

    /// Writes the samples of a histogram: buckets, sum, count. `buckets` are not cumulative; the last is
    /// the one up to `+Inf`, and its cumulative value is the count.
    fn histogram(&self, out: &mut Vec<u8>, labels: &[u8], buckets: &[u64], sum: f64) {
        let head_len = self.bucket.len() + labels.len() + 1;
        let line_len = head_len + self.longest_bound + MAX_NUMBER_BYTES + 1;
        let mut line = Line::new(out, self.bounds.len() * line_len + 1);
        let head = line.position();
        line.put(&self.bucket);
        if !labels.is_empty() {
            line.put(labels);
            line.put(b",");
        }
        let head_len = line.position() - head;
        let mut count = 0u64;
        let mut digits = itoa::Buffer::new();
        for (index, (bound, bucket)) in self.bounds.iter().zip(buckets).enumerate() {
            if index > 0 {
                line.next_line();
                // The same head in one copy, out of the line before.
                line.repeat(head, head_len);
            }
            count = count.wrapping_add(*bucket);
            line.put(bound);
            line.put(digits.format(count).as_bytes());
        }
        line.end();
        if self.has_sum {
            self.float_sample(out, &self.sum, labels, sum);
            self.sample(out, &self.count, labels, digits.format(count).as_bytes());
        }
    }

    /// Writes the samples of a summary: a value for each quantile, then sum and count.
    ///
    /// OpenMetrics allows neither quantiles nor sums below zero, and a reader would refuse the whole exposition for
    /// one: they are left out there.
    fn summary(&self, out: &mut Vec<u8>, labels: &[u8], values: &[f64], sum: f64, count: u64) {
        let is_allowed = |value: f64| !(self.numbers == Numbers::Point && value < 0.0);
        for (quantile, value) in self.quantiles.iter().zip(values).filter(|(_, value)| is_allowed(**value)) {
            self.numbers.with(*value, |value| {
                let mut line = Line::new(out, self.name.len() + labels.len() + quantile.len() + value.len() + 4);
                line.put(&self.name);
                line.put(self.open);
                if !labels.is_empty() {
                    line.put(labels);
                    line.put(b",");
                }
                line.put(quantile);
                line.put(value);
                line.end();
            });
        }
        if is_allowed(sum) {
            self.float_sample(out, &self.sum, labels, sum);
        }
        self.sample(out, &self.count, labels, itoa::Buffer::new().format(count).as_bytes());
    }

    /// Writes a sample whose value is a float.
    #[inline(always)]
    fn float_sample(&self, out: &mut Vec<u8>, head: &[u8], labels: &[u8], value: f64) {
        self.numbers.with(value, |value| self.sample(out, head, labels, value));
    }

    /// Writes `name{labels} value`, or `name value` without labels.
    #[inline(always)]
    fn sample(&self, out: &mut Vec<u8>, head: &[u8], labels: &[u8], value: &[u8]) {
        let mut line = Line::new(out, head.len() + labels.len() + value.len() + 4);
        line.put(head);
        if labels.is_empty() {
            line.put(self.bare);
        } else {
            line.put(self.open);
            line.put(labels);
            line.put(b"} ");
        }
        line.put(value);
        line.end();
    }
}

/// Ends an OpenMetrics exposition.
pub(crate) fn open_metrics_end(out: &mut Vec<u8>) {
    out.extend_from_slice(b"# EOF\n");
}

fn header(
    family: &str,
    is_quoted: bool,
    help: Option<&str>,
    type_name: &str,
    unit: Option<&str>,
    style: TextStyle,
) -> Vec<u8> {
    let name = if is_quoted { quoted(family) } else { family.as_bytes().to_vec() };
    let mut header = Vec::new();
    if let Some(help) = help {
        header.extend_from_slice(&[b"# HELP ", &*name, b" "].concat());
        if style.open_metrics {
            escape_into(help, &mut header);
        } else {
            escape_help(help, &mut header);
        }
        header.push(b'\n');
    }
    header.extend_from_slice(&[b"# TYPE ", &*name, b" ", type_name.as_bytes(), b"\n"].concat());
    // A unit that is not a suffix of the name, which a verbatim name may have, is not allowed there.
    let unit = unit.filter(|unit| family.strip_suffix(unit).is_some_and(|before| before.ends_with('_')));
    if let Some(unit) = unit {
        header.extend_from_slice(&[b"# UNIT ", &*name, b" ", unit.as_bytes(), b"\n"].concat());
    }
    header
}

/// Returns a name in quotes, escaped as label values are.
pub(super) fn quoted(name: &str) -> Vec<u8> {
    let mut text = b"\"".to_vec();
    escape_into(name, &mut text);
    text.push(b'"');
    text
}

impl Numbers {
    /// Lays out a float and passes it to `write`.
    #[inline(always)]
    fn with<R>(self, value: f64, write: impl FnOnce(&[u8]) -> R) -> R {
        let mut number = Number::new();
        let text = match self {
            Self::Point => number.float_with_point(value),
            Self::Plain if !is_plain(value) => return with_plain(value, write),
            Self::Go | Self::Plain => number.float(value),
        };
        write(text)
    }
}

/// Escapes a help text: `\` and line feeds, but not quotes.
fn escape_help(help: &str, out: &mut Vec<u8>) {
    for byte in help.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(br"\\"),
            b'\n' => out.extend_from_slice(br"\n"),
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests;
