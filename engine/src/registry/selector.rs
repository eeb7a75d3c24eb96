//! How a family handle names a series: its constant labels and the values of its label set.

use super::{Desc, RecordRef};
use crate::label::{LabelSet, LabelVisitor, unescape};
use rapidhash::v3::{RapidSecrets, rapidhash_v3_nano_inline};
use std::slice::Iter;

/// One label of the label set.
#[derive(Debug)]
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
pub(crate) struct Selector {
    constants: Box<[Constant]>,
    variables: Box<[Variable]>,
    /// What the constant labels add to every hash.
    constant_hash: u64,
    secrets: RapidSecrets,
}

fn multiplier(index: usize) -> u64 {
    // The golden ratio, as in Fibonacci hashing, times an odd number: odd.
    0x9e37_79b9_7f4a_7c15u64.wrapping_mul(2 * index as u64 + 1)
}

#[inline(always)]
fn hash_of(value: &str, secrets: &RapidSecrets) -> u64 {
    rapidhash_v3_nano_inline::<true, false>(value.as_bytes(), secrets)
}

impl Selector {
    /// Makes the selector of a handle with these constant labels and label names. All of them are names
    /// of `desc`, and there are no others.
    pub(crate) fn new(desc: &Desc, secrets: RapidSecrets, constants: &[(String, String)], names: &[&str]) -> Self {
        let index_of = |name: &str| desc.label_names.iter().position(|known| **known == *name).unwrap_or(0);
        let constants: Box<[Constant]> = constants
            .iter()
            .map(|(name, value)| Constant { index: index_of(name), name_len: name.len(), value: value.as_str().into() })
            .collect();
        let variables = names.iter().map(|name| {
            let index = index_of(name);
            Variable { index, name_len: name.len(), multiplier: multiplier(index) }
        });
        let constant_hash = constants.iter().fold(0u64, |hash, constant| {
            hash.wrapping_add(hash_of(&constant.value, &secrets).wrapping_mul(multiplier(constant.index)))
        });
        Self { variables: variables.collect(), constants, constant_hash, secrets }
    }

    /// Gives the hash of a label set: the sum over the labels, so that their order does not matter.
    #[inline(always)]
    pub(crate) fn hash(&self, labels: &impl LabelSet) -> u64 {
        let mut visitor =
            HashVisitor { variables: self.variables.iter(), secrets: &self.secrets, hash: self.constant_hash };
        labels.visit(&mut visitor);
        // Values that a hand-written set failed to show count as empty, as in `values`.
        while visitor.variables.len() > 0 {
            visitor.value("");
        }
        // 0 marks an empty slot.
        visitor.hash | u64::from(visitor.hash == 0)
    }

    /// Tells whether the record is the series of this label set.
    #[inline(always)]
    pub(crate) fn matches(&self, record: RecordRef<'_>, labels: &impl LabelSet) -> bool {
        if !self.constants.iter().all(|constant| is_value(record, constant.index, constant.name_len, &constant.value)) {
            return false;
        }
        let mut visitor = MatchVisitor { variables: self.variables.iter(), record, equal: true };
        labels.visit(&mut visitor);
        while visitor.variables.len() > 0 {
            visitor.value("");
        }
        visitor.equal
    }

    /// Gives the values of all labels in the family's order. Cold: allocates.
    pub(crate) fn values(&self, labels: &impl LabelSet) -> Vec<String> {
        let mut values = vec![String::new(); self.constants.len() + self.variables.len()];
        for constant in &self.constants {
            values[constant.index] = constant.value.to_string();
        }
        let mut visitor = ValueVisitor { variables: self.variables.iter(), values: &mut values };
        labels.visit(&mut visitor);
        values
    }
}

struct HashVisitor<'s> {
    variables: Iter<'s, Variable>,
    secrets: &'s RapidSecrets,
    hash: u64,
}

impl LabelVisitor for HashVisitor<'_> {
    #[inline(always)]
    fn value(&mut self, value: &str) {
        if let Some(variable) = self.variables.next() {
            let hash = hash_of(value, self.secrets).wrapping_mul(variable.multiplier);
            self.hash = self.hash.wrapping_add(hash);
        }
    }
}

struct MatchVisitor<'s, 'r> {
    variables: Iter<'s, Variable>,
    record: RecordRef<'r>,
    equal: bool,
}

impl LabelVisitor for MatchVisitor<'_, '_> {
    #[inline(always)]
    fn value(&mut self, value: &str) {
        if let Some(variable) = self.variables.next() {
            self.equal &= is_value(self.record, variable.index, variable.name_len, value);
        }
    }
}

struct ValueVisitor<'s> {
    variables: Iter<'s, Variable>,
    values: &'s mut [String],
}

impl LabelVisitor for ValueVisitor<'_> {
    fn value(&mut self, value: &str) {
        if let Some(variable) = self.variables.next() {
            value.clone_into(&mut self.values[variable.index]);
        }
    }
}

/// Tells whether a record's label has this value. Where nothing in the record is escaped its text is its
/// values, so comparing bytes and length is exact, whatever `value` holds: a value that would need
/// escaping has bytes that such a text cannot contain.
#[inline(always)]
fn is_value(record: RecordRef<'_>, index: usize, name_len: usize, value: &str) -> bool {
    // Before a value stand its name, `="`, and, but for the first label, the `",` after the one before.
    let start = match index.checked_sub(1) {
        Some(before) => record.end(before) + name_len + 4,
        None => name_len + 2,
    };
    let Some(text) = record.text().get(start..record.end(index)) else { return false };
    if record.is_escaped() {
        return is_escaped_value(text, value);
    }
    text == value.as_bytes()
}

#[cold]
#[inline(never)]
fn is_escaped_value(text: &[u8], value: &str) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| unescape(text) == value)
}
