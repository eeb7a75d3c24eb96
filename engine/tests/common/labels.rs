//! Label sets that many tests use.

use streamgauge::LabelSet;

/// A table by its name.
#[derive(LabelSet)]
pub(crate) struct Table<'a> {
    pub(crate) table: &'a str,
}

/// A table by its number.
#[derive(LabelSet)]
pub(crate) struct NumberedTable {
    pub(crate) table: u64,
}

/// A number and nothing else.
#[derive(LabelSet)]
pub(crate) struct Number {
    pub(crate) number: u64,
}

#[derive(LabelSet)]
pub(crate) struct Pair<'a> {
    pub(crate) left: &'a str,
    pub(crate) right: &'a str,
}

/// The labels of a [`Pair`] in another order: the same series.
#[derive(LabelSet)]
pub(crate) struct Reversed<'a> {
    pub(crate) right: &'a str,
    pub(crate) left: &'a str,
}

/// Where something comes from.
#[derive(LabelSet)]
pub(crate) struct Source<'a> {
    pub(crate) source: &'a str,
}
