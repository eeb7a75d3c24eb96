//! Labels whose names are not written as they are.

use super::text::quoted;
use crate::label::{Escaping, is_valid_label};

/// The labels of a family as a scheme writes their names.
#[derive(Debug)]
pub(crate) enum RewrittenNames {
    /// `name="`, from the second on with `",` before it.
    Fixed(Vec<Vec<u8>>),
    /// Of a dynamic family, whose names are those of the classic data model: each is escaped where it stands.
    Own(Escaping),
}

impl RewrittenNames {
    /// Returns what has to be put in the place of the rendered labels; `None` where they stand as they should.
    pub(crate) fn new<'n>(names: impl Iterator<Item = &'n str> + Clone, escaping: Escaping) -> Option<Self> {
        let as_they_are = escaping != Escaping::Dots && names.clone().all(is_valid_label);
        if as_they_are {
            return None;
        }
        let head = |(index, name): (usize, &str)| {
            let name = escaping.label(name);
            let name = if is_valid_label(&name) { name.as_bytes().to_vec() } else { quoted(&name) };
            [if index == 0 { &b""[..] } else { b"\"," }, &*name, b"=\""].concat()
        };
        Some(Self::Fixed(names.enumerate().map(head).collect()))
    }

    /// As [`new`](Self::new), of a family whose series have names of their own.
    pub(crate) fn of_dynamic_family(escaping: Escaping) -> Option<Self> {
        (escaping == Escaping::Dots).then_some(Self::Own(escaping))
    }

    /// Writes the labels, whose values are escaped already, into `out`.
    pub(crate) fn write<'v>(&self, labels: impl Iterator<Item = (&'v str, &'v str)>, out: &mut Vec<u8>) {
        out.clear();
        match self {
            Self::Fixed(heads) => {
                for (head, (_, value)) in heads.iter().zip(labels) {
                    out.extend_from_slice(head);
                    out.extend_from_slice(value.as_bytes());
                }
            }
            Self::Own(escaping) => {
                for (name, value) in labels {
                    if !out.is_empty() {
                        out.extend_from_slice(b"\",");
                    }
                    out.extend_from_slice(escaping.label(name).as_bytes());
                    out.extend_from_slice(b"=\"");
                    out.extend_from_slice(value.as_bytes());
                }
            }
        }
        if !out.is_empty() {
            out.push(b'"');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(names: &[&str], escaping: Escaping) -> Option<String> {
        let mut out = b"what was there before".to_vec();
        let labels = names.iter().copied().zip(["1", "\\\""]);
        RewrittenNames::new(names.iter().copied(), escaping)?.write(labels, &mut out);
        Some(String::from_utf8(out).expect("UTF-8"))
    }

    #[test]
    fn names_are_rewritten_where_they_must_be() {
        let (legal, other) = (["a_b", "c"], ["a.b", "c\"d"]);
        assert_eq!(written(&legal, Escaping::AllowUtf8), None);
        assert_eq!(written(&legal, Escaping::Underscores), None);
        assert_eq!(written(&legal, Escaping::Values), None);
        assert_eq!(written(&legal, Escaping::Dots).as_deref(), Some("a__b=\"1\",c=\"\\\"\""));
        assert_eq!(written(&other, Escaping::AllowUtf8).as_deref(), Some("\"a.b\"=\"1\",\"c\\\"d\"=\"\\\"\""));
        assert_eq!(written(&other, Escaping::Underscores).as_deref(), Some("a_b=\"1\",c_d=\"\\\"\""));
        assert_eq!(written(&other, Escaping::Values).as_deref(), Some("U__a_2e_b=\"1\",U__c_22_d=\"\\\"\""));
    }
}
