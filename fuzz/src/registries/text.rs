//! Texts for names, values and helps.

use super::Labels;
use arbitrary::{Arbitrary, Result, Unstructured};

/// A text out of few, so that names meet and schemes make them alike, or any text.
#[derive(Clone, Debug)]
pub struct Text(String);

const KNOWN: [&str; 40] = [
    "a",
    "a.b",
    "a_b",
    "a:b",
    "a-b",
    "a_total",
    "a.b_total",
    "a_b_total",
    "a_count",
    "a_sum",
    "a_bucket",
    "a_created",
    "a_created_total",
    "a_count_total",
    "a_info",
    "a_seconds",
    "a_seconds_total",
    "a_bytes",
    "U__a_2e_b",
    "a_dot_b",
    "le",
    "quantile",
    "_name_",
    "._name__",
    "__name__",
    "_",
    "overflow",
    "table",
    "http.method",
    "http_method",
    "",
    " ",
    "\"",
    "\\",
    "\n",
    "\0",
    "a\0b",
    "{}",
    "} 1\nevil 1",
    "\u{e9}",
];

impl Text {
    /// Gives the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'a> Arbitrary<'a> for Text {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self(if u.ratio(7, 8)? { (*u.choose(&KNOWN)?).to_owned() } else { u.arbitrary()? }))
    }
}

/// Gives labels as families take them.
pub(super) fn pairs(labels: &Labels) -> Vec<(&str, &str)> {
    labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
