//! The labels of a series, as the user gave them.

use super::RecordRef;
use crate::label::unescape;
use std::borrow::Cow;

/// The labels of one series: constant ones and those of its set, in the family's order.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    names: &'a [Box<str>],
    source: Source<'a>,
}

/// Where the rendered text is.
#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    Record(RecordRef<'a>),
    /// Of a collector: the text, and the offset of the closing quote of each value.
    Collected(&'a [u8], &'a [u32]),
}

impl<'a> Labels<'a> {
    pub(crate) fn new(names: &'a [Box<str>], record: RecordRef<'a>) -> Self {
        Self { names, source: Source::Record(record) }
    }

    /// Gives the labels of a collected sample, whose ends are as many as the names.
    pub(crate) fn collected(names: &'a [Box<str>], text: &'a [u8], ends: &'a [u32]) -> Self {
        Self { names, source: Source::Collected(text, ends) }
    }

    /// Gives the record they are of; `None` where a collector gave them.
    pub(crate) fn record(&self) -> Option<RecordRef<'a>> {
        match self.source {
            Source::Record(record) => Some(record),
            Source::Collected(..) => None,
        }
    }

    /// Gives the names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> + use<'a> {
        let source = self.source;
        let text = match source {
            Source::Record(record) => record.text(),
            Source::Collected(text, _) => text,
        };
        let mut next = 0;
        self.names.iter().enumerate().map(move |(index, name)| {
            let end = match source {
                Source::Record(record) => record.end(index),
                Source::Collected(_, ends) => ends.get(index).map_or(0, |end| *end as usize),
            };
            // Behind the name, `="`; behind the value, the quote and the comma.
            let start = next + name.len() + 2;
            next = end + 2;
            let value = text.get(start..end).unwrap_or_default();
            (&**name, unescape(std::str::from_utf8(value).unwrap_or_default()))
        })
    }

    /// Gives the value of one label; `None` where the series has no such label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.iter().find(|(label, _)| *label == name).map(|(_, value)| value)
    }
}
