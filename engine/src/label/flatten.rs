//! What the derive of [`LabelSet`] needs for fields that are label sets themselves.

use super::{LabelSet, LabelVisitor, combinations as combinations_of};

/// Returns how many items the lists hold together.
#[must_use]
pub const fn count<T>(lists: &[&[T]]) -> usize {
    let (mut count, mut list) = (0, 0);
    while list < lists.len() {
        count += lists[list].len();
        list += 1;
    }
    count
}

/// Returns the items of all lists, `N` of them, as one list.
#[must_use]
pub const fn concat<T: Copy, const N: usize>(lists: &[&[T]], first: T) -> [T; N] {
    let (mut all, mut next, mut list) = ([first; N], 0, 0);
    while list < lists.len() {
        let mut item = 0;
        while item < lists[list].len() {
            all[next] = lists[list][item];
            (item, next) = (item + 1, next + 1);
        }
        list += 1;
    }
    all
}

/// Returns the values of a set's labels; nothing where they cannot be listed.
#[must_use]
pub const fn values<L: LabelSet>() -> &'static [&'static [&'static str]] {
    if L::VALUES.len() == L::NAMES.len() { L::VALUES } else { &[] }
}

/// Returns the number of a combination with one more field, of `count` values. Where `own` is not below that, it is one that
/// no combination has: it must not be taken for another field's.
#[must_use]
#[inline(always)]
pub const fn ordinal(before: usize, count: usize, own: usize) -> usize {
    if before == usize::MAX || own >= count { usize::MAX } else { before.wrapping_mul(count).wrapping_add(own) }
}

/// Shows exactly as many values as the set has names: missing ones are empty and surplus ones left out, so that the
/// labels after it keep their values.
#[inline(always)]
pub fn visit<L: LabelSet, V: LabelVisitor>(labels: &L, visitor: &mut V) {
    let mut counted = Counted { visitor, left: L::NAMES.len() };
    labels.visit(&mut counted);
    while counted.left > 0 {
        counted.value("");
    }
}

/// Returns how many combinations of values there are; 0 where they cannot be listed.
#[must_use]
pub const fn combinations<L: LabelSet>() -> usize {
    combinations_of::<L>()
}

struct Counted<'v, V> {
    visitor: &'v mut V,
    left: usize,
}

impl<V: LabelVisitor> LabelVisitor for Counted<'_, V> {
    #[inline(always)]
    fn value(&mut self, value: &str) {
        if self.left > 0 {
            self.left -= 1;
            self.visitor.value(value);
        }
    }
}
