//! How long names and values may be.

/// Most labels of a metric: the lengths in a row have 16 bits.
pub(crate) const MAX_LABELS: usize = 128;
/// Most bytes, before escaping, of a metric's full name; below of a label's name and of a label value, and elsewhere of
/// a help text. Escaping makes at most five bytes of one in a name and two of one in the others, which the limits of
/// [`parse`](crate::parse::Limits) let pass. A metric's name may be longer than the names that a bridge lets come from
/// the stream, by the suffixes that the bridge adds.
pub(crate) const MAX_NAME_BYTES: usize = 1536;
pub(crate) const MAX_LABEL_BYTES: usize = 1024;
pub(crate) const MAX_VALUE_BYTES: usize = 16 * 1024;

pub(crate) const RESERVED: &str = "le, quantile and names that start with two underscores are reserved";

/// Returns what is wrong with something of so many bytes, of which `most` are allowed.
pub(crate) fn length_problem(bytes: usize, most: usize) -> Option<String> {
    (bytes > most).then(|| format!("it has {bytes} bytes, and {most} are allowed"))
}
