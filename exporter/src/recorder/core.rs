//! The recorder itself, whatever version of the facade it serves: from names and labels to series.

use super::cache::{Cache, Cached, RecorderId};
use super::collector::FacadeCollector;
use super::config::Config;
use super::families::Families;
use super::family::Family;
use super::handles::{Bucketed, Counted, Gauged, Observed, Summarised};
use super::naming::{UnitName, sanitise_label};
use super::{Facade, facade};
use parking_lot::Mutex;
use std::borrow::Cow;
use std::sync::{Arc, Weak};
use streamgauge::{CollectorId, Registry, Scraper};

/// What the facade calls a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Counter, Self::Gauge, Self::Histogram];

    /// Gives who has a name that several kinds want: a histogram, for it stands for three names of samples, of which a
    /// dashboard would lose all; then a counter, for rates of what is none are alerts that mean nothing.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Histogram => 0,
            Self::Counter => 1,
            Self::Gauge => 2,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// What the recorder, its handle and its collector share.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) id: RecorderId,
    pub(super) families: Families,
    /// Of `Handle::render`, made when it is called first.
    pub(super) scraper: Mutex<Option<Scraper>>,
    /// Of the recorder's own numbers.
    collector: Option<CollectorId>,
}

impl Core {
    pub(super) fn new(config: Config, registry: Registry, core: &Weak<Self>) -> Self {
        let collector = registry.register_collector(FacadeCollector::new(core.clone()));
        // Where the registry has a recorder already, that one's numbers have the name.
        let collector = collector.or_else(|_| registry.register_collector(FacadeCollector::quiet(core.clone()))).ok();
        Self { id: RecorderId::new(), families: Families::new(registry, config), scraper: Mutex::new(None), collector }
    }

    pub(super) fn config(&self) -> &Config {
        &self.families.declarer.config
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.families.declarer.registry
    }

    /// Gives the handle of a key: the one that the thread remembers, or the one of its series.
    #[inline]
    pub(super) fn handle<F: Facade, H: Handle<F>>(&self, key: &F::Key) -> H {
        match Cache::<F>::get(&self.id, key) {
            Some(handle) => handle,
            None => self.find::<F, H>(key),
        }
    }

    #[cold]
    #[inline(never)]
    fn find<F: Facade, H: Handle<F>>(&self, key: &F::Key) -> H {
        let handle = match self.families.get(H::KIND, F::name(key)) {
            Some(family) => {
                let labels = self.labels::<F>(key);
                let labels: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (&**name, *value)).collect();
                H::make(&family, &labels).unwrap_or_else(|error| {
                    // Names are legal and different, so only their number can be wrong.
                    self.families.note_refused(error);
                    self.overflow::<F, H>()
                })
            }
            None => self.overflow::<F, H>(),
        };
        Cache::<F>::insert(&self.id, key, &handle);
        handle
    }

    /// Gives the handle of the series for what can have none of its own.
    fn overflow<F: Facade, H: Handle<F>>(&self) -> H {
        let family = self.families.overflow(H::KIND);
        H::make(&family, &[]).unwrap_or_else(|_| H::noop())
    }

    /// Gives the labels of a key with legal names, each once, and the global ones that it does not have.
    fn labels<'k, F: Facade>(&'k self, key: &'k F::Key) -> Vec<(Cow<'k, str>, &'k str)> {
        let global = &self.config().global_labels;
        let own = F::labels(key);
        let mut labels: Vec<(Cow<'k, str>, &'k str)> = Vec::with_capacity(own.len() + global.len());
        let mut given: Vec<&str> = Vec::with_capacity(own.len());
        for (name, value) in own.iter().map(F::pair) {
            let legal = sanitise_label(name);
            match labels.iter().position(|(known, _)| *known == legal) {
                // The last one counts. Two that only look alike when they are legal are somebody's mistake.
                Some(index) => {
                    if given[index] != name {
                        self.families.note_labels(F::name(key), given[index], name);
                    }
                    labels[index].1 = value;
                }
                None => {
                    labels.push((legal, value));
                    given.push(name);
                }
            }
        }
        for (name, value) in global {
            if labels.iter().all(|(known, _)| known != name) {
                labels.push((Cow::Borrowed(name), value));
            }
        }
        labels
    }

    /// Takes a description. The first one of a name counts.
    pub(super) fn describe(&self, name: &str, unit: Option<UnitName>, help: &str) {
        self.families.describe(name, unit, help);
    }

    /// Forgets the handles that only keep idle series alive.
    pub(super) fn forget_unheld(&self) {
        facade::forget_unheld(&self.id, self.config().idle_kinds());
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        facade::forget(&self.id);
        if let Some(collector) = self.collector.take() {
            self.registry().unregister_collector(collector);
        }
    }
}

/// One kind of handle, as it is made.
pub(super) trait Handle<F: Facade>: Cached<F> {
    const KIND: Kind;

    fn make(family: &Family, labels: &[(&str, &str)]) -> Result<Self, streamgauge::Error>;

    fn noop() -> Self;
}

impl<F: Facade> Handle<F> for Arc<Counted> {
    const KIND: Kind = Kind::Counter;

    fn make(family: &Family, labels: &[(&str, &str)]) -> Result<Self, streamgauge::Error> {
        match family {
            Family::Counter(family) => Ok(Arc::new(Counted(family.get_or_create(labels)?))),
            _ => Ok(<Self as Handle<F>>::noop()),
        }
    }

    fn noop() -> Self {
        Arc::new(Counted(streamgauge::Counter::noop()))
    }
}

impl<F: Facade> Handle<F> for Arc<Gauged> {
    const KIND: Kind = Kind::Gauge;

    fn make(family: &Family, labels: &[(&str, &str)]) -> Result<Self, streamgauge::Error> {
        match family {
            Family::Gauge(family) => Ok(Arc::new(Gauged(family.get_or_create(labels)?))),
            _ => Ok(<Self as Handle<F>>::noop()),
        }
    }

    fn noop() -> Self {
        Arc::new(Gauged(streamgauge::Gauge::noop()))
    }
}

impl<F: Facade> Handle<F> for Observed {
    const KIND: Kind = Kind::Histogram;

    fn make(family: &Family, labels: &[(&str, &str)]) -> Result<Self, streamgauge::Error> {
        match family {
            Family::Histogram(family) => Ok(Self::Buckets(Arc::new(Bucketed(family.get_or_create(labels)?)))),
            Family::Summary(family) => Ok(Self::Quantiles(Arc::new(Summarised(family.get_or_create(labels)?)))),
            _ => Ok(<Self as Handle<F>>::noop()),
        }
    }

    fn noop() -> Self {
        Self::Buckets(Arc::new(Bucketed(streamgauge::Histogram::noop())))
    }
}
