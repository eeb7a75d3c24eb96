//! The labels of one metric.

use super::wire::{Cursor, bytes_tag, field_len, push_field, varint_len};
use crate::label::Escaping;

/// A label name, rendered once.
#[derive(Debug)]
pub(super) struct LabelName {
    /// The name as the first field of a `LabelPair`, and the tag of the second.
    bytes: Vec<u8>,
}

impl LabelName {
    pub(super) fn new(name: &str) -> Self {
        let mut bytes = Vec::new();
        push_field(&mut bytes, 1, name.as_bytes());
        bytes.push(bytes_tag(2));
        Self { bytes }
    }

    /// Renders a label field with a value that does not change.
    pub(super) fn field(&self, value: &str) -> Vec<u8> {
        let mut pair = self.bytes.clone();
        pair.pop();
        push_field(&mut pair, 2, value.as_bytes());
        let mut field = Vec::new();
        push_field(&mut field, 1, &pair);
        field
    }
}

/// The label names of a family.
#[derive(Debug)]
pub(super) enum LabelNames {
    Fixed(Vec<LabelName>),
    /// Each series of a dynamic family has its own.
    Own(Escaping),
}

impl LabelNames {
    /// Returns how many bytes stand before the length of the value of label `index`, which is called `name`.
    #[inline(always)]
    fn len(&self, index: usize, name: &str) -> usize {
        match self {
            Self::Fixed(names) => names.get(index).map_or(0, |name| name.bytes.len()),
            Self::Own(escaping) => field_len(escaping.label(name).len()) + 1,
        }
    }

    #[inline(always)]
    fn put(&self, cursor: &mut Cursor<'_>, index: usize, name: &str) {
        match self {
            Self::Fixed(names) => {
                if let Some(name) = names.get(index) {
                    cursor.put_slice(&name.bytes);
                }
            }
            Self::Own(escaping) => {
                let name = escaping.label(name);
                cursor.put([bytes_tag(1)]);
                cursor.put_varint(name.len() as u64);
                cursor.put_slice(name.as_bytes());
                cursor.put([bytes_tag(2)]);
            }
        }
    }
}

/// Returns the length of a `LabelPair` whose name takes so many bytes, and its value so many.
#[inline(always)]
fn pair_len(name: usize, value: usize) -> usize {
    name + varint_len(value as u64) + value
}

/// The labels of one metric: names, values, and how many bytes they take.
#[derive(Debug)]
pub(super) struct MetricLabels<'a, I> {
    names: &'a LabelNames,
    /// Names and values.
    labels: I,
    escaped: bool,
    /// A label field behind the others.
    extra: &'a [u8],
    len: usize,
}

impl<'a, 'v, I> MetricLabels<'a, I>
where
    I: Iterator<Item = (&'v str, &'v str)> + Clone,
{
    #[inline(always)]
    pub(super) fn new(names: &'a LabelNames, labels: I, escaped: bool, extra: &'a [u8]) -> Self {
        let fields = labels.clone().enumerate().map(|(index, (name, value))| {
            let value = if escaped { unescaped_len(value.as_bytes()) } else { value.len() };
            field_len(pair_len(names.len(index, name), value))
        });
        let len = fields.sum::<usize>() + extra.len();
        Self { names, labels, escaped, extra, len }
    }

    /// Returns the length of all label fields.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Writes the label fields.
    #[inline(always)]
    pub(super) fn put(&self, cursor: &mut Cursor<'_>) {
        for (index, (name, value)) in self.labels.clone().enumerate() {
            let value = value.as_bytes();
            let len = if self.escaped { unescaped_len(value) } else { value.len() };
            cursor.put([bytes_tag(1)]);
            cursor.put_varint(pair_len(self.names.len(index, name), len) as u64);
            self.names.put(cursor, index, name);
            cursor.put_varint(len as u64);
            if self.escaped {
                cursor.aside(|cursor| put_unescaped(cursor, value));
            } else {
                cursor.put_slice(value);
            }
        }
        cursor.put_slice(self.extra);
    }
}

/// Returns the bytes that an escaped value stands for, piece by piece; as [`unescape`](crate::label::unescape), but
/// without an allocation.
fn pieces(mut text: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (piece, rest) = match text {
            [] => return None,
            [b'\\', b'n', rest @ ..] => (&b"\n"[..], rest),
            // Up to the next backslash, which is not the one that escapes what the piece begins with.
            [b'\\', rest @ ..] if !rest.is_empty() => rest.split_at(run(&rest[1..]) + 1),
            _ => text.split_at(run(&text[1..]) + 1),
        };
        text = rest;
        Some(piece)
    })
}

/// Returns how many bytes stand before the next backslash.
fn run(text: &[u8]) -> usize {
    text.iter().position(|byte| *byte == b'\\').unwrap_or(text.len())
}

#[cold]
#[inline(never)]
fn unescaped_len(text: &[u8]) -> usize {
    pieces(text).map(<[u8]>::len).sum()
}

#[cold]
#[inline(never)]
fn put_unescaped(cursor: &mut Cursor<'_>, text: &[u8]) {
    pieces(text).for_each(|piece| cursor.put_slice(piece));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::unescape;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_are_what_unescape_gives(text in "[\\\\\"\nan€]{0,12}") {
            let joined: Vec<u8> = pieces(text.as_bytes()).flatten().copied().collect();
            let value = unescape(&text);
            prop_assert_eq!(&joined[..], value.as_bytes());
            prop_assert_eq!(unescaped_len(text.as_bytes()), joined.len());
        }
    }
}
