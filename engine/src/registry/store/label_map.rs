//! How a family handle names a series: its constant labels and the values of its label set.

use super::hasher::{ValueHasher, finish, multiplier};
use super::row::RowRef;
use super::table::Table;
use crate::cells::Pin;
use crate::label::{LabelSet, LabelVisitor, OVERFLOW, Values, unescape};
use crate::registry::desc::Desc;

/// One label of the label set.
#[derive(Clone, Copy, Debug, Default)]
struct Variable {
    /// Its place in the family's order.
    index: usize,
    name_len: usize,
    /// Odd: makes the hash depend on which label a value belongs to, but not on the order of labels.
    multiplier: u64,
}

/// One constant label.
#[derive(Debug)]
struct Constant {
    index: usize,
    name_len: usize,
    value: Box<str>,
}

/// Maps the labels of one family handle to the labels of the family: two handles with the labels in
/// another order, or split otherwise into constant ones and those of the set, find the same series.
#[derive(Debug)]
pub(crate) struct LabelMap {
    constants: Box<[Constant]>,
    /// The first labels of the set, inline: for a set that has no others the compiler unrolls the visit.
    first: [Variable; INLINE],
    /// The others.
    rest: Box<[Variable]>,
    /// What the constant labels add to every hash.
    constant_hash: u64,
    /// Seeded by the family.
    hasher: ValueHasher,
}

/// Labels of a set that are kept inline.
const INLINE: usize = 4;

impl LabelMap {
    /// Makes the map of a handle with these constant labels and label names. All of them are names
    /// of `desc`, and there are no others.
    pub(crate) fn new(desc: &Desc, hasher: ValueHasher, constants: &[(String, String)], names: &[&str]) -> Self {
        let index_of = |name: &str| desc.label_names.iter().position(|known| **known == *name).unwrap_or(0);
        let constants: Box<[Constant]> = constants
            .iter()
            .map(|(name, value)| Constant { index: index_of(name), name_len: name.len(), value: value.as_str().into() })
            .collect();
        let mut variables = names.iter().map(|name| {
            let index = index_of(name);
            Variable { index, name_len: name.len(), multiplier: multiplier(index) }
        });
        let first = [(); INLINE].map(|()| variables.next().unwrap_or_default());
        let rest = variables.collect();
        let constant_hash = constants.iter().fold(0u64, |hash, constant| {
            hash.wrapping_add(hasher.hash(&constant.value).wrapping_mul(multiplier(constant.index)))
        });
        Self { first, rest, constants, constant_hash, hasher }
    }

    #[inline(always)]
    fn variable(&self, place: usize) -> Option<&Variable> {
        if place < INLINE { self.first.get(place) } else { self.rest.get(place - INLINE) }
    }

    /// Shows each value with its label to `take`, in the order of the set. Values that a hand-written set
    /// fails to show count as empty; surplus ones are ignored.
    #[inline(always)]
    fn each<L: LabelSet, T: Take>(&self, labels: &L, take: T) -> T {
        let mut visitor = Visitor { label_map: self, place: 0, names: L::NAMES.len(), take };
        labels.visit(&mut visitor);
        while visitor.place < visitor.names {
            visitor.value("");
        }
        visitor.take
    }

    /// Returns the hash of a label set: the sum over the labels, so that their order does not matter.
    #[inline(always)]
    pub(crate) fn hash(&self, labels: &impl LabelSet) -> u64 {
        finish(self.each(labels, Hash { hasher: self.hasher, sum: self.constant_hash }).sum)
    }

    /// Finds the row of a label set.
    #[inline(always)]
    pub(crate) fn find<'p>(&self, table: &'p Table, pin: &'p Pin, labels: &impl LabelSet) -> Option<RowRef<'p>> {
        table.find(pin, self.hash(labels), |row| self.matches(row, labels))
    }

    /// Returns whether the row is the series of this label set.
    #[inline(always)]
    fn matches(&self, row: RowRef<'_>, labels: &impl LabelSet) -> bool {
        let mut equal = true;
        for constant in &self.constants {
            equal = equal && is_value(row, constant.index, constant.name_len, &constant.value);
        }
        self.each(labels, Match { row, equal }).equal
    }

    /// Returns whether a row has the constant labels.
    pub(crate) fn has_constants(&self, row: RowRef<'_>) -> bool {
        let mut constants = self.constants.iter();
        constants.all(|constant| is_value(row, constant.index, constant.name_len, &constant.value))
    }

    /// Returns the values of the overflow series in a family of so many labels: the constant ones, and
    /// `__overflow__` for each of the set.
    pub(crate) fn overflow_values(&self, labels: usize) -> Values {
        let mut values = self.constant_values(labels);
        for index in 0..labels {
            if self.constants.iter().all(|constant| constant.index != index) {
                values.set(index, OVERFLOW);
            }
        }
        values
    }

    /// Returns the values of all labels in the family's order, those of the set cut to `longest` bytes. Cold:
    /// allocates.
    pub(crate) fn values<L: LabelSet>(&self, labels: &L, longest: usize) -> Values {
        let values = self.constant_values(self.constants.len() + L::NAMES.len());
        self.each(labels, Copied { values, longest }).values
    }

    fn constant_values(&self, labels: usize) -> Values {
        let mut values = Values::new(labels);
        for constant in &self.constants {
            values.set(constant.index, &constant.value);
        }
        values
    }
}

/// Takes each value with its label. A trait and not a closure, because a closure cannot be told to be inlined, and
/// a call for each label shows in a lookup.
trait Take {
    fn take(&mut self, variable: &Variable, value: &str);
}

struct Hash {
    hasher: ValueHasher,
    sum: u64,
}

impl Take for Hash {
    #[inline(always)]
    fn take(&mut self, variable: &Variable, value: &str) {
        self.sum = self.sum.wrapping_add(self.hasher.hash(value).wrapping_mul(variable.multiplier));
    }
}

struct Match<'r> {
    row: RowRef<'r>,
    equal: bool,
}

impl Take for Match<'_> {
    #[inline(always)]
    fn take(&mut self, variable: &Variable, value: &str) {
        self.equal = self.equal && is_value(self.row, variable.index, variable.name_len, value);
    }
}

struct Copied {
    values: Values,
    longest: usize,
}

impl Take for Copied {
    fn take(&mut self, variable: &Variable, value: &str) {
        self.values.set_cut(variable.index, value, self.longest);
    }
}

struct Visitor<'s, T> {
    label_map: &'s LabelMap,
    place: usize,
    names: usize,
    take: T,
}

impl<T: Take> LabelVisitor for Visitor<'_, T> {
    #[inline(always)]
    fn value(&mut self, value: &str) {
        if self.place < self.names
            && let Some(variable) = self.label_map.variable(self.place)
        {
            self.take.take(variable, value);
        }
        self.place += 1;
    }
}

/// Returns whether a row's label has this value. Where nothing in the row is escaped its text is its
/// values, so comparing bytes and length is exact, whatever `value` holds: a value that would need
/// escaping has bytes that such a text cannot contain.
#[inline(always)]
fn is_value(row: RowRef<'_>, index: usize, name_len: usize, value: &str) -> bool {
    let text = row.value(index, name_len);
    if row.is_escaped() {
        return is_escaped_value(text, value);
    }
    is_equal(text, value.as_bytes())
}

#[cold]
#[inline(never)]
fn is_escaped_value(text: &[u8], value: &str) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| unescape(text) == value)
}

/// Compares byte strings; those of up to 32 bytes with two overlapping reads of each, because a call of
/// `memcmp` costs more than that.
#[inline(always)]
fn is_equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        0..4 => a.first() == b.first() && a.last() == b.last() && a.get(a.len() / 2) == b.get(b.len() / 2),
        4..8 => ends_are_equal::<4>(a, b),
        8..16 => ends_are_equal::<8>(a, b),
        16..=32 => ends_are_equal::<16>(a, b),
        _ => a == b,
    }
}

#[inline(always)]
fn ends_are_equal<const N: usize>(a: &[u8], b: &[u8]) -> bool {
    (a.first_chunk::<N>() == b.first_chunk::<N>()) & (a.last_chunk::<N>() == b.last_chunk::<N>())
}

#[cfg(test)]
mod tests {
    use super::is_equal;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equality_is_that_of_slices(a in prop::collection::vec(0u8..3, 0..40), b in prop::collection::vec(0u8..3, 0..40)) {
            prop_assert_eq!(is_equal(&a, &b), a == b);
            prop_assert!(is_equal(&a, &a.clone()));
        }

        #[test]
        fn one_changed_byte_is_seen(a in prop::collection::vec(any::<u8>(), 1..70), at in any::<prop::sample::Index>()) {
            let mut b = a.clone();
            b[at.index(a.len())] ^= 1;
            prop_assert!(!is_equal(&a, &b));
        }
    }
}
