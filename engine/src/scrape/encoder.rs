//! The encoders of a family: one for each exposition that was asked for, with all that does not change rendered.

use crate::encode::{
    Exposition, Format, Metadata, ProtobufFamily, ProtobufKind, RewrittenNames, Start, TextFamily, TextStyle,
};
use crate::label::Escaping;
use crate::registry::desc::{Desc, Kind, Unit};
use crate::registry::names::Clashes;
use crate::registry::store::Labels;

/// What a scrape writes: an exposition, and which families give way in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form<'s> {
    pub(crate) exposition: Exposition,
    pub(crate) clashes: &'s Clashes,
}

/// The encoders of one family. There are as many as expositions, of which there are few, and twice that where the family
/// came to give way in OpenMetrics.
#[derive(Debug, Default)]
pub(crate) struct Encoders(Vec<(Exposition, bool, Encoder)>);

impl Encoders {
    /// Gives the encoder of an exposition, which is made when it is asked for first.
    pub(crate) fn of(&mut self, form: Form<'_>, desc: &Desc) -> &mut Encoder {
        let Form { exposition, clashes } = form;
        let is_open_metrics = matches!(exposition.format(), Format::OpenMetrics | Format::OpenMetrics001);
        let gives_way = is_open_metrics && clashes.gives_way(&desc.name, exposition.escaping());
        let known = self.0.iter().position(|(known, gave_way, _)| (*known, *gave_way) == (exposition, gives_way));
        let index = known.unwrap_or_else(|| {
            self.0.push((exposition, gives_way, Encoder::new(exposition, desc, gives_way)));
            self.0.len() - 1
        });
        &mut self.0[index].2
    }
}

/// Writes the series of one family in one exposition.
#[derive(Debug)]
pub(crate) struct Encoder {
    writer: Writer,
    /// When series were made is written.
    has_created: bool,
    is_untyped: bool,
}

#[derive(Debug)]
enum Writer {
    Text(TextWriter),
    Protobuf(ProtobufFamily),
}

#[derive(Debug)]
struct TextWriter {
    family: TextFamily,
    /// Where the rendered labels are not what this exposition writes.
    names: Option<RewrittenNames>,
    /// The labels of the series at hand, rewritten.
    rewritten: Vec<u8>,
}

/// Where a family begins in the output.
#[derive(Debug)]
#[must_use = "a family that is begun has to be ended"]
pub(crate) enum Begun {
    Text(usize),
    Protobuf(Start),
}

impl TextWriter {
    fn new(style: TextStyle, desc: &Desc) -> Self {
        let metadata = Metadata {
            name: &desc.name,
            help: Some(&*desc.help).filter(|help| desc.has_empty_help || !help.is_empty()),
            type_name: if style.open_metrics { desc.kind.open_metrics_type() } else { desc.kind.type_name() },
            unit: desc.unit.map(Unit::as_str),
            bounds: desc.layout.as_ref().map(|layout| layout.bounds()),
            quantiles: desc.quantiles.as_ref().map_or(&[], |quantiles| quantiles.values()),
            states: &desc.states,
            plain_numbers: desc.plain_numbers,
        };
        Self {
            family: TextFamily::new(metadata, style),
            names: match desc.is_open {
                true => RewrittenNames::of_open_family(style.escaping),
                false => RewrittenNames::new(desc.label_names.iter().map(|name| &**name), style.escaping),
            },
            rewritten: Vec::new(),
        }
    }

    /// Gives the family, and the labels as it writes them.
    #[inline(always)]
    fn with(&mut self, labels: Labels<'_>, write: impl FnOnce(&TextFamily, &[u8])) {
        match &self.names {
            None => write(&self.family, labels.text()),
            Some(names) => {
                names.write(labels.escaped(), &mut self.rewritten);
                write(&self.family, &self.rewritten);
            }
        }
    }

    /// Writes when a series was made, where that is written.
    #[inline(always)]
    fn created(&mut self, out: &mut Vec<u8>, labels: Labels<'_>, created: Option<u64>) {
        if let Some(millis) = created {
            self.with(labels, |family, labels| family.created(out, labels, millis));
        }
    }
}

fn protobuf(escaping: Escaping, desc: &Desc) -> ProtobufFamily {
    let kind = match desc.kind {
        Kind::Counter | Kind::DurationCounter => ProtobufKind::Counter,
        Kind::Histogram => ProtobufKind::Histogram,
        Kind::Summary => ProtobufKind::Summary,
        Kind::Unknown => ProtobufKind::Untyped,
        Kind::Gauge | Kind::UpDownCounter | Kind::Info | Kind::StateSet => ProtobufKind::Gauge,
    };
    let name = escaping.metric(&desc.name);
    let labels: Vec<_> = desc.label_names.iter().map(|label| escaping.label(label)).collect();
    let bounds = desc.layout.as_ref().map(|layout| layout.bounds());
    let unit = desc.unit.map(Unit::as_str);
    let family = ProtobufFamily::new(&name, &desc.help, kind, unit, labels.iter().map(|label| &**label), bounds)
        .with_states(&name, &desc.states)
        .with_quantiles(desc.quantiles.as_ref().map_or(&[], |quantiles| quantiles.values()));
    if desc.is_open { family.with_own_names(escaping) } else { family }
}

impl Encoder {
    fn new(exposition: Exposition, desc: &Desc, gives_way: bool) -> Self {
        let escaping = exposition.escaping();
        let has_resets = matches!(desc.kind, Kind::Counter | Kind::DurationCounter | Kind::Histogram | Kind::Summary);
        let (writer, has_created) = match exposition.format() {
            Format::Text => (
                Writer::Text(TextWriter::new(TextStyle { open_metrics: false, escaping, gives_way: false }, desc)),
                false,
            ),
            Format::OpenMetrics | Format::OpenMetrics001 => {
                let style = TextStyle { open_metrics: true, escaping, gives_way };
                (Writer::Text(TextWriter::new(style, desc)), has_resets && exposition.created_samples())
            }
            Format::Protobuf => (Writer::Protobuf(protobuf(escaping, desc)), has_resets),
        };
        Self { writer, has_created, is_untyped: desc.kind == Kind::Unknown }
    }

    /// Writes what stands before the series.
    pub(crate) fn begin(&self, out: &mut Vec<u8>) -> Begun {
        match &self.writer {
            Writer::Text(text) => {
                let start = out.len();
                text.family.header(out);
                Begun::Text(start)
            }
            Writer::Protobuf(family) => Begun::Protobuf(family.begin(out)),
        }
    }

    /// Ends a family of so many series: one without a series writes nothing.
    pub(crate) fn end(&self, out: &mut Vec<u8>, begun: Begun, series: usize) {
        match (begun, &self.writer) {
            (Begun::Protobuf(start), Writer::Protobuf(family)) => family.end(out, start, series),
            (Begun::Text(start), _) if series == 0 => out.truncate(start),
            _ => {}
        }
    }

    /// Gives the encoder of plain text, where the labels are written as they are rendered, and a series is one sample.
    pub(crate) fn plain_text(&self) -> Option<&TextFamily> {
        match &self.writer {
            Writer::Text(TextWriter { family, names: None, .. }) if !self.has_created => Some(family),
            Writer::Text(_) | Writer::Protobuf(_) => None,
        }
    }

    fn created_millis(&self, labels: Labels<'_>) -> Option<u64> {
        if self.has_created { labels.created_millis() } else { None }
    }

    /// Writes a total, and when it began where that is written.
    #[inline(always)]
    pub(crate) fn counter(&mut self, out: &mut Vec<u8>, labels: Labels<'_>, total: u64) {
        let created = self.created_millis(labels);
        match &mut self.writer {
            Writer::Text(text) => {
                text.with(labels, |family, labels| family.integer(out, labels, total));
                text.created(out, labels, created);
            }
            Writer::Protobuf(family) => {
                family.counter(out, labels.escaped(), labels.may_be_escaped(), total as f64, created);
            }
        }
    }

    /// Writes a total that is no integer.
    pub(crate) fn float_counter(&mut self, out: &mut Vec<u8>, labels: Labels<'_>, total: f64) {
        let created = self.created_millis(labels);
        match &mut self.writer {
            Writer::Text(text) => {
                text.with(labels, |family, labels| family.float(out, labels, total));
                text.created(out, labels, created);
            }
            Writer::Protobuf(family) => {
                family.counter(out, labels.escaped(), labels.may_be_escaped(), total, created);
            }
        }
    }

    /// Writes a value of a kind without a beginning.
    pub(crate) fn gauge(&mut self, out: &mut Vec<u8>, labels: Labels<'_>, value: f64) {
        match &mut self.writer {
            Writer::Text(text) => text.with(labels, |family, labels| family.float(out, labels, value)),
            Writer::Protobuf(family) if self.is_untyped => {
                family.untyped(out, labels.escaped(), labels.may_be_escaped(), value);
            }
            Writer::Protobuf(family) => family.gauge(out, labels.escaped(), labels.may_be_escaped(), value),
        }
    }

    /// Writes a value that is an integer.
    pub(crate) fn integer_gauge(&mut self, out: &mut Vec<u8>, labels: Labels<'_>, value: i64) {
        match &mut self.writer {
            Writer::Text(text) => text.with(labels, |family, labels| family.signed(out, labels, value)),
            Writer::Protobuf(_) => self.gauge(out, labels, value as f64),
        }
    }

    /// Writes a value that is an integer and not negative.
    pub(crate) fn unsigned_gauge(&mut self, out: &mut Vec<u8>, labels: Labels<'_>, value: u64) {
        match &mut self.writer {
            Writer::Text(text) => text.with(labels, |family, labels| family.integer(out, labels, value)),
            Writer::Protobuf(_) => self.gauge(out, labels, value as f64),
        }
    }

    /// Writes the states of a state set.
    pub(crate) fn state_set(&mut self, out: &mut Vec<u8>, labels: Labels<'_>, current: usize) {
        match &mut self.writer {
            Writer::Text(text) => text.with(labels, |family, labels| family.state_set(out, labels, current)),
            Writer::Protobuf(family) => {
                family.state_set(out, &labels.escaped(), labels.may_be_escaped(), current);
            }
        }
    }

    /// Writes a histogram. `buckets` are not cumulative.
    #[inline(always)]
    pub(crate) fn histogram(&mut self, out: &mut Vec<u8>, labels: Labels<'_>, buckets: &[u64], sum: f64) {
        let created = self.created_millis(labels);
        match &mut self.writer {
            Writer::Text(text) => {
                text.with(labels, |family, labels| family.histogram(out, labels, buckets, sum));
                text.created(out, labels, created);
            }
            Writer::Protobuf(family) => {
                family.histogram(out, labels.escaped(), labels.may_be_escaped(), buckets, sum, created);
            }
        }
    }

    /// Writes a summary: a value for each quantile, then sum and count.
    pub(crate) fn summary(&mut self, out: &mut Vec<u8>, labels: Labels<'_>, values: &[f64], sum: f64, count: u64) {
        let created = self.created_millis(labels);
        match &mut self.writer {
            Writer::Text(text) => {
                text.with(labels, |family, labels| family.summary(out, labels, values, sum, count));
                text.created(out, labels, created);
            }
            Writer::Protobuf(family) => {
                family.summary(out, labels.escaped(), labels.may_be_escaped(), (values, sum, count), created);
            }
        }
    }
}
