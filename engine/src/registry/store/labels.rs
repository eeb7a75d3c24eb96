//! The labels of a series, as the user gave them.

use super::row::RowRef;
use crate::label::unescape;
use crate::registry::desc::Desc;
use std::borrow::Cow;
use std::ops::Range;

/// The labels of one series: constant ones and those of its set, in the family's order; of an
/// [`DynamicFamily`](crate::bridge::DynamicFamily) in that of their names.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    /// Of a dynamic family `None`: they stand in the text.
    names: Option<&'a [Box<str>]>,
    source: Source<'a>,
}

/// Where the rendered text is.
#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    Record(RowRef<'a>),
    /// Of a collector: the text, and the offset of the closing quote of each value.
    Collected(&'a [u8], &'a [u32]),
}

impl<'a> Labels<'a> {
    #[inline(always)]
    pub(crate) fn new(desc: &'a Desc, row: RowRef<'a>) -> Self {
        Self { names: (!desc.is_dynamic).then_some(&*desc.label_names), source: Source::Record(row) }
    }

    /// Returns the labels of a collected sample, whose ends are as many as the names.
    pub(crate) fn collected(names: &'a [Box<str>], text: &'a [u8], ends: &'a [u32]) -> Self {
        Self { names: Some(names), source: Source::Collected(text, ends) }
    }

    /// Returns the row they are of; `None` where a collector gave them.
    pub(crate) fn row(&self) -> Option<RowRef<'a>> {
        match self.source {
            Source::Record(row) => Some(row),
            Source::Collected(..) => None,
        }
    }

    /// Returns when the series was made, in milliseconds of the Unix epoch; `None` where a collector or callback gave
    /// it.
    pub(crate) fn created_millis(&self) -> Option<u64> {
        self.row()?.series().created_millis()
    }

    /// Returns the rendered labels, without braces.
    #[inline(always)]
    pub(crate) fn text(&self) -> &'a [u8] {
        match self.source {
            Source::Record(row) => row.text(),
            Source::Collected(text, _) => text,
        }
    }

    /// Returns the names and values.
    pub fn iter(&self) -> LabelsIter<'a> {
        LabelsIter { labels: *self, indices: 0..self.len(), next: 0 }
    }

    /// Returns whether a value may stand escaped in the text.
    pub(crate) fn may_be_escaped(&self) -> bool {
        match self.source {
            Source::Record(row) => row.is_escaped(),
            Source::Collected(..) => true,
        }
    }

    /// Returns how many labels there are.
    fn len(&self) -> usize {
        match (self.names, self.source) {
            (Some(names), _) => names.len(),
            (None, Source::Record(row)) => row.labels(),
            (None, Source::Collected(_, ends)) => ends.len(),
        }
    }

    /// Returns the names, and the values as they stand in the text.
    #[inline(always)]
    pub(crate) fn escaped(&self) -> impl Iterator<Item = (&'a str, &'a str)> + Clone + use<'a> {
        let (labels, text) = (*self, self.text());
        let mut next = 0;
        (0..self.len()).map(move |index| labels.escaped_at(text, index, &mut next))
    }

    /// Returns one label of `text`, which is that of these labels. `next` is where its name begins, and becomes where
    /// the one behind it does.
    #[inline(always)]
    fn escaped_at(&self, text: &'a [u8], index: usize, next: &mut usize) -> (&'a str, &'a str) {
        let end = match self.source {
            Source::Record(row) => row.end(index),
            Source::Collected(_, ends) => ends.get(index).map_or(0, |end| *end as usize),
        };
        let name = match self.names {
            Some(names) => names.get(index).map_or("", |name| &**name),
            None => name_at(text, *next),
        };
        // Behind the name, `="`; behind the value, the quote and the comma.
        let start = *next + name.len() + 2;
        *next = end + 2;
        let value = text.get(start..end).unwrap_or_default();
        (name, std::str::from_utf8(value).unwrap_or_default())
    }

    /// Returns whether these labels, in any order, are the labels of the series: all of them, and no others.
    pub(crate) fn are(&self, labels: &[(&str, &str)]) -> bool {
        // In a dynamic family a label without a value does not exist.
        let is_dynamic = self.names.is_none();
        let given = || labels.iter().filter(|(_, value)| !(is_dynamic && value.is_empty()));
        let mut own = self.iter();
        // The series' names differ from each other, so where as many are given and all of them match, none is another
        // or given twice.
        self.len() == given().count()
            && own.all(|(name, value)| given().any(|(label, given)| *label == name && *given == value))
    }

    /// Returns whether a label has this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.escaped().any(|(label, _)| label == name)
    }

    /// Returns the value of one label; `None` where the series has no such label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.iter().find(|(label, _)| *label == name).map(|(_, value)| value)
    }
}

impl<'a> IntoIterator for Labels<'a> {
    type Item = (&'a str, Cow<'a, str>);
    type IntoIter = LabelsIter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The names and values of [`Labels`].
#[derive(Clone, Debug)]
pub struct LabelsIter<'a> {
    labels: Labels<'a>,
    /// Of the labels still to come.
    indices: Range<usize>,
    /// Where the next name begins in the text.
    next: usize,
}

impl<'a> Iterator for LabelsIter<'a> {
    type Item = (&'a str, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        let index = self.indices.next()?;
        let (name, value) = self.labels.escaped_at(self.labels.text(), index, &mut self.next);
        Some((name, unescape(value)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.indices.size_hint()
    }
}

/// Returns the name that begins at `start`: one of the classic data model, so it ends before the first `=`.
fn name_at(text: &[u8], start: usize) -> &str {
    let rest = text.get(start..).unwrap_or_default();
    let end = rest.iter().position(|byte| *byte == b'=').unwrap_or(rest.len());
    std::str::from_utf8(&rest[..end]).unwrap_or_default()
}
