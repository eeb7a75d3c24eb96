//! This library: series that come and go.

use std::fmt::Write as _;

use streamgauge::{Counter, Family, Format, Registry, Scraper};

use super::ours::{Labels, counter_family};
use crate::inputs::Names;
use crate::rows::Creation;

struct Fresh {
    registry: Registry,
    family: Family<Labels<'static>, Counter>,
}

impl Creation for Fresh {
    fn add(&mut self, names: &[Names]) {
        for names in names {
            self.family.with(&Labels::of(names.values()), Counter::inc);
        }
    }

    fn series(&self) -> usize {
        Scraper::new(&self.registry).encode(Format::Text, &mut Vec::new()).series()
    }
}

/// An empty family. Past a series limit records go to the overflow series, so both limits are raised.
pub fn create(_: &[Names]) -> Box<dyn Creation> {
    let registry = Registry::new();
    registry.set_series_limit(usize::MAX);
    let family = counter_family(&registry, "events_total");
    Box::new(Fresh { registry, family })
}

/// A family in which one series goes for each that comes.
#[derive(Debug)]
pub struct Churn {
    family: Family<Labels<'static>, Counter>,
    scraper: Scraper,
    body: Vec<u8>,
    table: String,
    live: u64,
    made: u64,
}

impl Churn {
    /// A family with so many live series.
    pub fn new(live: u64) -> Self {
        let registry = Registry::new();
        let family = counter_family(&registry, "events_total");
        let scraper = Scraper::new(&registry);
        let mut churn = Self { family, scraper, body: Vec::new(), table: String::new(), live, made: 0 };
        for _ in 0..live {
            churn.make();
        }
        churn
    }

    /// Makes a series, records in it, and removes the oldest.
    ///
    /// # Panics
    /// If the oldest is not there.
    pub fn cycle(&mut self) {
        self.make();
        self.name(self.made - self.live - 1);
        assert!(self.family.remove(&labels(&self.table)), "{} is not there", self.table);
    }

    /// Returns the number of series that a scrape shows.
    pub fn scrape(&mut self) -> usize {
        self.body.clear();
        self.scraper.encode(Format::Text, &mut self.body).series()
    }

    fn make(&mut self) {
        self.name(self.made);
        self.family.with(&labels(&self.table), Counter::inc);
        self.made += 1;
    }

    fn name(&mut self, index: u64) {
        self.table.clear();
        let _fits = write!(self.table, "pg_temp.import_{index:08}");
    }
}

fn labels(table: &str) -> Labels<'_> {
    Labels::of(["orders", "postgres-replica-2", table])
}
