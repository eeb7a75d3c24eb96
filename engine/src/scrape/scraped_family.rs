//! A family as a scraper keeps it: with everything rendered that does not change.

use super::encoder::{Encoder, Encoders, Form};
use super::metric::Metric;
use super::value::{Show, ValueScratch, each, total};
use super::walk::Walk;
use crate::cells::Pass;
use crate::encode::MetricValue;
use crate::kind::Kind;
use crate::registry::desc::Desc;
use crate::registry::store::{FamilyStore, Labels};
use crate::sync::PlainArc;

/// One family of a registry, with its encoders.
#[derive(Debug)]
pub(crate) struct ScrapedFamily {
    pub(crate) store: PlainArc<FamilyStore>,
    /// The descriptor as it is now, where the name, help or unit have changed.
    redescribed: Option<PlainArc<Desc>>,
    /// How often they have.
    version: usize,
    encoders: Encoders,
}

impl ScrapedFamily {
    pub(crate) fn new(store: PlainArc<FamilyStore>) -> Self {
        Self { store, redescribed: None, version: 0, encoders: Encoders::default() }
    }

    /// Takes over the descriptor where it has changed since the scrape before.
    pub(crate) fn refresh(&mut self) {
        // Before the descriptor: a change that comes between the two is found by the next scrape.
        let version = self.store.version();
        if version != self.version {
            self.version = version;
            self.redescribed = self.store.redescribed();
            self.encoders = Encoders::default();
        }
    }

    /// Returns the descriptor as it was when the scrape began.
    pub(crate) fn desc(&self) -> &Desc {
        self.redescribed.as_deref().unwrap_or(&self.store.desc)
    }

    /// Writes the family; returns the number of series. A family without a series, or one that is off, writes nothing.
    pub(crate) fn encode(
        &mut self,
        form: Form<'_>,
        walk: &Walk<'_>,
        pass: &mut Pass<'_>,
        scratch: &mut ValueScratch,
        out: &mut Vec<u8>,
    ) -> usize {
        let store = &*self.store;
        if !store.is_on() {
            return 0;
        }
        let desc = self.redescribed.as_deref().unwrap_or(&store.desc);
        let encoder = self.encoders.of(form, desc);
        let start = encoder.begin(out);
        let mut series = 0;
        match encoder.plain_text() {
            // What there is most of: neither are its labels looked at, nor what else might be written of it.
            Some(text) if desc.kind == Kind::Counter => walk.each(store, |row| {
                if let Some(total) = total(pass, row) {
                    series += 1;
                    text.integer(out, row.text(), total);
                }
            }),
            _ => {
                let mut written = Written { encoder, out, series };
                each(store, desc, walk, pass, scratch, &mut written);
                series = written.series;
            }
        }
        encoder.end(out, start, series);
        series
    }

    /// Shows each series; nothing of a family that is off.
    pub(crate) fn visit(
        &self,
        walk: &Walk<'_>,
        pass: &mut Pass<'_>,
        scratch: &mut ValueScratch,
        visitor: &mut impl FnMut(Metric<'_>),
    ) {
        if self.store.is_on() {
            let desc = self.desc();
            each(&self.store, desc, walk, pass, scratch, &mut Visited { desc, visitor });
        }
    }
}

/// Writes what it is shown.
struct Written<'w> {
    encoder: &'w mut Encoder,
    out: &'w mut Vec<u8>,
    series: usize,
}

impl Show for Written<'_> {
    #[inline(always)]
    fn show(&mut self, _: &mut Pass<'_>, labels: Labels<'_>, value: MetricValue<'_>) {
        self.series += 1;
        self.encoder.series(self.out, labels, value);
    }
}

/// Hands on what it is shown, to code of the user.
struct Visited<'w, V> {
    desc: &'w Desc,
    visitor: &'w mut V,
}

impl<V: FnMut(Metric<'_>)> Show for Visited<'_, V> {
    fn show(&mut self, pass: &mut Pass<'_>, labels: Labels<'_>, value: MetricValue<'_>) {
        pass.paused(|| (self.visitor)(Metric { desc: self.desc, labels, value }));
    }
}
