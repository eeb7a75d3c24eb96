//! Labels whose names are not written as they are.

use super::text::quoted;
use crate::label::{Escaping, is_valid_label};

/// The labels of a family as a scheme writes their names.
#[derive(Debug)]
pub(crate) struct RewrittenNames {
    /// `name="`, from the second on with `",` before it.
    heads: Vec<Vec<u8>>,
}

impl RewrittenNames {
    /// Gives what has to be put in the place of the rendered labels; `None` where they stand as they should.
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
        Some(Self { heads: names.enumerate().map(head).collect() })
    }

    /// Writes the labels with these values, which are escaped already, into `out`.
    pub(crate) fn write<'v>(&self, values: impl Iterator<Item = &'v str>, out: &mut Vec<u8>) {
        out.clear();
        for (head, value) in self.heads.iter().zip(values) {
            out.extend_from_slice(head);
            out.extend_from_slice(value.as_bytes());
        }
        if !self.heads.is_empty() {
            out.push(b'"');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(names: &[&str], escaping: Escaping) -> Option<String> {
        let mut out = b"what was there before".to_vec();
        RewrittenNames::new(names.iter().copied(), escaping)?.write(["1", "\\\""].into_iter(), &mut out);
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
