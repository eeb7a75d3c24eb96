//! The recorder, whatever version of the facade it serves: from names and labels to series.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use streamgauge::bridge::Admission;
use streamgauge::{CollectorId, Error, Registry};

use super::cache::{Cached, CachedFacade, RecorderId};
use super::config::Config;
use super::families::Families;
use super::full::FullFamilies;
use super::handles::FacadeHandle;
use super::kind::Kind;
use super::labels::{MOST_LABELS, legal_labels};
use super::naming::UnitName;
use super::scrapers::LentScraper;
use super::served;

/// Records what the facade is told. It is a `metrics::Recorder` of every version that is enabled (`metrics-0-24`,
/// `metrics-0-23`).
///
/// Records in destructors of thread-locals are as good as others. NaN, infinities and (unless a bound is negative)
/// negative values are not recorded in histograms: the engine counts them, see [`streamgauge::stats`].
///
/// ```
/// use streamgauge_exporter::recorder::Recorder;
/// let recorder = Recorder::builder().build_recorder();
/// metrics::with_local_recorder(&recorder, || metrics::counter!("events").increment(1));
/// assert_eq!(recorder.handle().render(), "# TYPE events counter\nevents 1\n");
/// ```
pub struct Recorder {
    pub(super) core: Arc<Core>,
}

impl Recorder {
    /// Returns another recorder into the same series: one for each version of the facade.
    pub(super) fn share(&self) -> Self {
        Self { core: self.core.clone() }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("id", &self.core.id).finish_non_exhaustive()
    }
}

/// What the recorder, its handle and its collector share.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) id: RecorderId,
    pub(super) families: Families,
    /// Those that have no room for a series more.
    pub(super) full: FullFamilies,
    /// Of `Handle::render`.
    pub(super) scraper: LentScraper,
    /// Of the recorder's own numbers.
    collector: Option<CollectorId>,
}

impl Core {
    /// Makes the core of a recorder; `collector` is what it has registered in `registry`.
    pub(super) fn new(config: Config, registry: Registry, collector: Option<CollectorId>) -> Self {
        // One cache for each recorder that is made, so that those that end do not gather where threads sleep.
        served::forget_gone_in_one();
        Self {
            id: RecorderId::new(),
            families: Families::new(registry, config),
            full: FullFamilies::default(),
            scraper: LentScraper::default(),
            collector,
        }
    }

    pub(super) fn config(&self) -> &Config {
        &self.families.factory.config
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.families.factory.registry
    }

    /// Returns the handle of a key: the one that the thread remembers, or the one of its series.
    #[inline]
    pub(super) fn handle<F: CachedFacade, H: FacadeHandle + Cached>(&self, key: &F::Key) -> H {
        match F::remembered(&self.id, key) {
            Some(handle) => handle,
            None => self.find::<F, H>(key),
        }
    }

    #[cold]
    #[inline(never)]
    fn find<F: CachedFacade, H: FacadeHandle + Cached>(&self, key: &F::Key) -> H {
        let family = self.families.get(H::KIND, F::name(key));
        let labels = F::labels(key).iter().map(F::pair);
        let placed =
            family.and_then(|family| self.place(H::KIND, F::name(key), labels, |labels| H::make(&family, labels)));
        match placed {
            Some(Admission::Own(handle)) => {
                served::settle(F::remember(&self.id, key, &handle));
                handle
            }
            // Not remembered: there may be room the next time, and keys without end must not fill the memory.
            Some(Admission::Overflow(handle)) => handle,
            None => self.overflow(),
        }
    }

    /// Returns what `make` makes of the labels of a key, and notes where that is no series of its own; `None`, which is
    /// noted too, where the key can have none.
    pub(super) fn place<'k, M>(
        &'k self,
        kind: Kind,
        name: &str,
        own: impl ExactSizeIterator<Item = (&'k str, &'k str)>,
        make: impl FnOnce(&[(&str, &str)]) -> Result<Admission<M>, Error>,
    ) -> Option<Admission<M>> {
        let placed = self
            .legal_labels(name, own)
            .and_then(|labels| make(&labels.iter().map(|(name, value)| (&**name, *value)).collect::<Vec<_>>()));
        match placed {
            Ok(placed) => {
                if placed.is_overflow() {
                    self.full.note(kind, name);
                }
                Some(placed)
            }
            Err(error) => {
                // Names are legal and different, so only their number can be wrong.
                self.families.note_refused(error);
                None
            }
        }
    }

    /// Returns the labels of a key as its series has them.
    fn legal_labels<'k>(
        &'k self,
        name: &str,
        mut own: impl ExactSizeIterator<Item = (&'k str, &'k str)>,
    ) -> Result<Vec<(Cow<'k, str>, &'k str)>, Error> {
        let count = own.len();
        if count > MOST_LABELS {
            // Before anything is done with them: they may be thousands.
            return Err(Error::InvalidLabel {
                name: name.to_owned(),
                label: own.nth(MOST_LABELS).map_or("", |(label, _)| label).to_owned(),
                problem: format!("a metric has at most {MOST_LABELS} labels, and this one {count}"),
            });
        }
        let mixed = |first: &str, second: &str| self.families.note_labels(name, first, second);
        Ok(legal_labels(own, &self.config().global_labels, mixed))
    }

    /// Returns the handle of the series for what can have none of its own.
    fn overflow<H: FacadeHandle>(&self) -> H {
        let family = self.families.overflow(H::KIND);
        H::make(&family, &self.global_labels()).map_or_else(|_| H::noop(), Admission::into_inner)
    }

    pub(super) fn global_labels(&self) -> Vec<(&str, &str)> {
        self.config().global_labels.iter().map(|(name, value)| (&**name, &**value)).collect()
    }

    /// Takes a description of a name; see [`Families::describe`].
    pub(super) fn describe(&self, name: &str, unit: Option<UnitName>, help: &str) {
        self.families.describe(name, unit, help);
    }

    /// Forgets the handles that only keep idle series alive.
    pub(super) fn forget_unheld(&self) {
        served::forget_unheld(&self.id, self.config().idle_kinds());
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        if let Some(collector) = self.collector.take() {
            self.registry().unregister_collector(collector);
        }
    }
}
