//! Families with all their samples, owned.

use super::{Error, Event, Exemplar, Labels, MetricType, Parser, Sample, Timestamp};
use std::collections::HashMap;

/// A family with its metadata and samples.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct OwnedFamily {
    /// The name: in the text format with `_total` and the like, in OpenMetrics without.
    pub name: String,
    /// The type.
    pub kind: MetricType,
    /// The help text, if there is a HELP line.
    pub help: Option<String>,
    /// The unit, if there is a UNIT line that gives one.
    pub unit: Option<String>,
    /// The samples, in the order of the body. Metadata may come without any.
    pub samples: Vec<OwnedSample>,
    /// The line where the family begins, counted from 1.
    pub line: u64,
}

/// A sample of an [`OwnedFamily`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OwnedSample {
    /// The full name, as `rows_bucket`.
    pub name: String,
    /// Names and values, in the order of the body.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: f64,
    /// The timestamp, if it has one.
    pub timestamp: Option<Timestamp>,
    /// The exemplar, if it has one.
    pub exemplar: Option<OwnedExemplar>,
    /// The line it stands on, counted from 1.
    pub line: u64,
}

/// The exemplar of an [`OwnedSample`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OwnedExemplar {
    /// Names and values, in the order of the body.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: f64,
    /// The timestamp, if it has one.
    pub timestamp: Option<Timestamp>,
}

impl OwnedSample {
    /// Returns the value of a label; `None` where it is not there.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns about how many bytes it takes, here and in the linter.
    fn bytes(&self) -> usize {
        // A vector that grows has room for twice what it holds.
        2 * size_of::<Self>()
            + text(&self.name)
            + labels(&self.labels)
            + self.exemplar.as_ref().map_or(0, |exemplar| labels(&exemplar.labels))
    }

    fn of(sample: &Sample<'_>) -> Self {
        Self {
            name: sample.name().to_owned(),
            labels: owned(sample.labels()),
            value: sample.value(),
            timestamp: sample.timestamp(),
            exemplar: sample.exemplar().as_ref().map(OwnedExemplar::of),
            line: sample.line(),
        }
    }
}

impl OwnedExemplar {
    fn of(exemplar: &Exemplar<'_>) -> Self {
        Self { labels: owned(exemplar.labels()), value: exemplar.value(), timestamp: exemplar.timestamp() }
    }
}

/// What the system's allocator takes for a text, at least.
fn text(text: &str) -> usize {
    text.len() + 16
}

/// The linter has a reference to each name and value.
fn labels(all: &[(String, String)]) -> usize {
    let each = 2 * size_of::<(String, String)>() + size_of::<(&str, &str)>();
    all.iter().map(|(name, value)| each + text(name) + text(value)).sum()
}

fn owned(labels: Labels<'_>) -> Vec<(String, String)> {
    labels.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// Reads a body to its end and returns its families, in the order they begin. What the text format lets come in pieces
/// is put together.
///
/// The result takes a multiple of the body's memory; [`Limits::owned_bytes`](super::Limits::owned_bytes) bounds it.
///
/// # Errors
/// The first error of the parser, and one where the families take more than they may.
///
/// ```
/// use streamgauge::parse::{MetricType, Parser, families};
///
/// let body = b"# HELP rows_total Rows.\n# TYPE rows_total counter\nrows_total{table=\"orders\"} 3\nup 1\n";
/// let families = families(Parser::text(body))?;
/// assert_eq!((families[0].name.as_str(), families[0].kind), ("rows_total", MetricType::Counter));
/// assert_eq!(families[0].samples[0].label("table"), Some("orders"));
/// assert_eq!((families[1].name.as_str(), families[1].samples[0].line), ("up", 4));
/// # Ok::<(), streamgauge::parse::Error>(())
/// ```
pub fn families(mut parser: Parser<'_>) -> Result<Vec<OwnedFamily>, Error> {
    let mut gathered = Gathered::default();
    let mut bytes = 0;
    while let Some(event) = parser.next() {
        let line = parser.line_number();
        match event? {
            Event::Help { family, help } => {
                bytes += text(&help);
                gathered.family(&family, line).help = Some(help.into_owned());
            }
            Event::Type { family, kind } => gathered.family(&family, line).kind = kind,
            Event::Unit { family, unit } => {
                gathered.family(&family, line).unit = (!unit.is_empty()).then(|| unit.to_owned());
            }
            Event::Sample(sample) => {
                let (family, sample) = (sample.family(), OwnedSample::of(&sample));
                bytes += sample.bytes();
                gathered.family(family, line).samples.push(sample);
            }
        }
        let families = gathered.families.len() * 4 * size_of::<OwnedFamily>();
        if bytes + families > parser.owned_bytes() {
            return Err(parser.too_much());
        }
    }
    Ok(gathered.families)
}

#[derive(Default)]
struct Gathered {
    families: Vec<OwnedFamily>,
    index: HashMap<String, usize>,
    last: usize,
}

impl Gathered {
    /// Returns the family, which begins on this line if it is new.
    fn family(&mut self, name: &str, line: u64) -> &mut OwnedFamily {
        if self.families.get(self.last).is_none_or(|family| family.name != name) {
            self.last = self.index.get(name).copied().unwrap_or_else(|| {
                self.index.insert(name.to_owned(), self.families.len());
                self.families.push(OwnedFamily { name: name.to_owned(), line, ..OwnedFamily::default() });
                self.families.len() - 1
            });
        }
        &mut self.families[self.last]
    }
}
