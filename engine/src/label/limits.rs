//! How long names and values may be.

/// Labels of a metric at most: a record's lengths have 16 bits.
pub(crate) const MAX_LABELS: usize = 128;
/// Bytes at most, as they are given, of a metric's full name, of a label's, of a label value, and elsewhere of a help text. What
/// is written of them, at most five bytes for one of a name and two for one of the others, is what the limits of
/// [`parse`](crate::parse::Limits) let pass. A metric's name is longer than what a bridge lets come from the stream, by
/// room for the suffixes that it adds.
pub(crate) const MAX_NAME_BYTES: usize = 1536;
pub(crate) const MAX_LABEL_BYTES: usize = 1024;
pub(crate) const MAX_VALUE_BYTES: usize = 16 * 1024;

pub(crate) const RESERVED: &str = "le, quantile and names that start with two underscores are reserved";

/// Gives what is wrong with something of so many bytes, of which `most` are allowed.
pub(crate) fn length_problem(bytes: usize, most: usize) -> Option<String> {
    (bytes > most).then(|| format!("it has {bytes} bytes, and {most} are allowed"))
}
