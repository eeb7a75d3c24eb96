//! The encoders of a family: one for each exposition that was asked for, with all that does not change rendered.

use crate::encode::{
    Exposition, Format, Metadata, MetricValue, ProtobufFamily, RewrittenNames, ShapeView, Start, TextFamily, TextStyle,
    open_metrics_end,
};
use crate::registry::desc::{Desc, Shape};
use crate::registry::names::Clashes;
use crate::registry::store::Labels;
use crate::unit::Unit;

/// What a scrape writes: an exposition, and which families give way in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form<'s> {
    pub(crate) exposition: Exposition,
    pub(crate) clashes: &'s Clashes,
}

/// The encoders of one family. There are as many as expositions, of which there are few, and twice that where the
/// family came to give way in OpenMetrics.
#[derive(Debug, Default)]
pub(crate) struct Encoders(Vec<(Exposition, bool, Encoder)>);

impl Encoders {
    /// Returns the encoder of an exposition, which is made when it is asked for first.
    pub(crate) fn of(&mut self, form: Form<'_>, desc: &Desc) -> &mut Encoder {
        let Form { exposition, clashes } = form;
        let gives_way = exposition.format().is_open_metrics() && clashes.gives_way(&desc.name, exposition.escaping());
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
    /// Creation times are written.
    has_created: bool,
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
pub(crate) enum FamilyStart {
    Text(usize),
    Protobuf(Start),
}

impl TextWriter {
    fn new(metadata: Metadata<'_>, style: TextStyle) -> Self {
        let names = match metadata.labels {
            None => RewrittenNames::of_dynamic_family(style.escaping),
            Some(labels) => RewrittenNames::new(labels.iter().map(|name| &**name), style.escaping),
        };
        Self { family: TextFamily::new(metadata, style), names, rewritten: Vec::new() }
    }

    #[inline(always)]
    fn series(&mut self, out: &mut Vec<u8>, labels: Labels<'_>, value: MetricValue<'_>, created: Option<u64>) {
        let labels = match &self.names {
            None => labels.text(),
            Some(names) => {
                names.write(labels.escaped(), &mut self.rewritten);
                &self.rewritten
            }
        };
        self.family.series(out, labels, value);
        if let Some(millis) = created {
            self.family.created(out, labels, millis);
        }
    }
}

/// Returns what the formats must know of a family.
fn metadata(desc: &Desc) -> Metadata<'_> {
    Metadata {
        name: &desc.name,
        help: Some(&*desc.help).filter(|help| desc.has_empty_help || !help.is_empty()),
        kind: desc.kind,
        unit: desc.unit.map(Unit::as_str),
        labels: (!desc.is_dynamic).then_some(&*desc.label_names),
        shape: match &desc.shape {
            Shape::None => ShapeView::None,
            Shape::Buckets(layout) => ShapeView::Buckets(layout.bounds()),
            Shape::Quantiles(quantiles) => ShapeView::Quantiles(quantiles.values()),
            Shape::States(states) => ShapeView::States(states),
        },
        plain_numbers: desc.plain_numbers,
    }
}

impl Encoder {
    fn new(exposition: Exposition, desc: &Desc, gives_way: bool) -> Self {
        let (metadata, escaping) = (metadata(desc), exposition.escaping());
        let text = |open_metrics| {
            let style = TextStyle { open_metrics, escaping, gives_way };
            Writer::Text(TextWriter::new(metadata, style))
        };
        let (writer, writes_created) = match exposition.format() {
            Format::Text => (text(false), false),
            Format::OpenMetrics | Format::OpenMetrics001 => (text(true), exposition.created_samples()),
            Format::Protobuf => (Writer::Protobuf(ProtobufFamily::new(&metadata, escaping)), true),
        };
        Self { writer, has_created: writes_created && desc.kind.has_created() }
    }

    /// Writes what stands before the series.
    pub(crate) fn begin(&self, out: &mut Vec<u8>) -> FamilyStart {
        match &self.writer {
            Writer::Text(text) => {
                let start = out.len();
                text.family.header(out);
                FamilyStart::Text(start)
            }
            Writer::Protobuf(family) => FamilyStart::Protobuf(family.begin(out)),
        }
    }

    /// Writes one series.
    #[inline(always)]
    pub(crate) fn series(&mut self, out: &mut Vec<u8>, labels: Labels<'_>, value: MetricValue<'_>) {
        let created = if self.has_created { labels.created_millis() } else { None };
        match &mut self.writer {
            Writer::Text(text) => text.series(out, labels, value, created),
            Writer::Protobuf(family) => {
                family.series(out, labels.escaped(), labels.may_be_escaped(), value, created);
            }
        }
    }

    /// Ends a family of so many series: one without a series writes nothing.
    pub(crate) fn end(&self, out: &mut Vec<u8>, start: FamilyStart, series: usize) {
        match (start, &self.writer) {
            (FamilyStart::Protobuf(start), Writer::Protobuf(family)) => family.end(out, start, series),
            (FamilyStart::Text(start), _) if series == 0 => out.truncate(start),
            _ => {}
        }
    }

    /// Returns the encoder of plain text, where the labels are written as they are rendered, and a series is one
    /// sample.
    pub(crate) fn plain_text(&self) -> Option<&TextFamily> {
        match &self.writer {
            Writer::Text(TextWriter { family, names: None, .. }) if !self.has_created => Some(family),
            Writer::Text(_) | Writer::Protobuf(_) => None,
        }
    }
}

/// Writes what stands behind all families.
pub(crate) fn finish(exposition: Exposition, out: &mut Vec<u8>) {
    if exposition.format().is_open_metrics() {
        open_metrics_end(out);
    }
}
