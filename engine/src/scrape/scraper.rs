//! The scraper: walks a registry and encodes what it finds.

use super::collected::Collections;
use super::encoder::{Form, finish};
use super::scraped_family::ScrapedFamily;
use super::value::ValueScratch;
use super::walk::{TombstoneScratch, Walk};
use super::{Filter, Metric, ScrapeReport};
use crate::catch::catch_drop;
use crate::cells::{Pass, PassScratch};
use crate::encode::{Exposition, Format};
use crate::registry::inner::RegistryInner;
use crate::registry::names::Clashes;
use crate::registry::registry::Registry;
use crate::registry::store::{Callback, not_nested};
use crate::sync::{AtomicU64, PlainArc};

/// Reads a registry: merges the slabs and encodes. Owns the memory for that, so a warm scrape (no new
/// family, no larger body than before) allocates nothing.
///
/// # Performance
/// A counter of 100 bytes takes about 20 ns, more with every thread that touched it. No recorder, lookup
/// or registration is ever delayed by a scrape, except that a [`Summary`](crate::Summary) has locks.
///
/// # Consistency
/// Values of different series are not of one instant. Series come in the order of their creation, families
/// in that of their registration.
///
/// # Examples
/// ```
/// use streamgauge::{Format, Registry, Scraper};
/// let registry = Registry::new();
/// registry.counter("events_total", "Events.").register()?.add(3);
/// let mut scraper = Scraper::new(&registry);
/// let mut body = Vec::new();
/// let report = scraper.encode(Format::Text, &mut body);
/// assert_eq!(report.bytes(), body.len());
/// assert!(body.ends_with(b"events_total 3\n"));
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Debug)]
pub struct Scraper {
    /// `None` for a disabled registry.
    registry: Option<PlainArc<RegistryInner>>,
    /// The last removal that this scraper has exposed.
    exposed: PlainArc<AtomicU64>,
    scratch: Scratch,
}

#[derive(Debug, Default)]
struct Scratch {
    /// How often the names had changed when `families` and `clashes` were brought up to date.
    changes: usize,
    families: Vec<ScrapedFamily>,
    clashes: PlainArc<Clashes>,
    pass: PassScratch,
    values: ValueScratch,
    tombstones: TombstoneScratch,
    callbacks: Vec<PlainArc<Callback>>,
    collections: Collections,
    /// What failed among the callbacks and collectors that ran last.
    collected: ScrapeReport,
}

impl Scraper {
    /// Makes a scraper of `registry`, which it keeps alive.
    #[must_use]
    pub fn new(registry: &Registry) -> Self {
        let registry = registry.inner().cloned();
        let exposed = registry.as_ref().map(|registry| registry.state.removals.add_scraper()).unwrap_or_default();
        Self { registry, exposed, scratch: Scratch::default() }
    }

    /// Appends an exposition of the registry to `out`.
    pub fn encode(&mut self, exposition: impl Into<Exposition>, out: &mut Vec<u8>) -> ScrapeReport {
        self.encode_filtered(exposition, &Filter::all(), out)
    }

    /// Appends an exposition of the families that `filter` chooses. Removed series count as exposed only in scrapes of
    /// all families.
    pub fn encode_filtered(
        &mut self,
        exposition: impl Into<Exposition>,
        filter: &Filter,
        out: &mut Vec<u8>,
    ) -> ScrapeReport {
        self.collect();
        self.encode_collected(exposition, filter, out)
    }

    /// Runs the callbacks and collectors, for any number of calls of [`encode_collected`](Self::encode_collected): for
    /// an endpoint that answers readers of several formats at once, whose callbacks are slow.
    ///
    /// Costs what they cost. Inside a callback or collector it runs none.
    ///
    /// ```
    /// use streamgauge::{Filter, Format, Registry, Scraper};
    /// let registry = Registry::new();
    /// registry.counter("events_total", "Events.").register()?.add(3);
    /// let mut scraper = Scraper::new(&registry);
    /// let (mut text, mut open_metrics) = (Vec::new(), Vec::new());
    /// scraper.collect();
    /// scraper.encode_collected(Format::Text, &Filter::all(), &mut text);
    /// scraper.encode_collected(Format::OpenMetrics, &Filter::all(), &mut open_metrics);
    /// assert!(text.ends_with(b"events_total 3\n") && open_metrics.ends_with(b"events_total 3\n# EOF\n"));
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn collect(&mut self) {
        if let Some(registry) = &self.registry {
            self.scratch.collect(registry);
        }
    }

    /// Appends an exposition as [`encode_filtered`](Self::encode_filtered) does, with what collectors gave at the last
    /// [`collect`](Self::collect) (nothing where there was none), and with what callbacks returned when they last ran:
    /// then, or in the scrape of another scraper since. Everything else is current. The report says what failed at the
    /// last `collect`.
    pub fn encode_collected(
        &mut self,
        exposition: impl Into<Exposition>,
        filter: &Filter,
        out: &mut Vec<u8>,
    ) -> ScrapeReport {
        let exposition = exposition.into();
        let start = out.len();
        let mut report = ScrapeReport::default();
        if let Some(registry) = &self.registry {
            self.scratch.refresh(registry);
            report = self.scratch.collected;
            let Scratch { families, clashes, pass, values, tombstones, collections, .. } = &mut self.scratch;
            let form = Form { exposition, clashes };
            let walk = Walk::begin(registry, &self.exposed, std::mem::take(tombstones));
            let pass_scratch = pass;
            let mut pass = Pass::begin(pass_scratch);
            let chosen = families.iter_mut().filter(|family| filter.chooses(family.desc(), exposition.escaping()));
            let encode = |family: &mut ScrapedFamily| family.encode(form, &walk, &mut pass, values, out);
            report.series = chosen.map(encode).sum();
            drop(pass);
            *tombstones = walk.end(filter.is_all(), families.iter().map(|family| &*family.store), pass_scratch, values);
            report.series += collections.encode(form, filter, out);
        }
        finish(exposition, out);
        report.bytes = out.len() - start;
        report
    }

    /// Shows the merged value of every series to `visitor`, in the order of the exposition: what an
    /// exporter of another format needs.
    ///
    /// `visitor` runs in the middle of the walk, holding no lock: it may record, look up, remove, register, read, and
    /// scrape with another scraper. Until it returns nothing that is removed is freed, in the whole process: as a
    /// lookup, the walk keeps what it might meet (about 300 bytes a removed series, and its cells). So it should not
    /// block.
    ///
    /// ```
    /// use streamgauge::{Registry, MetricValue, Scraper};
    /// let registry = Registry::new();
    /// registry.counter("events_total", "Events.").register()?.add(3);
    /// Scraper::new(&registry).visit(|sample| {
    ///     assert_eq!(sample.name(), "events_total");
    ///     assert_eq!(sample.value(), MetricValue::Counter(3));
    /// });
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn visit(&mut self, mut visitor: impl FnMut(Metric<'_>)) {
        let Some(registry) = &self.registry else { return };
        self.scratch.collect(registry);
        self.scratch.refresh(registry);
        let Scratch { families, pass, values, tombstones, collections, .. } = &mut self.scratch;
        let walk = Walk::begin(registry, &self.exposed, std::mem::take(tombstones));
        let pass_scratch = pass;
        let mut pass = Pass::begin(pass_scratch);
        for family in &*families {
            family.visit(&walk, &mut pass, values, &mut visitor);
        }
        drop(pass);
        *tombstones = walk.end(true, families.iter().map(|family| &*family.store), pass_scratch, values);
        collections.visit(visitor);
    }
}

impl Registry {
    /// Renders everything in the text format 0.0.4: for logs, tests and command lines. Callbacks and collectors run.
    ///
    /// Allocates a [`Scraper`] and a body; whatever scrapes again and again keeps one.
    ///
    /// ```
    /// # let registry = streamgauge::Registry::new();
    /// registry.counter("events_total", "Events.").register()?.inc();
    /// let text = "# HELP events_total Events.\n# TYPE events_total counter\nevents_total 1\n";
    /// assert_eq!(registry.render_text(), text);
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    #[doc(alias = "gather")]
    #[doc(alias = "TextEncoder")]
    #[must_use]
    pub fn render_text(&self) -> String {
        let mut body = Vec::new();
        Scraper::new(self).encode(Format::Text, &mut body);
        // Names, help texts and values come from strings, and what is escaped of them is ASCII.
        String::from_utf8_lossy(&body).into_owned()
    }
}

impl Scratch {
    /// Runs callbacks and collectors, before all else and holding no lock: they are code of the user.
    fn collect(&mut self, registry: &RegistryInner) {
        let Self { callbacks, collections, .. } = self;
        let ran = not_nested(|| {
            (registry.callbacks.run(callbacks), collections.run(registry.collectors.list(), &registry.state.level))
        });
        let report = ran.map(|(callbacks, collectors)| {
            let rejected_samples = collections.rejected();
            registry.failures.add(callbacks.failed + collectors.panicked, callbacks.fallen, rejected_samples);
            ScrapeReport {
                failed_callbacks: callbacks.failed + callbacks.hanging,
                failed_collectors: collectors.panicked + collectors.hanging,
                rejected_samples,
                ..ScrapeReport::default()
            }
        });
        self.collected = report.unwrap_or_else(|| {
            collections.clear();
            ScrapeReport::default()
        });
    }

    /// Prepares families that are new, and names that have changed.
    fn refresh(&mut self, registry: &RegistryInner) {
        // Before the names: a change that comes between the two is found by the next scrape.
        let changes = registry.changes();
        if changes != self.changes {
            self.changes = changes;
            let mut gone = Vec::new();
            let collectors = registry.at_once(|list, clashes| {
                // Families are only ever added at the end, and the others keep their order when one goes.
                let mut known = std::mem::take(&mut self.families).into_iter();
                for family in list.iter() {
                    let is_other = |known: &ScrapedFamily| !PlainArc::ptr_eq(&known.store, family);
                    let same = known.by_ref().find_map(|known| match is_other(&known) {
                        true => {
                            gone.push(known);
                            None
                        }
                        false => Some(known),
                    });
                    self.families.push(same.unwrap_or_else(|| ScrapedFamily::new(family.clone())));
                }
                gone.extend(known);
                self.families.iter_mut().for_each(ScrapedFamily::refresh);
                self.clashes.clone_from(clashes);
            });
            // Perhaps the last references, and without the lock: what stands in them may be the user's.
            gone.into_iter().for_each(catch_drop);
            self.collections.keep(collectors);
        }
    }
}
