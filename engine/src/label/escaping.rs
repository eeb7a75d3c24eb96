//! Names that the classic data model does not know: how they are written for readers that do not know them either.
//!
//! Source: `model.EscapeName` of github.com/prometheus/common; where its documentation says otherwise, the code wins.

use super::{is_valid_label, is_valid_metric};
use std::borrow::Cow;
use std::fmt::Write;

/// How metric and label names are written that have characters beyond the classic data model,
/// `[a-zA-Z_:][a-zA-Z0-9_:]*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Escaping {
    /// As they are, quoted: `{"http.requests", "http.method"="GET"}`.
    AllowUtf8,
    /// Each character that is not allowed becomes an underscore, at the beginning of a label one for all of them, as
    /// two are reserved there. Two names may become one, which registration refuses.
    #[default]
    Underscores,
    /// A dot becomes `_dot_`; an underscore, and each other character that is not allowed, becomes two underscores.
    /// Names that are allowed change too. At the beginning of a label there is one underscore for all.
    Dots,
    /// Names that are not allowed get the prefix `U__`, and each character its code point: reversible.
    Values,
}

impl Escaping {
    /// All schemes.
    pub(crate) const ALL: [Self; 4] = [Self::AllowUtf8, Self::Underscores, Self::Dots, Self::Values];

    /// Returns the name in an `Accept` header: `allow-utf-8`, `underscores`, `dots` or `values`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AllowUtf8 => "allow-utf-8",
            Self::Underscores => "underscores",
            Self::Dots => "dots",
            Self::Values => "values",
        }
    }

    /// Returns the scheme of this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|escaping| escaping.as_str() == name)
    }

    /// Writes the name of a metric.
    pub(crate) fn metric(self, name: &str) -> Cow<'_, str> {
        self.escape(name, is_valid_metric(name), true)
    }

    /// Writes the name of a label.
    pub(crate) fn label(self, name: &str) -> Cow<'_, str> {
        // The Go library leaves a colon as it is, which readers of the classic data model refuse in a label name.
        let written = self.escape(name, is_valid_label(name), false);
        // And what it makes of `_private` and of letters that are not Latin may begin with two underscores, which is
        // reserved: strict readers refuse the whole body for one such label, and all do for a second `__name__`. So one
        // is left of those at the beginning. Two labels that become one by it are refused as any others.
        match written.strip_prefix("__") {
            Some(rest) if !name.starts_with("__") => Cow::Owned(format!("_{}", rest.trim_start_matches('_'))),
            _ => written,
        }
    }

    fn escape(self, name: &str, is_valid: bool, has_colons: bool) -> Cow<'_, str> {
        if name.is_empty() || self == Self::AllowUtf8 || (is_valid && self != Self::Dots) {
            return Cow::Borrowed(name);
        }
        let is_legal = |index: usize, char: char| {
            char.is_ascii_alphabetic()
                || char == '_'
                || (has_colons && char == ':')
                || (index > 0 && char.is_ascii_digit())
        };
        let mut escaped = String::with_capacity(name.len() + 8);
        if self == Self::Values {
            escaped.push_str("U__");
        }
        for (index, char) in name.chars().enumerate() {
            match (self, char) {
                (Self::Dots, '.') => escaped.push_str("_dot_"),
                (Self::Dots | Self::Values, '_') => escaped.push_str("__"),
                (_, char) if is_legal(index, char) => escaped.push(char),
                (Self::Underscores, _) => escaped.push('_'),
                (Self::Values, char) => {
                    // Writing to a String cannot fail.
                    let _ = write!(escaped, "_{:x}_", u32::from(char));
                }
                (Self::Dots | Self::AllowUtf8, _) => escaped.push_str("__"),
            }
        }
        Cow::Owned(escaped)
    }
}
