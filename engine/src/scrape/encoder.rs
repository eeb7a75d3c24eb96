//! The encoders of a family: one for each exposition that was asked for, with all that does not change rendered.

use crate::encode::{Exposition, Format, Metadata, RewrittenNames, TextFamily, TextStyle};
use crate::registry::{Desc, Kind, Labels, Unit};

/// The encoders of one family. There are as many as expositions, of which there are few.
#[derive(Debug, Default)]
pub(crate) struct Encoders(Vec<(Exposition, Encoder)>);

impl Encoders {
    /// Gives the encoder of an exposition, which is made when it is asked for first.
    pub(crate) fn of(&mut self, exposition: Exposition, desc: &Desc) -> &mut Encoder {
        let known = self.0.iter().position(|(known, _)| *known == exposition);
        let index = known.unwrap_or_else(|| {
            self.0.push((exposition, Encoder::new(exposition, desc)));
            self.0.len() - 1
        });
        &mut self.0[index].1
    }
}

/// Writes the series of one family in one exposition.
#[derive(Debug)]
pub(crate) struct Encoder {
    text: TextFamily,
    /// Where the rendered labels are not what this exposition writes.
    names: Option<RewrittenNames>,
    /// The labels of the series at hand, rewritten.
    rewritten: Vec<u8>,
    /// When series were made is written.
    pub(crate) has_created: bool,
}

impl Encoder {
    fn new(exposition: Exposition, desc: &Desc) -> Self {
        let open_metrics = matches!(exposition.format(), Format::OpenMetrics | Format::OpenMetrics001);
        let style = TextStyle { open_metrics, escaping: exposition.escaping() };
        let metadata = Metadata {
            name: &desc.name,
            help: &desc.help,
            type_name: if open_metrics { desc.kind.open_metrics_type() } else { desc.kind.type_name() },
            unit: desc.unit.map(Unit::as_str),
            bounds: desc.layout.as_ref().map(|layout| layout.bounds()),
            states: &desc.states,
        };
        let has_resets = matches!(desc.kind, Kind::Counter | Kind::DurationCounter | Kind::Histogram);
        Self {
            text: TextFamily::new(metadata, style),
            names: RewrittenNames::new(desc.label_names.iter().map(|name| &**name), exposition.escaping()),
            rewritten: Vec::new(),
            has_created: open_metrics && exposition.created_samples() && has_resets,
        }
    }

    /// Writes what stands before the series; gives where the family begins.
    pub(crate) fn begin(&mut self, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        self.text.header(out);
        start
    }

    /// Ends a family of so many series: one without a series writes nothing.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>, start: usize, series: usize) {
        if series == 0 {
            out.truncate(start);
        }
    }

    /// Gives the encoder of plain text, where the labels are written as they are rendered, and a series is one sample.
    pub(crate) fn plain_text(&self) -> Option<&TextFamily> {
        (self.names.is_none() && !self.has_created).then_some(&self.text)
    }

    /// Has `write` write a series with its labels.
    #[inline(always)]
    fn with_labels(&mut self, labels: Labels<'_>, write: impl FnOnce(&TextFamily, &[u8])) {
        match &self.names {
            None => write(&self.text, labels.text()),
            Some(names) => {
                names.write(labels.escaped().map(|(_, value)| value), &mut self.rewritten);
                write(&self.text, &self.rewritten);
            }
        }
    }

    /// Writes a total, and when it began where that is written.
    #[inline(always)]
    pub(crate) fn counter(&mut self, out: &mut Vec<u8>, labels: Labels<'_>, total: u64) {
        self.with_labels(labels, |text, labels| text.integer(out, labels, total));
        self.created(out, labels);
    }

    /// Writes a total that is no integer.
    pub(crate) fn float_counter(&mut self, out: &mut Vec<u8>, labels: Labels<'_>, total: f64) {
        self.with_labels(labels, |text, labels| text.float(out, labels, total));
        self.created(out, labels);
    }

    /// Writes a value.
    pub(crate) fn gauge(&mut self, out: &mut Vec<u8>, labels: Labels<'_>, value: f64) {
        self.with_labels(labels, |text, labels| text.float(out, labels, value));
    }

    /// Writes a value that is an integer.
    pub(crate) fn integer_gauge(&mut self, out: &mut Vec<u8>, labels: Labels<'_>, value: i64) {
        self.with_labels(labels, |text, labels| text.signed(out, labels, value));
    }

    /// Writes a value that is a positive integer.
    pub(crate) fn unsigned_gauge(&mut self, out: &mut Vec<u8>, labels: Labels<'_>, value: u64) {
        self.with_labels(labels, |text, labels| text.integer(out, labels, value));
    }

    /// Writes an info.
    pub(crate) fn info(&mut self, out: &mut Vec<u8>, labels: Labels<'_>) {
        self.with_labels(labels, |text, labels| text.integer(out, labels, 1));
    }

    /// Writes the states of a state set.
    pub(crate) fn state_set(&mut self, out: &mut Vec<u8>, labels: Labels<'_>, current: usize) {
        self.with_labels(labels, |text, labels| text.state_set(out, labels, current));
    }

    /// Writes a histogram. `buckets` are not cumulative.
    #[inline(always)]
    pub(crate) fn histogram(&mut self, out: &mut Vec<u8>, labels: Labels<'_>, buckets: &[u64], sum: f64) {
        self.with_labels(labels, |text, labels| text.histogram(out, labels, buckets, sum));
        self.created(out, labels);
    }

    #[inline(always)]
    fn created(&mut self, out: &mut Vec<u8>, labels: Labels<'_>) {
        if self.has_created
            && let Some(millis) = labels.created_millis()
        {
            self.with_labels(labels, |text, labels| text.created(out, labels, millis));
        }
    }
}
