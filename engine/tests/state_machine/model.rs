//! What the machine should do: series as numbers in a list, and who can reach them.

use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;
use std::collections::{BTreeMap, BTreeSet};

/// Live series of each family at most, and of all of them together; overflow series are not counted.
pub(crate) const FAMILY_LIMIT: usize = 4;
pub(crate) const REGISTRY_LIMIT: usize = 10;
pub(crate) const OVERFLOW: &str = "__overflow__";
/// More than fit, one that must be escaped, and the reserved one.
const LABELS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "\"\\\n", OVERFLOW];
const WORKERS: usize = 3;
pub(crate) const SCRAPERS: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
    Depth,
}

/// In the order of their registration, which is that of the looks for idle series.
pub(crate) const KINDS: [Kind; 4] = [Kind::Counter, Kind::Gauge, Kind::Histogram, Kind::Depth];

/// How a label is looked up.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    With,
    Handle,
    /// Through the worker's handle cache.
    Cache,
}

pub(crate) type Label = String;
pub(crate) type Slot = u8;

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Record(usize, Kind, Label, i64, Way),
    /// Keeps a handle.
    Hold(usize, Slot, Kind, Label),
    RecordHeld(usize, Slot, i64),
    Release(usize, Slot),
    Remove(usize, Kind, Label),
    /// Keeps the labels that are listed.
    Retain(usize, Kind, BTreeSet<Label>),
    /// Makes and removes counters until the records are moved to new pages.
    Churn(usize, u8),
    Expire(usize),
    Scrape(usize),
    /// Ends a worker's thread; a thread-local destructor records once more.
    EndThread(usize, Kind, Label, i64),
}

/// What a series has gone through.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Total {
    /// Observations, of histograms.
    pub(crate) count: u64,
    /// The total, the sum, or the last value.
    pub(crate) sum: i64,
}

#[derive(Clone, Debug)]
struct Series {
    kind: Kind,
    label: Label,
    total: Total,
    /// Changes with every update.
    updates: u64,
    /// What the look for idle series before the next one saw.
    seen: Option<u64>,
    /// A gauge that was set since the last look.
    touched: bool,
}

pub(crate) type Shown = BTreeMap<(Kind, Label), (usize, Total)>;

#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    /// All there ever were.
    series: Vec<Series>,
    live: BTreeMap<(Kind, Label), usize>,
    /// Removed ones, in the order of removal.
    removed: Vec<usize>,
    held: BTreeMap<Slot, usize>,
    /// How much of `removed` each scraper has shown.
    exposed: [usize; SCRAPERS],
    /// What the last step gives: how many series it removed.
    pub(crate) answer: usize,
    /// What the last step shows, if it is a scrape: series by name and labels.
    pub(crate) shown: Shown,
}

impl Model {
    fn count(&self, kind: Option<Kind>) -> usize {
        let counts = |(of, label): &&(Kind, Label)| label != OVERFLOW && kind.is_none_or(|kind| kind == *of);
        self.live.keys().filter(counts).count()
    }

    /// Finds or makes the series of a label, or the one of those that find no room.
    fn series(&mut self, kind: Kind, label: &str) -> usize {
        if let Some(found) = self.live.get(&(kind, label.to_owned())) {
            return *found;
        }
        let room = self.count(Some(kind)) < FAMILY_LIMIT && self.count(None) < REGISTRY_LIMIT;
        if label != OVERFLOW && !room {
            return self.series(kind, OVERFLOW);
        }
        let label = label.to_owned();
        self.live.insert((kind, label.clone()), self.series.len());
        let total = Total::default();
        self.series.push(Series { kind, label, total, updates: 0, seen: None, touched: false });
        self.series.len() - 1
    }

    fn record(&mut self, series: usize, n: i64) {
        let Series { kind, total, updates, touched, .. } = &mut self.series[series];
        match kind {
            Kind::Gauge => *total = Total { sum: n, ..*total },
            _ => total.sum += n,
        }
        total.count += u64::from(*kind == Kind::Histogram);
        *updates += if *kind == Kind::Histogram { 1 } else { n.unsigned_abs() };
        *touched = true;
    }

    fn remove(&mut self, kind: Kind, label: &str) -> usize {
        let Some(series) = self.live.remove(&(kind, label.to_owned())) else { return 0 };
        self.removed.push(series);
        1
    }

    /// Looks for idle series: those that the look before saw as they are, and that nobody holds. Counters of
    /// this machine have no timeout.
    fn expire(&mut self) -> usize {
        let before = self.removed.len();
        for kind in KINDS.into_iter().filter(|kind| *kind != Kind::Counter) {
            // In the order of creation.
            let mut live: Vec<_> =
                self.live.values().copied().filter(|index| self.series[*index].kind == kind).collect();
            live.sort_unstable();
            for index in live {
                let series = &mut self.series[index];
                // A gauge tells that it was set, the others have a value that changes.
                let touched = kind == Kind::Gauge && std::mem::take(&mut series.touched);
                let sees = if kind == Kind::Gauge { 0 } else { series.updates };
                let idle = !touched && series.seen == Some(sees);
                series.seen = (!touched).then_some(sees);
                let label = series.label.clone();
                if idle && !self.held.values().any(|held| *held == index) {
                    self.remove(kind, &label);
                }
            }
        }
        self.removed.len() - before
    }

    /// Shows what lives, and what went since this scraper's last scrape unless its labels live again.
    fn scrape(&mut self, scraper: usize) {
        let key = |index: usize| (self.series[index].kind, self.series[index].label.clone());
        let gone = self.removed[self.exposed[scraper]..].iter();
        // Of labels that went twice the later one.
        let indexes = gone.chain(self.live.values()).map(|index| (key(*index), *index));
        self.shown = indexes.map(|(key, index)| (key, (index, self.series[index].total))).collect();
        self.exposed[scraper] = self.removed.len();
    }

    /// Gives the total of a live series.
    pub(crate) fn total(&self, kind: Kind, label: &str) -> Option<Total> {
        self.live.get(&(kind, label.to_owned())).map(|index| self.series[*index].total)
    }

    /// Tells whether the handle in a slot is one that only counts up.
    pub(crate) fn held_counts_up(&self, slot: Slot) -> bool {
        self.held.get(&slot).is_some_and(|index| counts_up(self.series[*index].kind, -1) == 1)
    }

    pub(crate) fn labels() -> impl Iterator<Item = &'static str> {
        LABELS.into_iter()
    }
}

/// Gives the label of one series of [`Step::Churn`].
pub(crate) fn churned(number: u8) -> Label {
    format!("churned {number}")
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        let kind = || prop::sample::select(KINDS.to_vec());
        let label = || prop::sample::select(LABELS.to_vec()).prop_map(str::to_owned);
        let way = prop::sample::select(vec![Way::With, Way::Handle, Way::Cache, Way::Cache]);
        // One of them lives longer than the others, and its caches with it.
        let worker = prop_oneof![3 => Just(0), 2 => 1..WORKERS];
        let ending = prop_oneof![1 => Just(0), 8 => 1..WORKERS];
        let (slot, n) = (0u8..4, -3i64..=5);
        prop_oneof![
            16 => (worker.clone(), kind(), label(), n.clone(), way).prop_map(|(w, k, l, n, way)| Step::Record(w, k, l, n, way)),
            3 => (worker.clone(), slot.clone(), kind(), label()).prop_map(|(w, s, k, l)| Step::Hold(w, s, k, l)),
            3 => (worker.clone(), slot.clone(), n.clone()).prop_map(|(w, s, n)| Step::RecordHeld(w, s, n)),
            1 => (worker.clone(), slot).prop_map(|(w, s)| Step::Release(w, s)),
            4 => (worker.clone(), kind(), label()).prop_map(|(w, k, l)| Step::Remove(w, k, l)),
            1 => (worker.clone(), kind(), prop::collection::btree_set(label(), 0..6)).prop_map(|(w, k, keep)| Step::Retain(w, k, keep)),
            1 => (worker.clone(), 1u8..100).prop_map(|(w, n)| Step::Churn(w, n)),
            2 => worker.prop_map(Step::Expire),
            5 => (0..SCRAPERS).prop_map(Step::Scrape),
            2 => (ending, kind(), label(), n).prop_map(|(w, k, l, n)| Step::EndThread(w, k, l, n)),
        ]
        .boxed()
    }

    fn apply(mut model: Self, step: &Step) -> Self {
        model.answer = 0;
        match step {
            Step::Record(_, kind, label, n, _) | Step::EndThread(_, kind, label, n) => {
                let series = model.series(*kind, label);
                model.record(series, counts_up(*kind, *n));
            }
            Step::Hold(_, slot, kind, label) => {
                // What was in the slot is held until the new handle is there.
                let series = model.series(*kind, label);
                model.held.insert(*slot, series);
            }
            Step::RecordHeld(_, slot, n) => {
                if let Some(series) = model.held.get(slot).copied() {
                    let kind = model.series[series].kind;
                    model.record(series, counts_up(kind, *n));
                }
            }
            Step::Release(_, slot) => drop(model.held.remove(slot)),
            Step::Remove(_, kind, label) => model.answer = model.remove(*kind, label),
            Step::Retain(_, kind, keep) => {
                let doomed = |(of, label): &&(Kind, Label)| of == kind && label != OVERFLOW && !keep.contains(label);
                let mut doomed: Vec<_> =
                    model.live.iter().filter(|(key, _)| doomed(key)).map(|(_, index)| *index).collect();
                doomed.sort_unstable();
                for index in doomed {
                    let label = model.series[index].label.clone();
                    model.answer += model.remove(*kind, &label);
                }
            }
            Step::Churn(_, numbers) => {
                for number in 0..*numbers {
                    let series = model.series(Kind::Counter, &churned(number));
                    model.record(series, 1);
                    model.answer += model.remove(Kind::Counter, &churned(number));
                }
            }
            Step::Expire(_) => model.answer = model.expire(),
            Step::Scrape(scraper) => {
                model.scrape(*scraper);
                // Scrapes end with a look for idle series.
                model.expire();
            }
        }
        model
    }
}

/// What is recorded: only gauges and depths may go down.
pub(crate) fn counts_up(kind: Kind, n: i64) -> i64 {
    if matches!(kind, Kind::Counter | Kind::Histogram) { n.abs() } else { n }
}
