//! A set of labels, as a type.

/// A set of label values with fixed names: what tells the series of a family apart. Derive it for a
/// struct whose fields are [`LabelValue`](crate::LabelValue)s.
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

    /// Shows the text of each value to `visitor`, in the order of [`NAMES`](Self::NAMES), as many as
    /// there are names.
    fn visit<V: LabelVisitor>(&self, visitor: &mut V);
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

    #[inline]
    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        (**self).visit(visitor);
    }
}
