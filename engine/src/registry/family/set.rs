//! Sets of metrics: registered together, and found together by one lookup.

use super::family::Family;
use super::uncounted::Uncounted;
use crate::cells::{Hold, OutOfCells, Range};
use crate::kind::Kind;
use crate::label::LabelSet;
use crate::metric::{
    Counter, DurationCounter, FloatCounter, Gauge, Handle, Histogram, StateSet, Summary, UpDownCounter,
};
use crate::registry::declare::{Backend, Instrument, Scope, SetAction, SetDeclaration, SetRollback};
use crate::registry::desc::{Desc, Level, Limits, Shape};
use crate::registry::error::Error;
use crate::registry::store::{FamilyStore, Generation, LabelMap, Refused, RegistryState, RowRef, SetStorage, Storage};
use crate::sync::{AtomicU64, Ordering, PlainArc};
use std::fmt;

/// Metrics that are registered together: a struct whose fields are metrics, families, or other sets. Derive it.
///
/// The help of a metric is its field's doc comment, its name the field's. The derive also gives `Clone`, `Debug`,
/// and `Default`, which is a set of noops. Attributes of a field, as `#[metric(..)]`:
///
/// | attribute | of | what it does |
/// |---|---|---|
/// | `name = "x_total"` | metrics, families of metrics | gives another name than the field's |
/// | `unit = "seconds"` | metrics, families of metrics | states the unit |
/// | `level = "detailed"` | all, and the struct | states the [`Level`](crate::Level) |
/// | `limit = EXPR` | all, and the struct | sets how many live series each family may have |
/// | `buckets = EXPR` | histograms | sets the [`Buckets`](crate::Buckets) |
/// | `quantiles = EXPR` | summaries | names the [`Quantiles`](crate::Quantiles): an array, a slice or a vector |
/// | `window = (DURATION, SLICES)` | summaries | sets the window of the quantiles |
/// | `states = EXPR` | state sets, which need it | names the states |
/// | `by = ["a", "b"]` | families of metrics | names the labels of a [family by places](crate::MetricBuilder::family_by) |
/// | `label(k = "v")` | all, and the struct | adds a constant label; may be repeated |
/// | `prefix = "x"` | sets, families of sets, and the struct | puts `x_` before all names |
/// | `crate = "path"` | the struct | says where this crate is, where it is not `::streamgauge` |
///
/// # Examples
/// ```
/// use streamgauge::{Buckets, Counter, Family, Histogram, LabelSet, MetricSet, Registry};
///
/// #[derive(LabelSet)]
/// struct Table<'a> {
///     table: &'a str,
/// }
///
/// #[derive(MetricSet)]
/// struct TableMetrics {
///     /// Events read.
///     events_total: Counter,
///     /// Receipt to delivery.
///     #[metric(unit = "seconds", buckets = Buckets::exponential(0.0001, 2.0, 14))]
///     latency_seconds: Histogram,
/// }
///
/// let registry = Registry::new();
/// let tables = Family::<Table<'static>, TableMetrics>::register(&registry.scope("source"))?;
/// // One lookup for all of them:
/// tables.with(&Table { table: "orders" }, |set| {
///     set.events_total.inc();
///     set.latency_seconds.observe(0.002);
/// });
/// assert_eq!(registry.sample_value("source_events_total", &[("table", "orders")]), Some(1.0));
///
/// // Or alone, without labels:
/// let all = TableMetrics::register(&registry.scope("all"))?;
/// all.events_total.inc();
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no set of metrics",
    label = "allowed are metrics, families of metrics, and structs with `#[derive(MetricSet)]`"
)]
pub trait MetricSet: Clone + Default + fmt::Debug + Send + Sync + 'static {
    /// Registers every metric of the set, or returns those that are registered already.
    ///
    /// # Errors
    /// Where one of them cannot be registered; those before it are.
    fn register(scope: &Scope) -> Result<Self, Error>;

    /// Shows each field to `visitor`.
    #[doc(hidden)]
    fn fields(&self, visitor: &mut FieldVisitor<'_>);
}

/// Takes the fields of a set, for the engine.
#[doc(hidden)]
pub struct FieldVisitor<'v> {
    show: &'v mut dyn FnMut(&dyn Hold),
}

impl fmt::Debug for FieldVisitor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldVisitor").finish_non_exhaustive()
    }
}

/// What can be a field of a set.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a metric set",
    label = "allowed are metrics, families of metrics, and structs with `#[derive(MetricSet)]`"
)]
pub trait SetField {
    /// Shows the field's holds on series.
    fn field(&self, visitor: &mut FieldVisitor<'_>);
}

macro_rules! metrics {
    ($($metric:ty),*) => {$(
        impl SetField for $metric {
            fn field(&self, visitor: &mut FieldVisitor<'_>) {
                self.holds(visitor.show);
            }
        }
    )*};
}
metrics!(Counter, FloatCounter, DurationCounter, Gauge, UpDownCounter, Histogram, Summary, StateSet);

/// A family holds no series itself.
impl<L, M> SetField for Family<L, M> {
    fn field(&self, _: &mut FieldVisitor<'_>) {}
}

impl<S: MetricSet> SetField for S {
    fn field(&self, visitor: &mut FieldVisitor<'_>) {
        self.fields(visitor);
    }
}

/// The handles of one label set, in the lookup table of a family of sets.
struct Node<S: MetricSet> {
    set: Uncounted<S>,
    /// The generation in which every series of the set was last seen alive.
    seen: AtomicU64,
}

impl<S: MetricSet> Node<S> {
    /// Returns whether the set can be handed out; looks at its series where a member family has changed.
    #[inline(always)]
    fn is_alive(&self, generation: &Generation) -> bool {
        let now = generation.now();
        // Relaxed (O21): whoever stored it had seen this generation, and so has this thread.
        self.seen.load(Ordering::Relaxed) == now || self.look(now)
    }

    #[cold]
    #[inline(never)]
    fn look(&self, generation: u64) -> bool {
        let alive = !self.set.is_dead();
        if alive {
            // Relaxed (O21): as above; an older generation only makes somebody look again.
            self.seen.store(generation, Ordering::Relaxed);
        }
        alive
    }
}

#[expect(private_interfaces, reason = "hidden: only the engine names storage")]
impl<S: MetricSet> Backend for S {
    // The family of a set is never exposed: its members are.
    const KIND: Kind = Kind::Gauge;
    type View<'r> = &'r S;

    fn create(_: &Desc, _: u64) -> Result<(Storage, Range), OutOfCells> {
        Err(OutOfCells)
    }

    fn prepare(scope: &Scope, generation: &Generation) -> Result<Option<Storage>, Refused> {
        // Before the series are: if one goes meanwhile, the next lookup looks at them again.
        let seen = AtomicU64::new(generation.now());
        let rollback = SetRollback::new();
        let registered = match scope.action() {
            SetAction::Make => S::register(&scope.with_action(SetAction::MakeSet(rollback.clone()))),
            _ => S::register(scope),
        };
        if registered.is_err() {
            rollback.undo(generation);
        }
        match registered {
            Ok(set) => {
                let node: Node<S> = Node { set: Uncounted::new(set), seen };
                Ok(Some(Storage::Set(PlainArc::new(SetStorage::new(node)))))
            }
            Err(Error::LimitReached { .. }) => Err(Refused::Full),
            Err(Error::OutOfCells { .. }) => Err(Refused::OutOfCells),
            Err(Error::CallbackExists { .. }) => Err(Refused::Callback),
            // What can be refused was accepted when the family was made, and its families stay as long as this one has
            // handles: a series went between finding and holding it.
            Err(_) => Ok(None),
        }
    }

    #[inline(always)]
    fn view<'r>(row: RowRef<'r>, store: &FamilyStore) -> Option<&'r S> {
        let Storage::Set(storage) = row.series() else { return None };
        let node = storage.get::<Node<S>>()?;
        node.is_alive(&store.generation).then_some(&*node.set)
    }

    fn remove_members(scope: &Scope) {
        // Declared before with success, so this cannot fail; nobody could do anything about it either.
        drop(S::register(&scope.with_action(SetAction::Remove(Vec::new()))));
    }
}

#[expect(private_interfaces, reason = "hidden: only the engine names storage")]
impl<S: MetricSet> Handle for S {
    fn admitted(&self) -> Option<Self> {
        let set = self.clone();
        let mut dead = false;
        // After the clone counts as a user: a series that is alive now stays.
        set.holds(&mut |hold| dead |= hold.is_dead());
        (!dead).then_some(set)
    }

    fn holds(&self, show: &mut dyn FnMut(&dyn Hold)) {
        self.fields(&mut FieldVisitor { show });
    }
}

impl<S: MetricSet> Instrument for S {
    type Spec = ();
}

impl<L: LabelSet, S: MetricSet> Family<L, S> {
    /// Registers a family of sets: a whole [`MetricSet`] for each label set that is used, found by one lookup. A
    /// family inside the set has the labels of both.
    ///
    /// Limits are those of the metrics: where one of them has reached its series limit, the records of all go to the
    /// overflow series. Removal removes the series of all. Two families of sets that are registered in one scope share
    /// their series, but [`retain`](Self::retain) and [`clear`](Self::clear) know only those that were looked up
    /// through this one and its clones.
    ///
    /// # Errors
    /// Where one of the metrics cannot be registered.
    pub fn register(scope: &Scope) -> Result<Self, Error> {
        let names = |outer: &[&'static str]| [outer, L::NAMES].concat();
        let is_nested = match scope.action() {
            SetAction::Declare(declaration) => {
                let declaration = SetDeclaration { names: names(&declaration.names), ..declaration.clone() };
                S::register(&scope.with_action(SetAction::Declare(declaration)))?;
                return Ok(Self::noop());
            }
            SetAction::Remove(outer) => {
                S::register(&scope.with_action(SetAction::Remove(names(outer))))?;
                return Ok(Self::noop());
            }
            SetAction::MakeSet(_) | SetAction::MakeOverflow => true,
            SetAction::Make => false,
        };
        // Only for its labels, table and rows: no registry lists it, and its members have the limits.
        let labels = scope.labels().iter().map(|(name, _)| name.as_str()).chain(L::NAMES.iter().copied());
        let desc = Desc {
            name: scope.full_name("set").into(),
            help: "".into(),
            kind: S::KIND,
            unit: None,
            label_names: labels.map(Box::from).collect(),
            is_dynamic: false,
            wish: None,
            has_empty_help: false,
            plain_numbers: false,
            shape: Shape::None,
            limits: Limits { series: usize::MAX, ..Default::default() },
            level: Level::Basic,
        };
        let state = RegistryState::new();
        state.budget.set_limit(usize::MAX);
        let store = PlainArc::new(FamilyStore::new(desc, PlainArc::new(state)));
        let (names, set, after) = (names(&[]), store.clone(), scope.labels().len());
        let declaration = SetDeclaration { names, set, after, is_nested };
        S::register(&scope.with_action(SetAction::Declare(declaration)))?;
        store.apply_level();
        if scope.registry().is_none() {
            return Ok(Self::noop());
        }
        let label_map = LabelMap::new(&store.desc, store.hasher, scope.labels(), L::NAMES);
        Ok(Self::of_sets(store, label_map, scope.with_action(SetAction::Make)))
    }
}
