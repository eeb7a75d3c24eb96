//! The labels of a series, as the user gave them.

use super::RecordRef;
use crate::label::unescape;
use std::borrow::Cow;

/// The labels of one series: constant ones and those of its set, in the family's order.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    names: &'a [Box<str>],
    record: RecordRef<'a>,
}

impl<'a> Labels<'a> {
    pub(crate) fn new(names: &'a [Box<str>], record: RecordRef<'a>) -> Self {
        Self { names, record }
    }

    /// Gives the names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> + use<'a> {
        let names = self.names;
        names.iter().zip(self.record.values(names)).map(|(name, text)| (&**name, unescape(text)))
    }

    /// Gives the value of one label; `None` where the series has no such label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.iter().find(|(label, _)| *label == name).map(|(_, value)| value)
    }
}
