//! The parts that lines of both formats share: names, labels, metadata.

use super::cursor::{Cursor, NameOf, Piece};
use super::error::shown;
use super::{Error, ErrorKind, Labels, Syntax, number};
use std::borrow::Cow;

/// Up to so many labels are compared with each other; more are sorted, so that the work does not grow quadratically.
const FEW_LABELS: usize = 16;

/// What is before the value of a sample.
#[derive(Debug)]
pub(super) struct Head<'a> {
    pub(super) name: Cow<'a, str>,
    /// Where the name begins in the line.
    pub(super) at: usize,
    pub(super) labels: Labels<'a>,
    /// The values of the two labels that are numbers in some types.
    pub(super) le: Option<Piece<'a>>,
    pub(super) quantile: Option<Piece<'a>>,
}

/// Labels between braces, with the metric's name if it stood there too.
struct Braces<'a> {
    labels: Labels<'a>,
    name: Option<Piece<'a>>,
    le: Option<Piece<'a>>,
    quantile: Option<Piece<'a>>,
}

impl<'a> Cursor<'a> {
    /// Takes the name and the labels of a sample. `scratch` is only room.
    pub(super) fn head(&mut self, scratch: &mut Vec<Piece<'a>>) -> Result<Head<'a>, Error> {
        let begin = self.at;
        if self.peek() == Some(b'{') {
            let braces = self.braces(true, scratch)?;
            let Some(name) = braces.name else {
                let message =
                    "found braces without the metric's name, which is expected before them, or in quotes inside";
                return Err(self.error(begin, ErrorKind::Name, message));
            };
            let Braces { labels, le, quantile, .. } = braces;
            return Ok(Head { name: name.unescaped(), at: name.at, labels, le, quantile });
        }
        let name = self.bare_name(NameOf::Metric)?;
        self.blanks();
        let (labels, le, quantile) = if self.peek() == Some(b'{') {
            let Braces { labels, le, quantile, .. } = self.braces(false, scratch)?;
            (labels, le, quantile)
        } else {
            (Labels::default(), None, None)
        };
        Ok(Head { name: Cow::Borrowed(name.text), at: name.at, labels, le, quantile })
    }

    /// Takes the labels of an exemplar.
    pub(super) fn exemplar_labels(&mut self, scratch: &mut Vec<Piece<'a>>) -> Result<Labels<'a>, Error> {
        Ok(self.braces(false, scratch)?.labels)
    }

    /// Takes braces with all that is inside. A name in quotes without a value is the metric's, where that is
    /// `wanted`.
    fn braces(&mut self, wanted: bool, scratch: &mut Vec<Piece<'a>>) -> Result<Braces<'a>, Error> {
        self.expects(b'{', "'{'")?;
        let begin = self.at;
        let (mut metric, mut le, mut quantile) = (None, None, None);
        scratch.clear();
        let mut first = true;
        loop {
            self.blanks();
            // The text format lets a comma stand behind the last label.
            if self.peek() == Some(b'}') && (first || self.syntax == Syntax::Text) {
                break;
            }
            first = false;
            let name = match self.peek() {
                Some(b'"') => {
                    let piece = self.string(self.limits.name_bytes, "a name")?;
                    self.blanks();
                    // The two classic syntaxes differ; which one it is shows behind the quotes.
                    let is_metric = wanted && metric.is_none() && matches!(self.peek(), Some(b',' | b'}'));
                    self.check_quoted(&piece, if is_metric { NameOf::Metric } else { NameOf::Label })?;
                    if is_metric {
                        metric = Some(piece);
                        if self.peek() == Some(b'}') {
                            break;
                        }
                        self.next_label()?;
                        continue;
                    }
                    piece
                }
                _ => self.bare_name(NameOf::Label)?,
            };
            self.blanks();
            self.expects(b'=', "'=' behind the label name")?;
            self.blanks();
            let value = self.string(self.limits.value_bytes, "a label value")?;
            match name.text {
                "le" => le = Some(value),
                "quantile" => quantile = Some(value),
                "__name__" => {
                    let message = "the label name \"__name__\" is reserved; the metric's name stands before the braces";
                    return Err(self.error(name.at, ErrorKind::Name, message));
                }
                _ => {}
            }
            if scratch.len() == self.limits.labels {
                let message = format!("more than the {} labels that are allowed", self.limits.labels);
                return Err(self.error(name.at, ErrorKind::Limit, message));
            }
            scratch.push(name);
            self.blanks();
            match self.peek() {
                Some(b',') => self.next_label()?,
                Some(b'}') => break,
                _ => return Err(self.expected("',' or '}' behind the label value")),
            }
        }
        let labels = Labels::new(&self.line[begin..self.at], scratch.len());
        self.at += 1;
        self.check_distinct(scratch)?;
        Ok(Braces { labels, name: metric, le, quantile })
    }

    /// Takes the comma before the next label. OpenMetrics gets the one space behind it that its reference reader
    /// takes.
    fn next_label(&mut self) -> Result<(), Error> {
        self.expects(b',', "',' or '}'")?;
        if self.syntax == Syntax::OpenMetrics && self.peek() == Some(b' ') {
            self.at += 1;
        }
        Ok(())
    }

    /// Checks that no label name comes twice.
    fn check_distinct(&self, names: &[Piece<'a>]) -> Result<(), Error> {
        let twice = if names.len() <= FEW_LABELS {
            let same = |a: &Piece<'_>, b: &Piece<'_>| {
                if a.escaped || b.escaped { a.unescaped() == b.unescaped() } else { a.text == b.text }
            };
            names
                .iter()
                .enumerate()
                .find(|(index, name)| names[..*index].iter().any(|known| same(known, name)))
                .map(|(_, name)| *name)
        } else {
            let mut sorted: Vec<_> = names.iter().map(|name| (name.unescaped(), name)).collect();
            sorted.sort_by(|a, b| (&a.0, a.1.at).cmp(&(&b.0, b.1.at)));
            sorted.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| *pair[1].1)
        };
        match twice {
            Some(name) => {
                let message = format!("the label {} is given twice", shown(&name.unescaped()));
                Err(self.error(name.at, ErrorKind::Name, message))
            }
            None => Ok(()),
        }
    }

    /// Takes the name of a family on a line of metadata.
    pub(super) fn family_name(&mut self) -> Result<Piece<'a>, Error> {
        if self.peek() != Some(b'"') {
            return self.bare_name(NameOf::Metric);
        }
        let piece = self.string(self.limits.name_bytes, NameOf::Metric.words())?;
        self.check_quoted(&piece, NameOf::Metric)?;
        Ok(piece)
    }

    /// Takes the rest of the line as a help text.
    pub(super) fn help(&mut self) -> Result<Piece<'a>, Error> {
        let at = self.at;
        let text = &self.line[at..];
        self.at = self.line.len();
        let mut escaped = false;
        let mut place = 0;
        while let Some(backslash) = memchr::memchr(b'\\', &text.as_bytes()[place..]) {
            self.check_escape(at + place + backslash)?;
            escaped = true;
            place += backslash + 2;
            // Behind the backslash may be the first byte of several: any place within them finds the next one too.
            if place >= text.len() {
                break;
            }
        }
        Ok(Piece { text, at, escaped })
    }

    /// Reads a `le` or `quantile`.
    pub(super) fn label_number(&self, piece: &Piece<'_>, what: &str) -> Result<f64, Error> {
        number::float(piece.text).map_err(|why| self.not_a_number(piece.at, piece.text, what, why))
    }
}
