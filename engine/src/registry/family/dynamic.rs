//! Families whose series bring label names of their own.

use super::obtain::{Admission, Which, obtain};
use crate::cells::Pin;
use crate::kind::Kind;
use crate::label::{OVERFLOW_SERIES, Rendered};
use crate::registry::declare::{Backend, DynamicSettings, Instrument, MetricBuilder};
use crate::registry::desc::{Desc, PreferredName, Switch};
use crate::registry::error::Error;
use crate::registry::inner::RegistryInner;
use crate::registry::store::{FamilyStore, Labels, Make, Refused, RowRef, Standing, removing};
use crate::sync::{LazyLock, PlainArc};
use crate::unit::Unit;
use std::fmt;
use std::marker::PhantomData;

/// The labels of the overflow series, unless it is given more.
static OVERFLOW_LABELS: LazyLock<Rendered> = LazyLock::new(Rendered::of_overflow);

/// A family whose series bring label names of their own, and that can be described when it is in use: what a bridge
/// from another metrics interface needs. Where the names are known when the program is written, a
/// [`Family`](crate::Family) is faster, and checks them once.
///
/// Obtained from [`MetricBuilder::dynamic_family`]; clones are the same family. The order of the labels does not
/// matter, and a label with an empty value is as if it were not given, as it is to readers.
///
/// # Cost
/// A lookup renders the labels, so it allocates: about 150 ns for three. Keep the handle.
///
/// # Limits
/// As for every family: past the series limit records go to one series with the label `overflow="__overflow__"`, and
/// those of [`with_overflow_labels`](Self::with_overflow_labels).
///
/// # Examples
/// ```
/// use streamgauge::bridge::DynamicFamily;
/// use streamgauge::{Counter, Registry};
/// let registry = Registry::new();
/// let requests: DynamicFamily<Counter> = registry.counter("requests", "").verbatim().dynamic_family()?;
/// requests.get_or_create(&[("path", "/"), ("code", "200")])?.inc();
/// requests.get_or_create(&[("kind", "probe")])?.inc();
/// requests.describe("Requests that were answered.", None)?;
/// assert_eq!(registry.sample_value("requests", &[("kind", "probe")]), Some(1.0));
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[must_use = "a family that nobody looks into stays empty"]
pub struct DynamicFamily<M> {
    /// `None` of a disabled registry.
    inner: Option<(PlainArc<FamilyStore>, PlainArc<RegistryInner>)>,
    verbatim: bool,
    /// Where they are not [`OVERFLOW_LABELS`].
    overflow: Option<PlainArc<Rendered>>,
    metric: PhantomData<fn() -> M>,
}

impl<M: Instrument> MetricBuilder<M> {
    /// Declares a family whose series bring label names of their own. The help may be empty: then there is no HELP
    /// line.
    ///
    /// # Errors
    /// As [`register`](Self::register). Constant labels of the scope are refused: give them with each series.
    pub fn dynamic_family(self) -> Result<DynamicFamily<M>, Error> {
        self.dynamic_family_with(DynamicSettings::new())
    }

    /// As [`dynamic_family`](Self::dynamic_family), with settings that only bridges need. Where there is a [preferred
    /// name](DynamicSettings::preferred_name), the declared name identifies the family, and the preferred one is what
    /// it is called.
    ///
    /// # Errors
    /// As [`dynamic_family`](Self::dynamic_family), but for a name that is taken: then the family has another one.
    pub fn dynamic_family_with(self, settings: DynamicSettings<'_>) -> Result<DynamicFamily<M>, Error> {
        let verbatim = self.is_verbatim();
        let registry = self.registry().cloned();
        let store = self.declare_dynamic(settings)?;
        Ok(DynamicFamily { inner: store.zip(registry), verbatim, overflow: None, metric: PhantomData })
    }
}

impl<M> DynamicFamily<M> {
    /// A family that finds nothing and counts nothing.
    pub const fn noop() -> Self {
        Self { inner: None, verbatim: false, overflow: None, metric: PhantomData }
    }

    /// Returns the family with more labels for the overflow series of this handle and its clones: those that all series
    /// have, so that its records count with theirs.
    ///
    /// # Errors
    /// As [`get_or_create`](Self::get_or_create), and where one is called `overflow`.
    ///
    /// ```
    /// # use streamgauge::Registry;
    /// let registry = Registry::new();
    /// let requests = registry.counter("requests", "").verbatim().limit(0).dynamic_family()?;
    /// let requests = requests.with_overflow_labels(&[("service", "orders")])?;
    /// requests.get_or_create(&[("service", "orders"), ("path", "/")])?.inc();
    /// let overflow = [("overflow", "__overflow__"), ("service", "orders")];
    /// assert_eq!(registry.sample_value("requests", &overflow), Some(1.0));
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn with_overflow_labels(mut self, labels: &[(&str, &str)]) -> Result<Self, Error> {
        if let Some((store, _)) = self.inner.as_ref().filter(|_| !labels.is_empty()) {
            let labels: Vec<_> = labels.iter().copied().chain([OVERFLOW_SERIES]).collect();
            self.overflow = Some(PlainArc::new(render(store, &labels)?.0));
        }
        Ok(self)
    }

    /// Changes the help and the unit, as if the family had been declared with them.
    ///
    /// # Errors
    /// Where the unit does not go with the name, unless the family is [`verbatim`](MetricBuilder::verbatim).
    pub fn describe(&self, help: &str, unit: Option<Unit>) -> Result<(), Error> {
        self.redescribe(|desc| (desc.help, desc.unit, desc.has_empty_help) = (help.into(), unit, false))
    }

    /// Changes the help, the unit and the preferred name. An empty help is a HELP line without text.
    ///
    /// # Errors
    /// Where the name is not allowed. Then nothing changes.
    pub fn describe_as(&self, help: &str, unit: Option<Unit>, wish: PreferredName<'_>) -> Result<(), Error> {
        self.redescribe(|desc| {
            (desc.help, desc.unit, desc.has_empty_help) = (help.into(), unit, help.is_empty());
            match &desc.wish {
                Some(old) => desc.wish = Some(PlainArc::new(old.renamed(wish))),
                None => desc.name = [wish.stem, wish.suffix].concat().into(),
            }
        })
    }

    /// Returns the name that the family has now: not the declared one where it was renamed, or gave that up.
    #[must_use]
    pub fn name(&self) -> String {
        self.inner.as_ref().map_or_else(String::new, |(store, _)| store.with_desc(|desc| desc.name.to_string()))
    }

    /// Returns the [preferred name](PreferredName) of the family, or its name where it has none.
    #[must_use]
    pub fn preferred_name(&self) -> String {
        let Some((store, _)) = &self.inner else { return String::new() };
        store.with_desc(|desc| desc.wish.as_ref().map_or_else(|| desc.name.to_string(), |wish| wish.name(0)))
    }

    /// Returns whether the family has a HELP line or a unit.
    #[must_use]
    pub fn is_described(&self) -> bool {
        self.inner.as_ref().is_some_and(|(store, _)| store.with_desc(Desc::is_described))
    }

    /// Returns how often the name, the help or the unit has changed, through this handle or otherwise: a caller that
    /// has seen this version need not ask for them again.
    #[must_use]
    pub fn version(&self) -> usize {
        self.inner.as_ref().map_or(0, |(store, _)| store.version())
    }

    /// Renames the family: from the next scrape on its series are exposed under the new name. For a family with a
    /// [`PreferredName`] this changes the preferred name.
    ///
    /// # Errors
    /// Where the name is not allowed, another family exposes it, or a series of a state set has a label of that name.
    /// Then the family keeps its name.
    pub fn rename(&self, name: &str) -> Result<(), Error> {
        self.redescribe(|desc| desc.name = name.into())
    }

    fn redescribe(&self, change: impl FnOnce(&mut Desc)) -> Result<(), Error> {
        match &self.inner {
            Some((store, registry)) => registry.redescribe(store, self.verbatim, change),
            None => Ok(()),
        }
    }
}

impl<M: Instrument> DynamicFamily<M> {
    /// Returns a handle of the series with these labels, which is made if there is none.
    ///
    /// # Errors
    /// Where a label name is not `[a-zA-Z_][a-zA-Z0-9_]*`, reserved or given twice, has more than 1024
    /// bytes, or is that of a state set, whose state it names; or where there are more than 128.
    pub fn get_or_create(&self, labels: &[(&str, &str)]) -> Result<M, Error> {
        self.admit(labels).map(Admission::into_inner)
    }

    /// As [`get_or_create`](Self::get_or_create), and returns whether the handle is of a series of its own: for a cache
    /// of handles, which is not to keep those of the overflow series.
    ///
    /// # Errors
    /// As [`get_or_create`](Self::get_or_create).
    ///
    /// ```
    /// # use streamgauge::Registry;
    /// let registry = Registry::new();
    /// let requests = registry.counter("requests", "").verbatim().limit(1).dynamic_family()?;
    /// assert!(!requests.admit(&[("path", "/")])?.is_overflow());
    /// assert!(requests.admit(&[("path", "/other")])?.is_overflow());
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn admit(&self, labels: &[(&str, &str)]) -> Result<Admission<M>, Error> {
        let Some((store, _)) = &self.inner else { return Ok(Admission::Own(M::default())) };
        let (rendered, cut) = render(store, labels)?;
        if cut > 0 {
            store.count_cut(cut);
        }
        let pin = Pin::enter();
        let overflow = self.overflow.as_deref().unwrap_or(&OVERFLOW_LABELS);
        Ok(obtain(store, rendered.text == overflow.text, 1, |which| match which {
            Which::Own => insert(store, &pin, &rendered, Standing::Limited),
            Which::Overflow(_) => insert(store, &pin, overflow, Standing::LastResort),
        }))
    }

    /// Returns a handle of the series with these labels, `None` where there is none.
    #[must_use]
    pub fn get(&self, labels: &[(&str, &str)]) -> Option<M> {
        let (store, _) = self.inner.as_ref()?;
        let (rendered, _) = render(store, labels).ok()?;
        let pin = Pin::enter();
        find(store, &pin, &rendered).and_then(|row| owned(store, row))
    }

    /// Removes the series with these labels; returns whether there was one. As
    /// [`Family::remove`](crate::Family::remove).
    pub fn remove(&self, labels: &[(&str, &str)]) -> bool {
        let Some((store, _)) = &self.inner else { return false };
        let Ok((rendered, _)) = render(store, labels) else { return false };
        removing(|pin| find(store, pin, &rendered).is_some_and(|row| store.remove(pin, row, false)))
    }

    /// Removes the series for which `keep` returns false; returns how many. As
    /// [`Family::retain`](crate::Family::retain).
    pub fn retain(&self, mut keep: impl FnMut(Labels<'_>) -> bool) -> usize {
        self.remove_where(|store, row| !row.is_overflow() && !keep(Labels::new(&store.desc, row)))
    }

    /// Shows each live series, the overflow series too, as [`Family::for_each`](crate::Family::for_each).
    pub fn for_each(&self, mut show: impl FnMut(Labels<'_>, &M)) {
        let Some((store, _)) = &self.inner else { return };
        let pin = Pin::enter();
        for row in store.live(&pin) {
            if let Some(metric) = M::view(row, store) {
                show(Labels::new(&store.desc, row), &metric);
            }
        }
    }

    /// Removes all series, the overflow series too; returns how many.
    pub fn clear(&self) -> usize {
        self.remove_where(|_, _| true)
    }

    fn remove_where(&self, mut is_doomed: impl FnMut(&FamilyStore, RowRef<'_>) -> bool) -> usize {
        let Some((store, _)) = &self.inner else { return 0 };
        store.remove_where(|row| is_doomed(store, row), |_| {})
    }

    /// Switches the family on or off, whatever the level says, or back to the level.
    pub fn switch(&self, switch: Switch) {
        if let Some((store, _)) = &self.inner {
            store.switch(switch);
        }
    }
}

/// Renders labels as the family wants them, and returns how many values were cut.
fn render(store: &FamilyStore, labels: &[(&str, &str)]) -> Result<(Rendered, usize), Error> {
    // Only the names of state sets matter here, so the current name is not looked up for other families.
    let longest = store.desc.limits.value_bytes;
    let rendered = match store.desc.kind {
        Kind::StateSet => store.with_desc(|desc| Rendered::of_dynamic(labels, longest, Some(&desc.name))),
        _ => Rendered::of_dynamic(labels, longest, None),
    };
    rendered.map_err(|(label, problem)| Error::InvalidLabel {
        name: store.with_desc(|desc| desc.name.to_string()),
        label,
        problem,
    })
}

fn find<'p>(store: &'p FamilyStore, pin: &'p Pin, rendered: &Rendered) -> Option<RowRef<'p>> {
    store.find_text(pin, store.hash_of_text(&rendered.text), &rendered.text)
}

fn owned<M: Backend>(store: &FamilyStore, row: RowRef<'_>) -> Option<M> {
    M::view(row, store)?.admitted()
}

/// Finds or makes a series and returns its handle; `None` where it was removed meanwhile.
fn insert<M: Backend>(
    store: &FamilyStore,
    pin: &Pin,
    rendered: &Rendered,
    standing: Standing,
) -> Result<Option<M>, Refused> {
    let found = find(store, pin, rendered);
    if let Some(metric) = found.and_then(|row| owned(store, row)) {
        return Ok(Some(metric));
    }
    // Without the mutex while the series limit is reached, as in a family with fixed names.
    if found.is_none() && store.generation.is_full(standing) {
        return Err(Refused::Full);
    }
    let make: Make<'_> = &|created| M::create(&store.desc, created);
    let row = store.get_or_insert_rendered(pin, store.hash_of_text(&rendered.text), rendered, standing, make)?;
    Ok(owned(store, row))
}

impl<M> Clone for DynamicFamily<M> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            verbatim: self.verbatim,
            overflow: self.overflow.clone(),
            metric: PhantomData,
        }
    }
}

impl<M> Default for DynamicFamily<M> {
    fn default() -> Self {
        Self::noop()
    }
}

impl<M> fmt::Debug for DynamicFamily<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.inner.as_ref().map(|(store, _)| store.with_desc(|desc| desc.name.clone()));
        f.debug_struct("DynamicFamily").field("name", &name).finish_non_exhaustive()
    }
}
