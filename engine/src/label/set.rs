//! A set of labels, as a type.

use std::marker::PhantomData;

/// A set of label values with fixed names: what tells the series of a family apart. Derive it for a
/// struct whose fields are [`LabelValue`](crate::LabelValue)s.
///
/// A field with `#[label(flatten)]` is a label set itself, whose labels stand in its place. Arrays and tuples of values
/// are sets without names, for families whose [declaration](crate::MetricBuilder::family_by) gives them. In a field or
/// a static write `'static` for the lifetimes of a derived set; in a function body they can be left out,
/// `Family<Table<'_>, Counter>`.
///
/// The lifetimes of a derived struct are free: a family of `Table<'static>` is looked up with a
/// `Table<'_>` of borrowed strings.
///
/// # Examples
/// ```
/// use streamgauge::{Counter, Family, LabelSet, Registry};
///
/// #[derive(LabelSet)]
/// struct Table<'a> {
///     source: &'a str,
///     table: &'a str,
/// }
///
/// let registry = Registry::new();
/// let events: Family<Table<'static>, Counter> = registry.counter("source_events_total", "Events.").family()?;
/// let table = String::from("public.orders"); // not 'static
/// events.with(&Table { source: "mysql", table: &table }, |counter| counter.inc());
/// # Ok::<(), streamgauge::Error>(())
/// ```
pub trait LabelSet {
    /// The set with all lifetimes `'static`: what names the family's type.
    type Family: 'static;

    /// The label names, in the order of `visit`.
    const NAMES: &'static [&'static str];

    /// For each label every text that its value can have, none where they cannot be listed. The same for all sets
    /// with one [`Family`](Self::Family).
    ///
    /// Where every label lists its values, and there are at most 4096 combinations, a family finds a series by
    /// [`ordinal`](Self::ordinal), without hashing and comparing.
    const VALUES: &'static [&'static [&'static str]] = &[];

    /// Shows the text of each value to `visitor`, in the order of [`NAMES`](Self::NAMES), as many as
    /// there are names. Missing values count as empty; surplus ones are ignored.
    fn visit<V: LabelVisitor>(&self, visitor: &mut V);

    /// Returns the number of this combination among all of [`VALUES`](Self::VALUES), counted with the last label
    /// fastest: to be implemented where every label lists its values.
    #[inline(always)]
    fn ordinal(&self) -> usize {
        0
    }
}

/// Most combinations that a family finds by their number: 32 KiB of pointers for each of its handles.
const MOST_COMBINATIONS: usize = 4096;

/// Returns the number of combinations of a set's values; 0 where they cannot be listed, or are too many.
pub(crate) const fn combinations<L: LabelSet>() -> usize {
    if L::VALUES.len() != L::NAMES.len() {
        return 0;
    }
    let (mut product, mut label) = (1usize, 0);
    while label < L::VALUES.len() {
        product = product.saturating_mul(L::VALUES[label].len());
        label += 1;
    }
    if product > MOST_COMBINATIONS { 0 } else { product }
}

/// The combination with a number, as a set of its own: what reaches all of them.
pub(crate) struct Combination<L> {
    ordinal: usize,
    set: PhantomData<fn() -> L>,
}

impl<L: LabelSet> Combination<L> {
    /// Returns all combinations, none where they cannot be listed.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..const { combinations::<L>() }).map(|ordinal| Self { ordinal, set: PhantomData })
    }
}

impl<L: LabelSet> LabelSet for Combination<L> {
    type Family = L::Family;
    const NAMES: &'static [&'static str] = L::NAMES;
    const VALUES: &'static [&'static [&'static str]] = L::VALUES;

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        // The digits of the number, each in the base of its label.
        let mut base: usize = L::VALUES.iter().map(|values| values.len()).product();
        let mut rest = self.ordinal;
        for values in L::VALUES {
            base /= values.len().max(1);
            let digit = rest.checked_div(base).unwrap_or(0);
            rest -= digit * base;
            visitor.value(values.get(digit).copied().unwrap_or_default());
        }
    }

    fn ordinal(&self) -> usize {
        self.ordinal
    }
}

/// Takes the values of a [`LabelSet`], one after the other.
pub trait LabelVisitor {
    /// Takes the next value.
    fn value(&mut self, value: &str);
}

/// The empty set: a family of one series.
impl LabelSet for () {
    type Family = ();
    const NAMES: &'static [&'static str] = &[];

    fn visit<V: LabelVisitor>(&self, _: &mut V) {}
}

impl<T: LabelSet> LabelSet for &T {
    type Family = T::Family;
    const NAMES: &'static [&'static str] = T::NAMES;
    const VALUES: &'static [&'static [&'static str]] = T::VALUES;

    #[inline]
    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        (**self).visit(visitor);
    }

    #[inline(always)]
    fn ordinal(&self) -> usize {
        (**self).ordinal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Three;
    impl LabelSet for Three {
        type Family = Self;
        const NAMES: &'static [&'static str] = &["a", "b", "c"];
        const VALUES: &'static [&'static [&'static str]] = &[&["x", "y"], &["0", "1", "2"], &["false", "true"]];

        fn visit<V: LabelVisitor>(&self, _: &mut V) {}
    }

    struct Open;
    impl LabelSet for Open {
        type Family = Self;
        const NAMES: &'static [&'static str] = &["a", "b"];
        const VALUES: &'static [&'static [&'static str]] = &[&["x", "y"], &[]];

        fn visit<V: LabelVisitor>(&self, _: &mut V) {}
    }

    #[derive(Default)]
    struct Texts(Vec<String>);
    impl LabelVisitor for Texts {
        fn value(&mut self, value: &str) {
            self.0.push(value.to_owned());
        }
    }

    #[test]
    fn combinations_count_with_the_last_label_fastest() {
        assert_eq!(combinations::<Three>(), 12);
        let texts: Vec<_> = Combination::<Three>::all()
            .map(|combination| {
                let mut texts = Texts::default();
                combination.visit(&mut texts);
                texts.0.join(" ")
            })
            .collect();
        assert_eq!(texts.len(), 12);
        assert_eq!(&texts[..4], ["x 0 false", "x 0 true", "x 1 false", "x 1 true"]);
        assert_eq!(texts[11], "y 2 true");
    }

    #[test]
    fn what_cannot_be_listed_has_no_combinations_and_the_empty_set_has_one() {
        assert_eq!(combinations::<Open>(), 0);
        assert_eq!(Combination::<Open>::all().count(), 0);
        assert_eq!(combinations::<()>(), 1);
        assert_eq!(combinations::<&Three>(), 12);
    }
}
